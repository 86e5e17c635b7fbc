"""Asks which files go to which archive, and shows before they go what would leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import UmedError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.pages.form import button
from umed_desktop.theme import GRID_PX, styled

__all__ = ["SendDialog"]


class SendDialog(QDialog):
    """`folder` is where exports were written last.

    Sending takes a tick and a button: the tick stands beside the line that says what leaves, and goes out with every
    change of it.
    """

    changed = Signal(str, object, bool)
    """(node's name, paths, de-identify first): what would leave is to be shown"""
    agreed = Signal(str, bool)
    """(node's name, de-identify first): what was shown may go"""
    cancelled = Signal()
    nodes_wanted = Signal()

    def __init__(self, nodes: Sequence[str], folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Send to an archive")
        self.resize(720, 520)
        self._folder = folder
        self._paths: list[Path] = []
        self._is_busy = False
        self.node = QComboBox()
        self.node.setAccessibleName("Archive")
        self.nodes = button("Archives…", "Write archives down")
        self.nodes.clicked.connect(self.nodes_wanted)
        self.list = QListWidget()
        self.list.setAccessibleName("Files to send")
        self.add = button("Add files…")
        self.add.clicked.connect(self._add)
        self.clear = button("Clear the list")
        self.clear.clicked.connect(self._clear)
        self.deidentify = QCheckBox("De-identify first: no names, dates or numbers in the headers")
        self.line = QLabel()
        self.line.setWordWrap(True)
        self.line.setTextFormat(Qt.TextFormat.PlainText)
        self.tick = QCheckBox("I may send this there")
        self.word = QLabel()
        self.word.setWordWrap(True)
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress")
        self.progress.setTextVisible(False)  # the words above it say more
        self.progress.hide()
        self.cancel = button("Close")
        self.cancel.clicked.connect(self._cancel)
        self.send = button("Send", primary=True)
        self.send.clicked.connect(lambda: self.agreed.emit(self.node.currentText(), self.deidentify.isChecked()))
        self._lay_out()
        self.node.currentTextChanged.connect(self.refresh)
        self.deidentify.toggled.connect(self.refresh)
        self.tick.toggled.connect(self._enable)
        self.show_nodes(nodes)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(QLabel("Archive"))
        top.addWidget(self.node, 1)
        top.addWidget(self.nodes)
        files = QHBoxLayout()
        files.addWidget(self.add)
        files.addWidget(self.clear)
        files.addStretch(1)
        deeds = QHBoxLayout()
        deeds.addWidget(styled(QLabel(RESEARCH_USE_ONLY), "muted"), 1)
        deeds.addWidget(self.cancel)
        deeds.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addLayout(files)
        for part in (self.deidentify, self.line, self.tick, self.word, self.progress):
            column.addWidget(part)
        column.addLayout(deeds)

    # ---------------------------------------------------------------------------------------------------- told to it
    def show_nodes(self, names: Sequence[str]) -> None:
        chosen = self.node.currentText()
        self.node.blockSignals(True)
        self.node.clear()
        self.node.addItems(list(names))
        self.node.setCurrentText(chosen)
        self.node.blockSignals(False)
        if not names:
            self.word.setText("No archive is written down. Nothing connects until one is: press Archives…")
        self.refresh()

    def offer(self, paths: Sequence[Path]) -> None:
        """These files beside those that are listed."""
        self._paths += [path for path in paths if path not in self._paths]
        self.refresh()

    def refresh(self) -> None:
        """The list anew, and what would leave asked for anew; agreement to something else does not count."""
        self.tick.setChecked(False)
        self.line.clear()
        self.list.clear()
        self.list.addItems([str(path) for path in self._paths])
        self._enable()
        if self.node.count() and self._paths:
            self.word.clear()
            self.changed.emit(self.node.currentText(), tuple(self._paths), self.deidentify.isChecked())

    def show_consent(self, line: str, refused: Sequence[UmedError] = ()) -> None:
        """What would leave; and why the rest would not."""
        self.line.setText(line)
        self.word.setText("\n".join(problem.message for problem in refused[:5]))
        self._enable()

    def show_busy(self, what: str) -> None:
        self._is_busy = True
        self.word.setText(what)
        self.progress.setRange(0, 0)
        self.progress.show()
        self._enable()

    def show_progress(self, done: int, total: int) -> None:
        if self._is_busy:
            self.progress.setRange(0, total)
            self.progress.setValue(done)
            self.word.setText(f"{done} of {total} files sent")

    def show_idle(self, word: str) -> None:
        self._is_busy = False
        self.tick.setChecked(False)
        self.word.setText(word)
        self.progress.hide()
        self._enable()

    def show_error(self, problem: UmedError) -> None:
        self.show_idle(f"{problem.message} {problem.hint}".strip())

    # ---------------------------------------------------------------------------------------------------------- deeds
    def _add(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Send DICOM files", self._folder)
        self.offer([Path(name) for name in names])

    def _clear(self) -> None:
        self._paths.clear()
        self.refresh()

    def _enable(self) -> None:
        can = bool(self.line.text()) and not self._is_busy
        self.tick.setEnabled(can)
        self.send.setEnabled(can and self.tick.isChecked())
        for part in (self.add, self.clear, self.deidentify, self.nodes, self.node):
            part.setEnabled(not self._is_busy)
        self.cancel.setText("Cancel" if self._is_busy else "Close")
        self.cancel.setAccessibleName(self.cancel.text())

    def _cancel(self) -> None:
        if self._is_busy:
            self.cancelled.emit()
            self.show_idle("Cancelled. What the archive had taken by then stays there.")
        else:
            self.reject()

    def reject(self) -> None:
        self.cancelled.emit()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.cancelled.emit()
        super().closeEvent(event)
