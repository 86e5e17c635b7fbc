"""No group on both sides, and a group's side never depends on its neighbours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import ConfigError
from umed_core.mau.split import is_test_group, split_by_group, split_manifest
from umed_core.records import MauRecord

GROUPS = st.lists(st.text(max_size=6), min_size=1, max_size=40)


def records_of(groups: list[str]) -> list[MauRecord]:
    return [MauRecord(f"images/{number}.png", "set", group) for number, group in enumerate(groups)]


@given(GROUPS, st.floats(0, 1), st.integers(0, 2**40))
def test_no_record_is_lost_and_no_group_is_on_both_sides(groups: list[str], share: float, seed: int) -> None:
    records = records_of(groups)
    split = split_by_group(records, share, seed)
    assert sorted((*split.train, *split.test), key=lambda r: r.image) == sorted(records, key=lambda r: r.image)
    assert not {r.group for r in split.train} & {r.group for r in split.test}


@given(GROUPS, GROUPS, st.randoms())
def test_more_images_or_another_order_move_nothing(groups: list[str], more: list[str], chance) -> None:
    before = {r.group for r in split_by_group(records_of(groups), 0.3, 1).test}
    mixed = groups + more
    chance.shuffle(mixed)
    after = {r.group for r in split_by_group(records_of(mixed), 0.3, 1).test}
    assert after & set(groups) == before


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_greater_share_keeps_what_was_test(group: str, share: float, other: float) -> None:
    assert is_test_group(group, min(share, other), 0) <= is_test_group(group, max(share, other), 0)


def test_the_share_is_met_within_four_standard_deviations() -> None:
    """10,000 groups at .2: the count of test groups is binomial, 2000 with a standard deviation of 40."""
    for seed in range(5):
        assert abs(sum(is_test_group(f"patient {k}", 0.2, seed) for k in range(10_000)) - 2000) < 160


def test_share_zero_and_one_take_nothing_and_everything() -> None:
    records = records_of([str(k) for k in range(200)])
    assert split_by_group(records, 0, 0).test == ()
    assert split_by_group(records, 1, 0).train == ()


def test_seeds_draw_different_test_sets() -> None:
    sides = [tuple(is_test_group(str(k), 0.5, seed) for k in range(64)) for seed in range(4)]
    assert len(set(sides)) == 4


def test_the_side_of_a_group_is_the_same_for_ever() -> None:
    """Written down once: a change here would leak test images of published models into training."""
    assert [k for k in range(30) if is_test_group(f"patient {k}", 0.2, 0)] == [0, 23]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_0_to_1_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="must lie in"):
        split_by_group([], share, 0)


def test_the_manifest_counts_images_and_groups_and_pins_the_test_names() -> None:
    split = split_by_group(records_of(["a", "a", "b", "c", "d", "e", "f"]), 0.5, 0)
    manifest = split_manifest(split)
    assert manifest["train_images"] + manifest["test_images"] == 7
    assert manifest["train_groups"] + manifest["test_groups"] == 6
    again = split_by_group(list(reversed(records_of(["a", "a", "b", "c", "d", "e", "f"]))), 0.5, 0)
    assert split_manifest(again)["test_sha256"] == manifest["test_sha256"]
    assert split_manifest(split_by_group([], 0.5, 0))["test_sha256"] != manifest["test_sha256"]
