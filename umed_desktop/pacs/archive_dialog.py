"""The frame of the dialogs about archives: which one, what runs, how far it is, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import UmedError
from umed_desktop.pages.form import button
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.translation import research_use_only

__all__ = ["ArchiveDialog", "TransferWords", "plain_label"]


@dataclass(frozen=True, slots=True)
class TransferWords:
    """What a dialog says of its transfer: `counted` takes {done} and {total}, `uncounted` {done} while no total is known."""

    counted: str
    uncounted: str
    cancelled: str


class ArchiveDialog(QDialog):
    """A dialog makes what stands in its middle and calls `lay_out` with it."""

    cancelled = Signal()
    """What runs is to end."""
    nodes_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._is_busy = False
        self.node = QComboBox()
        self.node.setAccessibleName(self.tr("Archive"))
        self.nodes = button(self.tr("Archives…"), self.tr("Write archives down"))
        self.nodes.clicked.connect(self.nodes_wanted)
        self.word = plain_label()
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.setTextVisible(False)  # the words above it say more
        self.progress.hide()
        self.cancel = button(self.tr("Close"))
        self.cancel.clicked.connect(self._cancel)

    def lay_out(
        self, middle: Sequence[QWidget | QLayout], stretched: QWidget, deed: QPushButton, words: TransferWords
    ) -> None:
        """The archive's row, `middle` (of which `stretched` takes the room), what runs, and `deed` beside Cancel."""
        self._words = words
        top = QHBoxLayout()
        top.addWidget(QLabel(self.tr("Archive")))
        top.addWidget(self.node, 1)
        top.addWidget(self.nodes)
        deeds = QHBoxLayout()
        deeds.addWidget(styled(QLabel(research_use_only()), "muted"), 1)
        deeds.addWidget(self.cancel)
        deeds.addWidget(deed)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for part in (top, *middle, self.word, self.progress, deeds):
            if isinstance(part, QWidget):
                column.addWidget(part, 1 if part is stretched else 0)
            else:
                column.addLayout(part)

    # ---------------------------------------------------------------------------------------------------- told to it
    def show_nodes(self, names: Sequence[str]) -> None:
        chosen = self.node.currentText()
        self.node.blockSignals(True)
        self.node.clear()
        self.node.addItems(list(names))
        self.node.setCurrentText(chosen)
        self.node.blockSignals(False)
        none = self.tr("No archive is written down. Nothing connects until one is: press Archives…")
        self.word.setText("" if names else none)
        self.enable()

    def show_busy(self, what: str) -> None:
        """Something runs, and can be cancelled."""
        self._is_busy = True
        self.word.setText(what)
        self.progress.setRange(0, 0)
        self.progress.show()
        self.enable()

    def show_progress(self, done: int, total: int) -> None:
        """`total` is 0 while it is not known."""
        if self._is_busy:
            self.progress.setRange(0, total)
            self.progress.setValue(done)
            words = self._words.counted if total else self._words.uncounted
            self.word.setText(words.format(done=done, total=total))

    def show_idle(self, word: str = "") -> None:
        self._is_busy = False
        self.word.setText(word)
        self.progress.hide()
        self.enable()

    def show_error(self, problem: UmedError) -> None:
        self.show_idle(f"{problem.message} {problem.hint}".strip())

    def enable(self) -> None:
        """What can be done now; a subclass adds its own."""
        self.node.setEnabled(self.node.count() > 0 and not self._is_busy)
        self.nodes.setEnabled(not self._is_busy)
        self.cancel.setText(self.tr("Cancel") if self._is_busy else self.tr("Close"))
        self.cancel.setAccessibleName(self.cancel.text())

    # --------------------------------------------------------------------------------------------------------- the way out
    def _cancel(self) -> None:
        if self._is_busy:
            self.cancelled.emit()
            self.show_idle(self._words.cancelled)
        else:
            self.reject()

    def reject(self) -> None:
        self.cancelled.emit()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.cancelled.emit()
        super().closeEvent(event)


def plain_label() -> QLabel:
    """Words that came from elsewhere: of several lines, and never read as HTML."""
    label = QLabel(wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
