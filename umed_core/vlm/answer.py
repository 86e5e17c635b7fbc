"""Reading an answer: its boxes with their classes, the words that name them, and where the model looked meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from umed_core.geometry import NormalizedBox
from umed_core.prompts import CLASS_SYNONYMS, labelled_boxes, parse_boxes, places_of_boxes
from umed_core.vlm.messages import LabelledBox, TextDelta

__all__ = ["attention_on", "class_span", "located_boxes", "share_in_box"]


def located_boxes(text: str, classes: tuple[str, ...], image_count: int = 1) -> tuple[LabelledBox, ...]:
    """The boxes of an answer in order, each with the class of `classes` that the text gives it ("": none) and its image."""
    labels = (label for label, _ in labelled_boxes(text, classes, image_count))
    places = places_of_boxes(text, image_count)
    return tuple(
        LabelledBox(label, p.box, p.start, p.end, place.image)
        for label, p, place in zip(labels, parse_boxes(text), places, strict=True)
    )


def class_span(text: str, box: LabelledBox, image_count: int = 1) -> tuple[int, int]:
    """The half-open range of characters that names the box's class: the first after the box, else the last before it.

    Of an answer about several images only the passage about the box's own counts. Empty (start equals end) where the
    text does not name it.
    """
    if not box.label:
        return box.end, box.end
    spellings = CLASS_SYNONYMS.get(box.label.lower(), (box.label,))
    # The longest spelling first, so that "kidney stones" is not cut to "kidney stone".
    words = "|".join(re.escape(s) for s in sorted(spellings, key=len, reverse=True))
    spans = [found.span() for found in re.finditer(rf"\b(?:{words})\b", text, re.IGNORECASE)]
    begin, end = 0, len(text)
    for parsed, place in zip(parse_boxes(text), places_of_boxes(text, image_count), strict=True):
        if parsed.start == box.start:
            begin, end = place.start, place.end
    after = [span for span in spans if box.end <= span[0] < end]
    before = [span for span in spans if begin <= span[0] and span[1] <= box.start]
    return after[0] if after else before[-1] if before else (box.end, box.end)


def attention_on(
    deltas: Iterable[TextDelta], start: int, end: int, image: int = 0, layer: int = -1
) -> NDArray[np.float64]:
    """Where the model looked while it wrote the characters start..end: the mean over their tokens; layer -1: over layers too.

    Returns: (rows, columns) weights over the whole image; (0, 0) where no token of the range carries any.
    """
    grids = [
        np.asarray(row.weights, np.float64).reshape(row.rows, row.columns)
        for delta in deltas
        if delta.start < end and delta.end > start
        for row in delta.attention
        if row.layer == layer and row.image == image
    ]
    return np.mean(grids, axis=0) if grids else np.zeros((0, 0))


def share_in_box(attention: NDArray[np.float64], box: NormalizedBox) -> float:
    """Share of the image's attention that lies in `box`, 0..1; a cell that the box cuts counts by its covered part."""
    total = float(attention.sum())
    if total <= 0:
        return 0.0
    rows, columns = attention.shape
    down = _covered(rows, box.y, box.y + box.h)
    across = _covered(columns, box.x, box.x + box.w)
    return float(down @ attention @ across) / total


def _covered(cells: int, start: float, end: float) -> NDArray[np.float64]:
    """The fraction of each of `cells` equal parts of 0..1 that lies within start..end."""
    edges = np.arange(cells + 1) / cells
    overlap = np.minimum(edges[1:], end) - np.maximum(edges[:-1], start)
    covered: NDArray[np.float64] = np.clip(overlap * cells, 0.0, 1.0)
    return covered
