"""Reads an annotated image set - `images/` beside `annotations.csv` - to records, one an image.

Columns: image,width,height,class,x,y,w,h,patient_or_group_id,source,licence; one row a box, normalised xywh; a row
with neither class nor box is an image without an abnormality. What cannot be used is listed with its reason.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from umed_core.errors import DataError, MissingFile
from umed_core.geometry import NormalizedBox, iou
from umed_core.mau.cases import RefusedRow
from umed_core.records import Finding, MauRecord

__all__ = [
    "SAME_BOX_IOU",
    "BoxSet",
    "ImageOfTable",
    "RefusedRow",
    "group_from_name",
    "iter_box_set",
    "label_from_class",
    "modality_of",
    "read_box_set",
]

COLUMNS = ("image", "class", "x", "y", "w", "h")

_PROVENANCE_COLUMNS = ("source", "licence")
_SIZE_COLUMNS = ("width", "height")

CLASS_WORDS: dict[str, str] = {
    "activetuberculosis": "pulmonary tuberculosis",
    "obsoletepulmonarytuberculosis": "pulmonary tuberculosis",
    "pulmonarytuberculosis": "pulmonary tuberculosis",
    "tuberculosis": "pulmonary tuberculosis",
    "kidneystone": "kidney stone",
    "angle": "fracture",
    "line": "fracture",
    "messed up angle": "fracture",
}
"""Class names of the public sets whose words differ from the name; any other class is its name in lower case."""

MODALITY_WORDS: tuple[tuple[str, str], ...] = (
    ("kidney stone", "CT"),
    (" lesion", "CT"),
    ("tuberculosis", "chest X-ray"),
    ("opacity", "chest X-ray"),
    ("consolidation", "chest X-ray"),
    ("pleural", "chest X-ray"),
    ("pneumothorax", "chest X-ray"),
    ("polyp", "endoscopy"),
    ("fracture", "X-ray"),
)

MAX_TABLE_BYTES = 512 << 20

SAME_BOX_IOU = 0.95
"""Two boxes of one class that overlap this much are one abnormality drawn twice."""


@dataclass(frozen=True, slots=True)
class ImageOfTable:
    """An image as a table names it: relative to images/, width and height as written."""

    name: str
    width: str
    height: str


ImageCheck: TypeAlias = Callable[[Sequence[ImageOfTable]], Sequence[str]]
"""Images in; for each why it cannot be used, "" if it can."""

_CHECKED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class BoxSet:
    """One image set: records whose `image` is relative to `folder`, and what was left out."""

    name: str
    folder: Path
    records: tuple[MauRecord, ...]
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    image: str
    label: str
    box: NormalizedBox | None
    group: str
    provenance: dict[str, str]
    size: dict[str, str]


def read_box_set(folder: Path, name: str) -> BoxSet:
    """The set in `folder`, called `name` in its records; images in the order of the annotations.

    An image all of whose boxes are unusable is left out, so that it never counts as one without abnormality.
    Raises: MissingFile; DataError for annotations that are no such table or hold no usable image.
    """
    records: list[MauRecord] = []
    refused: list[RefusedRow] = []
    for item in iter_box_set(folder / "annotations.csv", name, lambda images: [_missing(folder, i) for i in images]):
        if isinstance(item, RefusedRow):
            refused.append(item)
        else:
            records.append(item)
    if not records:
        raise DataError(
            f"No image of {folder} can be used; {len(refused)} rows were refused.",
            f"First reason: {refused[0].reason}." if refused else "annotations.csv has no rows.",
        )
    return BoxSet(name, folder, tuple(records), tuple(sorted(refused, key=lambda row: row.line)))


def iter_box_set(table: Path, name: str, why_not: ImageCheck) -> Iterator[MauRecord | RefusedRow]:
    """Records of `table` in the order of its images, and the rows that cannot be used.

    `why_not` tells which images cannot be used. It is asked about some at a time, each once, before their records are made.
    Raises: MissingFile; DataError.
    """
    spoiled: set[str] = set()
    rows: dict[str, list[_Row]] = {}
    shared: dict[tuple[str, ...], dict[str, str]] = {}
    for line, cells in _read_table(table):
        row = _parse_row(line, cells, shared)
        if isinstance(row, RefusedRow):
            spoiled.add(row.image)
            yield row
        else:
            rows.setdefault(row.image, []).append(row)
    modality = _usual_modality(rows)
    for image, annotated, reason in _judged(rows, why_not):
        if reason:
            yield from (RefusedRow(row.line, image, reason) for row in annotated)
            continue
        findings, repeated = _findings(annotated)
        yield from repeated
        if findings or image not in spoiled:
            yield _record(name, image, annotated[0], findings, modality)


def _judged(rows: Mapping[str, list[_Row]], why_not: ImageCheck) -> Iterator[tuple[str, list[_Row], str]]:
    """Each image with its rows and the reason why it cannot be used."""
    waiting = iter(rows.items())
    while some := list(islice(waiting, _CHECKED_AT_ONCE)):
        sizes = [annotated[0].size for _, annotated in some]
        images = [
            ImageOfTable(name, size.get("width", ""), size.get("height", ""))
            for (name, _), size in zip(some, sizes, strict=True)
        ]
        for (name, annotated), reason in zip(some, why_not(images), strict=True):
            yield name, annotated, reason


def label_from_class(written: str) -> str:
    """A class as words: "Pleural_Thickening" becomes "pleural thickening"."""
    words = " ".join(written.replace("_", " ").lower().split())
    return CLASS_WORDS.get(words, words)


def modality_of(label: str) -> str:
    """The kind of picture in which a class is seen, in words; "" for one we do not know."""
    return next((modality for part, modality in MODALITY_WORDS if part in label), "")


def group_from_name(image: str) -> str:
    """The group of an image without one: its stem, less what Roboflow adds to each augmented copy."""
    stem = PurePosixPath(image).stem
    stem = re.sub(r"\.rf\.[0-9a-f]{16,}$", "", stem)
    return re.sub(r"^(train|test|valid)__|(_(png|jpe?g|bmp))+$", "", stem)


def _read_table(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", "Point to a folder that holds images/ and annotations.csv.")
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise DataError(f"{path} takes more than {MAX_TABLE_BYTES >> 20} MiB.", "Split the set up.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            lines = csv.reader(text)
            header = [cell.strip() for cell in next(lines, [])]
            if missing := [column for column in COLUMNS if column not in header]:
                raise DataError(
                    f"{path} lacks the column {missing[0]!r}.", f"Its header must hold {', '.join(COLUMNS)}."
                )
            for cells in lines:
                if any(cell.strip() for cell in cells):
                    yield lines.line_num, _named(header, cells)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise DataError(f"{path} is no table: {problem}.", "Save it as comma-separated values in UTF-8.") from problem


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    """Cells by column; what stands past the last column (an unquoted comma in a licence) goes on with it."""
    last = len([column for column in header if column])
    values = [cell.strip() for cell in cells]
    values[last - 1 :] = [", ".join(value for value in values[last - 1 :] if value)]
    return dict(zip(header, values + [""] * (last - len(values)), strict=False))


def _parse_row(line: int, cells: Mapping[str, str], shared: dict[tuple[str, ...], dict[str, str]]) -> _Row | RefusedRow:
    """`shared` keeps one dictionary for all rows that state the same: a table of 100,000 rows names a handful."""
    image, label = cells["image"], label_from_class(cells["class"])
    written = [cells[column] for column in "xywh"]
    if reason := _unusable_name(image):
        return RefusedRow(line, image, reason)
    box = None
    if label or any(written):
        if not label:
            return RefusedRow(line, image, "a box without a class")
        box, reason = _parse_box(written)
        if box is None:
            return RefusedRow(line, image, reason)
    provenance = _stated(cells, _PROVENANCE_COLUMNS, shared)
    size = _stated(cells, _SIZE_COLUMNS, shared)
    group = cells.get("patient_or_group_id") or group_from_name(image)
    return _Row(line, image, label, box, group, provenance, size)


def _stated(
    cells: Mapping[str, str], columns: tuple[str, ...], shared: dict[tuple[str, ...], dict[str, str]]
) -> dict[str, str]:
    written = tuple(cells.get(column, "") for column in columns)
    found = {column: value for column, value in zip(columns, written, strict=True) if value}
    return shared.setdefault((*columns, *written), found)


def _missing(folder: Path, image: ImageOfTable) -> str:
    return "" if (folder / "images" / image.name).is_file() else "missing file"


def _unusable_name(image: str) -> str:
    if not image:
        return "no image named"
    # On Windows a backslash separates too, and C: names a disk.
    if PurePosixPath(image).is_absolute() or ".." in re.split(r"[/\\]", image) or re.match(r"[A-Za-z]:|\\", image):
        return "the image lies outside the set's folder"
    # Some file systems answer a name that they cannot hold with an error.
    return "missing file" if "\0" in image or any(len(part.encode()) > 255 for part in image.split("/")) else ""


def _parse_box(written: list[str]) -> tuple[NormalizedBox | None, str]:
    """The box, or why there is none."""
    try:
        box = NormalizedBox(*(float(number) for number in written))
    except ValueError:
        return None, f"bad number in {', '.join(written)!r}"
    if not all(math.isfinite(number) for number in (box.x, box.y, box.w, box.h)):
        return None, f"bad number in {', '.join(written)!r}"
    if box.w <= 0 or box.h <= 0:
        return None, "a box without area"
    if not box.is_valid():
        return None, "a box that leaves the image"
    return (box if box.is_valid(tolerance=0) else box.clipped()), ""


def _findings(rows: list[_Row]) -> tuple[tuple[Finding, ...], list[RefusedRow]]:
    """The abnormalities of one image, each once."""
    findings: list[Finding] = []
    repeated = []
    for row in rows:
        if row.box is None:
            continue
        if any(f.label == row.label and iou(f.box, row.box) >= SAME_BOX_IOU for f in findings):
            repeated.append(RefusedRow(row.line, row.image, "the same box twice"))
        else:
            findings.append(Finding(row.label, row.box))
    return tuple(findings), repeated


def _record(name: str, image: str, first: _Row, findings: tuple[Finding, ...], usual_modality: str) -> MauRecord:
    modality = (modality_of(findings[0].label) if findings else "") or usual_modality
    return MauRecord(f"images/{image}", name, first.group, findings, (), modality, first.provenance)


def _usual_modality(rows: Mapping[str, list[_Row]]) -> str:
    """The one modality that all classes of a set tell, for its images without a finding; "" where they differ."""
    seen = {modality_of(row.label) for annotated in rows.values() for row in annotated if row.label}
    return seen.pop() if len(seen) == 1 else ""
