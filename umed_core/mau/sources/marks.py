"""From what one annotation says to a box on its picture; from the boxes of one picture to a Case."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from umed_core.geometry import NormalizedBox, PixelBox, iou
from umed_core.mau.box_sets import SAME_BOX_IOU
from umed_core.mau.cases import Case, RefusedRow
from umed_core.records import Finding

__all__ = ["Mark", "Size", "Unusable", "box_from_pixels", "checked_box", "numbers", "settle"]

Size = tuple[int, int]
"""Width and height of a picture in pixels."""


class Unusable(Exception):  # it never leaves `sources`: it ends as the reason of a RefusedRow
    """One row, file or name cannot be used; `reason` is what the person reads."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Mark:
    """One usable annotation; `line` is where it stands, 0 where the format has no lines."""

    line: int
    finding: Finding


def settle(blank: Case, marks: Iterable[Mark | RefusedRow]) -> Iterator[Case | RefusedRow]:
    """What the annotations of one picture come to: the refused ones, then the case if it can be used.

    A picture with only refused annotations is no case, since it would pass for one without abnormality.
    """
    findings: list[Finding] = []
    refused = False
    for mark in marks:
        if isinstance(mark, RefusedRow):
            refused = True
            yield mark
        elif any(f.label == mark.finding.label and iou(f.box, mark.finding.box) >= SAME_BOX_IOU for f in findings):
            yield RefusedRow(mark.line, blank.key, "the same box twice")
        else:
            findings.append(mark.finding)
    if findings or not refused:
        yield replace(blank, findings=tuple(findings)) if findings else blank


def box_from_pixels(x0: float, y0: float, x1: float, y1: float, size: Size) -> NormalizedBox:
    """The box between two corners given in pixels. Raises: Unusable."""
    return checked_box(PixelBox(x0, y0, x1, y1).normalized(*size))


def checked_box(box: NormalizedBox) -> NormalizedBox:
    """The box if it has area and lies on the picture, clipped where it is out by half a percent at most. Raises: Unusable."""
    if not all(math.isfinite(number) for number in (box.x, box.y, box.w, box.h)):
        raise Unusable("bad number in a box")
    if box.w <= 0 or box.h <= 0:
        raise Unusable("a box without area")
    if not box.is_valid():
        raise Unusable("a box that leaves the image")
    clipped = box if box.is_valid(tolerance=0) else box.clipped()
    if not clipped.area > 0:
        raise Unusable("a box that leaves the image")
    return clipped


def numbers(written: Iterable[str], count: int) -> tuple[float, ...]:
    """`count` finite numbers. Raises: Unusable."""
    words = [word.strip() for word in written]
    try:
        values = tuple(float(word) for word in words)
    except ValueError:
        raise Unusable(f"bad number in {', '.join(words)[:80]!r}") from None
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise Unusable(f"{count} numbers expected, found {', '.join(words)[:80]!r}")
    return values
