"""How a job stands, in one bar: its state, how far it is, what is left, and what it said when it failed."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from umed_desktop.pages.job_log import Ending, Place
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.words import grouped

__all__ = ["JobBar"]


class JobBar(QWidget):
    """Plain words and a bar; the buttons are the page's."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = styled(QLabel(), "pageHeading")
        self.place = styled(QLabel(), "muted")
        self.failure = styled(QLabel(), "failure")
        for label in (self.state, self.failure):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.failure.hide()
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.hide()
        row = QHBoxLayout()
        row.setSpacing(2 * GRID_PX)
        row.addWidget(self.state, 1)
        row.addWidget(self.place)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX // 2)
        column.addLayout(row)
        column.addWidget(self.progress)
        column.addWidget(self.failure)

    def show_state(self, words: str, running: bool = False) -> None:
        """What is so now; a bar without an end stands in while nothing says how far it is."""
        self.state.setText(words)
        self.failure.hide()
        self.progress.setVisible(running)
        self.progress.setRange(0, 0)
        self.place.setText("")

    def show_place(self, place: Place) -> None:
        doing = QCoreApplication.translate("Steps", place.doing) if place.doing else ""
        words = f"{doing} {grouped(place.done)}".strip()
        if place.total:
            words = self.tr("{done} of {total}").format(done=words, total=grouped(place.total))
        if place.total and place.left:
            words += self.tr(", {time} left").format(time=place.left)
        self.place.setText(words)
        self.progress.setRange(0, place.total)
        self.progress.setValue(place.done)

    def show_ending(self, words: str, ending: Ending) -> None:
        self.show_state(words)
        if ending.kind == "failed":
            self.failure.setText(f"{ending.message} {ending.hint}".strip())
            self.failure.show()
