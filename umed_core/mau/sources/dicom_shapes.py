"""Graphics of structured reports and presentation states to the box around them, in image pixels (first pixel: 0..1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from umed_core.geometry import PixelBox
from umed_core.mau.sources.marks import Unusable

__all__ = ["DicomMark", "box_around"]

_Point = tuple[float, float]

_CURVES = ("POLYLINE", "INTERPOLATED")


@dataclass(frozen=True, slots=True)
class DicomMark:
    """One graphic: who drew it, the image it lies on, the frames it names (none: all), its class and its box."""

    document: str
    sop_instance_uid: str
    frames: tuple[int, ...]
    label: str
    box: PixelBox


def box_around(graphic_type: str, data: Sequence[float]) -> PixelBox:
    """The box around a graphic; `data` is x0, y0, x1, y1, ...

    Source: PS3.3 C.18.6.1.2 (SCOORD) and C.10.5.1.2 (GSPS). Raises: Unusable.
    """
    if not data or len(data) % 2 or not all(math.isfinite(value) for value in data):
        raise Unusable(f"a {graphic_type or 'graphic'} without proper coordinates")
    points = list(zip(data[::2], data[1::2], strict=True))
    if graphic_type in ("POINT", "MULTIPOINT"):
        raise Unusable(f"a {graphic_type}, which has no area")
    if graphic_type in _CURVES:
        # Two ends, or two ends and the way back, measure a length and outline nothing.
        if len(set(points)) < 3:
            raise Unusable("a line, which has no area")
        return _span(points)
    if graphic_type == "CIRCLE" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        return PixelBox(x - radius, y - radius, x + radius, y + radius)
    if graphic_type == "ELLIPSE" and len(points) == 4:
        return _around_ellipse(points)
    raise Unusable(f"a {graphic_type or 'graphic'} of {len(points)} points")


def _span(points: Sequence[_Point]) -> PixelBox:
    xs, ys = zip(*points, strict=True)
    return PixelBox(min(xs), min(ys), max(xs), max(ys))


def _around_ellipse(points: Sequence[_Point]) -> PixelBox:
    """From the ends of the major axis and of the minor one: an ellipse reaches the root of its half axes' squares."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    x, y = (ax + bx) / 2, (ay + by) / 2
    reach_x, reach_y = math.hypot(bx - ax, dx - cx) / 2, math.hypot(by - ay, dy - cy) / 2
    return PixelBox(x - reach_x, y - reach_y, x + reach_x, y + reach_y)
