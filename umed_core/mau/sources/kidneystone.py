"""KidneyStone (TEZ_ROI_AUG v3 of Roboflow): train, valid and test folders of images/ beside labels/, one class.

Its data.yaml is a cell of a notebook, so the class is named here. File names begin with the slice's DICOM UID, which two
augmented copies share: that is the group.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from umed_core.errors import MissingFile
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import is_picture, list_pictures
from umed_core.mau.sources.yolo import yolo_cases

__all__ = ["LAYOUT", "read_kidneystone"]

LAYOUT = "train/images beside train/labels, and the same in valid/ and test/"

_PARTS = ("train", "valid", "val", "test")
_PROVENANCE = {"source": "TEZ_ROI_AUG v3 (Roboflow Universe)", "licence": "CC BY 4.0"}


def read_kidneystone(folder: Path) -> Iterator[Case | RefusedRow]:
    """Pictures in the order of their paths. Raises: MissingFile."""
    pictures = list_pictures(folder)
    places = tuple(f"{part}/images/" for part in _PARTS)
    paths = [path for path in pictures.paths if path.startswith(places) and is_picture(path)]
    if not paths:
        raise MissingFile(f"{folder} has no train/images.", f"Expected: {LAYOUT}.")
    yield from yolo_cases(pictures, paths, {0: "kidney stone"}, "CT", _PROVENANCE)
