"""The paper's counts, met exactly where there is enough, and stated where there is not."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import ConfigError
from umed_core.mau.sampling import PAPER_COUNTS, Shortfall, choose_paper_counts
from umed_core.mau.split import SplitItem


def test_the_table_adds_up_to_the_papers_totals() -> None:
    assert sum(train for train, _ in PAPER_COUNTS.values()) == 4653
    assert sum(test for _, test in PAPER_COUNTS.values()) == 1164


def test_exact_counts_in_the_set_s_own_balance() -> None:
    """600 images of a and 300 of b in pairs: of 90 and 30 drawn, two thirds are a."""
    items = [SplitItem("s", "a" if k < 600 else "b", f"g{k // 2}", k, f"i{k}") for k in range(900)]
    draw = choose_paper_counts(items, 0, {"s": (90, 30)})
    drawn = Counter((side, item.label) for item, side in zip(items, draw.sides, strict=True) if side)
    assert drawn == {("train", "a"): 60, ("train", "b"): 30, ("test", "a"): 20, ("test", "b"): 10}
    assert draw.shortfalls == ()


def test_a_set_that_is_too_small_gives_everything_and_says_so() -> None:
    items = [SplitItem("s", "", f"g{k}", k, f"i{k}") for k in range(50)]
    draw = choose_paper_counts(items, 0, {"s": (80, 20)})
    assert Counter(draw.sides) == {"train": 40, "test": 10}
    assert draw.shortfalls == (Shortfall("s", "train", 80, 40), Shortfall("s", "test", 20, 10))
    assert str(draw.shortfalls[0]) == "s: 40 of 80 train images"


def test_big_groups_still_give_exact_counts() -> None:
    """Groups of 4, 10 wanted for the test: three groups are kept for it, and two images of them stay undrawn."""
    items = [SplitItem("s", "a", f"g{k // 4}", k, f"i{k}") for k in range(100)]
    draw = choose_paper_counts(items, 3, {"s": (50, 10)})
    assert Counter(draw.sides) == {"train": 50, "test": 10, None: 40}
    assert draw.shortfalls == ()


@given(
    st.lists(
        st.builds(
            SplitItem,
            dataset=st.sampled_from(["s", "t"]),
            label=st.sampled_from(["", "a", "b"]),
            group=st.integers(0, 25).map(str),
            cluster=st.integers(0, 60),
        ),
        max_size=60,
    ),
    st.integers(0, 30),
    st.integers(0, 10),
    st.randoms(),
)
def test_nothing_is_torn_overdrawn_or_moved_by_order(plain, train: int, test: int, chance) -> None:
    items = [SplitItem(i.dataset, i.label, i.group, i.cluster, f"image {n}") for n, i in enumerate(plain)]
    counts = {"s": (train, test), "t": (5, 2)}
    draw = choose_paper_counts(items, 0, counts)
    for name in (lambda i: (i.dataset, i.group), lambda i: i.cluster):
        seen: dict[object, str] = {}
        for item, side in zip(items, draw.sides, strict=True):
            assert side is None or seen.setdefault(name(item), side) == side
    found = Counter((item.dataset, side) for item, side in zip(items, draw.sides, strict=True) if side)
    stated = {(s.dataset, s.side): s.found for s in draw.shortfalls}
    for dataset in {item.dataset for item in items}:
        for side, wanted in zip(("train", "test"), counts[dataset], strict=True):
            assert found[dataset, side] == stated.get((dataset, side), wanted)
    order = list(range(len(items)))
    chance.shuffle(order)
    again = choose_paper_counts([items[i] for i in order], 0, counts)
    assert again.sides == tuple(draw.sides[i] for i in order)


def test_single_images_are_never_short_where_there_are_enough() -> None:
    """The real shape of Table 10: KidneyStone with exactly as many images as the paper has."""
    items = [SplitItem("kidneystone", "kidney stone", f"g{k}", k, f"i{k}") for k in range(1054)]
    draw = choose_paper_counts(items, 0)
    assert Counter(draw.sides) == {"train": 843, "test": 211}


def test_a_set_without_a_count_is_refused() -> None:
    with pytest.raises(ConfigError, match="no count for 'bones'"):
        choose_paper_counts([SplitItem("bones", "", "g", 0)], 0)
