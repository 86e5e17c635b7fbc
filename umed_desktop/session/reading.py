"""The chosen word and where the model looked for it, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from umed_desktop.session.conversation import BoxRef

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Selection", "WordAttention"]


@dataclass(frozen=True, slots=True)
class WordAttention:
    """Where the model looked while it wrote `word`. `weights` (rows, columns) cover the whole image; `on_image` is their
    sum, 0..1; `in_box` the share of that inside `box`, both None where the answer has no box. `layer` is -1 for the mean
    over layers, of which `layers` (numbered from 0) can be shown alone. `shares` has the sum on each image of the question, of
    which this is number `image`, from 0."""

    word: str
    weights: NDArray[np.float64]
    on_image: float
    box: BoxRef | None
    in_box: float | None
    layer: int = -1
    layers: tuple[int, ...] = ()
    image: int = 0
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """A word of an answer: its exchange and its characters."""

    exchange: int
    start: int
    end: int
