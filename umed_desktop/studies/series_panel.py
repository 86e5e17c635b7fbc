"""What is open: studies with their series, and what could not be opened, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from umed_desktop.studies.pictures import blank_icon, cropped_icon, unreadable_icon
from umed_desktop.theme import Palette, icon, styled
from umed_desktop.viewer.image_view import SERIES_MIME
from umed_desktop.words import grouped

__all__ = ["SeriesPanel", "SeriesRow"]

_INDEX = Qt.ItemDataRole.UserRole
_REFUSED = -1
"""The number of the row that stands for what could not be opened."""
_ROWS_A_TURN = 250
"""Rows made in one turn of the event loop: some 10 ms."""
THUMBNAIL_PX = 48
_SETTLING_MS = 80
"""How long the list stands still before pictures of what is in sight are asked for."""


@dataclass(frozen=True, slots=True)
class SeriesRow:
    study: str
    title: str
    subtitle: str
    path: str


class _SeriesTree(QTreeWidget):
    """A list from which a series can be dragged; `is_pressed` while a press may yet become a drag."""

    is_pressed = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.is_pressed = True
        super().mousePressEvent(event)
        self.is_pressed = False

    def mimeTypes(self) -> list[str]:
        return [SERIES_MIME]

    def mimeData(self, items: Sequence[QTreeWidgetItem]) -> QMimeData:
        data = QMimeData()
        numbers = [item.data(0, _INDEX) for item in items]
        data.setData(SERIES_MIME, str(numbers[0]).encode() if numbers and numbers[0] is not None else b"")
        return data


class SeriesPanel(QWidget):
    """A click or the arrow keys choose a series for the active viewport; a drag brings it to any."""

    chosen = Signal(int)
    refused_wanted = Signal()
    """The row of the files that were not opened was clicked, or Enter pressed on it."""
    pictures_wanted = Signal(object)
    """Numbers of the rows in sight that have no picture of their middle slice yet."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._palette = palette
        self._items: list[QTreeWidgetItem] = []
        self._headings: list[QTreeWidgetItem] = []
        self._drawn: set[int] = set()
        self._settling = QTimer(self, singleShot=True, interval=_SETTLING_MS)
        self._settling.timeout.connect(self._want_pictures)
        self._rows: Sequence[SeriesRow] = ()
        self._refused_count, self._wanted = 0, -1
        self._filling = QTimer(self, singleShot=True, interval=0)
        self._filling.timeout.connect(self._add_rows)
        self.tree = _SeriesTree()
        self.tree.verticalScrollBar().valueChanged.connect(lambda _: self._settling.start())
        self.tree.verticalScrollBar().rangeChanged.connect(lambda _least, _most: self._settling.start())
        self.tree.setDragEnabled(True)
        self.tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.tree.setAccessibleName(self.tr("Studies and series"))
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(0)
        self.tree.setIconSize(QSize(THUMBNAIL_PX, THUMBNAIL_PX))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.setUniformRowHeights(False)
        self.tree.currentItemChanged.connect(lambda item, _: None if self.tree.is_pressed else self._choose(item))
        self.tree.itemClicked.connect(lambda item, _: self._choose(item))
        self.tree.itemClicked.connect(lambda item, _: self._open_refused(item))
        self.tree.itemActivated.connect(lambda item, _: self._open_refused(item))
        self.title = styled(QLabel(self.tr("STUDIES")), "panelTitle")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.tree, 1)

    def show_rows(self, rows: Sequence[SeriesRow], refused_count: int) -> None:
        """Lists the series at once, but for thousands of them, and behind them how many files were not opened."""
        self.tree.blockSignals(True)
        self.tree.clear()
        self.tree.blockSignals(False)
        self._items, self._headings = [], []
        self._drawn.clear()
        self._settling.start()
        self._rows, self._refused_count, self._wanted = rows, refused_count, -1
        self._add_rows()

    def _add_rows(self) -> None:
        """The next rows; the event loop has its turn between, as ten thousand pictures may be a series each."""
        start = len(self._items)
        placeholder = blank_icon(QColor(self._palette.raised), THUMBNAIL_PX)
        self.tree.blockSignals(True)
        for number, row in enumerate(self._rows[start : start + _ROWS_A_TURN], start):
            if number == 0 or row.study != self._rows[number - 1].study:
                self._add_heading(row.study)
            item = QTreeWidgetItem([f"{row.title}\n{row.subtitle}"])
            item.setData(0, _INDEX, number)
            item.setToolTip(0, row.path)
            item.setIcon(0, placeholder)
            self.tree.addTopLevelItem(item)
            self._items.append(item)
        if len(self._items) < len(self._rows):
            self._filling.start()
        elif self._refused_count:
            self._add_refused()
        self.tree.blockSignals(False)
        if start <= self._wanted < len(self._items):
            self.show_chosen(self._wanted)

    def _add_refused(self) -> None:
        count = self._refused_count
        words = (
            self.tr("1 file not opened")
            if count == 1
            else self.tr("{count} files not opened").format(count=grouped(count))
        )
        item = QTreeWidgetItem(["{}\n{}".format(words, self.tr("Show why…"))])
        item.setData(0, _INDEX, _REFUSED)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)  # and not to be dragged
        item.setIcon(0, icon("image-off", self._palette.danger))
        self._add_heading(self.tr("NOT OPENED"))
        self.tree.addTopLevelItem(item)

    def show_chosen(self, index: int) -> None:
        self._wanted = index
        if 0 <= index < len(self._items):
            self.tree.blockSignals(True)
            self.tree.setCurrentItem(self._items[index])
            self.tree.blockSignals(False)

    def show_thumbnail(self, index: int, picture: QImage) -> None:
        """A slice of a series that has just been read; it stands until there is a picture of the middle one."""
        if index < len(self._items) and index not in self._drawn:
            self._items[index].setIcon(0, cropped_icon(picture, THUMBNAIL_PX))

    def show_picture(self, index: int, png: bytes) -> None:
        """The middle slice of a series, b"" for one that cannot be drawn."""
        self._drawn.add(index)
        picture = QImage.fromData(png)
        self._items[index].setIcon(
            0, unreadable_icon(self._palette.muted) if picture.isNull() else cropped_icon(picture, THUMBNAIL_PX)
        )

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        for heading in self._headings:
            heading.setForeground(0, QColor(palette.muted))

    def _add_heading(self, text: str) -> None:
        item = QTreeWidgetItem([text])
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        font = item.font(0)
        font.setPixelSize(12)
        font.setBold(True)
        item.setFont(0, font)
        item.setForeground(0, QColor(self._palette.muted))
        item.setToolTip(0, text)
        self._headings.append(item)
        self.tree.addTopLevelItem(item)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        number = item.data(0, _INDEX) if item is not None else None
        if number is not None and number != _REFUSED:
            self.chosen.emit(number)

    def _open_refused(self, item: QTreeWidgetItem) -> None:
        if item.data(0, _INDEX) == _REFUSED:
            self.refused_wanted.emit()

    def _want_pictures(self) -> None:
        """Only what is in sight is asked for: a folder may hold ten thousand pictures, each a series of its own."""
        item = self.tree.itemAt(QPoint(THUMBNAIL_PX, 1))
        wanted: list[int] = []
        while item is not None and self.tree.visualItemRect(item).top() < self.tree.viewport().height():
            number = item.data(0, _INDEX)
            if number is not None and number != _REFUSED and number not in self._drawn:
                wanted.append(number)
            item = self.tree.itemBelow(item)
        if wanted:
            self.pictures_wanted.emit(wanted)
