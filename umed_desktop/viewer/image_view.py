"""The image: shown, and dragged over. It draws what it is given and signals what the hand does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from umed_desktop.viewer.affine import Affine, edge_letters, fitted
from umed_desktop.viewer.layer import Layer
from umed_desktop.viewer.legend import Legend
from umed_desktop.viewer.overlays import DrawnBox, box_under, draw_boxes, draw_corners, draw_edge_letters, draw_ruler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SERIES_MIME", "ImageView"]

SERIES_MIME = "application/x-umed-series"
"""What is dragged from the list of studies: the number of a listed series, as ASCII digits."""

_CRISP_FROM_SCALE = 6.0
_ZOOM_PER_PX = 1.006
_WHEEL_NOTCH = 120
_MARGIN_PX = 6  # room for the outline of a box that reaches the image's edge


class ImageView(QWidget):
    """Left drag: window and level; middle drag (or left with Ctrl): pan; right drag: zoom; wheel: slice.

    A layer may take the left button first. The last layer of `layers` lies on top.
    """

    window_dragged = Signal(float, float)
    """Shares of the widget's width (window) and height (level) since the last signal."""
    window_drag_ended = Signal()
    slice_wheeled = Signal(int)
    box_pointed = Signal(object)
    """The BoxRef under the pointer, None for none."""
    box_clicked = Signal(object)
    probed = Signal(object)
    """The image pixel (x, y) under the pointer, None off the image."""
    view_changed = Signal()
    touched = Signal()
    """A button was pressed on it, or it got the focus."""
    series_dropped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Image"))
        self.setAccessibleDescription(self.tr("Left drag: window and level. Middle: pan. Right: zoom. Wheel: slice."))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAutoFillBackground(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAcceptDrops(True)
        self.affine = Affine()
        self.layers: list[Layer] = []
        self._taken_by: Layer | None = None
        self._is_framed = False
        self._size = (0, 0)
        self._aspect = 1.0
        self._pixmap = QPixmap()
        self._heat: QImage | None = None
        self._opacity = 0.6
        self._boxes: tuple[DrawnBox, ...] = ()
        self._legend = Legend()
        self._message = ("", "")
        self._is_fitted = True
        self._button = Qt.MouseButton.NoButton
        self._pressed_at = self._dragged_from = QPointF()
        self._wheeled = 0

    # ------------------------------------------------------------------------------------------ what it is given
    def set_pixels(self, pixels: NDArray[np.uint8], size: tuple[int, int], aspect: float = 1.0) -> None:
        """Shows display values, (H, W) or (H, W, 3), of an image of `size` (width, height); fewer pixels are a preview.

        `aspect` is the height of a pixel by its width.
        """
        height, width = pixels.shape[:2]
        is_grey = pixels.ndim == 2
        form = QImage.Format.Format_Grayscale8 if is_grey else QImage.Format.Format_RGB888
        # The bytes are copied into the pixmap at once: no picture outlives the array under it.
        self._pixmap = QPixmap.fromImage(QImage(pixels.tobytes(), width, height, width * (1 if is_grey else 3), form))
        if (size, aspect) != (self._size, self._aspect):
            self._size, self._aspect = size, aspect
            self.reset()
        self.update()

    def clear(self, title: str = "", hint: str = "") -> None:
        """No image; two lines say why and what to do."""
        self._pixmap, self._size, self._message = QPixmap(), (0, 0), (title, hint)
        self._heat, self._boxes, self._legend = None, (), Legend()
        self.update()

    def set_heat(self, heat: QImage | None, opacity: float) -> None:
        self._heat, self._opacity = heat, opacity
        self.update()

    def set_boxes(self, boxes: tuple[DrawnBox, ...]) -> None:
        self._boxes = boxes
        self.update()

    def set_legend(self, legend: Legend) -> None:
        self._legend = legend
        self.update()

    def set_framed(self, is_framed: bool) -> None:
        """A frame around it: the active one of several views."""
        self._is_framed = is_framed
        self.update()

    # ------------------------------------------------------------------------------------------------- the view
    @property
    def has_image(self) -> bool:
        return not self._pixmap.isNull()

    def fit(self) -> None:
        if self._size[0]:
            self._is_fitted = True
            self._show(fitted(self.affine, self._size, (self.width(), self.height()), margin=_MARGIN_PX))

    def reset(self) -> None:
        self.affine = Affine(yy=self._aspect)
        self.fit()

    def zoom(self, factor: float) -> None:
        self._zoom_at(factor, self.width() / 2, self.height() / 2)

    def actual_size(self) -> None:
        self.zoom(1.0 / (self.affine.scale * self.devicePixelRatioF()))

    def turn(self) -> None:
        self._keep_fitted(self.affine.turned(self.width() / 2, self.height() / 2))

    def mirror(self) -> None:
        self._keep_fitted(self.affine.mirrored(self.width() / 2, self.height() / 2))

    def follow(self, leader: ImageView) -> None:
        """Looks at what `leader` looks at, the same pixel in the middle; it tells nobody, so two can follow each other."""
        self._is_fitted = leader._is_fitted
        across, down = self.width() - leader.width(), self.height() - leader.height()
        self.affine = leader.affine.moved(across / 2, down / 2)
        self.update()

    def _keep_fitted(self, affine: Affine) -> None:
        self._show(affine)
        if self._is_fitted:
            self.fit()

    def _zoom_at(self, factor: float, x: float, y: float) -> None:
        if self.has_image:
            self._is_fitted = False
            self._show(self.affine.zoomed(factor, x, y))

    def _show(self, affine: Affine) -> None:
        self.affine = affine
        self.view_changed.emit()
        self.update()

    # -------------------------------------------------------------------------------------------------- painting
    def sizeHint(self) -> QSize:
        return QSize(720, 640)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt calls it so
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("black"))
        if not self.has_image:
            self._paint_message(painter)
            self._paint_frame(painter)
            return
        width, height = self._size
        a = self.affine
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, a.scale < _CRISP_FROM_SCALE)
        painter.setTransform(QTransform(a.xx, a.yx, a.xy, a.yy, a.dx, a.dy))
        whole = QRectF(0, 0, width, height)
        painter.drawPixmap(whole, self._pixmap, QRectF(self._pixmap.rect()))
        if self._heat is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.setOpacity(self._opacity)
            painter.drawImage(whole, self._heat, QRectF(self._heat.rect()))
            painter.setOpacity(1.0)
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(12, 10, -12, -10)
        legend = self._legend
        draw_corners(painter, frame, legend.top_left, legend.top_right, legend.bottom_left, legend.bottom_right)
        draw_edge_letters(painter, frame, edge_letters(legend.orientation, a))
        draw_ruler(painter, frame, legend.spacing_mm, a)
        draw_boxes(painter, QRectF(self.rect()), self._boxes, a, self._size)
        for layer in self.layers:
            layer.paint(painter, QRectF(self.rect()), a)
        self._paint_frame(painter)

    def _paint_frame(self, painter: QPainter) -> None:
        if self.hasFocus() or self._is_framed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(90, 169, 248, 255 if self._is_framed else 140), 2 if self._is_framed else 1))
            edge = 1 if self._is_framed else 0
            painter.drawRect(self.rect().adjusted(edge, edge, -1, -1))

    def _paint_message(self, painter: QPainter) -> None:
        title, hint = self._message
        middle = self.height() // 2
        font = self.font()
        font.setPixelSize(18)
        painter.setFont(font)
        painter.setPen(QColor("#c3cbd6"))
        painter.drawText(QRectF(0, middle - 40, self.width(), 32), Qt.AlignmentFlag.AlignCenter, title)
        font.setPixelSize(13)
        painter.setFont(font)
        painter.setPen(QColor("#7f8b9a"))
        lines = int(Qt.AlignmentFlag.AlignHCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(QRectF(24, middle, self.width() - 48, 72), lines, hint)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._is_fitted:
            self.fit()
        elif self.has_image:
            grown = event.size() - event.oldSize()
            self._show(self.affine.moved(grown.width() / 2, grown.height() / 2))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: ARG002 - Qt calls it so
        self.touched.emit()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: ARG002 - Qt calls it so
        self.update()

    # -------------------------------------------------------------------------------------------------- the hand
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.touched.emit()
        if self._button == Qt.MouseButton.NoButton and self.has_image:
            self._button = event.button()
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._button = Qt.MouseButton.MiddleButton
            self._pressed_at = self._dragged_from = event.position()
            if self._button == Qt.MouseButton.LeftButton:
                x, y = event.position().x(), event.position().y()
                self._taken_by = next((top for top in reversed(self.layers) if top.press(x, y, self.affine)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        here = event.position()
        self._say_pixel(here)
        if self._button == Qt.MouseButton.NoButton:
            self._hover(here)
            return
        moved = here - self._dragged_from
        self._dragged_from = here
        if self._taken_by is not None:
            self._taken_by.drag(here.x(), here.y(), self.affine)
        elif self._button == Qt.MouseButton.LeftButton:
            self.window_dragged.emit(moved.x() / max(self.width(), 1), moved.y() / max(self.height(), 1))
        elif self._button == Qt.MouseButton.MiddleButton:
            self._is_fitted = False
            self._show(self.affine.moved(moved.x(), moved.y()))
        elif self._button == Qt.MouseButton.RightButton:
            self._zoom_at(_ZOOM_PER_PX ** -moved.y(), self._pressed_at.x(), self._pressed_at.y())

    def _hover(self, here: QPointF) -> None:
        """What the pointer is over: a layer's own thing first, then a box."""
        wishes = (
            [layer.hover(here.x(), here.y(), self.affine) for layer in reversed(self.layers)] if self._size[0] else []
        )
        ref = box_under(self._boxes, here, self.affine, self._size)
        idle = Qt.CursorShape.PointingHandCursor if ref is not None else Qt.CursorShape.CrossCursor
        self.setCursor(next((wish for wish in wishes if wish is not None), idle))
        self.box_pointed.emit(ref)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        was, self._button = self._button, Qt.MouseButton.NoButton
        taken_by, self._taken_by = self._taken_by, None
        if taken_by is not None:
            taken_by.release(event.position().x(), event.position().y(), self.affine)
            return
        travelled = (event.position() - self._pressed_at).manhattanLength()
        if was == Qt.MouseButton.LeftButton:
            self.window_drag_ended.emit()
            ref = box_under(self._boxes, event.position(), self.affine, self._size)
            if travelled < 4 and ref is not None:
                self.box_clicked.emit(ref)

    def leaveEvent(self, event: object) -> None:  # noqa: ARG002 - Qt calls it so
        self.box_pointed.emit(None)
        self.probed.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_at(1.0015**turned, event.position().x(), event.position().y())
            return
        # A touchpad sends small steps: a slice a whole notch.
        self._wheeled += turned
        notches, self._wheeled = (
            int(self._wheeled / _WHEEL_NOTCH),
            self._wheeled % (_WHEEL_NOTCH if self._wheeled >= 0 else -_WHEEL_NOTCH),
        )
        if notches:
            self.slice_wheeled.emit(-notches)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with arrows pans, so that the image can be moved without a mouse."""
        steps = {
            Qt.Key.Key_Left: QPoint(32, 0),
            Qt.Key.Key_Right: QPoint(-32, 0),
            Qt.Key.Key_Up: QPoint(0, 32),
            Qt.Key.Key_Down: QPoint(0, -32),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._is_fitted = False
            self._show(self.affine.moved(step.x(), step.y()))
            return
        super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(SERIES_MIME):
            event.acceptProposedAction()
        else:
            event.ignore()  # files are the window's

    def dropEvent(self, event: QDropEvent) -> None:
        dragged = bytes(event.mimeData().data(SERIES_MIME).data())
        if dragged.isdigit():
            event.acceptProposedAction()
            self.series_dropped.emit(int(dragged))

    def _say_pixel(self, place: QPointF) -> None:
        x, y = self.affine.to_image(place.x(), place.y())
        inside = self.has_image and 0 <= x < self._size[0] and 0 <= y < self._size[1]
        self.probed.emit((int(x), int(y)) if inside else None)
