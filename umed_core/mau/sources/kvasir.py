"""Kvasir-SEG: images/ beside kavsir_bboxes.json (so spelt in the published archive), or beside masks/; one class, polyp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from umed_core.errors import DataError, MissingFile
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.coco import JSON_FAILURES
from umed_core.mau.sources.files import PictureHeader, Pictures, is_picture, list_pictures, read_bounded
from umed_core.mau.sources.marks import Mark, Size, Unusable, box_from_pixels, settle
from umed_core.mau.sources.masks import mask_cases
from umed_core.mau.sources.sized import Found, Unsized, sized
from umed_core.records import Finding

__all__ = ["LAYOUT", "read_kvasir"]

LAYOUT = "images/ beside kavsir_bboxes.json or masks/"

MAX_JSON_BYTES = 64 << 20
_TABLES = ("kavsir_bboxes.json", "kvasir_bboxes.json")
_LABEL = "polyp"
_MODALITY = "endoscopy"
_PROVENANCE = {"source": "Kvasir-SEG", "licence": "Simula: research and education"}


class _Box(msgspec.Struct, frozen=True):
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    label: str = _LABEL


class _Entry(msgspec.Struct, frozen=True):
    height: int
    width: int
    bbox: list[_Box]


def read_kvasir(folder: Path) -> Iterator[Case | RefusedRow]:
    """Pictures in the order of the JSON, or of their names where only masks are there. Raises: MissingFile; DataError."""
    table = next((folder / name for name in _TABLES if (folder / name).is_file()), None)
    if table is not None:
        yield from sized(_from_table(table, list_pictures(folder)))
    elif (folder / "masks").is_dir():
        yield from mask_cases(folder, _LABEL, _MODALITY, _PROVENANCE)
    else:
        raise MissingFile(f"{folder} holds neither boxes nor masks of Kvasir-SEG.", f"Expected: {LAYOUT}.")


def _from_table(table: Path, pictures: Pictures) -> Iterator[Found]:
    try:
        entries = msgspec.json.decode(read_bounded(table, MAX_JSON_BYTES), type=dict[str, msgspec.Raw])
    except JSON_FAILURES as problem:
        raise DataError(f"{table} is not what it should be: {problem}.", f"Expected: {LAYOUT}.") from problem
    named: set[str] = set()
    for name, raw in entries.items():
        named.add(name)
        try:
            found = [path for path in pictures.of_stem(name) if path.startswith("images/")]
            if len(found) != 1:
                raise Unusable("several pictures of that name" if found else "missing file")
            blank = Case(found[0], pictures.root / found[0], (), name, _MODALITY, None, _PROVENANCE)
            entry = msgspec.json.decode(raw, type=_Entry)
            if not entry.bbox:
                raise Unusable("no box, though each of the set's pictures shows a polyp")
        except JSON_FAILURES as problem:
            yield RefusedRow(0, name, f"its entry cannot be read: {problem}")
        except Unusable as problem:
            yield RefusedRow(0, name, problem.reason)
        else:
            yield _waiting(blank, name, entry)
    for path in pictures.paths:
        if path.startswith("images/") and is_picture(path) and Path(path).stem not in named:
            yield RefusedRow(0, path, "no entry for this picture")


def _waiting(blank: Case, name: str, entry: _Entry) -> Unsized:
    def settled(header: PictureHeader) -> Iterator[Case | RefusedRow]:
        return settle(blank, (_mark(box, name, header.size) for box in entry.bbox))

    return Unsized(blank, (entry.width, entry.height), settled, lambda reason: [RefusedRow(0, name, reason)])


def _mark(box: _Box, name: str, size: Size) -> Mark | RefusedRow:
    try:
        if box.label.lower() != _LABEL:
            raise Unusable(f"class {box.label[:40]!r}, where the set knows polyps only")
        return Mark(0, Finding(_LABEL, box_from_pixels(box.xmin, box.ymin, box.xmax, box.ymax, size)))
    except Unusable as problem:
        return RefusedRow(0, name, problem.reason)
