"""NIH ChestX-ray14: BBox_List_2017.csv, and Data_Entry_2017*.csv for the images without a finding.

Boxes are x, y, w, h in pixels of the published 1024 x 1024 pictures. Pictures lie in images/, or in images_001/images to
images_012/images as the archives unpack. The labels of Data_Entry were mined from reports by a program: "No Finding"
counts as stated, and a label without a box is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from umed_core.errors import MissingFile
from umed_core.mau.box_sets import label_from_class
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import Pictures, list_pictures
from umed_core.mau.sources.marks import Mark, Unusable, box_from_pixels, numbers, settle
from umed_core.mau.sources.sized import Found, Unsized, sized
from umed_core.mau.sources.tables import read_rows
from umed_core.records import Finding

__all__ = ["LAYOUT", "read_nih"]

LAYOUT = "BBox_List_2017.csv beside images/ (or images_001/images ...), and Data_Entry_2017.csv for normal images"

BOXES = "BBox_List_2017.csv"
BOX_COLUMNS = ("Image Index", "Finding Label", "Bbox [x", "y", "w", "h]")
_ODD_COLUMNS = BOX_COLUMNS[:2]
ENTRY_COLUMNS = ("Image Index", "Finding Labels", "Follow-up #", "Patient ID")
PUBLISHED_SIZE = (1024, 1024)
NO_FINDING = "No Finding"
LABEL_WORDS = {"infiltrate": "infiltration", "effusion": "pleural effusion"}
"""NIH's words whose class is called otherwise in this house; "Infiltrate" is its own "Infiltration", spelt in two ways."""

_PROVENANCE = {
    "source": "NIH ChestX-ray14",
    "licence": "NIH Clinical Center terms: acknowledge the NIH Clinical Center",
}

_BoxRow = tuple[int, str, list[str]]
"""Line, class as written, four numbers as written."""


def read_nih(folder: Path) -> Iterator[Case | RefusedRow]:
    """Images in the order of Data_Entry where it is there, then those that only the box list names. Raises: MissingFile."""
    if not (folder / BOXES).is_file():
        raise MissingFile(f"{folder} lacks {BOXES}.", f"Expected: {LAYOUT}.")
    boxes: dict[str, list[_BoxRow]] = {}
    for line, cells in read_rows(folder / BOXES, _ODD_COLUMNS):
        boxes.setdefault(cells[0], []).append((line, cells[1], cells[2:6]))
    yield from sized(_found(folder, list_pictures(folder), boxes))


def _found(folder: Path, pictures: Pictures, boxes: dict[str, list[_BoxRow]]) -> Iterator[Found]:
    for index in sorted(folder.glob("Data_Entry*.csv")):
        yield from _entries(index, pictures, boxes)
    for name, rows in boxes.items():
        yield from _boxed(name, rows, pictures)


def _entries(index: Path, pictures: Pictures, boxes: dict[str, list[_BoxRow]]) -> Iterator[Found]:
    """Each row of Data_Entry; rows of the box list that it covers are taken out of `boxes`."""
    for line, cells in read_rows(index, ENTRY_COLUMNS):
        name, labels = cells[0], cells[1].split("|")
        rows = boxes.pop(name, [])
        boxed = {_label(written) for _, written, _ in rows}
        if rows:
            yield from _boxed(name, rows, pictures)
            for label in labels:
                if label != NO_FINDING and _label(label) not in boxed:
                    yield RefusedRow(line, name, f"{label!r} has no box; the image keeps its boxed findings")
        elif labels == [NO_FINDING]:
            try:
                yield _blank(name, pictures)
            except Unusable as problem:
                yield RefusedRow(line, name, problem.reason)
        else:
            yield RefusedRow(line, name, f"labelled {cells[1] or 'nothing'!r} without a box")


def _boxed(name: str, rows: list[_BoxRow], pictures: Pictures) -> Iterator[Found]:
    def refused(reason: str) -> list[RefusedRow]:
        return [RefusedRow(line, name, reason) for line, _, _ in rows]

    try:
        blank = _blank(name, pictures)
    except Unusable as problem:
        yield from refused(problem.reason)
        return
    yield Unsized(blank, PUBLISHED_SIZE, lambda _: settle(blank, (_mark(name, *row) for row in rows)), refused)


def _mark(name: str, line: int, written: str, cells: list[str]) -> Mark | RefusedRow:
    try:
        if "|" in written:
            raise Unusable(f"one box for several classes ({written!r}): give each its own row")
        if not written:
            raise Unusable("a box without a class")
        x, y, w, h = numbers(cells, 4)
        return Mark(line, Finding(_label(written), box_from_pixels(x, y, x + w, y + h, PUBLISHED_SIZE)))
    except Unusable as problem:
        return RefusedRow(line, name, problem.reason)


def _blank(name: str, pictures: Pictures) -> Case:
    path = pictures.find(name, ("images",))
    patient = name.partition("_")[0]
    return Case(path, pictures.root / path, (), patient, "chest X-ray", None, _PROVENANCE)


def _label(written: str) -> str:
    label = label_from_class(written)
    return LABEL_WORDS.get(label, label)
