"""The hand that measures: a layer over one view that draws, moves and reshapes by the left button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import hypot
from typing import get_args

from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter

from umed_desktop.measuring.model import BOX_KINDS, Kind, Point, handles_of, moved, with_handle
from umed_desktop.measuring.painting import DrawnMeasurement, draw_measurements, screen_path
from umed_desktop.viewer.affine import Affine

__all__ = ["MeasuringHand"]

_REACH_PX = 7.0
_LEAST_PX = 4.0
"""A line or a region shorter than this on the screen was a click, not a measurement."""
_BODY = -1
_WORDS_EVERY_MS = 50
"""What a draft amounts to is reckoned anew 20 times a second at most, however fast the hand is."""


class MeasuringHand(QObject):
    """A viewer Layer. With the tool "" it still takes hold of what is drawn; a tool draws where nothing is."""

    drawn = Signal(str, object)
    """(kind, points) of a new measurement"""
    reshaped = Signal(str, object)
    """(id, points), on the slice that is shown by then"""
    chosen = Signal(str)
    """The id of the measurement that was taken hold of, "" for a click beside all."""
    updated = Signal()

    def __init__(
        self, tool: Callable[[], str], words: Callable[[Kind, tuple[Point, ...]], tuple[str, ...]], parent: QObject
    ) -> None:
        """`tool` names what the left button draws; `words` are the lines for a measurement in the making."""
        super().__init__(parent)
        self._tool, self._words = tool, words
        self.shown: tuple[DrawnMeasurement, ...] = ()
        self.size = (0, 0)
        self._draft: DrawnMeasurement | None = None
        self._are_words_old = False
        self._pacing = QTimer(self, singleShot=True, interval=_WORDS_EVERY_MS)
        self._pacing.timeout.connect(self._renew_words)
        self._held: tuple[DrawnMeasurement, int, Point] | None = None
        self._is_pulling = False
        self._pressed_at = (0.0, 0.0)

    def show(self, shown: tuple[DrawnMeasurement, ...], size: tuple[int, int]) -> None:
        """What lies on the slice that is shown, of an image of `size` (width, height)."""
        if size != self.size:
            self.cancel()
        self.shown, self.size = shown, size
        self._say_words()  # another slice: what is held has other values there
        self.updated.emit()

    def cancel(self) -> bool:
        """Drops what is being drawn or moved; whether there was anything."""
        was_busy = self._draft is not None
        self._draft = self._held = None
        self._is_pulling = False
        self.updated.emit()
        return was_busy

    # ------------------------------------------------------------------------------------------------------ the layer
    def paint(self, painter: QPainter, area: QRectF, affine: Affine) -> None:
        held = self._held[0].id if self._held is not None else None
        rest = [one for one in self.shown if one.id != held or self._draft is None]
        draw_measurements(painter, area, [*rest, self._draft] if self._draft is not None else rest, affine)

    def press(self, x: float, y: float, affine: Affine) -> bool:
        self._pressed_at = (x, y)
        if self._draft is not None and self._held is None:  # an angle's second arm is being set
            self._is_pulling = True
            self._pull(self._inside(x, y, affine))
            return True
        hit = self._hit(x, y, affine)
        self.chosen.emit(hit[0].id if hit is not None else "")
        if hit is not None:
            self._held = (*hit, affine.to_image(x, y))
            self._is_pulling = True
            return True
        tool = self._tool()
        if tool not in get_args(Kind) or not self.size[0]:
            return False
        if self._is_inside(x, y, affine):
            at = self._inside(x, y, affine)
            self._sketch(tool, (at,) if tool == "probe" else (at, at))
            self._is_pulling = True
        return True

    def drag(self, x: float, y: float, affine: Affine) -> None:
        if not self._is_pulling:
            return
        if self._held is None:
            self._pull(self._inside(x, y, affine))
            return
        one, handle, start = self._held
        if handle == _BODY:
            here = affine.to_image(x, y)
            points = moved(one.points, here[0] - start[0], here[1] - start[1], self.size)
        else:
            points = with_handle(one.kind, one.points, handle, *self._inside(x, y, affine))
        self._sketch(one.kind, points, one.id)

    def release(self, x: float, y: float, affine: Affine) -> None:
        if not self._is_pulling:
            return
        self._is_pulling = False
        draft, held, self._held = self._draft, self._held, None
        is_click = hypot(x - self._pressed_at[0], y - self._pressed_at[1]) < _LEAST_PX
        if draft is None:
            pass
        elif held is not None:
            self._draft = None
            if draft.points != held[0].points and not is_click:
                self.reshaped.emit(held[0].id, _tidy(draft.kind, draft.points))
        elif draft.kind == "angle" and len(draft.points) == 2:
            if is_click:
                self._draft = None
            else:
                self._sketch("angle", (*draft.points, draft.points[1]))
        else:
            self._draft = None
            if not _is_too_small(draft, affine):
                self.drawn.emit(draft.kind, _tidy(draft.kind, draft.points))
        self.updated.emit()

    def hover(self, x: float, y: float, affine: Affine) -> Qt.CursorShape | None:
        if self._draft is not None:
            self._pull(self._inside(x, y, affine))
            return Qt.CursorShape.CrossCursor
        hit = self._hit(x, y, affine)
        if hit is not None:
            return Qt.CursorShape.SizeAllCursor if hit[1] == _BODY else Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.CrossCursor if self._tool() else None

    # --------------------------------------------------------------------------------------------------------- inside
    def _pull(self, to: Point) -> None:
        if self._draft is not None:
            self._sketch(self._draft.kind, (*self._draft.points[:-1], to), self._draft.id)

    def _sketch(self, kind: str, points: tuple[Point, ...], measurement_id: str = "") -> None:
        known = next(name for name in get_args(Kind) if name == kind)
        words = self._draft.words if self._draft is not None and self._draft.kind == known else ()
        self._draft = DrawnMeasurement(measurement_id, known, points, words, True)
        self._say_words()
        self.updated.emit()

    def _say_words(self) -> None:
        """The words of the draft, now or a moment later: the values of a large region take longer than the hand does."""
        self._are_words_old = self._draft is not None
        if not self._pacing.isActive():
            self._renew_words()

    def _renew_words(self) -> None:
        draft = self._draft
        if draft is None or not self._are_words_old:
            return
        self._are_words_old = False
        self._draft = replace(draft, words=self._words(draft.kind, _tidy(draft.kind, draft.points)))
        self._pacing.start()
        self.updated.emit()

    def _hit(self, x: float, y: float, affine: Affine) -> tuple[DrawnMeasurement, int] | None:
        """The measurement at a screen point with the handle there, or its line; handles come first."""
        near: list[tuple[float, DrawnMeasurement, int]] = []
        for one in self.shown:
            for number, (hx, hy) in enumerate(handles_of(one.kind, one.points)):
                sx, sy = affine.to_screen(hx, hy)
                near.append((hypot(sx - x, sy - y), one, number))
        best = min(near, key=lambda item: item[0], default=None)
        if best is not None and best[0] <= _REACH_PX:
            return best[1], best[2]
        for one in reversed(self.shown):
            path = screen_path(one.kind, one.points, affine)
            if any(_distance((x, y), a, b) <= _REACH_PX - 2 for a, b in pairwise(path)):
                return one, _BODY
        return None

    def _is_inside(self, x: float, y: float, affine: Affine) -> bool:
        here = affine.to_image(x, y)
        return 0 <= here[0] <= self.size[0] and 0 <= here[1] <= self.size[1]

    def _inside(self, x: float, y: float, affine: Affine) -> Point:
        """The image point under a screen point, the nearest one of the image beside it."""
        here = affine.to_image(x, y)
        return min(max(here[0], 0.0), float(self.size[0])), min(max(here[1], 0.0), float(self.size[1]))


def _tidy(kind: Kind, points: tuple[Point, ...]) -> tuple[Point, ...]:
    """A region's corners in order: least first."""
    if kind not in BOX_KINDS:
        return points
    (xa, ya), (xb, yb) = points
    return (min(xa, xb), min(ya, yb)), (max(xa, xb), max(ya, yb))


def _is_too_small(draft: DrawnMeasurement, affine: Affine) -> bool:
    if draft.kind == "probe":
        return False
    (xa, ya), (xb, yb) = draft.points[-2:]
    across, down = abs(xb - xa) * affine.scale, abs(yb - ya) * affine.scale
    return min(across, down) < _LEAST_PX if draft.kind in BOX_KINDS else hypot(across, down) < _LEAST_PX


def _distance(at: Point, a: Point, b: Point) -> float:
    """From a point to the line a..b, in screen pixels."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else min(1.0, max(0.0, ((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / length))
    return hypot(at[0] - a[0] - along * dx, at[1] - a[1] - along * dy)
