"""The fields of an evaluation: annotated sets, a model, how many, where to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from umed_desktop.pages.evaluate.eval_form import EvalForm
from umed_desktop.pages.form import FolderField, button, form_layout, number_field, panel, title
from umed_desktop.theme import styled

__all__ = ["EvalFields"]


class EvalFields(QWidget):
    changed = Signal()
    sets_changed = Signal()
    """A set's folder became known: the answers may be shown beside their images."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        inner, column = panel()
        self.sets = QTreeWidget()
        self.sets.setAccessibleName(self.tr("Annotated sets"))
        self.sets.setHeaderLabels([self.tr("Name"), self.tr("Folder")])
        self.sets.setRootIsDecorated(False)
        self.sets.setIndentation(0)
        self.sets.setFixedHeight(112)
        self.name = QLineEdit()
        self.name.setAccessibleName(self.tr("Name of the set"))
        self.name.setPlaceholderText(self.tr("name, as in the report"))
        self.path = FolderField(
            self.tr("Folder of the set"), self.tr("images/ and annotations.csv, or a built dataset")
        )
        self.add = button(self.tr("Add set"))
        self.remove = button(self.tr("Remove"), self.tr("Remove the chosen set"))
        self.phantoms = number_field(self.tr("Normal phantoms"), 10_000)
        self.model = FolderField(self.tr("Model folder"), self.tr("the built-in model"))
        self.split = QComboBox()
        self.split.setAccessibleName(self.tr("Part of each set"))
        self.split.view().setAccessibleName(self.tr("Part of each set"))
        for words, part in (
            (self.tr("Test side"), "test"),
            (self.tr("Train side"), "train"),
            (self.tr("All"), self.tr("all")),
        ):
            self.split.addItem(words, part)
        self.limit = number_field(self.tr("Images of each set"), 10_000_000, self.tr("all"))
        self.out = FolderField(self.tr("Evaluation folder"), self.tr("where answers and report go"))
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addWidget(self.remove)
        row.addStretch(1)
        form = form_layout()
        for words, field in (
            (self.tr("Normal phantoms, synthetic"), self.phantoms),
            (self.tr("Model"), self.model),
            (self.tr("Part of each set"), self.split),
            (self.tr("Images of each set"), self.limit),
            (self.tr("Evaluation folder"), self.out),
        ):
            form.addRow(words, field)
        self.fault = styled(QLabel(wordWrap=True), "failure")
        for widget in (title(self.tr("Annotated sets")), self.sets, self.name, self.path):
            column.addWidget(widget)
        column.addLayout(row)
        column.addWidget(title(self.tr("Evaluation")))
        column.addLayout(form)
        column.addWidget(self.fault)
        column.addStretch(1)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(inner)
        self.add.clicked.connect(self._add)
        self.path.line.returnPressed.connect(self._add)
        self.remove.clicked.connect(self._remove)

    def form(self) -> EvalForm:
        return EvalForm(
            sets=tuple((name, str(folder)) for name, folder in self.folders().items()),
            out=str(self.out.path()) if self.out.text() else "",
            model=str(self.model.path()) if self.model.text() else "",
            split=self.split.currentData(),
            limit=self.limit.value(),
            phantoms=self.phantoms.value(),
        )

    def folders(self) -> dict[str, Path]:
        """Where each set lies, by its name."""
        items = (self.sets.topLevelItem(place) for place in range(self.sets.topLevelItemCount()))
        return {item.text(0): Path(item.text(1)) for item in items if item is not None}

    def show_folders(self, folders: Mapping[str, Path]) -> None:
        self.sets.clear()
        for name, folder in folders.items():
            item = QTreeWidgetItem([name, str(folder)])
            item.setToolTip(1, str(folder))
            self.sets.addTopLevelItem(item)

    def _add(self) -> None:
        if self.path.text():
            folder = self.path.path()
            self.show_folders({**self.folders(), self.name.text().strip() or folder.name: folder})
            self.path.set_text("")
            self.name.clear()
            self.sets_changed.emit()

    def _remove(self) -> None:
        chosen = self.sets.currentItem()
        if chosen is not None:
            self.sets.takeTopLevelItem(self.sets.indexOfTopLevelItem(chosen))
            self.sets_changed.emit()
