"""Agreement beyond chance: tables worked out by hand, published ones, and an independent form of the same figure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.mau.review.agreement import (
    cohen_kappa,
    cohen_kappa_figure,
    fleiss_kappa,
    fleiss_kappa_figure,
    mean_figure,
)

# Fleiss 1971's worked example, as Wikipedia's "Fleiss' kappa" prints it: 10 subjects, 14 raters, 5 categories.
FLEISS_EXAMPLE = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

verdicts = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30)


def table(pairs: list[tuple[int, int]]) -> np.ndarray:
    counts = np.zeros((3, 3), dtype=int)
    for a, b in pairs:
        counts[a, b] += 1
    return counts


def test_cohen_by_hand():
    # They agree on 35 of 50 = .7; the first says yes to 25, the second to 30: by chance .5 * .6 + .5 * .4 = .5.
    assert float(cohen_kappa(np.array([[20, 5], [10, 15]]))) == pytest.approx(0.4)


@pytest.mark.parametrize(
    "counts, kappa",
    [
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
        ([[5, 0], [0, 5]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[1, 1], [1, 1]], 0.0),
    ],
)
def test_cohen_on_published_and_extreme_tables(counts, kappa):
    # The first two are those of Wikipedia's "Cohen's kappa", "Same percentages but different numbers".
    assert float(cohen_kappa(np.array(counts))) == pytest.approx(kappa, abs=5e-5)


@given(verdicts)
def test_cohen_is_what_its_weighted_form_says(pairs):
    # Second opinion: 1 - sum(w observed) / sum(w expected) with w = 1 off the diagonal, the form of Cohen 1968.
    counts = table(pairs) / len(pairs)
    weights = 1 - np.eye(3)
    expected = (weights * np.outer(counts.sum(1), counts.sum(0))).sum()
    kappa = float(cohen_kappa(table(pairs)))
    if expected < 1e-12:
        assert np.isnan(kappa)
    else:
        assert kappa == pytest.approx(1 - (weights * counts).sum() / expected)
        assert kappa == pytest.approx(float(cohen_kappa(table(pairs).T)))


def test_one_verdict_throughout_has_no_kappa():
    figure = cohen_kappa_figure([0, 0, 0], [0, 0, 0], ["a", "b", "c"], 3, seed=0)
    assert (figure.value, figure.low, figure.high, figure.count) == (None, -1.0, 1.0, 3)
    assert cohen_kappa_figure([], [], [], 3, seed=0).value is None


def test_fleiss_on_the_published_example():
    assert fleiss_kappa(FLEISS_EXAMPLE) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_of_two_readers_by_hand():
    # Scott's pi: agree on 2 of 3; 4 of 6 votes say the first: by chance 4/9 + 1/9 = 5/9; (2/3 - 5/9) / (4/9) = 1/4.
    assert fleiss_kappa(np.array([[2, 0], [1, 1], [0, 2]])) == pytest.approx((2 / 3 - 1 / 2) / (1 / 2))
    assert fleiss_kappa(np.array([[2, 0], [2, 0], [0, 2], [1, 1]])) == pytest.approx((3 / 4 - 34 / 64) / (30 / 64))


def test_a_record_with_one_reader_says_nothing_of_agreement():
    votes = np.array([[2, 0], [1, 1], [0, 2]])
    assert fleiss_kappa(np.vstack([votes, [[1, 0], [0, 0]]])) == fleiss_kappa(votes)
    assert fleiss_kappa_figure(np.array([[1, 0]]), ["a"], seed=0).value is None


def test_readers_who_always_agree_have_a_kappa_of_one_and_no_spread():
    figure = cohen_kappa_figure([0, 1, 2] * 20, [0, 1, 2] * 20, list(range(60)), 3, seed=0)
    assert (figure.value, figure.low, figure.high, figure.count) == (1.0, 1.0, 1.0, 60)
    assert fleiss_kappa_figure(np.array([[3, 0], [0, 3]] * 9), list(range(18)), seed=0).low == pytest.approx(1.0)


def test_the_interval_is_seeded_and_covers_the_figure():
    first, second = [0, 1, 0, 1, 0, 0, 1, 2] * 8, [0, 1, 1, 1, 0, 2, 1, 2] * 8
    figures = [cohen_kappa_figure(first, second, list(range(64)), 3, seed) for seed in (0, 0, 1)]
    assert figures[0] == figures[1] != figures[2]
    assert -1 < figures[0].low < figures[0].value < figures[0].high < 1


def test_images_of_one_patient_are_drawn_together():
    first, second = [0, 1] * 40, [0, 1] * 20 + [1, 0] * 20
    alone = cohen_kappa_figure(first, second, list(range(80)), 2, seed=0)
    by_patient = cohen_kappa_figure(first, second, [number // 10 for number in range(80)], 2, seed=0)
    assert by_patient.high - by_patient.low > alone.high - alone.low
    one_patient = cohen_kappa_figure(first, second, [0] * 80, 2, seed=0)
    assert (one_patient.low, one_patient.high) == (-1.0, 1.0)


def test_a_mean_by_hand():
    figure = mean_figure([1.0, 0.0, 0.5, 0.5], list("abcd"), seed=3)
    assert figure.value == pytest.approx(0.5)
    assert 0.0 <= figure.low < 0.5 < figure.high <= 1.0
    assert mean_figure([], [], seed=0).value is None
    assert mean_figure([0.1] * 3, list("abc"), seed=0).low == pytest.approx(0.1)
