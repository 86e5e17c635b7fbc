"""The series of the study that is chosen, as a strip of small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPalette
from PySide6.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem, QWidget

from umed_desktop.studies.pictures import blank_icon, unreadable_icon, whole_icon
from umed_desktop.theme import GRID_PX
from umed_desktop.words import grouped

if TYPE_CHECKING:
    from umed_core.library.index import FoundSeries

__all__ = ["SeriesStrip"]

_PICTURE_PX = 96
_CELL = QSize(_PICTURE_PX + 5 * GRID_PX, _PICTURE_PX + 7 * GRID_PX)
_MOST = 400
"""Series that are shown: a folder of pictures is a study of as many series as it has pictures."""


class SeriesStrip(QListWidget):
    """Enter or a double click opens a series."""

    opened = Signal(str)
    """The first file of the series."""
    pictures_wanted = Signal(object)
    """[(file, frame)] of the series in sight that have no picture yet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("seriesStrip")
        self.setAccessibleName(self.tr("Series of the study"))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setIconSize(QSize(_PICTURE_PX, _PICTURE_PX))
        self.setGridSize(_CELL)
        self.setWordWrap(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFixedHeight(_CELL.height() + 3 * GRID_PX)
        self._places: dict[str, int] = {}
        self._series: tuple[FoundSeries, ...] = ()
        self.horizontalScrollBar().valueChanged.connect(lambda _: self._want_pictures())
        self.itemDoubleClicked.connect(lambda item: self.opened.emit(self._series[self.row(item)].first))

    def show_series(self, series: Sequence[FoundSeries]) -> None:
        """The series that are shown already keep their pictures."""
        if tuple(series[:_MOST]) == self._series:
            return
        self.clear()
        self._series = tuple(series[:_MOST])
        self._places = {each.middle: place for place, each in enumerate(self._series)}
        blank = blank_icon(self.palette().color(QPalette.ColorRole.AlternateBase), _PICTURE_PX)
        names = [" ".join(filter(None, (each.number, each.description.replace("^", " ")))) for each in self._series]
        for each, said in zip(self._series, names, strict=True):
            # Series that share a name are told apart by their file.
            name = said if said and names.count(said) == 1 else Path(each.first).name
            is_one = each.image_count == 1
            count = self.tr("1 image") if is_one else self.tr("{count} images").format(count=each.image_count)
            about = " · ".join(filter(None, (each.modality, count)))
            item = QListWidgetItem(blank, f"{name}\n{about}", self)
            item.setToolTip(f"{name}\n{about}\n{each.first}")
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        if len(series) > _MOST:
            words = self.tr("{count} more, when it is opened").format(count=grouped(len(series) - _MOST))
            QListWidgetItem(words, self).setFlags(Qt.ItemFlag.NoItemFlags)
        if self._series:
            self.setCurrentRow(0)
        self._want_pictures()

    def show_picture(self, middle: str, png: bytes) -> None:
        """The picture of the series with this middle file; b"" for one that cannot be drawn."""
        place = self._places.pop(middle, None)
        item = self.item(place) if place is not None else None
        if item is None:
            return
        picture = QImage.fromData(png)
        muted = self.palette().color(QPalette.ColorRole.PlaceholderText).name()
        item.setIcon(unreadable_icon(muted) if picture.isNull() else whole_icon(picture, _PICTURE_PX))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self.opened.emit(self._series[self.currentRow()].first)
            return
        super().keyPressEvent(event)

    def _want_pictures(self) -> None:
        """Of what is in sight, and as much again to the right."""
        first = self.horizontalScrollBar().value() // _CELL.width()
        last = first + 2 * (self.viewport().width() // _CELL.width() + 1)
        wanted = [(s.middle, s.frame) for s in self._series[first:last] if s.middle in self._places]
        if wanted:
            self.pictures_wanted.emit(wanted)
