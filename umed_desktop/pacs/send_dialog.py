"""Asks which files go to which archive, and shows before they go what would leave."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QListWidget, QWidget

from umed_core.errors import UmedError
from umed_desktop.pacs.archive_dialog import ArchiveDialog, TransferWords, plain_label
from umed_desktop.pages.form import button

__all__ = ["SendDialog"]


class SendDialog(ArchiveDialog):
    """`folder` is where exports were written last.

    Sending takes a tick and a button: the tick stands beside the line that says what leaves, and goes out with every
    change of it.
    """

    changed = Signal(str, object, bool)
    """(node's name, paths, de-identify first): what would leave is to be shown"""
    agreed = Signal(str, bool)
    """(node's name, de-identify first): what was shown may go"""

    def __init__(self, nodes: Sequence[str], folder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Send to an archive"))
        self.resize(720, 520)
        self._folder = folder
        self._paths: list[Path] = []
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Files to send"))
        self.add = button(self.tr("Add files…"))
        self.add.clicked.connect(self._add)
        self.clear = button(self.tr("Clear the list"))
        self.clear.clicked.connect(self._clear)
        self.deidentify = QCheckBox(self.tr("De-identify first: no names, dates or numbers in the headers"))
        self.line = plain_label()
        self.tick = QCheckBox(self.tr("I may send this there"))
        self.send = button(self.tr("Send"), primary=True)
        self.send.clicked.connect(lambda: self.agreed.emit(self.node.currentText(), self.deidentify.isChecked()))
        self._lay_out()
        self.node.currentTextChanged.connect(self.refresh)
        self.deidentify.toggled.connect(self.refresh)
        self.tick.toggled.connect(self.enable)
        self.show_nodes(nodes)

    def _lay_out(self) -> None:
        files = QHBoxLayout()
        files.addWidget(self.add)
        files.addWidget(self.clear)
        files.addStretch(1)
        middle = (self.list, files, self.deidentify, self.line, self.tick)
        counted = self.tr("{done} of {total} files sent")
        words = TransferWords(
            counted=counted,
            uncounted=counted,  # what is sent was counted before
            cancelled=self.tr("Cancelled. What the archive had taken by then stays there."),
        )
        self.lay_out(middle, self.list, self.send, words)

    # ---------------------------------------------------------------------------------------------------- told to it
    def show_nodes(self, names: Sequence[str]) -> None:
        super().show_nodes(names)
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
        self.enable()
        if self.node.count() and self._paths:
            self.word.clear()
            self.changed.emit(self.node.currentText(), tuple(self._paths), self.deidentify.isChecked())

    def show_consent(self, line: str, refused: Sequence[UmedError] = ()) -> None:
        """What would leave; and why the rest would not."""
        self.line.setText(line)
        self.word.setText("\n".join(problem.message for problem in refused[:5]))
        self.enable()

    def show_idle(self, word: str = "") -> None:
        self.tick.setChecked(False)
        super().show_idle(word)

    # ---------------------------------------------------------------------------------------------------------- deeds
    def _add(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Send DICOM files"), self._folder)
        self.offer([Path(name) for name in names])

    def _clear(self) -> None:
        self._paths.clear()
        self.refresh()

    def enable(self) -> None:
        super().enable()
        can = bool(self.line.text()) and not self._is_busy
        self.tick.setEnabled(can)
        self.send.setEnabled(can and self.tick.isChecked())
        for part in (self.add, self.clear, self.deidentify):
            part.setEnabled(not self._is_busy)
