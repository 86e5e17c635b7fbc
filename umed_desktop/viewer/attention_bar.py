"""The line under the image: which word's attention is shown, its numbers, its colours and how much shows through."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["AttentionBar"]

_ONE_LINE_PX = 640
"""In a narrower bar the controls stand below the words."""
_COLORS = (("Inferno", "inferno"), ("Viridis", "viridis"), ("Cool", "cool"))


class AttentionBar(QWidget):
    opacity_changed = Signal(float)
    colors_changed = Signal(str)
    layer_changed = Signal(int)
    """A layer, numbered from 0; -1 for the mean over layers."""
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._words = styled(QLabel(), "muted")
        self._words.setAccessibleName(self.tr("Attention of the chosen word"))
        self._words.setTextFormat(Qt.TextFormat.RichText)
        self._words.setWordWrap(True)  # in a narrow window the numbers take a second line: they are never cut
        self._shares = styled(QLabel(), "muted")
        self._shares.setTextFormat(Qt.TextFormat.RichText)
        self._shares.setWordWrap(True)
        self._shares.hide()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(96)
        self.opacity.setAccessibleName(self.tr("Opacity of the attention map"))
        self.opacity.setToolTip(self.tr("Opacity of the attention map"))
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.colors = QComboBox()
        self.colors.setAccessibleName(self.tr("Colours of the attention map"))
        self.colors.setToolTip(self.tr("Colours of the attention map"))
        self.colors.view().setAccessibleName(self.tr("Colours of the attention map"))
        for title, name in _COLORS:
            self.colors.addItem(title, name)
        self.colors.currentIndexChanged.connect(lambda _: self.colors_changed.emit(self.colors.currentData()))
        self.layer = QComboBox()
        self.layer.setAccessibleName(self.tr("Layer of the attention map"))
        self.layer.setToolTip(self.tr("Attention of one layer, mean over its heads, or the mean over all layers"))
        self.layer.view().setAccessibleName(self.tr("Layer of the attention map"))
        self.layer.activated.connect(lambda _: self.layer_changed.emit(self.layer.currentData()))
        self._layers: tuple[int, ...] | None = None
        self.show_layers((), -1)
        self.close_button = QToolButton()
        self.close_button.setAccessibleName(self.tr("Hide attention"))
        self.close_button.setToolTip(self.tr("Hide attention"))
        self.close_button.clicked.connect(self.closed)
        controls = QHBoxLayout()
        controls.setSpacing(GRID_PX)
        controls.addWidget(self.layer)
        controls.addWidget(self.opacity)
        controls.addWidget(self.colors)
        controls.addStretch(1)
        controls.addWidget(self.close_button)
        told = QVBoxLayout()
        told.setSpacing(2)
        told.addWidget(self._words)
        told.addWidget(self._shares)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(2 * GRID_PX, GRID_PX // 2, GRID_PX, GRID_PX // 2)
        self._line.setSpacing(GRID_PX)
        self._line.addLayout(told, 1)
        self._line.addLayout(controls)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_wide = event.size().width() >= _ONE_LINE_PX
        self._line.setDirection(QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom)

    def paint_icons(self, palette: Palette) -> None:
        self.close_button.setIcon(icon("x", palette.muted))

    def show_choice(self, opacity: float, colors: str) -> None:
        self.opacity.setValue(round(100 * opacity))
        self.colors.setCurrentIndex(max(0, self.colors.findData(colors)))

    def show_word(self, word: str, on_image: float, box: str, in_box: float | None) -> None:
        """`on_image` and `in_box` are shares, 0..1; `box` names the box, "" for an answer without one."""
        from html import escape

        told = self.tr("<b>“{word}”</b> &nbsp; <b>{on_image}</b> on the image")
        if in_box is not None:
            told = self.tr(
                "<b>“{word}”</b> &nbsp; <b>{on_image}</b> on the image, of that <b>{in_box}</b> inside {box}"
            )
        self._words.setText(
            told.format(word=escape(word), on_image=f"{on_image:.0%}", in_box=f"{in_box or 0:.0%}", box=escape(box))
        )
        self._words.setToolTip(
            self.tr("Share of the attention that went to the image, and share of that inside the box.")
        )

    def show_shares(self, image: int, shares: Sequence[float]) -> None:
        """How much of the word's attention each image of a question got; `image` is on screen. Nothing for a single one."""
        told = []
        for place, share in enumerate(shares):
            words = self.tr("{share} on image {number}").format(share=f"{share:.0%}", number=place + 1)
            words = words.replace(" ", "&nbsp;")
            told.append(f"<b>{words}</b>" if place == image else words)
        self._shares.setText(" · ".join(told) if len(told) > 1 else "")
        self._shares.setVisible(len(told) > 1)

    def show_layers(self, layers: tuple[int, ...], layer: int) -> None:
        """The layers that can be shown, and the one that is; a model that sends only the mean leaves no choice."""
        if layers != self._layers:
            self._layers = layers
            self.layer.clear()
            self.layer.addItem(self.tr("Mean of layers"), -1)
            for number in layers:
                self.layer.addItem(self.tr("Layer {number}").format(number=number + 1), number)
            self.layer.setEnabled(bool(layers))
        self.layer.setCurrentIndex(max(0, self.layer.findData(layer)))

    def text(self) -> str:
        return f"{self._words.text()} {self._shares.text()}".strip()
