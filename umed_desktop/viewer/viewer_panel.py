"""The image with what belongs under it: the slice slider and the attention line."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from umed_desktop.theme import GRID_PX, styled
from umed_desktop.viewer.attention_bar import AttentionBar
from umed_desktop.viewer.image_view import ImageView

__all__ = ["ViewerPanel"]


class ViewerPanel(QWidget):
    slice_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = ImageView()
        self.attention = AttentionBar()
        self.attention.hide()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Slice")
        self.slider.valueChanged.connect(self.slice_chosen)
        self._slice = styled(QLabel(), "muted")
        self._slices = styled(QWidget(), "panel")
        self._slices.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self._slices)
        row.setContentsMargins(2 * GRID_PX, GRID_PX // 2, 2 * GRID_PX, GRID_PX // 2)
        row.setSpacing(2 * GRID_PX)
        row.addWidget(self.slider, 1)
        row.addWidget(self._slice)
        self._slices.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addWidget(self.attention)
        column.addWidget(self._slices)

    def show_slice(self, frame: int, count: int) -> None:
        """Frame `frame` of `count`, counted from 0; a single frame has no slider."""
        self._slices.setVisible(count > 1)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, count - 1))
        self.slider.setValue(frame)
        self.slider.blockSignals(False)
        self._slice.setText(f"{frame + 1} / {count}")
        self._slice.setMinimumWidth(self._slice.fontMetrics().horizontalAdvance(f"{count} / {count}"))
