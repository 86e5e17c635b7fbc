"""The studies that were found, as a table that is filled while one scrolls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
    QWidget,
)

from umed_desktop.tables import ElidedInTheMiddle, headings_on_the_left
from umed_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from umed_core.library.index import FoundStudy, Page
    from umed_core.library.search import Column

__all__ = ["StudyTable"]

_AnyIndex = QModelIndex | QPersistentModelIndex
_Heading = tuple["Column", str, int]

_HEADINGS: tuple[_Heading, ...] = (
    ("patient_name", QT_TRANSLATE_NOOP("StudyTable", "Patient"), 190),
    ("patient_id", QT_TRANSLATE_NOOP("StudyTable", "Patient ID"), 172),
    ("date", QT_TRANSLATE_NOOP("StudyTable", "Date"), 112),
    ("modalities", QT_TRANSLATE_NOOP("StudyTable", "Modality"), 100),
    ("description", QT_TRANSLATE_NOOP("StudyTable", "Description"), 180),
    ("series_count", QT_TRANSLATE_NOOP("StudyTable", "Series"), 84),
    ("image_count", QT_TRANSLATE_NOOP("StudyTable", "Images"), 84),
    ("folder", QT_TRANSLATE_NOOP("StudyTable", "Folder"), 100),
)
"""Column of the library, heading, width in pixels."""
_NUMBERS = ("series_count", "image_count")
_ALIKE_IN_FRONT = ("patient_id", "folder")
"""Columns that are cut in the middle where they are too narrow: what tells one from another stands at the end."""
_DATE = 2
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class StudyTable(QTableView):
    """Enter or a double click opens a study; a heading sorts."""

    chosen = Signal(object)
    """The FoundStudy that is current; None without one."""
    opened = Signal(object)
    sorted_by = Signal(str, bool)
    """(column of the library, descending)"""
    more_wanted = Signal(int)
    """Rows from this one on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = _Rows([self.tr(heading) for _, heading, _ in _HEADINGS], self.more_wanted.emit, self)
        self.setModel(self.rows)
        self.setAccessibleName(self.tr("Studies"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        elided = ElidedInTheMiddle(self)
        header = self.horizontalHeader()
        headings_on_the_left(header)
        header.setHighlightSections(False)
        for place, (column, _, width) in enumerate(_HEADINGS):
            self.setColumnWidth(place, width)
            if column in _ALIKE_IN_FRONT:
                self.setItemDelegateForColumn(place, elided)
        header.setStretchLastSection(True)
        header.setSortIndicator(_DATE, Qt.SortOrder.DescendingOrder)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.sortIndicatorChanged.connect(self._sort)
        self.selectionModel().currentRowChanged.connect(self._tell)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.rows.studies[index.row()]))

    def current(self) -> FoundStudy | None:
        """The study of the selected row."""
        row = self.currentIndex().row()
        return self.rows.studies[row] if 0 <= row < len(self.rows.studies) else None

    def show_page(self, page: Page, skipped: int) -> None:
        """The first rows of an answer, or more of it; the study that was current stays so where it is among them."""
        if skipped:
            self.rows.add(page)
            return
        before = self.current()
        self.rows.replace(page)
        kept = (row for row, study in enumerate(page.studies) if before is not None and study.id == before.id)
        if page.studies:
            self.selectRow(next(kept, 0))
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.current()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current is not None:
            self.opened.emit(current)
            return
        super().keyPressEvent(event)

    def _sort(self, place: int, direction: Qt.SortOrder) -> None:
        self.sorted_by.emit(_HEADINGS[place][0], direction == Qt.SortOrder.DescendingOrder)

    def _tell(self, *_: object) -> None:
        self.chosen.emit(self.current())


class _Rows(QAbstractTableModel):
    """The studies that have come so far, of `total`."""

    def __init__(self, headings: list[str], want: Callable[[int], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.studies: list[FoundStudy] = []
        self._headings, self._want = headings, want
        self._total = 0
        self._is_waiting = False

    def replace(self, page: Page) -> None:
        self.beginResetModel()
        self.studies, self._total, self._is_waiting = list(page.studies), page.total, False
        self.endResetModel()

    def add(self, page: Page) -> None:
        self._is_waiting, self._total = False, page.total
        if page.studies:
            first = len(self.studies)
            self.beginInsertRows(QModelIndex(), first, first + len(page.studies) - 1)
            self.studies += page.studies
            self.endInsertRows()

    def rowCount(self, parent: _AnyIndex = QModelIndex()) -> int:  # noqa: B008 - as Qt declares it
        return 0 if parent.isValid() else len(self.studies)

    def columnCount(self, parent: _AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_HEADINGS)

    def canFetchMore(self, parent: _AnyIndex) -> bool:
        return not parent.isValid() and not self._is_waiting and len(self.studies) < self._total

    def fetchMore(self, _parent: _AnyIndex) -> None:
        self._is_waiting = True
        self._want(len(self.studies))

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # what Qt declares
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and _HEADINGS[section][0] in _NUMBERS:
            return _RIGHT
        return None

    def data(self, index: _AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column = _HEADINGS[index.column()][0]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return _cell(self.studies[index.row()], column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column in _NUMBERS:
            return _RIGHT
        return None


def _cell(study: FoundStudy, column: Column) -> str:
    from umed_core.library.search import shown_date

    if column == "patient_name":
        return shown_name(study.patient_name)
    if column == "date":
        return shown_date(study.date)
    return str(getattr(study, column)).replace("^", " ") if column == "description" else str(getattr(study, column))


def shown_name(name: str) -> str:
    """DOE^JANE^^Dr -> DOE, JANE, Dr; of several ways of writing it, the first. Source: PS3.5 6.2.1."""
    return ", ".join(part for part in name.partition("=")[0].split("^") if part)
