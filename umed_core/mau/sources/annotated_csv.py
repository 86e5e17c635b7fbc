"""A table of normalised boxes: annotations.csv beside images/, as `mau.box_sets` reads it for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from umed_core.errors import MissingFile
from umed_core.images.wire import FileHeader
from umed_core.mau.box_sets import ImageOfTable, iter_box_set
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import Pictures, list_pictures, picture_header, read_headers, relative_name
from umed_core.mau.sources.marks import Size, Unusable, numbers

__all__ = ["LAYOUT", "read_csv"]

LAYOUT = "annotations.csv (image,width,height,class,x,y,w,h,patient_or_group_id,source,licence) beside images/"


def read_csv(path: Path) -> Iterator[Case | RefusedRow]:
    """Images in the order in which the table first names them; `path` is the folder or the table.

    Raises: MissingFile; DataError.
    """
    table = path if path.is_file() else path / "annotations.csv"
    if not table.is_file():
        raise MissingFile(f"{path} lacks annotations.csv.", f"Expected: {LAYOUT}.")
    folder = table.parent
    if not (folder / "images").is_dir():
        raise MissingFile(f"{folder} lacks images/.", f"Expected: {LAYOUT}.")
    pictures = list_pictures(folder / "images")

    for record in iter_box_set(table, "", lambda images: _why_not(images, pictures)):
        if isinstance(record, RefusedRow):
            yield record
        else:
            image = folder / record.image
            yield Case(record.image, image, record.findings, record.group, record.modality, None, record.provenance)


def _why_not(images: Sequence[ImageOfTable], pictures: Pictures) -> list[str]:
    """For each image why it cannot be used; their headers are read in one go."""
    reasons = [_why_not_there(image, pictures) for image in images]
    headers = iter(
        read_headers([pictures.root / image.name for image, why in zip(images, reasons, strict=True) if not why])
    )
    return [why or _why_unfit(image, next(headers)) for image, why in zip(images, reasons, strict=True)]


def _why_not_there(image: ImageOfTable, pictures: Pictures) -> str:
    try:
        return "" if relative_name(image.name) in pictures else "missing file"
    except Unusable as problem:
        return problem.reason


def _why_unfit(image: ImageOfTable, header: FileHeader | str) -> str:
    if isinstance(header, str):
        return header
    try:
        picture_header(header, _stated(image.width, image.height))
    except Unusable as problem:
        return problem.reason
    return ""


def _stated(width: str, height: str) -> Size | None:
    if not (width or height):
        return None
    w, h = numbers((width, height), 2)
    return int(w), int(h)
