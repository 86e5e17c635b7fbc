"""NIH DeepLesion: DL_info.csv beside Images_png/000001_01_01/109.png, 16-bit CT slices whose value less 32768 is HU.

Boxes are x0, y0, x1, y1 in pixels of the slice; `Coarse_lesion_type` 1..8 names the region and -1 says that nobody did,
which becomes a plain "lesion" (the ninth class of the paper's Table 10). Rows that the set marks as possibly noisy are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from umed_core.errors import MissingFile
from umed_core.images.medical_image import Window
from umed_core.mau.cases import Case, GreyScale, RefusedRow
from umed_core.mau.sources.files import PictureHeader, relative_name
from umed_core.mau.sources.marks import Mark, Size, Unusable, box_from_pixels, numbers, settle
from umed_core.mau.sources.sized import Found, Unsized, sized
from umed_core.mau.sources.tables import read_rows
from umed_core.records import Finding

__all__ = ["LAYOUT", "read_deeplesion"]

LAYOUT = "DL_info.csv beside Images_png/000001_01_01/109.png ..."

COLUMNS = (
    "File_name",
    "Patient_index",
    "Study_index",
    "Series_ID",
    "Key_slice_index",
    "Measurement_coordinates",
    "Bounding_boxes",
    "Lesion_diameters_Pixel_",
    "Normalized_lesion_location",
    "Coarse_lesion_type",
    "Possibly_noisy",
    "Slice_range",
    "Spacing_mm_px_",
    "Image_size",
    "DICOM_windows",
)
_WANTED = ("File_name", "Patient_index", "Bounding_boxes", "Coarse_lesion_type", "Possibly_noisy")
_AT = {column: COLUMNS.index(column) for column in (*_WANTED, "Image_size", "DICOM_windows")}

LESION_TYPES = {
    -1: "lesion",
    1: "bone lesion",
    2: "abdomen lesion",
    3: "mediastinum lesion",
    4: "liver lesion",
    5: "lung lesion",
    6: "kidney lesion",
    7: "soft tissue lesion",
    8: "pelvis lesion",
}
HU_OFFSET = -32768.0
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_PROVENANCE = {"source": "NIH DeepLesion", "licence": "NIH Clinical Center terms: acknowledge the NIH Clinical Center"}

_Row = tuple[int, dict[str, str]]


def read_deeplesion(folder: Path) -> Iterator[Case | RefusedRow]:
    """Key slices in the order of DL_info.csv. Raises: MissingFile; DataError."""
    table = folder / "DL_info.csv"
    if not table.is_file():
        raise MissingFile(f"{folder} lacks DL_info.csv.", f"Expected: {LAYOUT}.")
    slices: dict[str, list[_Row]] = {}
    for line, cells in read_rows(table, COLUMNS):
        row = {column: cells[at] for column, at in _AT.items()}
        slices.setdefault(row["File_name"], []).append((line, row))
    yield from sized(found for name, rows in slices.items() for found in _key_slice(folder, name, rows))


def _key_slice(folder: Path, name: str, rows: list[_Row]) -> Iterator[Found]:
    def refused(reason: str) -> list[RefusedRow]:
        return [RefusedRow(line, name, reason) for line, _ in rows]

    def settled(header: PictureHeader) -> Iterator[Case | RefusedRow]:
        if header.mode not in _DEEP_MODES:
            raise Unusable("the picture has 8 bits, where DeepLesion's PNG hold HU + 32768 in 16: convert none")
        return settle(blank, (_mark(line, row, name, header.size) for line, row in rows))

    try:
        blank, stated = _blank(folder, name, rows[0][1])
    except Unusable as problem:
        yield from refused(problem.reason)
        return
    yield Unsized(blank, stated, settled, refused)


def _blank(folder: Path, name: str, row: dict[str, str]) -> tuple[Case, Size]:
    series, _, slice_name = relative_name(name).rpartition("_")
    if not series or "/" in name:
        raise Unusable("the name is not of the form 000001_01_01_109.png")
    key = f"Images_png/{series}/{slice_name}"
    width, height = (int(number) for number in numbers(row["Image_size"].split(","), 2))
    # The whole set has 928,020 slices and 32,120 key slices: two looks at each of these cost less than a listing.
    if (folder / key).is_symlink() or (folder / key).parent.is_symlink():
        raise Unusable("a link, and links out of the set's folder are not followed")
    low, high = numbers(row["DICOM_windows"].split(","), 2)
    if not low < high:
        raise Unusable(f"the window {row['DICOM_windows']} has no width")
    grey = GreyScale(HU_OFFSET, Window((low + high) / 2, high - low, function="linear_exact"))
    patient = row["Patient_index"]
    if not patient:
        raise Unusable("no Patient_index, which keeps a patient's slices on one side of the split")
    return Case(key, folder / key, (), patient, "CT", grey, _PROVENANCE), (width, height)


def _mark(line: int, row: dict[str, str], name: str, size: Size) -> Mark | RefusedRow:
    try:
        if row["Possibly_noisy"] not in ("0", "0.0"):
            raise Unusable("Possibly_noisy: the set itself doubts this annotation")
        number = int(numbers([row["Coarse_lesion_type"]], 1)[0])
        if number not in LESION_TYPES:
            raise Unusable(f"Coarse_lesion_type is {number}, not -1 or 1..8")
        x0, y0, x1, y1 = numbers(row["Bounding_boxes"].split(","), 4)
        return Mark(line, Finding(LESION_TYPES[number], box_from_pixels(x0, y0, x1, y1, size)))
    except Unusable as problem:
        return RefusedRow(line, name, problem.reason)
