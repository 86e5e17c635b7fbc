"""What is asked: images of annotated sets, and synthetic normal ones on which every finding is a false alarm."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import ConfigError
from umed_core.evaluation.sets import EvalSet
from umed_core.mau.split import Split
from umed_core.records import MauRecord

__all__ = [
    "NORMAL_PHANTOMS",
    "Part",
    "Sample",
    "limited",
    "normal_phantoms",
    "part_of",
    "samples_of",
]

Part: TypeAlias = Literal["test", "train", "all"]

NORMAL_PHANTOMS = "normal phantoms"


@dataclass(frozen=True, slots=True)
class Sample:
    """One image to ask about. `pixels()` gives its display values, (H, W) or (H, W, 3) uint8, or raises InputError."""

    record: MauRecord
    pixels: Callable[[], NDArray[np.uint8]]


def part_of(split: Split, part: Part) -> tuple[MauRecord, ...]:
    """The records of one side, or of both. Raises: ConfigError for another name of a part."""
    sides = {"test": split.test, "train": split.train, "all": (*split.train, *split.test)}
    if part not in sides:
        raise ConfigError(f"There is no part {part!r} of a split.", "Choose test, train or all.")
    return sides[part]


def limited(records: Sequence[MauRecord], limit: int) -> tuple[MauRecord, ...]:
    """At most `limit` records, 0 for all, in their order: a sample by the hash of the image name, the same each time."""
    if not limit or limit >= len(records):
        return tuple(records)
    by_hash = sorted(records, key=lambda record: hashlib.sha256(record.image.encode()).digest())
    kept = {record.image for record in by_hash[:limit]}
    return tuple(record for record in records if record.image in kept)


def samples_of(eval_set: EvalSet, records: Sequence[MauRecord]) -> list[Sample]:
    """The chosen records of a set, each with its file."""
    return [Sample(record, partial(_opened, eval_set.folder / record.image)) for record in records]


def normal_phantoms(count: int) -> Iterator[Sample]:
    """`count` synthetic images without a finding, all kinds in turn, none of which was ever trained on.

    Raises: ConfigError where more are asked for than there are.
    """
    from umed_core.phantoms import EVALUATION_SEEDS, KINDS

    if count > len(EVALUATION_SEEDS):
        raise ConfigError(f"There are {len(EVALUATION_SEEDS)} normal phantoms, not {count}.", "Ask about fewer.")
    for number, seed in enumerate(EVALUATION_SEEDS[:count]):
        kind = KINDS[number % len(KINDS)]
        record = MauRecord(f"{kind}-{seed}", NORMAL_PHANTOMS, f"{kind}-{seed}")
        yield Sample(record, partial(_drawn, kind, seed))


def _opened(path: Path) -> NDArray[np.uint8]:
    from umed_core.images.open_image import open_image

    return open_image(path).display()


def _drawn(kind: str, seed: int) -> NDArray[np.uint8]:
    from umed_core.phantoms import display, make_phantom

    return display(make_phantom(kind, seed, normal=True))
