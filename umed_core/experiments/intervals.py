"""Means over seeds and images with 95 % intervals that respect both, and differences that are paired by both.

Every seed is asked about the same images, so seeds and images are crossed, not nested: a bootstrap round draws seeds, and
draws groups of images once for all of them. Source: A. B. Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 1 (2007)
386-411. With few seeds their spread is told poorly, and with one not at all: the interval is then of the images alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Figure", "Panel", "crossed_bootstrap", "difference", "panel_of"]

ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its interval, over `images` in each of `seeds`; no interval where one group is all there is."""

    value: float
    low: float | None
    high: float | None
    images: int
    seeds: int


@dataclass(frozen=True, slots=True)
class Panel:
    """A measure on one test set. Shapes: sums (S, G) over the images of each group, by seed; counts (G,)."""

    sums: NDArray[np.float64]
    counts: NDArray[np.float64]


def panel_of(values: Sequence[Sequence[float]], groups: Sequence[Hashable]) -> Panel:
    """Values of each seed in the order of `groups`, summed within each group."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    of_value = np.array([places[group] for group in groups], dtype=np.int64)
    sums = [np.bincount(of_value, weights=np.asarray(row, dtype=np.float64), minlength=len(places)) for row in values]
    return Panel(np.stack(sums), np.bincount(of_value, minlength=len(places)).astype(np.float64))


def difference(one: Panel, other: Panel) -> Panel:
    """One less the other, image by image and seed by seed; a single seed (the base's) stands beside each of many."""
    return Panel(one.sums - other.sums, one.counts)


def crossed_bootstrap(panels: Sequence[Panel], seed: int = 0, rounds: int = ROUNDS) -> Figure:
    """The mean over the panels of each one's mean over seeds and images, with a percentile interval.

    All panels have the same seeds, drawn together; groups are drawn in each panel by itself.
    """
    seeds, images = max(panel.sums.shape[0] for panel in panels), int(sum(panel.counts.sum() for panel in panels))
    value = float(np.mean([panel.sums.sum() / (panel.sums.shape[0] * panel.counts.sum()) for panel in panels]))
    if any(len(panel.counts) < 2 for panel in panels):
        return Figure(value, None, None, images, seeds)
    generator = np.random.Generator(np.random.PCG64(seed))
    chosen = generator.integers(seeds, size=(rounds, seeds))
    means = np.mean([_drawn_means(panel, chosen, generator) for panel in panels], axis=0)
    low, high = np.quantile(means, (0.025, 0.975))
    # A mean of equal values may stand a rounding error outside its own interval.
    return Figure(value, min(float(low), value), max(float(high), value), images, seeds)


def _drawn_means(panel: Panel, chosen: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.float64]:
    """A panel's mean in each round. Shapes: chosen (rounds, S) -> (rounds,)."""
    groups = len(panel.counts)
    times = generator.multinomial(groups, np.full(groups, 1 / groups), size=len(chosen))
    of_seed = times @ panel.sums.T / (times @ panel.counts)[:, None]
    if panel.sums.shape[0] == 1:
        return np.asarray(of_seed[:, 0])
    return np.asarray(np.take_along_axis(of_seed, chosen, axis=1).mean(axis=1))
