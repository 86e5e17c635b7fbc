"""The window's furniture: what stands where. It knows the widgets, and nothing of what they are for."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenuBar,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.actions import ACTIONS, PAGES, READING_MENUS, action_word, fill_menus
from umed_desktop.chat.chat_panel import ChatPanel
from umed_desktop.findings.findings_panel import FindingsPanel
from umed_desktop.measuring.measurements_panel import MeasurementsPanel
from umed_desktop.notice import NoticeBar, ResearchStrip
from umed_desktop.pages.page import READ, Desk, Page
from umed_desktop.pages.page_stack import PageBar, PageStack
from umed_desktop.studies.series_panel import SeriesPanel
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.viewer.viewer_panel import ViewerPanel
from umed_desktop.welcome.welcome_page import WelcomePage

__all__ = ["WindowParts"]

_TOOLS = (
    "open_files", "open_folder", "", "fit", "turn", "mirror", "invert", "reset", "", "layout_1",
    "layout_1x2", "layout_2x2", "link_scroll", "", "tool_window", "tool_length", "tool_angle", "tool_ellipse",
    "tool_rectangle", "tool_probe", "", "show_boxes",
    "show_attention", "", "undo", "redo",
)  # fmt: skip


_EVERYWHERE = ("settings", "about_model")
"""What works on every page, although its menu is the reading page's."""
_READING_PARTS = ("show_series", "show_findings", "show_measurements", "show_chat")


class WindowParts:
    """Every widget of the window by its name."""

    def __init__(self, window: QMainWindow, palette: Palette) -> None:
        self.series = SeriesPanel(palette)
        self.viewer = ViewerPanel()
        self.welcome = WelcomePage(palette)
        self.place = QStackedWidget()
        self.place.addWidget(self.viewer)
        self.place.addWidget(self.welcome)
        self.findings = FindingsPanel(palette)
        self.measurements = MeasurementsPanel(palette)
        self.chat = ChatPanel(palette)
        self.notice = NoticeBar(palette)
        self.model_chip = styled(QPushButton(), "modelChip")
        self.model_chip.setAccessibleName(QCoreApplication.translate("WindowParts", "Model"))
        self.middle = QSplitter(Qt.Orientation.Vertical)
        self.middle.setHandleWidth(1)
        self.middle.setChildrenCollapsible(False)
        self.middle.addWidget(self.place)
        self.middle.addWidget(self.findings)
        self.middle.addWidget(self.measurements)
        self.middle.setStretchFactor(0, 1)
        self.middle.setSizes([700, 168, 168])
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.setHandleWidth(1)
        self.across.setChildrenCollapsible(False)
        for part, least in ((self.series, 200), (self.middle, 320), (self.chat, 320)):
            part.setMinimumWidth(least)
            self.across.addWidget(part)
        self.across.setStretchFactor(1, 1)
        self.across.setSizes([240, 800, 400])
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        self.pages = PageStack(
            self.across, {"review": _review_page, "data": _data_page, "train": _train_page, "evaluate": _evaluate_page}
        )
        column.addWidget(self.pages, 1)
        window.setCentralWidget(center)
        self.findings.hide()
        self.measurements.hide()
        self._make_status(window)

    def put_actions(self, window: QMainWindow, actions: Mapping[str, QAction]) -> None:
        """The strip above the menus, the menus, and the tool bar with the model at its end."""
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(ResearchStrip())
        bar = QMenuBar()
        fill_menus(bar, actions)
        self.page_bar = self._put_pages(window, actions)
        # Beside the menus and not in their corner, where it would lie on the button that leads to those without room.
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(bar, 1)
        row.addWidget(self.page_bar)
        column.addLayout(row)
        for more in bar.findChildren(QToolButton, "qt_menubar_ext_button"):
            more.setAccessibleName(QCoreApplication.translate("WindowParts", "More menus"))
        window.setMenuWidget(top)
        self.tools = tools = QToolBar(QCoreApplication.translate("WindowParts", "Tools"))
        tools.setMovable(False)
        tools.setIconSize(QSize(18, 18))
        for name in _TOOLS:
            if name:
                tools.addAction(actions[name])
                button = tools.widgetForAction(actions[name])
                if isinstance(button, QToolButton):
                    button.setAccessibleName(actions[name].text().replace("&", "").rstrip("…"))
                    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
                    if name in ("open_files", "open_folder"):
                        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            else:
                tools.addSeparator()
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        tools.addWidget(space)
        tools.addWidget(self.model_chip)
        window.addToolBar(tools)

    def _put_pages(self, window: QMainWindow, actions: Mapping[str, QAction]) -> PageBar:
        """The bar of pages; what concerns the open image alone is switched off with the reading page."""
        turns = QActionGroup(window)
        reading = QActionGroup(window)
        reading.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
        for spec in ACTIONS:
            if (spec.menu in READING_MENUS and spec.name not in _EVERYWHERE) or spec.name in _READING_PARTS:
                reading.addAction(actions[spec.name])
        for title in PAGES:
            turns.addAction(actions[f"page_{title.lower()}"])
            actions[f"page_{title.lower()}"].setIconText(action_word(title))
        actions[f"page_{READ}"].setChecked(True)

        def follow(name: str) -> None:
            actions[f"page_{name}"].setChecked(True)
            reading.setEnabled(name == READ)
            self.tools.setVisible(name == READ)

        self.pages.changed.connect(follow)
        return PageBar(turns.actions())

    def _make_status(self, window: QMainWindow) -> None:
        self.doing = QLabel()
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(20 * GRID_PX)
        self.progress.setAccessibleName(QCoreApplication.translate("WindowParts", "Progress"))
        self.cancel = QPushButton(QCoreApplication.translate("WindowParts", "Cancel"))
        self.cancel.setAccessibleName(QCoreApplication.translate("WindowParts", "Cancel what runs"))
        status = window.statusBar()
        status.setSizeGripEnabled(False)
        for widget in (self.doing, self.progress, self.cancel):
            status.addWidget(widget)
        status.hide()

    def show_model_state(self, state: str) -> None:
        """Colours the model's chip: "ready", "lost", "loading" or "none"."""
        self.model_chip.setProperty("state", state)
        self.model_chip.style().unpolish(self.model_chip)
        self.model_chip.style().polish(self.model_chip)

    def set_palette(self, palette: Palette) -> None:
        for part in (self.series, self.welcome, self.findings, self.measurements, self.chat, self.notice, self.pages):
            part.set_palette(palette)
        self.viewer.paint_icons(palette)


# Each page is imported at its first visit: curves and tables would cost the window its quick start.
def _review_page(desk: Desk, palette: Palette) -> Page:
    from umed_desktop.pages.review.review_page import ReviewPage

    return ReviewPage(desk, palette)


def _data_page(desk: Desk, palette: Palette) -> Page:
    from umed_desktop.pages.data.data_page import DataPage

    return DataPage(desk, palette)


def _train_page(desk: Desk, palette: Palette) -> Page:
    from umed_desktop.pages.train.train_page import TrainPage

    return TrainPage(desk, palette)


def _evaluate_page(desk: Desk, palette: Palette) -> Page:
    from umed_desktop.pages.evaluate.evaluate_page import EvaluatePage

    return EvaluatePage(desk, palette)
