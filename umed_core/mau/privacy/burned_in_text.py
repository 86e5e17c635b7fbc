"""Finds text that is burned into a picture, and paints over it.

Detection and recognition are RapidOCR's (PP-OCRv4 models, in its wheel). It sees print in Latin letters, digits and Chinese;
other scripts less, handwriting hardly, capitals below 6 px or fainter than 60 grey levels not reliably (docs/LOG.md has the
miss rates). A clean scan is evidence, never proof.
"""

from __future__ import annotations

import math
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import ConfigError
from umed_core.geometry import PixelBox

__all__ = [
    "HARMLESS_MARKERS",
    "OcrScan",
    "TextPolicy",
    "TextScan",
    "is_harmless",
    "no_scan",
    "ocr_is_installed",
    "paint_over",
]

TextPolicy: TypeAlias = Literal["skip", "blank", "refuse"]
"""What is done with an image that shows text: nobody looks; the text is painted over; the image is left out."""

_SIDES = ("L", "R", "LT", "RT", "LEFT", "RIGHT", "A", "P", "H", "F", "S", "I")
_VIEWS = ("AP", "PA", "LAT", "LL", "RL", "LLAT", "RLAT", "LAO", "RAO", "LPO", "RPO")
_BREAST_VIEWS = ("CC", "MLO", "LMLO", "RMLO", "LCC", "RCC")
_POSITIONS = ("SUPINE", "PRONE", "ERECT", "UPRIGHT", "SITTING", "PORTABLE", "INSP", "EXP")

HARMLESS_MARKERS = frozenset((*_SIDES, *_VIEWS, *_BREAST_VIEWS, *_POSITIONS))
"""Side, view and position markers of a radiograph: text, but about nobody. Compared without case, dots and brackets."""

_CONFIDENCE = 0.5
"""Of the recogniser. Ribs, grids and rulers are "detected" as text, but what they read as scores below this."""
_MARGIN_OF_HEIGHT, _MARGIN_PX = 0.25, 2.0
"""A detected box cuts the edges of its letters; it grows by this share of its height and this many pixels."""
_RING_PX = 3
_ORDINARY = re.compile(r"[\s.,:;()\[\]<>{}|'\"_-]+")


class TextScan(Protocol):
    """Looks for burned-in text. Any thread may call it."""

    @property
    def policy(self) -> TextPolicy:
        """What the caller does with an image on which it finds some."""
        ...

    def __call__(self, picture: NDArray[np.uint8], /) -> tuple[PixelBox, ...]:
        """Where text stands, harmless markers left out; boxes have a margin and lie on the picture.

        Shapes: picture (H, W) or (H, W, 3) RGB.
        """
        ...


@dataclass(frozen=True, slots=True)
class _NoScan:
    policy: TextPolicy = "skip"

    def __call__(self, _picture: NDArray[np.uint8], /) -> tuple[PixelBox, ...]:
        return ()


no_scan: TextScan = _NoScan()
"""For sets that are known to show no text: nothing is looked for."""


@dataclass(frozen=True, slots=True)
class OcrScan:
    """Looks with RapidOCR; takes one to a few seconds of one core an image, one image at a time in this process."""

    policy: TextPolicy = "blank"

    def __call__(self, picture: NDArray[np.uint8], /) -> tuple[PixelBox, ...]:
        """Raises: ConfigError where RapidOCR is not installed."""
        height, width = picture.shape[:2]
        return _merged(
            _with_margin(corners, width, height)
            for corners, text, confidence in _read_text(picture)
            if confidence >= _CONFIDENCE and not (is_harmless(text) and _fills(corners, text))
        )


def ocr_is_installed() -> bool:
    """Whether `OcrScan` can work here."""
    try:
        with _one_at_a_time:
            _engine()
    except ConfigError:
        return False
    return True


def is_harmless(text: str) -> bool:
    """Whether a text names nobody: only markers, no letter or digit at all, or a single Latin letter or digit.

    Lone letters are what a recogniser makes of vertebrae and bowel loops.
    """
    words = _ORDINARY.sub(" ", text).upper().split()
    is_lone = len(words) == 1 and len(words[0]) == 1 and words[0].isascii()
    return is_lone or all(word in HARMLESS_MARKERS for word in words)


def paint_over(picture: NDArray[np.uint8], boxes: Sequence[PixelBox]) -> NDArray[np.uint8]:
    """A copy in which each box has the colour around it: the median, channel by channel, of a ring 3 px wide.

    Shapes: picture (H, W) or (H, W, 3); the same is returned. Pixels touched by a box in part are painted whole.
    """
    painted = picture.copy()
    for box in boxes:
        x0, y0, x1, y1 = _whole_pixels(box, picture.shape[1], picture.shape[0])
        painted[y0:y1, x0:x1] = _around(picture, x0, y0, x1, y1)
    return painted


def _around(picture: NDArray[np.uint8], x0: int, y0: int, x1: int, y1: int) -> NDArray[np.uint8]:
    top, left = max(0, y0 - _RING_PX), max(0, x0 - _RING_PX)
    part = picture[top : y1 + _RING_PX, left : x1 + _RING_PX]
    outside = np.ones(part.shape[:2], dtype=bool)
    outside[y0 - top : y1 - top, x0 - left : x1 - left] = False
    ring = part[outside] if outside.any() else part.reshape(-1, *part.shape[2:])  # text that fills the picture
    return np.median(ring, axis=0).astype(np.uint8)


def _merged(boxes: Iterable[PixelBox]) -> tuple[PixelBox, ...]:
    """Boxes that overlap become the one box around them; the result does not depend on their order."""
    apart: list[PixelBox] = []
    for box in boxes:
        joined = box
        while touching := [other for other in apart if overlap(joined, other)]:
            apart = [other for other in apart if other not in touching]
            around = [joined, *touching]
            joined = PixelBox(
                min(b.x0 for b in around),
                min(b.y0 for b in around),
                max(b.x1 for b in around),
                max(b.y1 for b in around),
            )
        apart.append(joined)
    return tuple(sorted(apart, key=lambda b: (b.y0, b.x0)))


def overlap(a: PixelBox, b: PixelBox) -> bool:
    """Whether two boxes share some area."""
    return min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0)


def _fills(corners: Sequence[Sequence[float]], text: str) -> bool:
    """Whether so few letters can be all that stands there: a long name in tiny print may be read as one letter."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    short, long = sorted((max(xs) - min(xs), max(ys) - min(ys)))
    return long <= (len(text) + 1) * short


def _with_margin(corners: Sequence[Sequence[float]], width: int, height: int) -> PixelBox:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    # A line of letters is long and low: the short side is their height, also where they stand on end.
    letters = min(max(xs) - min(xs), max(ys) - min(ys))
    margin = _MARGIN_PX + _MARGIN_OF_HEIGHT * letters
    return PixelBox(
        max(0.0, min(xs) - margin),
        max(0.0, min(ys) - margin),
        min(float(width), max(xs) + margin),
        min(float(height), max(ys) + margin),
    )


def _whole_pixels(box: PixelBox, width: int, height: int) -> tuple[int, int, int, int]:
    x0, y0 = max(0, int(np.floor(box.x0))), max(0, int(np.floor(box.y0)))
    return x0, y0, min(width, int(np.ceil(box.x1))), min(height, int(np.ceil(box.y1)))


# One engine: it keeps state between calls and takes some 150 MB, so a copy for each thread would cost more than it gains.
_one_at_a_time = threading.Lock()

_TILE_PX, _OVERLAP_PX = 768, 192
"""Greatest side of what is read at once, and what two neighbours share."""


def _read_text(picture: NDArray[np.uint8]) -> list[tuple[list[list[float]], str, float]]:
    """Four corners, text and confidence of each line of text; the text goes no further than this module.

    A large picture is read in tiles: one reading of 2,500 px square takes 0.9 GB, and shrinks the picture first. A line that
    a tile cuts is found in both.
    """
    height, width = picture.shape[:2]
    lines = []
    for y0, y1 in _tile_spans(height):
        for x0, x1 in _tile_spans(width):
            tile = _not_too_narrow(picture[y0:y1, x0:x1])
            with _one_at_a_time:
                found, _ = _engine()(tile, text_score=0.0)
            for corners, text, confidence in found or ():
                moved = [[min(x + x0, width), min(y + y0, height)] for x, y in corners]
                lines.append((moved, str(text), float(confidence)))
    return lines


def _tile_spans(size: int) -> list[tuple[int, int]]:
    """Spans of equal length that cover 0..size and overlap."""
    count = max(1, math.ceil((size - _OVERLAP_PX) / (_TILE_PX - _OVERLAP_PX)))
    length = math.ceil((size + (count - 1) * _OVERLAP_PX) / count)
    starts = [min(k * (length - _OVERLAP_PX), size - length) for k in range(count)]
    return [(start, start + length) for start in starts]


def _not_too_narrow(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) BGR as OpenCV has it, the short side at least half the long one: RapidOCR scales by the short side."""
    height, width = tile.shape[:2]
    color = tile[..., ::-1] if tile.ndim == 3 else np.repeat(tile[..., None], 3, axis=2)
    missing = ((0, max(0, width // 2 - height)), (0, max(0, height // 2 - width)), (0, 0))
    return np.ascontiguousarray(np.pad(color, missing, constant_values=int(np.median(tile))))


@cache
def _engine() -> Any:
    try:
        with _environment_kept():
            from rapidocr_onnxruntime import RapidOCR
    except ImportError as problem:
        raise ConfigError(
            "Looking for burned-in text needs the package rapidocr-onnxruntime.",
            'Run: pip install "umed[mau]"; or leave the look out if the images are known to show no text.',
        ) from problem
    return RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)


@contextmanager
def _environment_kept() -> Iterator[None]:
    """OpenCV points Qt at plug-ins of its own, which would break a Qt program started from this process."""
    before = {name: value for name, value in os.environ.items() if name.startswith("QT_")}
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("QT_")]:
            del os.environ[name]
        os.environ.update(before)
