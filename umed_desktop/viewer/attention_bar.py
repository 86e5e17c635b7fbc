"""The line under the image: which word's attention is shown, its numbers, its colours and how much shows through."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from umed_desktop.theme import GRID_PX, Palette, icon, styled

__all__ = ["AttentionBar"]

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
        self._words.setAccessibleName("Attention of the chosen word")
        self._words.setTextFormat(Qt.TextFormat.RichText)
        self._words.setWordWrap(True)  # in a narrow window the numbers take a second line: they are never cut
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(96)
        self.opacity.setAccessibleName("Opacity of the attention map")
        self.opacity.setToolTip("Opacity of the attention map")
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self.colors = QComboBox()
        self.colors.setAccessibleName("Colours of the attention map")
        self.colors.setToolTip("Colours of the attention map")
        self.colors.view().setAccessibleName("Colours of the attention map")
        for title, name in _COLORS:
            self.colors.addItem(title, name)
        self.colors.currentIndexChanged.connect(lambda _: self.colors_changed.emit(self.colors.currentData()))
        self.layer = QComboBox()
        self.layer.setAccessibleName("Layer of the attention map")
        self.layer.setToolTip("Attention of one layer, mean over its heads, or the mean over all layers")
        self.layer.view().setAccessibleName("Layer of the attention map")
        self.layer.activated.connect(lambda _: self.layer_changed.emit(self.layer.currentData()))
        self._layers: tuple[int, ...] | None = None
        self.show_layers((), -1)
        self.close_button = QToolButton()
        self.close_button.setAccessibleName("Hide attention")
        self.close_button.setToolTip("Hide attention")
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, GRID_PX // 2, GRID_PX, GRID_PX // 2)
        row.setSpacing(GRID_PX)
        row.addWidget(self._words, 1)
        row.addWidget(self.layer)
        row.addWidget(self.opacity)
        row.addWidget(self.colors)
        row.addWidget(self.close_button)

    def paint_icons(self, palette: Palette) -> None:
        self.close_button.setIcon(icon("x", palette.muted))

    def show_choice(self, opacity: float, colors: str) -> None:
        self.opacity.setValue(round(100 * opacity))
        self.colors.setCurrentIndex(max(0, self.colors.findData(colors)))

    def show_word(self, word: str, on_image: float, box: str, in_box: float | None) -> None:
        """`on_image` and `in_box` are shares, 0..1; `box` names the box, "" for an answer without one."""
        from html import escape

        told = f"<b>“{escape(word)}”</b> &nbsp; <b>{on_image:.0%}</b> on the image"
        if in_box is not None:
            told += f", of that <b>{in_box:.0%}</b> inside {escape(box)}"
        self._words.setText(told)
        self._words.setToolTip("Share of the attention that went to the image, and share of that inside the box.")

    def show_layers(self, layers: tuple[int, ...], layer: int) -> None:
        """The layers that can be shown, and the one that is; a model that sends only the mean leaves no choice."""
        if layers != self._layers:
            self._layers = layers
            self.layer.clear()
            self.layer.addItem("Mean of layers", -1)
            for number in layers:
                self.layer.addItem(f"Layer {number + 1}", number)
            self.layer.setEnabled(bool(layers))
        self.layer.setCurrentIndex(max(0, self.layer.findData(layer)))

    def text(self) -> str:
        return self._words.text()
