"""A table of normalised boxes: annotations.csv beside images/, as `mau.box_sets` reads it for training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from umed_core.errors import MissingFile
from umed_core.mau.box_sets import iter_box_set
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import agreed_size, list_pictures, relative_name
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

    def why_not(image: str, width: str, height: str) -> str:
        try:
            if relative_name(image) not in pictures:
                raise Unusable("missing file")
            agreed_size(pictures.root / image, _stated(width, height))
        except Unusable as problem:
            return problem.reason
        return ""

    for record in iter_box_set(table, "", why_not):
        if isinstance(record, RefusedRow):
            yield record
        else:
            image = folder / record.image
            yield Case(record.image, image, record.findings, record.group, record.modality, None, record.provenance)


def _stated(width: str, height: str) -> Size | None:
    if not (width or height):
        return None
    w, h = numbers((width, height), 2)
    return int(w), int(h)
