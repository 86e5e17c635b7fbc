"""Two models side by side: their halves, what they agree on, and the question that goes to both."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from umed_core.prompts import DEFAULT_QUESTION
from umed_desktop.chat.composer import Composer
from umed_desktop.compare.agreement_list import AgreementList
from umed_desktop.compare.comparison import SIDES, SideName
from umed_desktop.compare.one_line import OneLine
from umed_desktop.compare.side_column import SideColumn
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.viewer.image_view import ImageView

__all__ = ["ComparePanel"]

_ANSWER_SHARE, _ANSWER_PX = 1 / 7, (80, 160)
_FOOT_SHARE, _FOOT_PX = 1 / 5, (132, 200)
"""Of the panel's height, within bounds: the images get the rest."""


class ComparePanel(QWidget):
    asked = Signal(str)
    stopped = Signal()
    closed = Signal()
    export_wanted = Signal()
    other_model_wanted = Signal()
    box_pointed = Signal(object)
    window_dragged = Signal(float, float)
    window_drag_ended = Signal()
    slice_wheeled = Signal(int)
    series_dropped = Signal(int)
    probed = Signal(object)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(640)
        self.columns: dict[SideName, SideColumn] = {name: SideColumn(name, palette) for name in SIDES}
        self.about = styled(OneLine(), "muted")
        self.about.setContentsMargins(0, GRID_PX // 2, 0, 0)  # as the title beside it
        self.other_model = self._button(self.tr("Another model B…"), self.other_model_wanted)
        self.export = self._button(self.tr("Export…"), self.export_wanted)
        self.close_button = self._button(self.tr("Close comparison"), self.closed)
        self.agreement = AgreementList()
        self.agreement.box_pointed.connect(self.box_pointed)
        self.composer = Composer()
        self.composer.asked.connect(self.asked)
        self.composer.stopped.connect(self.stopped)
        self.composer.attach_button.hide()  # both are asked about the image on screen
        for half in self.columns.values():
            half.box_pointed.connect(self.box_pointed)
            half.view.window_dragged.connect(self.window_dragged)
            half.view.window_drag_ended.connect(self.window_drag_ended)
            half.view.slice_wheeled.connect(self.slice_wheeled)
            half.view.series_dropped.connect(self.series_dropped)
            half.view.probed.connect(self.probed)
        first, second = (self.columns[name].view for name in SIDES)
        first.view_changed.connect(lambda: second.follow(first))
        second.view_changed.connect(lambda: first.follow(second))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._top())
        column.addLayout(self._halves(), 1)
        self._below = self._foot()
        column.addWidget(self._below)

    @property
    def views(self) -> tuple[ImageView, ImageView]:
        return self.columns["A"].view, self.columns["B"].view

    @property
    def view(self) -> ImageView:
        """The one that the keys of the image are for; the other follows it."""
        return next((view for view in self.views if view.hasFocus()), self.views[0])

    def suggest_question(self) -> None:
        """Writes one that can be asked at once; once there is a width, since the field grows with its lines."""
        self.composer.field.setPlainText(DEFAULT_QUESTION)
        self.composer.field.selectAll()
        self.composer.field.setFocus()

    def show_state(self, can_ask: bool, is_answering: bool, can_export: bool, about: str) -> None:
        """`about` says which question the answers are to, and of which slice they speak."""
        placeholder = self.tr("Ask both models…") if can_ask else self.tr("Open an image first")
        self.composer.show_state(can_ask, is_answering, placeholder)
        self.export.setEnabled(can_export)
        self.about.say(about)

    def set_palette(self, palette: Palette) -> None:
        for column in self.columns.values():
            column.set_palette(palette)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column in self.columns.values():
            column.give_answer_room(_share_of(self.height(), _ANSWER_SHARE, _ANSWER_PX))
        self._below.setFixedHeight(_share_of(self.height(), _FOOT_SHARE, _FOOT_PX))

    def _top(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, GRID_PX // 2, 2 * GRID_PX, GRID_PX // 2)
        row.setSpacing(GRID_PX)
        row.addWidget(styled(QLabel(self.tr("TWO MODELS")), "panelTitle"))
        row.addWidget(self.about, 1)
        for button in (self.other_model, self.export, self.close_button):
            row.addWidget(button)
        return row

    def _halves(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for name in SIDES:
            row.addWidget(self.columns[name], 1)
        return row

    def _foot(self) -> QWidget:
        foot = styled(QWidget(), "panel")
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, GRID_PX // 2, 0, 0)
        row.setSpacing(GRID_PX)
        row.addWidget(self.agreement, 9)
        row.addWidget(self.composer, 5, Qt.AlignmentFlag.AlignBottom)
        return foot

    def _button(self, words: str, wanted: SignalInstance) -> QPushButton:
        button = QPushButton(words)
        button.clicked.connect(wanted)
        return button


def _share_of(height: int, share: float, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(round(height * share), bounds[1]))
