"""Draws from what the sources hold: so many of each, or the paper's numbers of each public set (Table 10)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from umed_core.errors import ConfigError
from umed_core.mau.split import Side, SplitItem, Unit, fill_test_side, group_digest, shared_out, units_of

__all__ = ["PAPER_COUNTS", "PaperDraw", "Shortfall", "choose_paper_counts", "limited"]

PAPER_COUNTS: dict[str, tuple[int, int]] = {
    "deeplesion": (1584, 396),
    "kidneystone": (843, 211),
    "nih": (787, 197),
    "tbx11k": (639, 160),
    "kvasir": (800, 200),
}
"""Training and test images of each set. Source: Table 10."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A side of a set that holds fewer images than asked for."""

    dataset: str
    side: Side
    wanted: int
    found: int

    def __str__(self) -> str:
        return f"{self.dataset}: {self.found} of {self.wanted} {self.side} images"


@dataclass(frozen=True, slots=True)
class PaperDraw:
    """A side for each item, None for one that was not drawn, and what could not be had."""

    sides: tuple[Side | None, ...]
    shortfalls: tuple[Shortfall, ...]


def limited(items: Sequence[SplitItem], limit: int, seed: int) -> list[SplitItem]:
    """At most `limit` items of each dataset, drawn by a keyed hash of their names; the order stays."""
    drawn: Counter[str] = Counter()
    names: set[str] = set()
    for item in sorted(items, key=lambda item: group_digest(item.name, seed)):
        drawn[item.dataset] += 1
        if drawn[item.dataset] <= limit:
            names.add(item.name)
    return [item for item in items if item.name in names]


def choose_paper_counts(
    items: Sequence[SplitItem], seed: int, counts: Mapping[str, tuple[int, int]] = PAPER_COUNTS
) -> PaperDraw:
    """The images that the paper's counts ask for, drawn class by class in the proportions that each set has.

    Of a group, some images may stay undrawn, but never do two of its images lie on different sides; the same holds for
    near-duplicates. A set with fewer images than both sides ask for gives all it has, in the same ratio.
    Raises: ConfigError for a dataset without a count.
    """
    if unknown := sorted({item.dataset for item in items} - set(counts)):
        raise ConfigError(
            f"The paper has no count for {unknown[0]!r}.", f"Name the sources {', '.join(counts)}, or drop that one."
        )
    test = _test_side(items, seed, counts)
    sides: list[Side | None] = [None] * len(items)
    shortfalls = []
    for dataset in sorted({item.dataset for item in items}):
        inside = [i for i, item in enumerate(items) if item.dataset == dataset]
        for side, wanted in zip(("train", "test"), counts[dataset], strict=True):
            pool = [i for i in inside if (i in test) == (side == "test")]
            drawn = _drawn(items, pool, wanted, seed)
            for index in drawn:
                sides[index] = "test" if side == "test" else "train"
            if len(drawn) < wanted:
                shortfalls.append(Shortfall(dataset, "test" if side == "test" else "train", wanted, len(drawn)))
    return PaperDraw(tuple(sides), tuple(shortfalls))


def _test_side(items: Sequence[SplitItem], seed: int, counts: Mapping[str, tuple[int, int]]) -> set[int]:
    """Items of the test pool: at least the wanted number of each set where enough remains for training."""
    units = units_of(items, seed)
    have = _per_dataset(units)
    wanted = {dataset: _scaled(have[dataset], *counts[dataset]) for dataset in have}
    quotas = {}
    for dataset, (_, test) in wanted.items():
        classes = Counter(item.label for item in items if item.dataset == dataset)
        quotas.update({(dataset, label): quota for label, quota in shared_out(test, classes).items()})
    chosen = fill_test_side(units, quotas)
    taken = {id(unit) for unit in chosen}
    # Then the remainder that groups left open: a unit changes sides where one side lacks and the other can spare it.
    in_test = _per_dataset(chosen)
    for unit in units:
        size = _per_dataset([unit])
        from_train = id(unit) not in taken
        move = Counter(size) if from_train else Counter({dataset: -n for dataset, n in size.items()})
        before = sum(_lack(in_test[d], have[d], wanted[d]) for d in size)
        after = sum(_lack(in_test[d] + move[d], have[d], wanted[d]) for d in size)
        if after < before:
            in_test.update(move)
            (taken.add if from_train else taken.discard)(id(unit))
    return {index for unit in units if id(unit) in taken for index in unit.items}


def _scaled(have: int, train: int, test: int) -> tuple[int, int]:
    """What to aim for in a set of `have` images: the counts, or everything in their ratio."""
    if have >= train + test:
        return train, test
    part = round(have * test / (train + test))
    return have - part, part


def _lack(in_test: int, have: int, wanted: tuple[int, int]) -> int:
    return max(0, wanted[1] - in_test) + max(0, wanted[0] - (have - in_test))


def _per_dataset(units: Sequence[Unit]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for unit in units:
        for (dataset, _), n in unit.strata.items():
            totals[dataset] += n
    return totals


def _drawn(items: Sequence[SplitItem], pool: Sequence[int], wanted: int, seed: int) -> list[int]:
    """`wanted` items of one side of one set, or all of them: each class in proportion, by keyed hash of the image."""
    by_class: dict[str, list[int]] = {}
    for index in sorted(pool, key=lambda i: _place(items[i], seed)):
        by_class.setdefault(items[index].label, []).append(index)
    quotas = shared_out(wanted, {label: len(indices) for label, indices in by_class.items()})
    return [index for label, indices in by_class.items() for index in indices[: quotas[label]]]


def _place(item: SplitItem, seed: int) -> tuple[bytes, str, str]:
    name = f"{item.group}\0{item.name}"
    digest = hashlib.blake2b(name.encode(), key=f"umed-draw-{seed}".encode(), digest_size=8).digest()
    return digest, item.group, item.name
