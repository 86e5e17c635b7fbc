"""TBX11K: COCO JSON in annotations/json (preferred), else VOC XML in annotations/xml; pictures in imgs/<part>/.

Part decides what a picture without annotation means: those of imgs/health are stated to be healthy and become cases without
finding; imgs/sick is ill with something else, imgs/extra and imgs/test are not described, so both are refused. The XML keep the
coordinates of the original radiographs while the published pictures are 512 x 512, so here, and only here, boxes are taken as
shares of the size that the XML states. "PulmonaryTuberculosis" is the set's uncertain class: active or obsolete is not known,
tuberculosis is, and one label covers all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from umed_core.errors import MissingFile
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.coco import CocoImage, coco_cases, load_coco
from umed_core.mau.sources.files import Pictures, is_picture, list_pictures
from umed_core.mau.sources.marks import Unusable, settle
from umed_core.mau.sources.voc import read_voc_page, voc_marks

__all__ = ["LAYOUT", "read_tbx11k"]

LAYOUT = "annotations/json/all_trainval.json (or annotations/xml/*.xml) beside imgs/tb, imgs/health ..."

_WHOLE = ("all_trainval.json", "TBX11K_trainval.json")
"""Files that hold train and validation together; the others repeat them."""

_MODALITY = "chest X-ray"
_PROVENANCE = {"source": "TBX11K"}

_NOT_NORMAL = {
    "health": "",
    "sick": "sick with something other than tuberculosis, and the set draws no box for it",
    "tb": "tuberculosis without a box",
    "extra": "no annotation, and the set does not say that it is healthy",
    "test": "part of the set's own test, whose annotations are not published",
}


def read_tbx11k(folder: Path) -> Iterator[Case | RefusedRow]:
    """Images in the order of the JSON, or XML by name and then the other pictures. Raises: MissingFile; DataError."""
    tables = _json_files(folder / "annotations" / "json")
    pages = sorted((folder / "annotations" / "xml").glob("*.xml"))
    if not tables and not pages:
        raise MissingFile(f"{folder} has no annotations of TBX11K.", f"Expected: {LAYOUT}.")
    pictures = list_pictures(folder)
    if tables:
        for table in tables:
            yield from coco_cases(load_coco(table), pictures, ("imgs",), _MODALITY, _unannotated, "TBX11K")
    else:
        yield from _from_xml(pages, pictures)


def _json_files(folder: Path) -> list[Path]:
    for name in _WHOLE:
        if (folder / name).is_file():
            return [folder / name]
    return sorted(path for path in folder.glob("*.json") if "_test" not in path.stem)


def _unannotated(image: CocoImage) -> str:
    return why_not_healthy(image.file_name)


def why_not_healthy(path: str) -> str:
    """Why a picture without annotation is no healthy one; "" if its folder says that it is."""
    return _NOT_NORMAL.get(path.removeprefix("imgs/").partition("/")[0], _NOT_NORMAL["extra"])


def _from_xml(pages: list[Path], pictures: Pictures) -> Iterator[Case | RefusedRow]:
    annotated: set[str] = set()
    for page in pages:
        # "tb0019" names no suffix, and the picture is its namesake.
        key = next((path for path in pictures.of_stem(page.stem) if path.startswith("imgs/")), "")
        annotated.add(key)
        try:
            said = read_voc_page(page)
            if not key:
                raise Unusable("missing file")
            if said.size is None:
                raise Unusable("the XML states no size, and its boxes are in pixels of the original radiograph")
            if not said.objects and (reason := why_not_healthy(key)):
                raise Unusable(reason)
        except Unusable as problem:
            yield RefusedRow(0, key or page.name, problem.reason)
            continue
        yield from settle(_blank(key, pictures), voc_marks(said, said.size, key))
    for path in pictures.paths:
        if path.startswith("imgs/") and is_picture(path) and path not in annotated:
            reason = why_not_healthy(path)
            yield RefusedRow(0, path, reason) if reason else _blank(path, pictures)


def _blank(key: str, pictures: Pictures) -> Case:
    return Case(key, pictures.root / key, (), Path(key).stem, _MODALITY, None, _PROVENANCE)
