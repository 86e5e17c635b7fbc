"""The annotated sets that an evaluation reads: a folder of boxes, split here, or a dataset that brings its split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from umed_core.mau.box_sets import BoxSet, read_box_set
from umed_core.mau.dataset import SHEET, MauDataset, read_dataset
from umed_core.mau.split import Split, split_by_group
from umed_core.records import MauRecord

__all__ = ["EvalSet", "of_box_set", "read_eval_sets"]


@dataclass(frozen=True, slots=True)
class EvalSet:
    """One row of the table: records of both sides, whose `image` is relative to `folder`.

    `refused` counts annotations that could not be used. `brings_split` says that the sides were drawn when the dataset was
    built, and not for this evaluation.
    """

    name: str
    folder: Path
    split: Split
    refused: int = 0
    brings_split: bool = False

    @property
    def records(self) -> tuple[MauRecord, ...]:
        return *self.split.train, *self.split.test


def read_eval_sets(folder: Path, name: str, test_share: float, seed: int) -> tuple[EvalSet, ...]:
    """The sets in `folder`: of a MAU folder one for each of its datasets, called `name/dataset`, else the one box set.

    `test_share` and `seed` split a box set; a MAU folder keeps the sides it was built with.
    Raises: MissingFile; DataError for annotations that cannot be read, or a MAU folder that is not whole; ConfigError.
    """
    if (folder / SHEET).is_file():
        return _of_dataset(read_dataset(folder), name)
    return (of_box_set(read_box_set(folder, name), test_share, seed),)


def of_box_set(box_set: BoxSet, test_share: float, seed: int) -> EvalSet:
    """A box set, split by group. Raises: ConfigError for a share outside 0..1."""
    split = split_by_group(box_set.records, test_share, seed)
    return EvalSet(box_set.name, box_set.folder, split, len(box_set.refused))


def _of_dataset(dataset: MauDataset, name: str) -> tuple[EvalSet, ...]:
    figures = dataset.sheet.split
    train, test = (
        [replace(record, dataset=f"{name}/{record.dataset}") for record in dataset.records(side)]
        for side in ("train", "test")
    )
    return tuple(
        EvalSet(
            row,
            dataset.folder,
            Split(
                tuple(record for record in train if record.dataset == row),
                tuple(record for record in test if record.dataset == row),
                figures.test_share,
                figures.seed,
            ),
            brings_split=True,
        )
        for row in sorted({record.dataset for record in (*train, *test)})
    )
