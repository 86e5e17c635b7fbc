"""A box under the hand: which part of it is held, and where a drag takes it. Image pixels, whole ones; free of Qt."""

from __future__ import annotations

from typing import Literal, TypeAlias

from umed_core.geometry import PixelBox

__all__ = ["Grip", "dragged", "grip_at", "grip_places", "spanned"]

Grip: TypeAlias = Literal["nw", "n", "ne", "e", "se", "s", "sw", "w", "move"]
"""A corner, the middle of an edge, or the whole box; the letters are directions in the image, not on the screen."""

_SMALL = 3.0
"""A box less than this many reaches wide or high is held by its inside as well: its edges are all handles."""


def grip_places(box: PixelBox) -> dict[Grip, tuple[float, float]]:
    """The eight handles, corners first."""
    middle_x, middle_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return {
        "nw": (box.x0, box.y0),
        "ne": (box.x1, box.y0),
        "se": (box.x1, box.y1),
        "sw": (box.x0, box.y1),
        "n": (middle_x, box.y0),
        "e": (box.x1, middle_y),
        "s": (middle_x, box.y1),
        "w": (box.x0, middle_y),
    }


def grip_at(box: PixelBox, x: float, y: float, reach: float) -> Grip | None:
    """What a pointer at (x, y) holds within `reach`: a handle, or the outline, which moves the box; None for nothing."""
    is_small = min(box.x1 - box.x0, box.y1 - box.y0) < _SMALL * reach
    if is_small and box.x0 < x < box.x1 and box.y0 < y < box.y1:
        return "move"  # its handles would leave no place to move it by: they reach outwards only
    for grip, (there_x, there_y) in grip_places(box).items():
        if max(abs(x - there_x), abs(y - there_y)) <= reach:
            return grip
    near = box.x0 - reach <= x <= box.x1 + reach and box.y0 - reach <= y <= box.y1 + reach
    inside = box.x0 + reach < x < box.x1 - reach and box.y0 + reach < y < box.y1 - reach
    return "move" if near and not inside else None


def dragged(box: PixelBox, grip: Grip, dx: float, dy: float, size: tuple[int, int]) -> PixelBox:
    """The box after its grip went by (dx, dy): on an image of `size` (width, height), a pixel wide and high at least."""
    width, height = size
    if grip == "move":
        left = min(max(round(box.x0 + dx), 0), max(width - round(box.x1 - box.x0), 0))
        top = min(max(round(box.y0 + dy), 0), max(height - round(box.y1 - box.y0), 0))
        return PixelBox(left, top, left + (box.x1 - box.x0), top + (box.y1 - box.y0))
    x0, x1 = _edges(box.x0, box.x1, dx, "w" in grip, "e" in grip, width)
    y0, y1 = _edges(box.y0, box.y1, dy, "n" in grip, "s" in grip, height)
    return PixelBox(x0, y0, x1, y1)


def spanned(start: tuple[float, float], end: tuple[float, float], size: tuple[int, int]) -> PixelBox | None:
    """The box between two corners in any order, at the nearest pixel edges; None where it covers none of the image."""
    x0, x1 = _span(start[0], end[0], size[0])
    y0, y1 = _span(start[1], end[1], size[1])
    return PixelBox(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _edges(low: float, high: float, by: float, moves_low: bool, moves_high: bool, most: int) -> tuple[float, float]:
    """The two ends of an interval, one of which may move; one that is dragged past the other turns it over."""
    if moves_low:
        low = min(max(round(low + by), 0), most)
    if moves_high:
        high = min(max(round(high + by), 0), most)
    low, high = min(low, high), max(low, high)
    if high - low >= 1 or not (moves_low or moves_high):
        return low, high
    return (low, low + 1) if low + 1 <= most else (most - 1, most)


def _span(a: float, b: float, most: int) -> tuple[int, int]:
    low, high = sorted(min(max(round(end), 0), most) for end in (a, b))
    return low, high
