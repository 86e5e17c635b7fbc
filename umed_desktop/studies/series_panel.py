"""What is open: studies with their series, and what could not be opened, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QImage, QMouseEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from umed_desktop.theme import Palette, icon, styled
from umed_desktop.viewer.image_view import SERIES_MIME

__all__ = ["RefusedRow", "SeriesPanel", "SeriesRow"]

_INDEX = Qt.ItemDataRole.UserRole
THUMBNAIL_PX = 48


@dataclass(frozen=True, slots=True)
class SeriesRow:
    study: str
    title: str
    subtitle: str
    path: str


@dataclass(frozen=True, slots=True)
class RefusedRow:
    name: str
    reason: str
    hint: str


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

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._palette = palette
        self._items: list[QTreeWidgetItem] = []
        self._headings: list[QTreeWidgetItem] = []
        self.tree = _SeriesTree()
        self.tree.setDragEnabled(True)
        self.tree.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.tree.setAccessibleName("Studies and series")
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setIndentation(0)
        self.tree.setIconSize(QSize(THUMBNAIL_PX, THUMBNAIL_PX))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.setUniformRowHeights(False)
        self.tree.currentItemChanged.connect(lambda item, _: None if self.tree.is_pressed else self._choose(item))
        self.tree.itemClicked.connect(lambda item, _: self._choose(item))
        self.title = styled(QLabel("STUDIES"), "panelTitle")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.title)
        column.addWidget(self.tree, 1)

    def show_rows(self, rows: Sequence[SeriesRow], refused: Sequence[RefusedRow]) -> None:
        self.tree.blockSignals(True)
        self.tree.clear()
        self._items, self._headings = [], []
        study = ""
        for number, row in enumerate(rows):
            if row.study != study:
                study = row.study
                self._add_heading(study)
            item = QTreeWidgetItem([f"{row.title}\n{row.subtitle}"])
            item.setData(0, _INDEX, number)
            item.setToolTip(0, row.path)
            item.setIcon(0, _placeholder(self._palette))
            self.tree.addTopLevelItem(item)
            self._items.append(item)
        if refused:
            self._add_heading(f"Not opened ({len(refused)})")
            for gone in refused:
                item = QTreeWidgetItem([f"{gone.name}\n{gone.reason}"])
                item.setToolTip(0, f"{gone.reason}\n{gone.hint}")
                item.setFlags(Qt.ItemFlag.ItemIsEnabled)
                item.setIcon(0, icon("image-off", self._palette.danger))
                self.tree.addTopLevelItem(item)
        self.tree.blockSignals(False)

    def show_chosen(self, index: int) -> None:
        if 0 <= index < len(self._items):
            self.tree.blockSignals(True)
            self.tree.setCurrentItem(self._items[index])
            self.tree.blockSignals(False)

    def show_thumbnail(self, index: int, picture: QImage) -> None:
        """A small picture of a series that has been read."""
        side = THUMBNAIL_PX * 2
        small = picture.scaled(
            side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
        )
        left, top = (small.width() - side) // 2, (small.height() - side) // 2
        pixmap = QPixmap.fromImage(small.copy(left, top, side, side))
        pixmap.setDevicePixelRatio(2.0)
        drawn = QIcon(pixmap)
        drawn.addPixmap(pixmap, QIcon.Mode.Selected)
        self._items[index].setIcon(0, drawn)

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
        if number is not None:
            self.chosen.emit(number)


def _placeholder(palette: Palette) -> QIcon:
    pixmap = QPixmap(THUMBNAIL_PX, THUMBNAIL_PX)
    pixmap.fill(palette.raised)
    return QIcon(pixmap)
