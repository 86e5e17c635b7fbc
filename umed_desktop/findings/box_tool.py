"""The hand on the boxes: handles on the chosen one, and a new one drawn by a drag. A layer of the view (viewer/layer.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import copysign

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen

from umed_core.geometry import NormalizedBox, PixelBox
from umed_desktop.findings.box_drag import Grip, dragged, grip_at, grip_places, spanned
from umed_desktop.session.conversation import BoxRef
from umed_desktop.viewer.affine import Affine

__all__ = ["BoxTool"]

_REACH_PX = 9.0
_HANDLE_PX = 9.0
_SMALL_PX = 40.0
_LEAST_PX = 4.0
"""A press that travels less draws nothing: it was a click."""


@dataclass(slots=True)
class _Hold:
    """A drag under way: from where, in image pixels, what is held, and where it has led."""

    start: tuple[float, float]
    grip: Grip | None
    box: PixelBox | None
    travelled: float = 0.0


class BoxTool(QObject):
    """`is_free` says whether the left button is nobody else's; it is asked at each press."""

    placed = Signal(object, object)
    """(BoxRef, NormalizedBox): the chosen box was moved or resized."""
    drawn = Signal(object)
    """NormalizedBox"""
    changed = Signal()
    """It looks different now."""

    def __init__(self, is_free: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_free = is_free
        self._size = (0, 0)
        self._ref: BoxRef | None = None
        self._box: PixelBox | None = None
        self._color = QColor("#ffffff")
        self._hold: _Hold | None = None
        self.is_drawing = False

    def show_chosen(self, ref: BoxRef | None, box: NormalizedBox | None, size: tuple[int, int], color: str) -> None:
        """The box that has handles, on an image of `size` (width, height); None for none. Ends a drag of another one."""
        if ref != self._ref or size != self._size:
            self._hold = None
        self._ref, self._size, self._color = ref, size, QColor(color)
        self._box = box.pixels(*size) if box is not None else None
        self.changed.emit()

    def set_drawing(self, is_drawing: bool) -> None:
        """Whether the next drag draws a box."""
        self.is_drawing, self._hold = is_drawing, None
        self.changed.emit()

    def cancel(self) -> bool:
        """Lets go of what is being dragged; whether there was anything."""
        had, self._hold = self._hold is not None, None
        self.changed.emit()
        return had

    # ------------------------------------------------------------------------------------------------ as a layer
    def paint(self, painter: QPainter, area: QRectF, affine: Affine) -> None:  # noqa: ARG002 - of the Layer protocol
        held = self._hold.box if self._hold is not None else None
        if held is not None:
            painter.setBrush(QColor(self._color.red(), self._color.green(), self._color.blue(), 40))
            painter.setPen(QPen(self._color, 2, Qt.PenStyle.DashLine))
            painter.drawRect(_rect(held, affine))
        shown = held if held is not None else self._box
        if shown is None or not self._is_free() or self.is_drawing:
            return
        painter.setPen(QPen(QColor("#101418"), 1.5))
        painter.setBrush(QColor("#ffffff"))
        rect, places = _rect(shown, affine), list(grip_places(shown).values())
        # What a small box marks stays visible: only its corners, and those outside it.
        is_small = min(rect.width(), rect.height()) < _SMALL_PX
        for x, y in places[:4] if is_small else places:
            middle = QPointF(*affine.to_screen(x, y))
            if is_small:
                away = middle - rect.center()
                middle += QPointF(copysign(_HANDLE_PX / 2, away.x()), copysign(_HANDLE_PX / 2, away.y()))
            half = _HANDLE_PX / 2
            painter.drawRect(QRectF(middle.x() - half, middle.y() - half, _HANDLE_PX, _HANDLE_PX))

    def press(self, x: float, y: float, affine: Affine) -> bool:
        if not self._is_free():
            return False
        place = affine.to_image(x, y)
        if self.is_drawing:
            self._hold = _Hold(place, None, None)
            return True
        grip = self._grip(place, affine)
        if grip is None:
            return False
        self._hold = _Hold(place, grip, self._box)
        return True

    def drag(self, x: float, y: float, affine: Affine) -> None:
        hold = self._hold
        if hold is None:
            return
        here = affine.to_image(x, y)
        dx, dy = here[0] - hold.start[0], here[1] - hold.start[1]
        hold.travelled = max(hold.travelled, max(abs(dx), abs(dy)) * affine.scale)
        if hold.grip is None:
            hold.box = spanned(hold.start, here, self._size)
        elif self._box is not None:
            hold.box = dragged(self._box, hold.grip, dx, dy, self._size)
        self.changed.emit()

    def release(self, x: float, y: float, affine: Affine) -> None:
        self.drag(x, y, affine)
        hold, self._hold = self._hold, None
        self.changed.emit()
        if hold is None or hold.box is None or hold.travelled < _LEAST_PX:
            return
        box = hold.box.normalized(*self._size)
        if hold.grip is None:
            self.drawn.emit(box)
        elif self._ref is not None:
            self._box = hold.box
            self.placed.emit(self._ref, box)

    def hover(self, x: float, y: float, affine: Affine) -> Qt.CursorShape | None:
        if not self._is_free():
            return None
        if self.is_drawing:
            return Qt.CursorShape.CrossCursor
        return _cursor(self._grip(affine.to_image(x, y), affine), affine)

    def _grip(self, place: tuple[float, float], affine: Affine) -> Grip | None:
        if self._box is None:
            return None
        return grip_at(self._box, *place, _REACH_PX / affine.scale)


def _rect(box: PixelBox, affine: Affine) -> QRectF:
    corner, opposite = affine.to_screen(box.x0, box.y0), affine.to_screen(box.x1, box.y1)
    return QRectF(QPointF(*corner), QPointF(*opposite)).normalized()


def _cursor(grip: Grip | None, affine: Affine) -> Qt.CursorShape | None:
    """The arrows of a handle as they lie on the screen, whatever the image's turn and mirror."""
    if grip is None:
        return None
    if grip == "move":
        return Qt.CursorShape.SizeAllCursor
    across, down = ("e" in grip) - ("w" in grip), ("s" in grip) - ("n" in grip)
    x, y = affine.xx * across + affine.xy * down, affine.yx * across + affine.yy * down
    if min(abs(x), abs(y)) < 0.1 * affine.scale:
        return Qt.CursorShape.SizeHorCursor if abs(x) > abs(y) else Qt.CursorShape.SizeVerCursor
    return Qt.CursorShape.SizeFDiagCursor if x * y > 0 else Qt.CursorShape.SizeBDiagCursor
