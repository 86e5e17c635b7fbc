"""The files that could not be opened: each with its reason, by kinds of reason, to be copied. Quick with 20,000 of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.session.refusals import Refusal, as_text, kinds_of
from umed_desktop.tables import headings_on_the_left
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.words import QT_TRANSLATE_NOOP, grouped

__all__ = ["RefusedDialog", "RefusedTable"]

_COLUMNS = (
    QT_TRANSLATE_NOOP("RefusedTable", "File"),
    QT_TRANSLATE_NOOP("RefusedTable", "Why it was not opened"),
    QT_TRANSLATE_NOOP("RefusedTable", "What to do"),
)
_NAME_PX, _HINT_PX = 240, 400
_ROW_PX = 30
_KINDS_LISTED = 100
"""More kinds of reasons than that are no help to choose from; the field for words finds the others."""

_Index = QModelIndex | QPersistentModelIndex


class RefusedTable(QAbstractTableModel):
    """What is listed just now; it filters by itself, since a proxy asks for every cell by a call of its own."""

    def __init__(self, refusals: Sequence[Refusal], parent: QWidget) -> None:
        super().__init__(parent)
        self._all = list(refusals)
        self._words = [f"{one.path}\n{one.reason}\n{one.hint}".casefold() for one in self._all]
        self.rows = list(self._all)

    def show_only(self, kind: str, words: str) -> None:
        """Those with a reason of this kind, "" for any, that hold these words."""
        wanted = words.casefold().strip()
        self.beginResetModel()
        self.rows = [
            one
            for one, text in zip(self._all, self._words, strict=True)
            if kind in ("", one.kind) and (not wanted or wanted in text)
        ]
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        one = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (one.name, one.reason, one.hint)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (one.path, one.reason, one.hint)[index.column()]
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self.tr(_COLUMNS[section])
        return None


class RefusedDialog(QDialog):
    def __init__(self, refusals: Sequence[Refusal], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Files not opened"))
        self.resize(1120, 600)
        self._count = len(refusals)
        self.model = RefusedTable(refusals, self)
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("Reason"))
        self.kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kind.setMinimumContentsLength(44)
        self.kind.addItem(self.tr("All reasons ({count})").format(count=grouped(self._count)), "")
        for kind, count in kinds_of(refusals)[:_KINDS_LISTED]:
            self.kind.addItem(f"{kind} ({grouped(count)})", kind)
        self.words = QLineEdit()
        self.words.setAccessibleName(self.tr("Words to find"))
        self.words.setPlaceholderText(self.tr("Find a name or a reason"))
        self.words.setClearButtonEnabled(True)
        self.count = styled(QLabel(), "noticeHint")
        self.table = self._make_table()
        self.copy = QPushButton(self.tr("&Copy as text"))
        self.copy.clicked.connect(self._copy_all)
        self.close_button = QPushButton(self.tr("Close"))
        self.close_button.clicked.connect(self.reject)
        self.kind.currentIndexChanged.connect(self._show)
        self.words.textChanged.connect(self._show)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table, self._copy_chosen)
        self._lay_out()
        self._show()
        self.table.setFocus()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setAccessibleName(self.tr("Files not opened"))
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)  # Tab goes on to the buttons
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setWordWrap(False)
        table.setShowGrid(False)
        rows = table.verticalHeader()
        rows.hide()
        # One height for all: a row that asks for its own would have every cell measured.
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(_ROW_PX)
        columns = table.horizontalHeader()
        headings_on_the_left(columns)
        columns.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        table.setColumnWidth(0, _NAME_PX)
        table.setColumnWidth(2, _HINT_PX)
        return table

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        top = QHBoxLayout()
        top.addWidget(self.kind)
        top.addWidget(self.words, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self.count, 1)
        bottom.addWidget(self.copy)
        bottom.addWidget(self.close_button)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        column.addLayout(bottom)

    def _show(self) -> None:
        self.model.show_only(self.kind.currentData(), self.words.text())
        shown = len(self.model.rows)
        self.copy.setEnabled(shown > 0)
        self.count.setText(self.tr("{shown} of {count} files").format(shown=grouped(shown), count=grouped(self._count)))

    def _copy_all(self) -> None:
        self._copy(self.model.rows)
        self.count.setText(self.tr("Copied: {count} lines").format(count=grouped(len(self.model.rows))))

    def _copy_chosen(self) -> None:
        chosen = [self.model.rows[index.row()] for index in self.table.selectionModel().selectedRows()]
        self._copy(chosen or self.model.rows)

    def _copy(self, refusals: Sequence[Refusal]) -> None:
        QGuiApplication.clipboard().setText(as_text(refusals))
