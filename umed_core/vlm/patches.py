"""From image tokens back to the image: which rectangle each token of the prompt shows, as cells over the whole image.

A model may see a square of the image (LLaVA crops its centre), all of it in one grid (MedVInt, Qwen2.5-VL), or several
tiles and a small copy of the whole (Idefics3). Each such part is a View; a Mosaic spreads the weights of its tokens by
area over one grid that covers the whole image, so that a reader needs to know nothing of all this.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umed_core.geometry import NormalizedBox

__all__ = [
    "WHOLE",
    "Mosaic",
    "View",
    "cropped_region",
    "grid_mosaics",
    "overlap",
    "square_mosaics",
    "tiled_mosaics",
    "token_runs",
]

Floats = NDArray[np.float64]

WHOLE = NormalizedBox(0.0, 0.0, 1.0, 1.0)
"""The region of a view that shows all of its image."""

_TILE = re.compile(r"<row_(\d+)_col_(\d+)>")


@dataclass(frozen=True, slots=True)
class View:
    """`rows` x `columns` tokens, row-major, from position `start` of the prompt on, that show `region` of an image.

    The region is in fractions of the image and may reach past its edges, where the processor padded it.
    """

    start: int
    rows: int
    columns: int
    region: NormalizedBox = WHOLE

    @property
    def positions(self) -> NDArray[np.int64]:
        """Of its tokens in the prompt, (rows * columns,)."""
        return np.arange(self.start, self.start + self.rows * self.columns)

    def covered_by(self, boxes: Sequence[NormalizedBox]) -> Floats:
        """Fraction of each token's cell that lies in at least one box, (rows * columns,), row-major."""
        x = sorted({edge for box in boxes for edge in (box.x, box.x + box.w)})
        y = sorted({edge for box in boxes for edge in (box.y, box.y + box.h)})
        # The boxes' edges cut the image into rectangles that lie wholly in a box or wholly outside it.
        inside = np.zeros((max(len(y) - 1, 0), max(len(x) - 1, 0)))
        for box in boxes:
            rows = slice(y.index(box.y), y.index(box.y + box.h))
            inside[rows, x.index(box.x) : x.index(box.x + box.w)] = 1.0
        down = _cell_shares(self.rows, self.region.y, self.region.h, y)
        across = _cell_shares(self.columns, self.region.x, self.region.w, x)
        return (down @ inside @ across.T).ravel()


@dataclass(frozen=True, slots=True)
class Mosaic:
    """All views of one image, and the grid over the whole image on which their weights are shown."""

    views: tuple[View, ...]
    rows: int
    columns: int

    @property
    def positions(self) -> NDArray[np.int64]:
        """Of every token of the image in the prompt, view after view."""
        return np.concatenate([view.positions for view in self.views])

    def covered_by(self, boxes: Sequence[NormalizedBox]) -> Floats:
        """Fraction of each token's cell that lies in at least one box, (P,), as `positions`."""
        return np.concatenate([view.covered_by(boxes) for view in self.views])

    def on_image(self, weights: Floats) -> Floats:
        """Weights of the tokens at `positions`, spread over the image; what lies on padding is lost.

        Shapes: weights (P,) -> (rows, columns).
        """
        grid = np.zeros((self.rows, self.columns))
        done = 0
        for view in self.views:
            count = view.rows * view.columns
            cells = weights[done : done + count].reshape(view.rows, view.columns)
            down = overlap(view.rows, view.region.y, view.region.h, self.rows)
            across = overlap(view.columns, view.region.x, view.region.w, self.columns)
            grid += down @ cells @ across.T
            done += count
        return grid


def overlap(cells: int, start: float, length: float, targets: int) -> Floats:
    """Share of each of `cells` equal parts of start..start+length that lies in each of `targets` equal parts of 0..1.

    Shapes: (targets, cells); a column sums to 1 where its cell lies within 0..1.
    """
    edges = start + length * np.arange(cells + 1) / cells
    goals = np.arange(targets + 1) / targets
    shared = np.minimum(edges[None, 1:], goals[1:, None]) - np.maximum(edges[None, :-1], goals[:-1, None])
    return np.clip(shared, 0.0, None) * (cells / length)


def _cell_shares(cells: int, start: float, length: float, edges: Sequence[float]) -> Floats:
    """Share of each of `cells` equal parts of start..start+length that lies between neighbouring `edges`.

    Shapes: (cells, len(edges) - 1).
    """
    own = start + length * np.arange(cells + 1) / cells
    cuts = np.asarray(edges, dtype=np.float64)
    shared = np.minimum(own[1:, None], cuts[None, 1:]) - np.maximum(own[:-1, None], cuts[None, :-1])
    return np.clip(shared, 0.0, None) * (cells / length)


def token_runs(ids: Sequence[int], token_id: int) -> list[tuple[int, int]]:
    """Half-open ranges of positions where `token_id` stands without a break."""
    places = np.flatnonzero(np.asarray(ids) == token_id)
    if not places.size:
        return []
    runs = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    return [(int(run[0]), int(run[-1]) + 1) for run in runs]


def grid_mosaics(runs: Sequence[tuple[int, int]], grids: Sequence[tuple[int, int]]) -> tuple[Mosaic, ...]:
    """Images whose tokens are a grid over the whole image; empty where runs and `grids` (rows, columns) disagree."""
    if [stop - start for start, stop in runs] != [rows * columns for rows, columns in grids]:
        return ()
    return tuple(
        Mosaic((View(start, rows, columns),), rows, columns)
        for (start, _), (rows, columns) in zip(runs, grids, strict=True)
    )


def square_mosaics(runs: Sequence[tuple[int, int]], regions: Sequence[NormalizedBox]) -> tuple[Mosaic, ...]:
    """Images seen as one square grid each, in a region of its own; empty where the tokens form no such squares.

    The tokens of images that follow one another without a break are shared out evenly.
    """
    total = sum(stop - start for start, stop in runs)
    if not regions or total % len(regions):
        return ()
    count = total // len(regions)
    side = math.isqrt(count)
    starts = [place for start, stop in runs for place in range(start, stop, count)]
    if side * side != count or len(starts) != len(regions) or any((stop - start) % count for start, stop in runs):
        return ()
    return tuple(
        Mosaic((View(start, side, side, region),), max(1, round(side / region.h)), max(1, round(side / region.w)))
        for start, region in zip(starts, regions, strict=True)
    )


def tiled_mosaics(runs: Sequence[tuple[int, int]], tags: Sequence[str]) -> tuple[Mosaic, ...]:
    """Images in square tiles that part them evenly, each tagged `<row_r_col_c>`; the last view shows the whole image.

    `tags` are the tokens that stand before each run. Empty where the tags tell no whole set of tiles.
    """
    mosaics: list[Mosaic] = []
    tiles: list[tuple[int, int, int, int]] = []
    for (start, stop), tag in zip(runs, tags, strict=True):
        side = math.isqrt(stop - start)
        if side * side != stop - start:
            return ()
        if found := _TILE.fullmatch(tag):
            tiles.append((start, side, int(found[1]), int(found[2])))
            continue
        rows, columns = max((t[2] for t in tiles), default=1), max((t[3] for t in tiles), default=1)
        if tiles and len(tiles) != rows * columns:
            return ()
        views = [
            View(place, cells, cells, NormalizedBox((column - 1) / columns, (row - 1) / rows, 1 / columns, 1 / rows))
            for place, cells, row, column in tiles
        ]
        mosaics.append(Mosaic((*views, View(start, side, side)), rows * side, columns * side))
        tiles = []
    return () if tiles else tuple(mosaics)


def cropped_region(width: int, height: int, processor: Any) -> NormalizedBox | None:
    """The part of an image that an image processor leaves, in fractions of the image; None where it can't be told.

    `processor` has the settings of transformers' image processors (`size`, `crop_size`, `do_center_crop`, `do_pad`).
    """
    size = _setting(processor, "size")
    padded = bool(getattr(processor, "do_pad", False))
    if padded:
        # LLaVA's own: a square as long as the longer side, the image in its middle.
        side = max(width, height)
        return NormalizedBox((1 - side / width) / 2, (1 - side / height) / 2, side / width, side / height)
    if "shortest_edge" in size and "longest_edge" not in size:
        scale = size["shortest_edge"] / min(width, height)
        scaled = (width * scale, height * scale)
    elif "height" in size and "width" in size:
        scaled = (float(size["width"]), float(size["height"]))
    else:
        return None
    if not getattr(processor, "do_center_crop", False):
        return WHOLE if "height" in size or width == height else None
    crop = _setting(processor, "crop_size")
    if "height" not in crop or "width" not in crop:
        return None
    w, h = crop["width"] / scaled[0], crop["height"] / scaled[1]
    return NormalizedBox((1 - w) / 2, (1 - h) / 2, w, h)


def _setting(processor: Any, name: str) -> dict[str, int]:
    """A size setting with only the sides that it gives."""
    value: Mapping[str, int | None] | None = getattr(processor, name, None)
    return {side: length for side, length in dict(value or {}).items() if length is not None}
