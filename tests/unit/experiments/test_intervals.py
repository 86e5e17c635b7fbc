"""Means over seeds and images: worked by hand, then what an interval must do, then another bootstrap's opinion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.evaluation.intervals import bootstrap_mean
from umed_core.experiments.intervals import Figure, crossed_bootstrap, difference, panel_of

PATIENTS = ("a", "a", "b", "c")


def test_a_mean_over_two_seeds_and_three_patients_by_hand():
    figure = crossed_bootstrap([panel_of([[1, 0, 1, 1], [0, 0, 1, 0]], PATIENTS)])
    assert (figure.value, figure.images, figure.seeds) == (pytest.approx(4 / 8), 4, 2)
    assert figure.low is not None and figure.high is not None and figure.low < 0.5 < figure.high


def test_the_average_counts_each_column_alike_however_many_images_it_has():
    large, small = panel_of([[1.0] * 8], range(8)), panel_of([[0.0] * 2], range(2))
    assert crossed_bootstrap([large, small]).value == pytest.approx(0.5)


def test_equal_values_leave_no_interval_to_speak_of():
    assert crossed_bootstrap([panel_of([[0.3, 0.3, 0.3]], "abc")]) == Figure(
        pytest.approx(0.3), pytest.approx(0.3), pytest.approx(0.3), 3, 1
    )


def test_one_patient_tells_nothing_of_the_spread():
    figure = crossed_bootstrap([panel_of([[1.0, 0.0]], "aa")])
    assert (figure.value, figure.low, figure.high) == (0.5, None, None)


def test_pairing_takes_away_what_both_arms_share():
    rng = np.random.default_rng(0)
    hard = rng.random(60)
    one, other = panel_of([hard + 0.1], range(60)), panel_of([hard], range(60))
    paired, alone = crossed_bootstrap([difference(one, other)]), crossed_bootstrap([one])
    assert paired.value == pytest.approx(0.1)
    assert paired.high - paired.low < 1e-9 < 0.05 < alone.high - alone.low


def test_a_base_with_one_seed_stands_beside_each_of_several():
    sft, base = panel_of([[1, 1], [0, 1]], "ab"), panel_of([[1, 0]], "ab")
    assert difference(sft, base).sums.tolist() == [[0, 1], [-1, 1]]


def test_seeds_that_differ_widen_the_interval():
    same = [[0.2, 0.4, 0.6, 0.8]] * 3
    apart = [[value + shift for value in same[0]] for shift in (-0.2, 0.0, 0.2)]
    alike, unlike = crossed_bootstrap([panel_of(same, range(4))]), crossed_bootstrap([panel_of(apart, range(4))])
    assert alike.value == pytest.approx(unlike.value)
    assert unlike.high - unlike.low > alike.high - alike.low


def test_images_are_drawn_once_for_all_seeds():
    # Three seeds that answer alike are worth one: drawn anew in each seed, the interval would be narrower by sqrt(3).
    row = np.random.default_rng(1).random(50).tolist()
    one, three = (crossed_bootstrap([panel_of([row] * seeds, range(50))], rounds=8000) for seeds in (1, 3))
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.06)


def test_with_one_seed_it_agrees_with_the_bootstrap_of_umed_eval():
    rng = np.random.default_rng(2)
    values, groups = rng.random(80).tolist(), rng.integers(40, size=80).tolist()
    ours, theirs = crossed_bootstrap([panel_of([values], groups)]), bootstrap_mean(values, groups, seed=0)
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), abs=0.01)


@given(st.lists(st.lists(st.floats(0, 1), min_size=5, max_size=5), min_size=1, max_size=3))
def test_the_mean_lies_in_its_interval(rows):
    figure = crossed_bootstrap([panel_of(rows, "aabcd")], rounds=50)
    assert figure.low <= figure.value <= figure.high
    assert figure == crossed_bootstrap([panel_of(rows, "aabcd")], rounds=50)
