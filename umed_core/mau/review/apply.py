"""The dataset that a review leaves: what was accepted, and what was corrected, as corrected."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from umed_core.errors import ConfigError, DataError, StorageError
from umed_core.mau.dataset import read_dataset, write_dataset
from umed_core.mau.datasheet import ReviewFigures, images_digest
from umed_core.mau.review.consensus import Ruling, Status, corrected_record
from umed_core.mau.review.corrections import correction_faults
from umed_core.mau.review.events import ReviewEvent, reviews_by_record
from umed_core.mau.review.figures import ReviewReport, anonymous, review_figures, rulings
from umed_core.mau.review.folder import SIDES, ReviewFolder
from umed_core.records import MauRecord, write_atomic, write_jsonl

__all__ = ["FIGURES_NAME", "LEFT_OUT_NAME", "AppliedReview", "LeftOut", "apply_reviews"]

LEFT_OUT_NAME = "left_out.jsonl"
FIGURES_NAME = "review.json"
_UNREVIEWED = Ruling("unreviewed", "nobody has judged it")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that the reviewed dataset lacks, and why."""

    record: str
    status: Status
    reason: str


@dataclass(frozen=True, slots=True)
class AppliedReview:
    """How many records were written to each side and how many were left out; the figures name no reviewer."""

    train: int
    test: int
    left_out: int
    figures: ReviewReport


@dataclass(frozen=True, slots=True)
class _Kept:
    side: str
    name: str
    ruling: Ruling


def apply_reviews(
    folder: ReviewFolder, events: Sequence[ReviewEvent], out: Path, keep_unreviewed: bool = False, seed: int = 0
) -> AppliedReview:
    """Writes the reviewed dataset to `out`, which must not exist yet; the folder appears whole or not at all.

    Its bytes depend on the dataset and on what stands in the log only. Each record stays on its side of the split, and
    its provenance says under "review" which status it has; no reviewer's name is written.
    Raises: ConfigError; MissingFile; DataError where nothing would be left, or for a dataset changed by hand; StorageError.
    """
    if out.exists():
        raise ConfigError(f"{out} exists already.", "Name a new folder for the reviewed dataset.")
    dataset = read_dataset(folder.path)
    ruled = rulings(folder, reviews_by_record(events, folder.shown_sha256))
    kept, left_out = _sorted_out(folder, ruled, keep_unreviewed)
    if not kept:
        raise DataError("The review leaves no record.", "Review first, or give --keep-unreviewed.")
    figures = anonymous(review_figures(folder, events, seed))
    with _appearing(out) as partial:
        pictures = [_link(folder.picture(one.name), partial / one.name) for one in kept]
        sheet = replace(dataset.sheet, review=_for_sheet(figures), images_sha256=images_digest(map(_sha256, pictures)))
        train, test = (_reviewed(folder, [one for one in kept if one.side == side]) for side in SIDES)
        written = write_dataset(partial, train, test, sheet)
        write_jsonl(partial / LEFT_OUT_NAME, left_out)
        write_atomic(partial / FIGURES_NAME, msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    return AppliedReview(written.train, written.test, len(left_out), figures)


def _for_sheet(report: ReviewReport) -> ReviewFigures:
    return ReviewFigures(len(report.reviewers), report.accepted, report.corrected, report.rejected)


def _sorted_out(
    folder: ReviewFolder, ruled: dict[str, Ruling], keep_unreviewed: bool
) -> tuple[list[_Kept], list[LeftOut]]:
    kept: list[_Kept] = []
    left_out: list[LeftOut] = []
    for name, place in folder.places.items():
        ruling = ruled.get(name, _UNREVIEWED)
        reason = _why_not(folder, name, ruling, keep_unreviewed)
        if reason:
            left_out.append(LeftOut(name, ruling.status, reason))
        else:
            kept.append(_Kept(place.side, name, ruling))
    return kept, left_out


def _why_not(folder: ReviewFolder, name: str, ruling: Ruling, keep_unreviewed: bool) -> str:
    """Why a record is left out; "" for one that is kept."""
    if ruling.status == "unreviewed" and keep_unreviewed:
        return "" if folder.picture(name).is_file() else "its picture is missing"
    if ruling.correction is not None:
        # Again, since the log may come from a machine whose umed had other rules.
        faults = correction_faults(folder.record(name), ruling.correction.turns, ruling.correction.findings)
        return f"its correction has a fault: {faults[0]}" if faults else ""
    return "" if ruling.status == "accepted" else ruling.reason


def _reviewed(folder: ReviewFolder, kept: Sequence[_Kept]) -> Iterator[MauRecord]:
    records = folder.records([one.name for one in kept])
    for one, record in zip(kept, records, strict=True):
        correction = one.ruling.correction
        reviewed = record if correction is None else corrected_record(record, correction)
        yield replace(reviewed, provenance={**record.provenance, "review": one.ruling.status})


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A folder beside `out` that takes its name when the block is done. Raises: StorageError."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        partial.rename(out)
    except OSError as problem:
        raise StorageError(
            f"Could not write {out}: {problem.strerror or problem}.", "Free some space or choose another folder."
        ) from problem
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sha256(picture: Path) -> str:
    with picture.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _link(picture: Path, copy: Path) -> Path:
    """The picture at `copy`: the same file where the disk allows it, since pictures are replaced and never edited."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(picture, copy)
    except OSError:
        shutil.copyfile(picture, copy)
    return copy
