"""The measurements of the series on screen as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["MeasurementRow", "MeasurementsPanel"]

_ID = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """`id` is the measurement's."""

    id: str
    kind: str
    slice: str
    value: str


class MeasurementsPanel(QWidget):
    chosen = Signal(str)
    removed = Signal(str)

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._rows: tuple[MeasurementRow, ...] = ()
        self.table = QTreeWidget()
        self.table.setAccessibleName(self.tr("Measurements"))
        self.table.setHeaderLabels([self.tr("Measurement"), self.tr("Slice"), self.tr("Value")])
        self.table.setRootIsDecorated(False)
        self.table.setIndentation(0)
        self.table.setAllColumnsShowFocus(True)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.header().setStretchLastSection(True)
        self.table.currentItemChanged.connect(lambda item, _: self._choose(item))
        self.table.itemClicked.connect(lambda item, _: self._choose(item))
        self.remove = QPushButton(self.tr("Delete"))
        self.remove.setAccessibleName(self.tr("Delete the selected measurement"))
        self.remove.clicked.connect(self._remove)
        head = QHBoxLayout()
        head.setContentsMargins(0, 4, 2 * GRID_PX, 4)
        head.setSpacing(GRID_PX)
        head.addWidget(styled(QLabel(self.tr("MEASUREMENTS")), "panelTitle"), 1)
        head.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        self.set_palette(palette)

    def show_rows(self, rows: Sequence[MeasurementRow], chosen: str) -> None:
        self.table.blockSignals(True)
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self.table.clear()
            for row in rows:
                item = QTreeWidgetItem([row.kind, row.slice, row.value])
                item.setData(0, _ID, row.id)
                self.table.addTopLevelItem(item)
        self.table.setCurrentIndex(QModelIndex())
        for number, row in enumerate(self._rows):
            shown = self.table.topLevelItem(number)
            if row.id == chosen and shown is not None:
                self.table.setCurrentItem(shown)
        self.table.blockSignals(False)
        self.remove.setEnabled(bool(self.chosen_id()))

    def chosen_id(self) -> str:
        item = self.table.currentItem()
        return str(item.data(0, _ID)) if item is not None else ""

    def set_palette(self, palette: Palette) -> None:
        self.remove.setIcon(icon("trash-2", palette.danger))

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        self.remove.setEnabled(item is not None)
        if item is not None:
            self.chosen.emit(str(item.data(0, _ID)))

    def _remove(self) -> None:
        if self.chosen_id():
            self.removed.emit(self.chosen_id())
