"""What a build left: how many records, and each row, picture or talk that fell out, with its reason. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from umed_core.mau.build import Quarantined
from umed_core.mau.collecting import RefusedBySource
from umed_core.mau.dataset import SHEET, read_dataset
from umed_core.records import read_jsonl
from umed_desktop.words import grouped, translate

__all__ = ["LISTED", "FallenOut", "Outcome", "read_outcome"]

LISTED = 5000
"""Rows that are shown; the files in work/ hold all."""


@dataclass(frozen=True, slots=True)
class FallenOut:
    """`kind` is "row", "picture" or "conversation"; `where` the dataset and line, or the case; `image` the person's file."""

    kind: str
    where: str
    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`words` sums the dataset up, a line each; nothing of it where the build is not done yet."""

    words: tuple[str, ...]
    fallen: tuple[FallenOut, ...]
    total_fallen: int


def read_outcome(folder: Path) -> Outcome:
    """Of the dataset in `folder`, done or not. Raises: DataError for a folder that was changed by hand."""
    work = folder / "work"
    fallen: list[FallenOut] = []
    total = 0
    for kind, name in (("row", "refused.jsonl"), ("picture", "refused_pictures.jsonl")):
        if (work / name).is_file():
            for row in read_jsonl(work / name, RefusedBySource):
                total += 1
                where = (
                    translate("Outcome", "{dataset}, line {line}").format(dataset=row.dataset, line=row.line)
                    if row.line
                    else row.dataset
                )
                if len(fallen) < LISTED:
                    fallen.append(FallenOut(kind, where, row.image, row.reason))
    if (work / "quarantine.jsonl").is_file():
        for case in read_jsonl(work / "quarantine.jsonl", Quarantined):
            total += 1
            if len(fallen) < LISTED:
                fallen.append(FallenOut("conversation", case.case_id, case.image, "; ".join(case.faults)))
    return Outcome(_words(folder), tuple(fallen), total)


def _words(folder: Path) -> tuple[str, ...]:
    if not (folder / SHEET).is_file():
        return ()
    sheet = read_dataset(folder).sheet
    rows = [
        translate("Outcome", "{dataset}: {train} train, {test} test images of {train_groups} groups").format(
            dataset=row.dataset,
            train=grouped(row.train),
            test=grouped(row.test),
            train_groups=grouped(row.train_groups + row.test_groups),
        )
        for row in sheet.sets
    ]
    return (
        translate("Outcome", "{train} records to train on, {test} to test on; written by {teacher}").format(
            train=grouped(sheet.train), test=grouped(sheet.test), teacher=sheet.teacher
        ),
        *rows,
    )
