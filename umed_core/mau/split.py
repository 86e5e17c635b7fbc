"""Train and test, told apart by a keyed hash of the group: the same group lands on the same side in every program.

`split_by_group` sides each group by its name alone. `assign_sides` also keeps near-duplicates together and meets the
share in each class of each dataset; it takes groups by the same hash, lowest first, so that the two differ little.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from umed_core.errors import ConfigError
from umed_core.records import MauRecord

__all__ = [
    "Side",
    "Split",
    "SplitItem",
    "Stratum",
    "Unit",
    "assign_sides",
    "fill_test_side",
    "group_digest",
    "is_test_group",
    "merged_group_count",
    "shared_out",
    "split_by_group",
    "split_manifest",
    "units_of",
]

Side: TypeAlias = Literal["train", "test"]
Stratum: TypeAlias = tuple[str, str]
"""A dataset and a class in it; class "" for images without abnormality."""


@dataclass(frozen=True, slots=True)
class Split:
    """Records told apart by group, and what told them apart."""

    train: tuple[MauRecord, ...]
    test: tuple[MauRecord, ...]
    test_share: float
    seed: int


@dataclass(frozen=True, slots=True)
class SplitItem:
    """What a split needs to know of one image.

    `label` is its main class, "" without abnormality. `group` is unique within `dataset`. `cluster` is the image's
    near-duplicate cluster over all datasets. `name` tells apart images of one group where only some are drawn.
    """

    dataset: str
    label: str
    group: str
    cluster: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """Images that stay together: indices of items, how many of each stratum, and the place in the draw."""

    items: tuple[int, ...]
    strata: Mapping[Stratum, int]
    order: tuple[bytes, str, str]


def split_by_group(records: Sequence[MauRecord], test_share: float, seed: int) -> Split:
    """Each record to the side of its group, in the order given.

    A group's side depends on its name, `seed` and `test_share` only, so adding images moves no other group, and a greater
    share only adds groups to the test side. Raises: ConfigError for a share outside 0..1.
    """
    _check_share(test_share)
    test = tuple(record for record in records if is_test_group(record.group, test_share, seed))
    train = tuple(record for record in records if not is_test_group(record.group, test_share, seed))
    return Split(train, test, test_share, seed)


def is_test_group(group: str, test_share: float, seed: int) -> bool:
    """Whether a group belongs to the test side. The name of its dataset plays no part: people rename datasets."""
    return int.from_bytes(group_digest(group, seed), "big") < test_share * 2**64


def group_digest(group: str, seed: int) -> bytes:
    """Eight bytes that place a group in the draw of `seed`."""
    return hashlib.blake2b(group.encode(), key=f"umed-split-{seed}".encode(), digest_size=8).digest()


def assign_sides(items: Sequence[SplitItem], test_share: float, seed: int) -> list[Side]:
    """A side for each item: no group and no cluster on both, and `test_share` of each class of each dataset.

    Where single images are to be had, each stratum's test side is within one image of its share; groups that hold several
    classes or many images may move it further. Order of items plays no part.
    Raises: ConfigError for a share outside 0..1.
    """
    _check_share(test_share)
    units = units_of(items, seed)
    sides: list[Side] = ["train"] * len(items)
    for unit in fill_test_side(units, _test_quotas(items, test_share)):
        for index in unit.items:
            sides[index] = "test"
    return sides


def units_of(items: Sequence[SplitItem], seed: int) -> list[Unit]:
    """Groups, merged where a near-duplicate cluster links them, in the order of the draw."""
    members: dict[int, list[int]] = {}
    for index, root in enumerate(_roots(items)):
        members.setdefault(root, []).append(index)
    units = []
    for indices in members.values():
        # The hash of one group of the unit, not the lowest of all: that would favour big units.
        dataset, group = min((items[i].dataset, items[i].group) for i in indices)
        strata = Counter((items[i].dataset, items[i].label) for i in indices)
        units.append(Unit(tuple(indices), strata, (group_digest(group, seed), dataset, group)))
    return sorted(units, key=lambda unit: unit.order)


def fill_test_side(units: Iterable[Unit], quotas: Mapping[Stratum, int]) -> list[Unit]:
    """The units that go to the test side: in order, each that brings the strata it touches closer to `quotas`.

    A stratum of units of its own ends within half its largest unit of its quota, and on it where single images remain.
    """
    missing = Counter(quotas)
    taken = []
    for unit in units:
        # sum of (missing - n)^2 falls below sum of missing^2
        if sum(n * (n - 2 * missing[stratum]) for stratum, n in unit.strata.items()) < 0:
            missing.subtract(unit.strata)
            taken.append(unit)
    return taken


def merged_group_count(items: Sequence[SplitItem]) -> int:
    """How many groups a near-duplicate cluster tied to another group."""
    groups_of: dict[int, set[tuple[str, str]]] = {}
    for item, root in zip(items, _roots(items), strict=True):
        groups_of.setdefault(root, set()).add((item.dataset, item.group))
    return sum(len(groups) for groups in groups_of.values() if len(groups) > 1)


def shared_out(total: int, counts: Mapping[str, int]) -> dict[str, int]:
    """`total` whole images over classes in proportion to `counts`, never more than a class has (largest remainder)."""
    everything = sum(counts.values())
    if not everything:
        return dict.fromkeys(counts, 0)
    total = min(total, everything)
    whole = {label: total * n // everything for label, n in counts.items()}
    by_remainder = sorted(counts, key=lambda label: (-(total * counts[label] % everything), label))
    for label in by_remainder[: total - sum(whole.values())]:
        whole[label] += 1
    return whole


def split_manifest(split: Split) -> dict[str, str | int | float]:
    """What a recipe or a report records of a split: counts, and a SHA-256 of the sorted names of the test images."""
    names = sorted({record.image for record in split.test})
    return {
        "seed": split.seed,
        "test_share": split.test_share,
        "train_images": len({(record.dataset, record.image) for record in split.train}),
        "test_images": len({(record.dataset, record.image) for record in split.test}),
        "train_groups": len({(record.dataset, record.group) for record in split.train}),
        "test_groups": len({(record.dataset, record.group) for record in split.test}),
        "test_sha256": hashlib.sha256("\n".join(names).encode()).hexdigest(),
    }


def _test_quotas(items: Sequence[SplitItem], test_share: float) -> dict[Stratum, int]:
    """The share of each dataset in whole images, handed to its classes in proportion."""
    counts: dict[str, Counter[str]] = {}
    for item in items:
        counts.setdefault(item.dataset, Counter())[item.label] += 1
    return {
        (dataset, label): quota
        for dataset, classes in counts.items()
        for label, quota in shared_out(round(classes.total() * test_share), classes).items()
    }


def _roots(items: Sequence[SplitItem]) -> list[int]:
    """For each item the number of its unit: union-find over groups and clusters."""
    parent: list[int] = []

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    node_of: dict[tuple[str, str] | int, int] = {}
    for item in items:
        ends = []
        for name in ((item.dataset, item.group), item.cluster):
            if name not in node_of:
                node_of[name] = len(parent)
                parent.append(len(parent))
            ends.append(root(node_of[name]))
        parent[max(ends)] = min(ends)
    return [root(node_of[(item.dataset, item.group)]) for item in items]


def _check_share(test_share: float) -> None:
    if not 0 <= test_share <= 1:
        raise ConfigError(f"The test share is {test_share}; it must lie in 0..1.", "Use .2 for a fifth of the groups.")
