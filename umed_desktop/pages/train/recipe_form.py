"""Which recipe, where to, and what is other than in the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from umed_core.errors import ConfigError, UmedError
from umed_desktop.pages.form import FolderField, button, form_layout, panel, title
from umed_desktop.pages.train.recipes import Recipe, field_rows, read_recipe, train_arguments
from umed_desktop.tables import headings_on_the_left
from umed_desktop.theme import GRID_PX, styled

__all__ = ["RecipeForm"]


class RecipeForm(QWidget):
    """`changed` whenever another command would be run."""

    changed = Signal()

    def __init__(self, recipes: Sequence[Recipe], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recipes = list(recipes)
        self._own_out = ""
        inner, column = panel()
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Recipe"))
        self.choice.view().setAccessibleName(self.tr("Recipes"))
        self.file = button(self.tr("File…"), self.tr("Choose a recipe file"))
        self.about = styled(QLabel(wordWrap=True), "muted")
        self.out = FolderField(self.tr("Run folder"), self.tr("where the run is written"))
        self.data = FolderField(self.tr("Folder of the data sets"), self.tr("as the recipe says"))
        self.table = QTableWidget(0, 3)
        self.table.setAccessibleName(self.tr("Values of the recipe, and yours"))
        self.table.setHorizontalHeaderLabels([self.tr("Field"), self.tr("Recipe"), self.tr("Yours")])
        self.table.verticalHeader().hide()
        self.table.setMinimumHeight(300)
        self.table.setTabKeyNavigation(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        header = self.table.horizontalHeader()
        headings_on_the_left(header)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Interactive)
        self.table.setColumnWidth(1, 10 * GRID_PX)
        self.table.setColumnWidth(2, 11 * GRID_PX)
        self.fault = styled(QLabel(wordWrap=True), "failure")
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.file)
        form = form_layout()
        form.addRow(self.tr("Run folder"), self.out)
        form.addRow(self.tr("Folder of the data sets"), self.data)
        column.addWidget(title(self.tr("Recipe")))
        column.addLayout(row)
        column.addWidget(self.about)
        column.addLayout(form)
        column.addWidget(title(self.tr("Other values")))
        column.addWidget(self.table)
        column.addWidget(self.fault)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(inner)
        self._list()
        self.choice.currentIndexChanged.connect(lambda _: self._show())
        self.file.clicked.connect(self._ask)
        self.table.itemChanged.connect(lambda _: self._keep_a_free_row())
        for field in (self.out, self.data):
            field.line.textChanged.connect(lambda _: self.changed.emit())
        self._show()

    @property
    def recipe(self) -> Recipe:
        return self.recipes[self.choice.currentIndex()]

    def overrides(self) -> dict[str, str]:
        """Yours, by field. Raises: ConfigError for a value without a field."""
        found: dict[str, str] = {}
        for row in range(self.table.rowCount()):
            key, value = (_text(self.table.item(row, column)) for column in (0, 2))
            if value and not key:
                raise ConfigError(
                    self.tr("The value {value} has no field.").format(value=value),
                    self.tr("Write its name, such as optimizer.warmup_share."),
                )
            if value:
                found[key] = value
        return found

    def arguments(self) -> tuple[str, ...]:
        """What `umed` gets. Raises: ConfigError."""
        if not self.out.text():
            raise ConfigError(self.tr("The run has no folder."), self.tr("Choose where it is written."))
        root = self.data.path() if self.data.text() else None
        return train_arguments(self.recipe, self.out.path(), root, self.overrides())

    def choose(self, name: str) -> None:
        self.choice.setCurrentIndex(self.choice.findText(name))

    def add_file(self, path: Path) -> None:
        """Raises: MissingFile; ConfigError."""
        self.recipes.append(read_recipe(path))
        self.choice.addItem(path.name)
        self.choice.setCurrentIndex(self.choice.count() - 1)

    def show_fault(self, error: UmedError | None) -> None:
        self.fault.setText(f"{error.message} {error.hint}" if error is not None else "")

    def _list(self) -> None:
        for recipe in self.recipes:
            self.choice.addItem(recipe.name)

    def _show(self) -> None:
        recipe = self.recipe
        self.about.setText(
            self.tr("Stage {number}. {about}").format(number=1 if recipe.stage == "sft" else 2, about=recipe.about)
        )
        self.table.blockSignals(True)
        self.table.setRowCount(0)
        for row in field_rows(recipe):
            self._add_row(row.key, row.value)
        self._add_row("", "")
        self.table.blockSignals(False)
        if self.out.text() in ("", self._own_out):
            self._own_out = str(Path.home() / "umed-runs" / recipe.name)
            self.out.set_text(self._own_out)
        self.changed.emit()

    def _add_row(self, key: str, value: str) -> None:
        place = self.table.rowCount()
        self.table.insertRow(place)
        for column, text in enumerate((key, value, "")):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            if column == 1 or (column == 0 and key):
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self.table.setItem(place, column, item)

    def _keep_a_free_row(self) -> None:
        """An empty row at the end, for a field that the table does not name."""
        last = self.table.rowCount() - 1
        if any(_text(self.table.item(last, column)) for column in (0, 2)):
            self.table.blockSignals(True)
            self._add_row("", "")
            self.table.blockSignals(False)
        self.changed.emit()

    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a recipe"), "", self.tr("Recipes (*.toml)"))
        if name:
            try:
                self.add_file(Path(name))
            except UmedError as error:
                self.show_fault(error)


def _text(item: QTableWidgetItem | None) -> str:
    return item.text().strip() if item is not None else ""
