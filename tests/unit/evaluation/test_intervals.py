"""Intervals against printed values, then against chance itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from umed_core.evaluation.intervals import bootstrap_mean, wilson_share


def test_ten_of_ten_is_not_certain() -> None:
    """n / (n + z^2) = 10 / 13.8415."""
    share = wilson_share(10, 10)
    assert (share.value, share.high) == (1.0, 1.0)
    assert share.low == pytest.approx(0.7225, abs=1e-4)


@given(st.integers(1, 2000), st.data())
def test_wilson_agrees_with_scipy(count: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, count))
    theirs = binomtest(hits, count).proportion_ci(0.95, method="wilson")
    ours = wilson_share(hits, count)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert ours.low <= ours.value <= ours.high


def test_no_image_leaves_everything_open() -> None:
    share = wilson_share(0, 0)
    assert (share.value, share.low, share.high, share.count) == (0, 0, 1, 0)
    assert bootstrap_mean([], [], 0).count == 0


def test_equal_values_leave_no_spread() -> None:
    mean = bootstrap_mean([0.3] * 10, list(range(10)), seed=0)
    assert (mean.low, mean.value, mean.high) == pytest.approx((0.3, 0.3, 0.3))


def test_one_patient_tells_nothing_of_the_spread() -> None:
    mean = bootstrap_mean([0.2, 0.4], ["a", "a"], seed=0)
    assert (mean.value, mean.low, mean.high) == (pytest.approx(0.3), 0, 1)


def test_two_groups_give_the_means_of_two_draws() -> None:
    """Draws of two groups: 0, 1 or their mean .5, each end with a chance of 1/4, so the interval is the whole range."""
    mean = bootstrap_mean([0.0, 1.0], ["a", "b"], seed=0)
    assert (mean.value, mean.low, mean.high) == (0.5, 0, 1)


def test_images_of_one_patient_widen_the_interval() -> None:
    """The same 100 values as 100 patients and as 10 patients with ten equal images each."""
    values = np.repeat(np.random.default_rng(0).random(10), 10).tolist()
    alone = bootstrap_mean(values, list(range(100)), seed=0)
    together = bootstrap_mean(values, np.repeat(np.arange(10), 10).tolist(), seed=0)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """100 samples of 60 uniform values: 95 expected to cover .5, fewer than 88 has a chance of 1 in 250."""
    generator = np.random.default_rng(1)
    covered = 0
    for seed in range(100):
        mean = bootstrap_mean(generator.random(60).tolist(), list(range(60)), seed, rounds=400)
        covered += mean.low <= 0.5 <= mean.high
    assert covered >= 88


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(2).random(30).tolist()
    assert bootstrap_mean(values, list(range(30)), 5) == bootstrap_mean(values, list(range(30)), 5)
