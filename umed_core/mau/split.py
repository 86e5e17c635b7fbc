"""Train and test, told apart by a keyed hash of the group: the same group lands on the same side in every program."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from umed_core.errors import ConfigError
from umed_core.records import MauRecord

__all__ = ["Split", "is_test_group", "split_by_group", "split_manifest"]


@dataclass(frozen=True, slots=True)
class Split:
    """Records told apart by group, and what told them apart."""

    train: tuple[MauRecord, ...]
    test: tuple[MauRecord, ...]
    test_share: float
    seed: int


def split_by_group(records: Sequence[MauRecord], test_share: float, seed: int) -> Split:
    """Each record to the side of its group, in the order given.

    A group's side depends on its name, `seed` and `test_share` only, so adding images moves no other group, and a greater
    share only adds groups to the test side. Raises: ConfigError for a share outside 0..1.
    """
    if not 0 <= test_share <= 1:
        raise ConfigError(f"The test share is {test_share}; it must lie in 0..1.", "Use .2 for a fifth of the groups.")
    test = tuple(record for record in records if is_test_group(record.group, test_share, seed))
    train = tuple(record for record in records if not is_test_group(record.group, test_share, seed))
    return Split(train, test, test_share, seed)


def is_test_group(group: str, test_share: float, seed: int) -> bool:
    """Whether a group belongs to the test side. The name of its dataset plays no part: people rename datasets."""
    digest = hashlib.blake2b(group.encode(), key=f"umed-split-{seed}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < test_share * 2**64


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
