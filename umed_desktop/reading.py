"""What a reader does to the answers, as frozen values: verdicts, removals, the chosen word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from umed_desktop.conversation import BoxRef, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Marks", "Selection", "WordAttention"]


@dataclass(frozen=True, slots=True)
class Marks:
    """What the person did, and can undo."""

    verdicts: tuple[tuple[BoxRef, Verdict], ...] = ()
    removed: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class WordAttention:
    """Where the model looked while it wrote `word`. `weights` (rows, columns) cover the whole image; `on_image` is their
    sum, 0..1; `in_box` the share of that inside `box`, both None where the answer has no box."""

    word: str
    weights: NDArray[np.float64]
    on_image: float
    box: BoxRef | None
    in_box: float | None


@dataclass(frozen=True, slots=True)
class Selection:
    """A word of an answer: its exchange and its characters."""

    exchange: int
    start: int
    end: int
