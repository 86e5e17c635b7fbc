"""What is kept on this machine, where and how much, each with a button that lets it go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QMessageBox, QPushButton, QWidget

from umed_desktop.theme import GRID_PX, styled

__all__ = ["KeptPanel", "KeptRow"]


@dataclass(frozen=True, slots=True)
class KeptRow:
    """`name` is the program's; `title` and `warning` are a person's: what it is, and what goes with it."""

    name: str
    title: str
    place: str
    warning: str


class KeptPanel(QWidget):
    cleared = Signal(str)
    """The name of what is to go; the person has agreed."""

    def __init__(self, rows: Sequence[KeptRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self.much: dict[str, QLabel] = {}
        self.question: QMessageBox | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2 * GRID_PX)
        grid.setVerticalSpacing(GRID_PX // 2)
        grid.setColumnStretch(0, 1)
        for number, row in enumerate(rows):
            self._add(grid, 2 * number, row)

    def show_much(self, name: str, much: str, is_empty: bool) -> None:
        """How much is kept, in words; what is empty cannot be cleared."""
        self.much[name].setText(much)
        self.buttons[name].setEnabled(not is_empty)

    def _add(self, grid: QGridLayout, line: int, row: KeptRow) -> None:
        much = self.much[row.name] = QLabel("…")
        much.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        button = self.buttons[row.name] = QPushButton(self.tr("Clear…"))
        button.setAccessibleName(self.tr("Clear: {what}").format(what=row.title))
        button.setEnabled(False)  # until it is known how much there is
        button.clicked.connect(partial(self._ask, row))
        place = styled(QLabel(row.place), "muted")
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        place.setWordWrap(True)
        grid.addWidget(QLabel(row.title), line, 0)
        grid.addWidget(much, line, 1)
        grid.addWidget(button, line, 2)
        grid.addWidget(place, line + 1, 0, 1, 3)
        grid.setRowMinimumHeight(line + 1, 3 * GRID_PX)

    def _ask(self, row: KeptRow) -> None:
        title = self.tr("Clear: {what}").format(what=row.title)
        yes, no = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.Cancel
        question = QMessageBox(QMessageBox.Icon.Question, title, row.warning, yes | no, self)
        question.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        question.button(yes).setText(self.tr("Clear"))
        question.setDefaultButton(no)
        question.accepted.connect(partial(self.cleared.emit, row.name))
        question.open()
        self.question = question
