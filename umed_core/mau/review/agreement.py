"""How far reviewers agree beyond chance, and how far chance may have moved the figure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Figure", "cohen_kappa", "cohen_kappa_figure", "fleiss_kappa", "fleiss_kappa_figure", "mean_figure"]

ROUNDS = 2000
_ROUNDS_AT_ONCE = 100  # 100 x 10,000 groups are 8 MB


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval over `count` records.

    `value` is None where the figure is 0 / 0: no record, or for a kappa one and the same verdict throughout, which
    chance alone explains. `low` and `high` are then the range of what is possible.
    """

    value: float | None
    low: float
    high: float
    count: int


def cohen_kappa(table: NDArray[np.integer | np.floating]) -> NDArray[np.float64]:
    """Agreement of two reviewers beyond what their own verdict frequencies give by chance; NaN where 0 / 0.

    Shapes: table (..., K, K) counts, row the first reviewer's category, column the second's; returns (...).
    Source: J. Cohen, Educ. Psychol. Meas. 20 (1960) 37-46.
    """
    counts = np.asarray(table, dtype=np.float64)
    total = counts.sum(axis=(-2, -1))
    observed = np.trace(counts, axis1=-2, axis2=-1) * total
    by_chance = (counts.sum(axis=-1) * counts.sum(axis=-2)).sum(axis=-1)
    return _beyond_chance(observed, by_chance, total**2)


def fleiss_kappa(votes: NDArray[np.integer]) -> float:
    """Agreement of several reviewers beyond chance; NaN where 0 / 0. Records with fewer than two votes don't count.

    With the same number of votes on each record it is Fleiss's; otherwise each record's agreement and each record's
    shares of categories count alike. Shapes: votes (N, K), how many reviewers put record n into category k.
    Source: J. L. Fleiss, Psychol. Bull. 76 (1971) 378-382.
    """
    return float(_fleiss(_fleiss_terms(votes).sum(axis=0)))


def cohen_kappa_figure(
    first: Sequence[int], second: Sequence[int], groups: Sequence[Hashable], categories: int, seed: int
) -> Figure:
    """Cohen's kappa of two reviewers' categories (0 .. categories - 1) on the same records, whole groups resampled."""
    cells = np.zeros((len(first), categories, categories), dtype=np.int64)
    cells[np.arange(len(first)), list(first), list(second)] = 1
    terms = cells.reshape(len(first), categories**2)
    return _figure(
        terms, groups, seed, -1.0, lambda sums: cohen_kappa(sums.reshape(*sums.shape[:-1], categories, categories))
    )


def fleiss_kappa_figure(votes: NDArray[np.integer], groups: Sequence[Hashable], seed: int) -> Figure:
    """`fleiss_kappa` of the records with two or more votes, whole groups resampled. Shapes: as there; groups (N,)."""
    voted = votes.sum(axis=1) >= 2
    kept = [group for group, counts in zip(groups, voted, strict=True) if counts]
    return _figure(_fleiss_terms(votes), kept, seed, -1.0, _fleiss)


def mean_figure(values: Sequence[float], groups: Sequence[Hashable], seed: int) -> Figure:
    """The mean of values in 0..1, whole groups resampled."""
    terms = np.column_stack([np.asarray(values, dtype=np.float64), np.ones(len(values))])
    return _figure(terms, groups, seed, 0.0, lambda sums: _ratio(sums[..., 0], sums[..., 1]))


def _figure(
    terms: NDArray[np.generic],
    groups: Sequence[Hashable],
    seed: int,
    least: float,
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> Figure:
    """`statistic` of the sum of all records' terms, with a percentile interval from resampling whole groups.

    A resample on which the statistic is 0 / 0 is left out; one group alone tells nothing of the spread, so its interval
    is all that is possible. Shapes: terms (N, T); statistic (..., T) -> (...).
    Source: Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369-390, the cluster bootstrap.
    """
    value = float(statistic(terms.sum(axis=0, dtype=np.float64))) if len(terms) else np.nan
    names = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    if np.isnan(value):
        return Figure(None, least, 1.0, len(terms))
    if len(names) < 2:
        return Figure(value, least, 1.0, len(terms))
    by_group = np.zeros((len(names), terms.shape[1]))
    np.add.at(by_group, [names[group] for group in groups], terms)
    drawn = _resampled(by_group, statistic, np.random.Generator(np.random.PCG64(seed)))
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    # A mean of equal values may stand a rounding error outside its own interval.
    return Figure(value, min(float(low), value), max(float(high), value), len(terms))


def _resampled(
    by_group: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    # Groups with equal sums are one kind, drawn as often as they are many: nine kinds do for thousands of patients.
    kinds, many = np.unique(by_group, axis=0, return_counts=True)
    chances = many / many.sum()
    rounds = [
        statistic(generator.multinomial(len(by_group), chances, size=_ROUNDS_AT_ONCE) @ kinds)
        for _ in range(ROUNDS // _ROUNDS_AT_ONCE)
    ]
    return np.concatenate(rounds)


def _fleiss_terms(votes: NDArray[np.integer]) -> NDArray[np.float64]:
    """What Fleiss's kappa sums over records: 1, the share of agreeing pairs, the share of each category."""
    counts = np.asarray(votes, dtype=np.float64)
    counts = counts[counts.sum(axis=1) >= 2]
    readers = counts.sum(axis=1)
    pairs = (counts * (counts - 1)).sum(axis=1) / (readers * (readers - 1))
    return np.column_stack([np.ones(len(counts)), pairs, counts / readers[:, None]])


def _fleiss(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    records, pairs, shares = sums[..., 0], sums[..., 1], sums[..., 2:]
    return _beyond_chance(pairs * records, (shares**2).sum(axis=-1), records**2)


def _beyond_chance(
    observed: NDArray[np.float64], by_chance: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(observed - by_chance) / (whole - by_chance); all three are counts of the same unit."""
    left = whole - by_chance
    # Sums of shares carry rounding errors: a remainder of 1e-12 of the whole is none.
    return _ratio(np.where(left > 1e-12 * whole, observed - by_chance, 0.0), np.where(left > 1e-12 * whole, left, 0.0))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """`part / whole`, NaN where `whole` is 0."""
    out = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=out, where=np.asarray(whole) != 0)
