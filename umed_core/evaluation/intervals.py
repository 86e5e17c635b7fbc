"""A figure and how far chance may have moved it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Estimate", "bootstrap_mean", "wilson_share"]

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or a share with its 95 % interval, over `count` images; count 0 leaves value and interval at 0..1."""

    value: float
    low: float
    high: float
    count: int


def wilson_share(hits: int, count: int) -> Estimate:
    """The share hits / count with Wilson's score interval, images taken as independent.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if count == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    share, square = hits / count, Z_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z_95 * math.sqrt(share * (1 - share) / count + square / (4 * count**2)) / (1 + square / count)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == count else min(1.0, middle + half)
    return Estimate(share, low, high, count)


def bootstrap_mean(values: Sequence[float], groups: Sequence[Hashable], seed: int, rounds: int = 2000) -> Estimate:
    """The mean of values in 0..1 with a percentile interval from resampling whole groups.

    Images of one patient err together, so patients are drawn and not images. One group alone tells nothing of the spread:
    its interval is 0..1. Source: Field and Welsh, J. R. Stat. Soc. B 69 (2007) 369-390, the cluster bootstrap.
    """
    names = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    mean = math.fsum(values) / len(values) if values else 0.0
    if len(names) < 2:
        return Estimate(mean, 0.0, 1.0, len(values))
    of_value = np.array([names[group] for group in groups])
    sums = np.bincount(of_value, weights=np.asarray(values, dtype=np.float64), minlength=len(names))
    counts = np.bincount(of_value, minlength=len(names))
    generator = np.random.Generator(np.random.PCG64(seed))
    means = np.empty(rounds)
    for number in range(rounds):
        drawn = generator.integers(len(names), size=len(names))
        means[number] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, (0.025, 0.975))
    # A mean of equal values may stand a rounding error outside its own interval.
    return Estimate(mean, min(float(low), mean), max(float(high), mean), len(values))
