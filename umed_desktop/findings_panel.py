"""The boxes of the current series as a table: class, place, source, and the reader's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPixmap
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

from umed_desktop.conversation import BoxRef
from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["FindingRow", "FindingsPanel"]

_REF = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class FindingRow:
    ref: BoxRef
    label: str
    slice: str
    place: str
    size: str
    source: str
    verdict: str
    color: str


class FindingsPanel(QWidget):
    chosen = Signal(object)
    pointed = Signal(object)
    judged = Signal(object, str)
    """(BoxRef, verdict)"""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._rows: tuple[FindingRow, ...] = ()
        self.table = QTreeWidget()
        self.table.setAccessibleName("Findings")
        self.table.setHeaderLabels(["Finding", "Slice", "Place", "Size", "Source", "Verdict"])
        self.table.setRootIsDecorated(False)
        self.table.setIndentation(0)
        self.table.setMouseTracking(True)
        self.table.setAllColumnsShowFocus(True)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.header().setStretchLastSection(True)
        self.table.itemEntered.connect(lambda item, _: self.pointed.emit(item.data(0, _REF)))
        self.table.currentItemChanged.connect(self._choose)
        self.accept = QPushButton("Accept")
        self.reject = QPushButton("Reject")
        for button, verdict in ((self.accept, "accepted"), (self.reject, "rejected")):
            button.setAccessibleName(f"{button.text()} the selected box")
            button.clicked.connect(lambda _=False, verdict=verdict: self._judge(verdict))
        head = QHBoxLayout()
        head.setContentsMargins(0, 4, 2 * GRID_PX, 4)
        head.setSpacing(GRID_PX)
        head.addWidget(styled(QLabel("FINDINGS"), "panelTitle"), 1)
        head.addWidget(self.accept)
        head.addWidget(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.table, 1)
        self.set_palette(palette)
        self._refresh_buttons()

    def show_rows(self, rows: Sequence[FindingRow]) -> None:
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        chosen = self.chosen_ref()
        self.table.blockSignals(True)
        self.table.clear()
        for row in rows:
            item = QTreeWidgetItem([row.label, row.slice, row.place, row.size, row.source, row.verdict])
            item.setData(0, _REF, row.ref)
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(row.color))
            item.setIcon(0, swatch)
            self.table.addTopLevelItem(item)
            if row.ref == chosen:
                self.table.setCurrentItem(item)
        self.table.blockSignals(False)
        self._refresh_buttons()

    def show_chosen(self, ref: BoxRef) -> None:
        for number in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(number)
            if item is not None and item.data(0, _REF) == ref:
                self.table.blockSignals(True)
                self.table.setCurrentItem(item)
                self.table.blockSignals(False)
        self._refresh_buttons()

    def chosen_ref(self) -> BoxRef | None:
        item = self.table.currentItem()
        return item.data(0, _REF) if item is not None else None

    def set_palette(self, palette: Palette) -> None:
        self.accept.setIcon(icon("check", palette.good))
        self.reject.setIcon(icon("x", palette.danger))

    def leaveEvent(self, event: object) -> None:  # noqa: ARG002 - Qt calls it so
        self.pointed.emit(None)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        self._refresh_buttons()
        if item is not None:
            self.chosen.emit(item.data(0, _REF))

    def _judge(self, verdict: str) -> None:
        ref = self.chosen_ref()
        if ref is not None:
            self.judged.emit(ref, verdict)

    def _refresh_buttons(self) -> None:
        for button in (self.accept, self.reject):
            button.setEnabled(self.table.currentItem() is not None)
