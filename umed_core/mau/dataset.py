"""A dataset folder: train.jsonl and test.jsonl beside images/, with a datasheet as README.md and as JSON."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import msgspec

from umed_core.errors import DataError, MissingFile, StorageError
from umed_core.mau.datasheet import ClassCount, Datasheet, SetCount, StatedTerms, readme
from umed_core.mau.split import Side
from umed_core.records import MauRecord, read_jsonl, write_atomic, write_jsonl

__all__ = ["SHEET", "MauDataset", "read_dataset", "write_dataset"]

SHEET = "datasheet.json"
FORMAT = 1
LISTED_SOURCES = 10
"""Sources named for each licence of a set; a set that states one for each image has thousands."""


@dataclass(frozen=True, slots=True)
class MauDataset:
    """A dataset folder that is whole: its records are those of its datasheet."""

    folder: Path
    sheet: Datasheet

    def records(self, side: Side) -> Iterator[MauRecord]:
        """The records of one side, read as they are asked for; `image` is relative to `folder`."""
        return read_jsonl(self.folder / f"{side}.jsonl", MauRecord)


def write_dataset(folder: Path, train: Iterable[MauRecord], test: Iterable[MauRecord], sheet: Datasheet) -> Datasheet:
    """Writes both sides, the datasheet and README.md beside `images/`, and returns the sheet with its counts and digests.

    Records are written in the order given and never all held. The four files replace earlier ones once all are whole.
    Raises: DataError for a record without an image file, an image that comes twice or a group on both sides; StorageError.
    """
    staged = folder / ".staged"
    tally = _Tally(folder)
    shutil.rmtree(staged, ignore_errors=True)  # half-written files of a build that was killed
    try:
        write_jsonl(staged / "train.jsonl", tally.counted(train, "train"))
        write_jsonl(staged / "test.jsonl", tally.counted(test, "test"))
        complete = replace(
            sheet,
            sets=tally.sets(),
            terms=tally.terms(),
            provenance_keys=tuple(sorted(tally.provenance_keys)),
            train_sha256=_sha256(staged / "train.jsonl"),
            test_sha256=_sha256(staged / "test.jsonl"),
            format=FORMAT,
        )
        encoded = msgspec.json.encode(complete, order="deterministic")
        write_atomic(staged / SHEET, msgspec.json.format(encoded, indent=2) + b"\n")
        write_atomic(staged / "README.md", readme(complete).encode())
        # The datasheet last: it carries the digests of the others, so a stop in between is seen by `read_dataset`.
        for name in ("train.jsonl", "test.jsonl", "README.md", SHEET):
            _put_in_place(staged / name, folder / name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return complete


def read_dataset(folder: Path) -> MauDataset:
    """The dataset in `folder`, once its records prove to be those that its datasheet describes.

    Raises: MissingFile; DataError for a folder of another format, changed by hand or left half-written.
    """
    path = folder / SHEET
    if not path.is_file():
        raise MissingFile(f"{folder} is no dataset: it has no {SHEET}.", "Build one: umed build-mau --help")
    try:
        sheet = msgspec.json.decode(path.read_bytes(), type=Datasheet)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise DataError(f"{path}: {problem}.", "Build the dataset again with this version of umed.") from problem
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror}.", "Check the folder's permissions.") from problem
    if sheet.format != FORMAT:
        raise DataError(f"{path} has format {sheet.format}; this umed reads {FORMAT}.", "Use a newer umed.")
    for side, expected in (("train", sheet.train_sha256), ("test", sheet.test_sha256)):
        if _sha256(folder / f"{side}.jsonl") != expected:
            raise DataError(
                f"{folder / f'{side}.jsonl'} is not the file that {SHEET} describes.",
                "It was changed or only partly written: run umed build-mau on the same folder again.",
            )
    return MauDataset(folder, sheet)


@dataclass(slots=True)
class _Tally:
    """Checks records as they pass, and counts what the datasheet tells of them."""

    folder: Path
    sizes: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    modalities: dict[str, Counter[str]] = field(default_factory=dict)
    groups: dict[tuple[str, str], str] = field(default_factory=dict)
    licences: Counter[tuple[str, str]] = field(default_factory=Counter)
    sources: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    provenance_keys: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)

    def counted(self, records: Iterable[MauRecord], side: Side) -> Iterator[MauRecord]:
        for record in records:
            self._check(record, side)
            self.sizes[record.dataset, side] += 1
            for label in sorted({f.label for f in record.findings}) or [""]:
                self.classes[record.dataset, label, side] += 1
            self.modalities.setdefault(record.dataset, Counter())[record.modality] += 1
            terms = (record.dataset, record.provenance.get("licence", ""))
            self.licences[terms] += 1
            if source := record.provenance.get("source"):
                self.sources.setdefault(terms, set()).add(source)
            self.provenance_keys.update(record.provenance)
            yield record

    def _check(self, record: MauRecord, side: Side) -> None:
        path = PurePosixPath(record.image)
        if path.is_absolute() or ".." in path.parts or path.parts[:1] != ("images",) or "\\" in record.image:
            raise DataError(
                f"The image {record.image!r} lies outside images/.", "Image paths are relative to the folder."
            )
        if record.image in self.images:
            raise DataError(f"{record.image} comes twice.", "Each image has one record.")
        self.images.add(record.image)
        if not (self.folder / path).is_file():
            raise DataError(f"{record.image} is not in {self.folder}.", "Build the dataset again to write its images.")
        if self.groups.setdefault((record.dataset, record.group), side) != side:
            raise DataError(f"The group {record.group} of {record.dataset} is on both sides.", "Split by group first.")

    def sets(self) -> tuple[SetCount, ...]:
        sides_of = Counter((dataset, side) for (dataset, _), side in self.groups.items())
        return tuple(
            SetCount(
                dataset,
                ", ".join(sorted(modality for modality in self.modalities[dataset] if modality)),
                self.sizes[dataset, "train"],
                self.sizes[dataset, "test"],
                sides_of[dataset, "train"],
                sides_of[dataset, "test"],
                tuple(
                    ClassCount(label, self.classes[dataset, label, "train"], self.classes[dataset, label, "test"])
                    for label in sorted({label for name, label, _ in self.classes if name == dataset})
                ),
            )
            for dataset in sorted(self.modalities)
        )

    def terms(self) -> tuple[StatedTerms, ...]:
        rows = []
        for (dataset, licence), images in sorted(self.licences.items()):
            sources = sorted(self.sources.get((dataset, licence), ()))
            more = max(0, len(sources) - LISTED_SOURCES)
            rows.append(StatedTerms(dataset, licence, images, tuple(sources[:LISTED_SOURCES]), more))
        return tuple(rows)


def _put_in_place(staged: Path, final: Path) -> None:
    try:
        staged.replace(final)
    except OSError as problem:
        raise StorageError(
            f"Could not write {final}: {problem.strerror or problem}.", "Close whatever holds the file open."
        ) from problem


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError as problem:
        raise MissingFile(f"{path} does not exist.", "Build the dataset again; it is not whole.") from problem
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror}.", "Check the folder's permissions.") from problem
