"""What two answers agree on: one line of words, and a row for each pair of boxes and for each box without a partner."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from umed_desktop.compare.presenting import AgreementRow
from umed_desktop.session.conversation import BoxRef
from umed_desktop.theme import GRID_PX

__all__ = ["AgreementList"]


class AgreementList(QWidget):
    box_pointed = Signal(object)
    """The first BoxRef of the row under the pointer or the focus, None for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[AgreementRow, ...] = ()
        self.words = QLabel(wordWrap=True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.words.setToolTip(self.tr("That two models agree says nothing about whether either is right."))
        self.words.setContentsMargins(2 * GRID_PX, GRID_PX // 2, 2 * GRID_PX, GRID_PX // 2)
        self.table = QTreeWidget()
        self.table.setAccessibleName(self.tr("Boxes of both models"))
        self.table.setHeaderLabels([self.tr("Model A"), self.tr("Model B"), self.tr("IoU")])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setMouseTracking(True)
        header = self.table.header()
        header.setStretchLastSection(False)
        for section in (0, 1):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.table.itemEntered.connect(self._point)
        self.table.currentItemChanged.connect(lambda item, _: self._point(item))
        self.table.viewport().installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)

    def show_rows(self, words: str, rows: Sequence[AgreementRow]) -> None:
        self.words.setText(words)
        self.table.setVisible(bool(rows))
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        self.table.blockSignals(True)  # what goes away was not pointed at by anyone
        self.table.clear()
        for row in rows:
            item = QTreeWidgetItem([row.a, row.b, row.iou])
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.addTopLevelItem(item)
        self.table.blockSignals(False)

    def show_lit(self, lit: frozenset[BoxRef]) -> None:
        """Selects the row of a lit box; none where none is lit."""
        self.table.blockSignals(True)
        self.table.clearSelection()
        for number, row in enumerate(self._rows):
            item = self.table.topLevelItem(number)
            if item is not None and lit & set(row.boxes):
                item.setSelected(True)
        self.table.blockSignals(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.box_pointed.emit(None)
        return super().eventFilter(watched, event)

    def _point(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        self.box_pointed.emit(self._rows[self.table.indexOfTopLevelItem(item)].boxes[0])
