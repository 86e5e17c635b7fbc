"""Boxes and the one statement of umed's coordinates.

x runs right, y runs down, pixel edges lie at integers and intervals are half-open: the first pixel spans 0..1 in
both axes. DICOM SCOORD and GSPS PIXEL use the same corner convention (PS3.3 C.10.5.1.2). A library that puts
integers at pixel *centres* differs by half a pixel and is converted where it is called.

Two types, so that pixels and fractions cannot be mixed up:
    PixelBox        x0, y0, x1, y1 in pixels of one image
    NormalizedBox   x, y, w, h in 0..1 of the image's width and height; x, y is the top-left corner
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["NormalizedBox", "PixelBox", "best_match", "iou", "match_boxes", "mean_matched_iou"]


@dataclass(frozen=True, slots=True)
class PixelBox:
    """Corners in pixels: x0 <= x < x1, y0 <= y < y1."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """In square pixels; 0 for a degenerate box."""
        return max(0.0, self.x1 - self.x0) * max(0.0, self.y1 - self.y0)

    def normalized(self, width: int, height: int) -> NormalizedBox:
        """The same box as fractions of an image of `width` x `height` pixels."""
        return NormalizedBox(
            self.x0 / width, self.y0 / height, (self.x1 - self.x0) / width, (self.y1 - self.y0) / height
        )


@dataclass(frozen=True, slots=True)
class NormalizedBox:
    """Top-left corner and size as fractions of the image, the paper's xywh."""

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        """As a fraction of the image; 0 for a degenerate box."""
        return max(0.0, self.w) * max(0.0, self.h)

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    def pixels(self, width: int, height: int) -> PixelBox:
        """The same box in pixels of an image of `width` x `height`."""
        return PixelBox(self.x * width, self.y * height, (self.x + self.w) * width, (self.y + self.h) * height)

    def clipped(self) -> NormalizedBox:
        """The part that lies on the image; zero-sized where none does."""
        x0, y0 = (min(max(v, 0.0), 1.0) for v in (self.x, self.y))
        x1, y1 = (min(max(v, 0.0), 1.0) for v in (self.x + self.w, self.y + self.h))
        return NormalizedBox(x0, y0, max(0.0, x1 - x0), max(0.0, y1 - y0))

    def is_valid(self, tolerance: float = 0.005) -> bool:
        """Whether it has area and lies on the image, up to `tolerance` (rounding of a written box)."""
        inside = self.x >= -tolerance and self.y >= -tolerance
        return self.area > 0 and inside and self.x + self.w <= 1 + tolerance and self.y + self.h <= 1 + tolerance


def iou(a: NormalizedBox, b: NormalizedBox) -> float:
    """Intersection over union in 0..1; 0 when either box has no area. Source: Eq. 8."""
    width = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    height = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    # A denormal-sized box can make the quotient exceed 1 by rounding.
    return min(1.0, width * height / (a.area + b.area - width * height))


def best_match(box: NormalizedBox, truths: Sequence[NormalizedBox]) -> float:
    """IoU of `box` with the true box it overlaps most; 0 without true boxes."""
    return max((iou(box, truth) for truth in truths), default=0.0)


def match_boxes(predicted: Sequence[NormalizedBox], truths: Sequence[NormalizedBox]) -> list[tuple[int, int, float]]:
    """The one-to-one assignment of greatest total IoU, as (predicted index, true index, IoU); IoU 0 is no match."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not predicted or not truths:
        return []
    table = np.array([[iou(p, t) for t in truths] for p in predicted])
    rows, columns = linear_sum_assignment(table, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(i, j, float(table[i, j])) for i, j in pairs if table[i, j] > 0]


def mean_matched_iou(predicted: Sequence[NormalizedBox], truths: Sequence[NormalizedBox]) -> float:
    """Mean IoU of the optimal match, where a box unmatched on either side counts 0. Source: METHOD.md on Eq. 8."""
    if not predicted or not truths:
        return 0.0
    return sum(v for _, _, v in match_boxes(predicted, truths)) / max(len(predicted), len(truths))
