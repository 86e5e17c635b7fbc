"""The answers of an evaluation as a table that is sorted by any of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from umed_desktop.pages.evaluate.results import AnswerRow
from umed_desktop.tables import ElidedInTheMiddle, headings_on_the_left
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["AnswersTable"]

COLUMNS = (
    QT_TRANSLATE_NOOP("AnswersTable", "Set"),
    QT_TRANSLATE_NOOP("AnswersTable", "Image"),
    QT_TRANSLATE_NOOP("AnswersTable", "IoU"),
    QT_TRANSLATE_NOOP("AnswersTable", "Class"),
    QT_TRANSLATE_NOOP("AnswersTable", "Verdict"),
    QT_TRANSLATE_NOOP("AnswersTable", "Answer"),
)
IMAGE, IOU, ANSWER = 1, 2, 5
_Index = QModelIndex | QPersistentModelIndex


class AnswersTable(QTableView):
    chosen = Signal(object)
    """The AnswerRow of the current line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Answers"))
        self._rows = _Rows(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(IOU, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        header = self.horizontalHeader()
        header.setAccessibleName(self.tr("Columns of the answers"))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        headings_on_the_left(header)
        self.setItemDelegateForColumn(IMAGE, ElidedInTheMiddle(self))
        for column, width in enumerate((100, 190, 64, 84, 88)):
            self.setColumnWidth(column, width)
        self.selectionModel().currentRowChanged.connect(self._tell)

    def show_rows(self, rows: Sequence[AnswerRow]) -> None:
        self._rows.show(rows)
        if rows:
            self.selectRow(0)

    def row_at(self, place: int) -> AnswerRow:
        """The row on line `place` as it is sorted now."""
        return self._rows.rows[self._sorted.mapToSource(self._sorted.index(place, 0)).row()]

    def _tell(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.row_at(index.row()))


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[AnswerRow, ...] = ()

    def show(self, rows: Sequence[AnswerRow]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return QCoreApplication.translate("AnswersTable", COLUMNS[section])
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _shown(row)[index.column()]
        if role == Qt.ItemDataRole.UserRole:
            return _key(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (IMAGE, ANSWER):
            return row.image if index.column() == IMAGE else row.text
        return None


def _shown(row: AnswerRow) -> tuple[str, ...]:
    iou = "–" if row.iou is None else f"{row.iou:.2f}"
    named = {
        True: QCoreApplication.translate("AnswersTable", "named"),
        False: QCoreApplication.translate("AnswersTable", "missed"),
        None: "–",
    }[row.named]
    verdict = QCoreApplication.translate("AnswersTable", row.verdict) if row.verdict else ""
    return row.dataset, row.image, iou, named, verdict, " ".join(row.text.split())


def _key(row: AnswerRow, column: int) -> Any:
    """What a column sorts by: figures as figures, an image without one after all others."""
    if column == IOU:
        return 2.0 if row.iou is None else row.iou
    return _shown(row)[column]
