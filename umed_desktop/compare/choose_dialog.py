"""Asks which model is to be compared with the one that is loaded, with what both need of this machine's memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.compare.models import MemoryFigures, ModelChoice
from umed_desktop.theme import GRID_PX, styled

__all__ = ["ChooseDialog"]


class ChooseDialog(QDialog):
    """`memory` says what the first model, a choice, and this machine have; `look_at` what is in another folder."""

    chosen = Signal(str)
    """The folder of the second model, "" for the built-in one."""

    def __init__(
        self,
        choices: Sequence[ModelChoice],
        last: str,
        memory: Callable[[ModelChoice], MemoryFigures],
        look_at: Callable[[str], ModelChoice],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Compare with another model"))
        self._memory, self._look_at = memory, look_at
        self._choices: list[ModelChoice] = []
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Models"))
        self.list.currentRowChanged.connect(self._refresh)
        self.list.itemDoubleClicked.connect(lambda _: self._choose())
        self.words = styled(QLabel(wordWrap=True), "muted")
        self.warning = styled(QLabel(wordWrap=True), "failure")
        self.browse = QPushButton(self.tr("Another folder…"))
        self.browse.clicked.connect(self._browse)
        self.compare = styled(QPushButton(self.tr("Compare")), "primary")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.compare, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.browse, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.accepted.connect(self._choose)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        column.addWidget(QLabel(self.tr("The second model runs in a process of its own, beside the first.")))
        column.addWidget(self.list, 1)
        column.addWidget(self.words)
        column.addWidget(self.warning)
        column.addWidget(buttons)
        for choice in choices:
            self._add(choice)
        self.list.setCurrentRow(next((i for i, c in enumerate(choices) if c.folder == last), 0))
        self._refresh()
        self.resize(560, 360)

    def _add(self, choice: ModelChoice) -> None:
        built_in = self.tr("{name}, the built-in model").format(name=choice.name)
        item = QListWidgetItem(choice.name if choice.folder else built_in)
        item.setToolTip(choice.folder)
        self._choices.append(choice)
        self.list.addItem(item)

    def _refresh(self) -> None:
        row = self.list.currentRow()
        self.compare.setEnabled(row >= 0)
        self.words.setVisible(row >= 0)
        self.warning.setVisible(False)
        if row < 0:
            return
        choice = self._choices[row]
        figures = self._memory(choice)
        lines = [self.tr("Folder: {folder}").format(folder=choice.folder)] if choice.folder else []
        lines += [self._first_words(figures), self._second_words(figures, choice.problem), self._free_words(figures)]
        self.words.setText("\n".join(lines))
        self.warning.setVisible(figures.may_not_fit)
        self.warning.setText(self.tr("Both may not fit: close other programs, or choose a smaller model."))

    def _first_words(self, figures: MemoryFigures) -> str:
        if figures.first_mb is None:
            return self.tr("Model A: its memory is not known yet.")
        if figures.is_first_loaded:
            return self.tr("Model A takes {megabytes} MiB, as measured.").format(megabytes=figures.first_mb)
        return self.tr("Model A will take about {megabytes} MiB, by its files.").format(megabytes=figures.first_mb)

    def _second_words(self, figures: MemoryFigures, problem: str) -> str:
        if figures.second_mb is None:
            return self.tr("Model B: {problem}").format(problem=problem)
        return self.tr("Model B will take about {megabytes} MiB, by its files.").format(megabytes=figures.second_mb)

    def _free_words(self, figures: MemoryFigures) -> str:
        if figures.gpu:
            free = self.tr("Free on the GPU ({gpu}): {megabytes} MiB.")
            return free.format(gpu=figures.gpu, megabytes=figures.free_mb)
        return self.tr("Free on this machine: {megabytes} MiB.").format(megabytes=figures.free_mb)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Choose the second model's folder"))
        if folder:
            if folder not in [choice.folder for choice in self._choices]:
                self._add(self._look_at(folder))
            self.list.setCurrentRow([choice.folder for choice in self._choices].index(folder))

    def _choose(self) -> None:
        row = self.list.currentRow()
        if row >= 0:
            self.chosen.emit(self._choices[row].folder)
            self.accept()
