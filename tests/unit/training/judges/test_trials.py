"""The trials themselves: seeded, over all classes, and each pair really differs."""

from __future__ import annotations

from umed_core.mau.knowledge import CLASSES
from umed_core.training.judges.trials import Trial, compare, make_trials, share_ranked

TRIALS = list(make_trials(60, seed=4))


class Longest:
    """A judge that likes long answers."""

    identity = "longest"
    is_remote = False

    def score(self, question, reference, answers):
        return [len(answer) / 10_000 for answer in answers]

    def close(self):
        pass


def test_equal_seeds_give_equal_trials():
    assert TRIALS == list(make_trials(60, seed=4)) != list(make_trials(60, seed=5))


def test_good_and_bad_differ_and_good_is_not_the_reference():
    assert all(t.good != t.bad and t.good != t.reference for t in TRIALS)
    assert {t.kind for t in TRIALS} == {"shuffled", "contradictory", "degenerate"}


def test_every_class_has_its_trials():
    told = " ".join(t.reference.lower() for t in make_trials(200, seed=0))
    assert [label for label in CLASSES if label not in told] == []


def test_the_share_counts_ties_as_failures():
    trials = [Trial("q", "r", good, bad, "kind", "flaw") for good, bad in (("aaa", "a"), ("a", "aaa"), ("aa", "bb"))]
    share = share_ranked(compare(Longest(), trials))["kind"]
    assert (share.value, share.count) == (1 / 3, 3)
