"""A box whose IoU with the true one is as wished: what Figure 3 writes into an answer."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence

from umed_core.geometry import NormalizedBox, best_match

__all__ = ["box_of_iou"]

TOLERANCE = 0.02
"""How far another finding's box may move the IoU before another place is tried."""
LEAST_SIDE = 0.02
"""Of a box beside the true one where no box of its size fits."""


def box_of_iou(
    truth: NormalizedBox, level: float, truths: Sequence[NormalizedBox], draw: random.Random
) -> NormalizedBox | None:
    """A box inside the image with IoU `level` against `truth`: moved to a side that `draw` picks, else shrunk in its middle.

    Places where another of `truths` lies nearer are taken only where there is no better. None where level 0 is asked for
    and the true box fills the image.
    """
    if level == 1:
        return truth
    candidates = list(_moved(truth, level))
    draw.shuffle(candidates)
    candidates += [_shrunk(truth, level)] if level > 0 else list(_beside(truth))
    return min(candidates, key=lambda box: _far_off(box, level, truths), default=None)


def _far_off(box: NormalizedBox, level: float, truths: Sequence[NormalizedBox]) -> float:
    off = abs(best_match(box, truths) - level)
    return 0.0 if off <= TOLERANCE else off


def _moved(truth: NormalizedBox, level: float) -> Iterator[NormalizedBox]:
    """Of the true box's size, moved along one axis: IoU = (w - d) / (w + d)."""
    for step_x, step_y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        # At level 0 a thousandth more, which is what an answer rounds to.
        d = (1 - level) / (1 + level) * (truth.w if step_x else truth.h) + (0.001 if level == 0 else 0)
        box = NormalizedBox(truth.x + step_x * d, truth.y + step_y * d, truth.w, truth.h)
        if box.is_valid(tolerance=0):
            yield box


def _shrunk(truth: NormalizedBox, level: float) -> NormalizedBox:
    """Inside the true box, with `level` of its area."""
    scale, (x, y) = math.sqrt(level), truth.center
    return NormalizedBox(x - truth.w * scale / 2, y - truth.h * scale / 2, truth.w * scale, truth.h * scale)


def _beside(truth: NormalizedBox) -> Iterator[NormalizedBox]:
    """The strips that the true box leaves of the image."""
    left, top = truth.x + truth.w, truth.y + truth.h
    strips = (
        NormalizedBox(0.0, truth.y, truth.x - 0.001, truth.h), NormalizedBox(left + 0.001, truth.y, 1 - left - 0.001, truth.h),
        NormalizedBox(truth.x, 0.0, truth.w, truth.y - 0.001), NormalizedBox(truth.x, top + 0.001, truth.w, 1 - top - 0.001),
    )  # fmt: skip
    yield from (strip for strip in strips if min(strip.w, strip.h) >= LEAST_SIDE)
