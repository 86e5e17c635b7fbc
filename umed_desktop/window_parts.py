"""The window's furniture: what stands where. It knows the widgets, and nothing of what they are for."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QLabel,
    QMainWindow,
    QMenuBar,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.actions import fill_menus
from umed_desktop.chat.chat_panel import ChatPanel
from umed_desktop.findings_panel import FindingsPanel
from umed_desktop.notice import NoticeBar, ResearchStrip
from umed_desktop.series_panel import SeriesPanel
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.viewer.viewer_panel import ViewerPanel

__all__ = ["WindowParts"]

_TOOLS = (
    "open_files", "open_folder", "", "fit", "turn", "mirror", "invert", "reset", "", "show_boxes",
    "show_attention", "", "undo", "redo",
)  # fmt: skip


class WindowParts:
    """Every widget of the window by its name."""

    def __init__(self, window: QMainWindow, palette: Palette) -> None:
        self.series = SeriesPanel(palette)
        self.viewer = ViewerPanel()
        self.findings = FindingsPanel(palette)
        self.chat = ChatPanel(palette)
        self.notice = NoticeBar(palette)
        self.model_chip = styled(QPushButton(), "modelChip")
        self.model_chip.setAccessibleName("Model")
        self.middle = QSplitter(Qt.Orientation.Vertical)
        self.middle.setHandleWidth(1)
        self.middle.setChildrenCollapsible(False)
        self.middle.addWidget(self.viewer)
        self.middle.addWidget(self.findings)
        self.middle.setStretchFactor(0, 1)
        self.middle.setSizes([700, 168])
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
        column.addWidget(self.across, 1)
        window.setCentralWidget(center)
        self.findings.hide()
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
        column.addWidget(bar)
        window.setMenuWidget(top)
        tools = QToolBar("Tools")
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

    def _make_status(self, window: QMainWindow) -> None:
        self.doing = QLabel()
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(20 * GRID_PX)
        self.progress.setAccessibleName("Progress")
        self.cancel = QPushButton("Cancel")
        self.cancel.setAccessibleName("Cancel what runs")
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
        for part in (self.series, self.findings, self.chat, self.notice):
            part.set_palette(palette)
        self.viewer.attention.paint_icons(palette)
