"""The images of each column: real sets as they lie, phantoms drawn once; which of them an arm sees, which it is asked about.

OUT/sets/phantom-ct/           a phantom column, as `umed phantoms` writes it
OUT/sets/train-0123abcd.jsonl  the training images of one selection and column, by absolute path: what an arm saw, on record
OUT/sets/test-0123abcd.jsonl   a test set, images relative to its folder
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from umed_core.errors import DataError
from umed_core.evaluation.samples import limited
from umed_core.experiments.arms import Selection, TestSet
from umed_core.experiments.recipe import ColumnConfig, ExperimentRecipe
from umed_core.mau.box_sets import read_box_set
from umed_core.mau.split import Split, group_digest, split_by_group
from umed_core.phantoms import write_phantoms
from umed_core.records import MauRecord, read_jsonl, write_jsonl

__all__ = ["Column", "StoredRecords", "open_columns", "selected", "store_test", "store_training", "asked_records"]

PHANTOM_SEED = 77
"""Of the folders that are drawn: no training stream, no evaluation and no other folder seed has these phantoms."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's images, told apart by group. `folder` holds what the records' names are relative to."""

    config: ColumnConfig
    folder: Path
    split: Split


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """Records on disk. `digest` tells their content, wherever they lie."""

    path: Path
    digest: str
    count: int


def open_columns(recipe: ExperimentRecipe, sets: Path, drawing: Callable[[str], None]) -> dict[str, Column]:
    """Every column of the recipe; draws the phantoms that are not there yet, after telling `drawing` which.

    Of a real set, images without a finding are left out: nobody proved them normal.
    Raises: MissingFile, DataError, ConfigError, StorageError.
    """
    opened = {}
    for column in recipe.columns:
        if column.stands_in:
            folder = _phantoms(column, sets, drawing)
            records = [replace(r, dataset=column.name) for r in read_jsonl(folder / "records.jsonl", MauRecord)]
        else:
            folder = Path(recipe.root, column.path).absolute()
            records = [record for record in read_box_set(folder, column.name).records if record.findings]
        split = split_by_group(records, recipe.test_share, recipe.split_seed)
        if not (split.train and split.test):
            raise DataError(f"{column.name} has no image on one side of its split.", "Give it more, or another share.")
        opened[column.name] = Column(column, folder, split)
    return opened


def _phantoms(column: ColumnConfig, sets: Path, drawing: Callable[[str], None]) -> Path:
    # The name tells all that the images depend on, so that another recipe draws others beside them.
    folder = sets / f"phantom-{column.phantom_kind}-{column.phantoms}-{column.normal_share:g}"
    if not (folder / "records.jsonl").is_file():
        drawing(f"drawing {column.phantoms} phantoms of kind {column.phantom_kind}")
        write_phantoms(folder, column.phantoms, PHANTOM_SEED, (column.phantom_kind,), column.normal_share, "png")
    return folder


def selected(column: Column, selection: Selection, seed: int) -> tuple[MauRecord, ...]:
    """The training images of a column that an arm sees: no image that shows a class left out, and the share asked for.

    The share is drawn by group and seed, and a greater one holds the smaller.
    """
    name = column.config.name
    if name not in selection.columns:
        return ()
    unseen = {test.label for test in selection.without if test.column == name}
    kept = [r for r in column.split.train if not unseen & {finding.label for finding in r.findings}]
    in_order = sorted(kept, key=lambda record: (group_digest(record.group, seed), record.image))
    chosen = {record.image for record in in_order[: round(selection.share * len(kept))]}
    return tuple(record for record in kept if record.image in chosen)


def asked_records(column: Column, test: TestSet, limit: int) -> tuple[MauRecord, ...]:
    """The test images of a set, at most `limit`, the same for every arm. Raises: DataError where there is none."""
    records: Sequence[MauRecord] = column.split.test
    if test.label:
        records = [r for r in records if any(finding.label == test.label for finding in r.findings)]
    if not records:
        raise DataError(f"No test image of {test.column} shows {test.label}.", "Check the class, or hold more images.")
    return limited(records, limit)


def store_training(column: Column, records: Sequence[MauRecord], sets: Path) -> StoredRecords:
    """Writes them with absolute paths, as `umed train` reads a JSONL file from anywhere. Raises: StorageError."""
    absolute = [replace(record, image=str(column.folder / record.image)) for record in records]
    return _stored("train", records, absolute, sets)


def store_test(records: Sequence[MauRecord], sets: Path) -> StoredRecords:
    """Raises: StorageError."""
    return _stored("test", records, records, sets)


def _stored(kind: str, records: Sequence[MauRecord], written: Sequence[MauRecord], sets: Path) -> StoredRecords:
    encoder = msgspec.json.Encoder(order="deterministic")
    digest = hashlib.sha256(b"\n".join(encoder.encode(record) for record in records)).hexdigest()
    path = sets / f"{kind}-{digest[:16]}.jsonl"
    encoded = b"".join(encoder.encode(record) + b"\n" for record in written)
    if not path.is_file() or path.read_bytes() != encoded:
        write_jsonl(path, written)
    return StoredRecords(path, digest, len(records))
