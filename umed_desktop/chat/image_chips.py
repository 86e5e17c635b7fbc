"""The images of a question as chips in a row: those it will go with, above the field, and those it went with, on its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from umed_desktop.session.conversation import AskedImage
from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["AttachmentRow", "ImageChip", "ImageChips", "chip_words"]

_PICTURE_PX = 32
_ROW_PX = 44
_SPACING_PX = 4
_ACROSS = 2
_MOST_ROWS = 3


@dataclass(frozen=True, eq=False, slots=True)
class ImageChip:
    """`words` name the image, `picture` shows it small."""

    words: str
    picture: QImage


def chip_words(number: int, image: AskedImage) -> str:
    """As "2  CT abdomen, slice 12"; `number`, from 1, is what the model calls it."""
    if image.frames < 2:
        return f"{number}  {image.title}"
    return QCoreApplication.translate("ImageChips", "{number}  {title}, slice {slice}").format(
        number=number, title=image.title, slice=image.frame + 1
    )


class _ImageButton(QToolButton):
    """A picture with words that are cut in their middle to the room that there is."""

    def __init__(self, chip: ImageChip) -> None:
        super().__init__()
        self.words = chip.words
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIcon(QIcon(QPixmap.fromImage(chip.picture)))
        self.setIconSize(QSize(_PICTURE_PX, _PICTURE_PX))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - _PICTURE_PX - 2 * GRID_PX
        # Qt sets words close to a picture; a space keeps them apart.
        self.setText(self.fontMetrics().elidedText(f" {self.words}", Qt.TextElideMode.ElideMiddle, room))


class AttachmentRow(QScrollArea):
    """What the next question goes with, two beside each other. Hidden while there is nothing; scrolls where there is much."""

    shown = Signal(int)
    """A chip was pressed: its image, from 0, is to be shown."""
    removed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Images of the question"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setObjectName("panel")
        self._grid = QGridLayout(inside)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_SPACING_PX)
        for column in range(_ACROSS):
            self._grid.setColumnStretch(column, 1)
        self.setWidget(inside)
        self.chips: list[_ImageButton] = []
        self.removers: list[QToolButton] = []
        self._color = ""
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(lambda _, most: bar.setValue(most))  # what was added last is seen
        self.hide()

    def show_chips(self, chips: Sequence[ImageChip]) -> None:
        """Exactly these, in this order."""
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.chips, self.removers = [], []
        for place, chip in enumerate(chips):
            self._grid.addWidget(self._frame(place, chip), place // _ACROSS, place % _ACROSS)
        rows = -(-len(chips) // _ACROSS)
        self.setFixedHeight(min(rows, _MOST_ROWS) * (_ROW_PX + _SPACING_PX))
        self.setVisible(bool(chips))

    def set_palette(self, palette: Palette) -> None:
        self._color = palette.muted
        for button in self.removers:
            button.setIcon(icon("x", palette.muted))

    def _frame(self, place: int, chip: ImageChip) -> QFrame:
        frame = styled(QFrame(), "imageChip")
        frame.setFixedHeight(_ROW_PX)
        shown = _ImageButton(chip)
        shown.setAccessibleName(self.tr("Show image {words}").format(words=chip.words))
        shown.setToolTip(self.tr("{words}: show it").format(words=chip.words))
        shown.clicked.connect(lambda: self.shown.emit(place))
        remover = QToolButton()
        remover.setIconSize(QSize(14, 14))
        if self._color:
            remover.setIcon(icon("x", self._color))
        remover.setAccessibleName(self.tr("Take image {words} out of the question").format(words=chip.words))
        remover.setToolTip(self.tr("Take it out of the question"))
        remover.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        remover.clicked.connect(lambda: self.removed.emit(place))
        row = QHBoxLayout(frame)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        row.addWidget(shown, 1)
        row.addWidget(remover)
        self.chips.append(shown)
        self.removers.append(remover)
        return frame


class ImageChips(QWidget):
    """What a question went with, on its card: one small button an image, below each other."""

    shown = Signal(int)

    def __init__(self, images: Sequence[AskedImage], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.buttons: list[QToolButton] = []
        for place, image in enumerate(images):
            words = chip_words(place + 1, image)
            button = styled(QToolButton(), "imageLink")
            button.setText(words)
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(self.tr("Show image {words}").format(words=words))
            button.setToolTip(self.tr("{words}: show it").format(words=words))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, place=place: self.shown.emit(place))
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            self.buttons.append(button)
