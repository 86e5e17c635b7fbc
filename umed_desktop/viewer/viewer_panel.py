"""The viewports with what belongs under them: the slice slider, the cine controls and the attention line."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.viewer.attention_bar import AttentionBar
from umed_desktop.viewer.cine_bar import CineBar
from umed_desktop.viewer.image_view import ImageView
from umed_desktop.viewer.layer import Layer

__all__ = ["ViewerPanel"]


class ViewerPanel(QWidget):
    """One to four views, of which one is active: it shows what the session holds, and the slider and the keys are its.

    Signals that name no view come from the active one, because a press makes a view active before it does more.
    """

    slice_chosen = Signal(int)
    window_dragged = Signal(float, float)
    window_drag_ended = Signal()
    box_pointed = Signal(object)
    box_clicked = Signal(object)
    touched = Signal(int)
    """The number of a view that a person turned to."""
    slice_wheeled = Signal(int, int)
    """(view, steps)"""
    probed = Signal(int, object)
    """(view, pixel or None)"""
    series_dropped = Signal(int, int)
    """(view, number of the listed series)"""
    view_added = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views: list[ImageView] = []
        self.active = 0
        self.tool = ""
        """What the left button does: "" for window and level, else the name of a tool that a layer knows."""
        self._active_layers: list[Layer] = []
        self.attention = AttentionBar()
        self.attention.hide()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Slice"))
        self.slider.setInvertedControls(True)  # down and PgDown are the next slice, as on the image
        self.slider.valueChanged.connect(self.slice_chosen)
        self.cine = CineBar()
        self._slice = styled(QLabel(), "muted")
        self._slices = styled(QWidget(), "panel")
        self._slices.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self._slices)
        row.setContentsMargins(2 * GRID_PX, GRID_PX // 2, 2 * GRID_PX, GRID_PX // 2)
        row.setSpacing(2 * GRID_PX)
        row.addWidget(self.cine)
        row.addWidget(self.slider, 1)
        row.addWidget(self._slice)
        self._slices.hide()
        self.grid = styled(QWidget(), "viewGrid")
        self._places = QGridLayout(self.grid)
        self._places.setContentsMargins(0, 0, 0, 0)
        self._places.setSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.grid, 1)
        column.addWidget(self.attention)
        column.addWidget(self._slices)
        self.set_layout(1, 1)

    @property
    def view(self) -> ImageView:
        """The active one."""
        return self.views[self.active]

    @property
    def shown_views(self) -> list[ImageView]:
        return [view for view in self.views if not view.isHidden()]

    def set_layout(self, rows: int, columns: int) -> None:
        """Shows rows x columns views; those that go are emptied. The active one must stay within them."""
        for number in range(len(self.views), rows * columns):
            self._add_view(number)
        for number, view in enumerate(self.views):
            self._places.removeWidget(view)
            if number < rows * columns:
                self._places.addWidget(view, number // columns, number % columns)
            else:
                view.clear()
            view.setVisible(number < rows * columns)
            view.setAccessibleName(
                self.tr("Image")
                if rows * columns == 1
                else self.tr("Image, viewport {number}").format(number=number + 1)
            )
        self.set_active(self.active)

    def set_active(self, number: int) -> None:
        for layer in self._active_layers:
            if layer in self.view.layers:
                self.view.layers.remove(layer)
        self.active = number
        self.view.layers.extend(self._active_layers)
        several = len(self.shown_views) > 1
        for place, view in enumerate(self.views):
            view.set_framed(several and place == number)

    def add_layer(self, layer: Layer) -> None:
        """A layer that lies on the active view, whichever that is."""
        self._active_layers.append(layer)
        self.view.layers.append(layer)

    def show_slice(self, frame: int, count: int) -> None:
        """Frame `frame` of `count`, counted from 0; a single frame has no slider."""
        self._slices.setVisible(count > 1)
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, count - 1))
        self.slider.setValue(frame)
        self.slider.blockSignals(False)
        self._slice.setText(f"{frame + 1} / {count}")
        self._slice.setMinimumWidth(self._slice.fontMetrics().horizontalAdvance(f"{count} / {count}"))

    def paint_icons(self, palette: Palette) -> None:
        self.attention.paint_icons(palette)
        self.cine.paint_icons(palette)

    def _add_view(self, number: int) -> None:
        view = ImageView()
        self.views.append(view)
        view.touched.connect(partial(self.touched.emit, number))
        view.slice_wheeled.connect(partial(self.slice_wheeled.emit, number))
        view.probed.connect(partial(self.probed.emit, number))
        view.series_dropped.connect(partial(self.series_dropped.emit, number))
        view.window_dragged.connect(self.window_dragged)
        view.window_drag_ended.connect(self.window_drag_ended)
        view.box_pointed.connect(self.box_pointed)
        view.box_clicked.connect(self.box_clicked)
        self.view_added.emit(number)
