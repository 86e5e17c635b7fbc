"""COCO detection JSON: a file, or a folder that holds one; pictures beside it, in images/, or wherever their name is found.

Only what a box needs is decoded: segmentations and captions are skipped while parsing. An image without an annotation counts
as one without abnormality, as COCO means it; a crowd (`iscrowd`) is no single finding and is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from umed_core.errors import DataError, MissingFile
from umed_core.mau.box_sets import group_from_name, label_from_class, modality_of
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import PictureHeader, Pictures, list_pictures, read_bounded
from umed_core.mau.sources.marks import Mark, Size, Unusable, box_from_pixels, settle
from umed_core.mau.sources.sized import Found, Unsized, sized
from umed_core.records import Finding

__all__ = [
    "JSON_FAILURES",
    "LAYOUT",
    "CocoImage",
    "CocoSet",
    "accept_unannotated",
    "coco_cases",
    "load_coco",
    "read_coco",
]

LAYOUT = "a COCO .json with images, annotations and categories, and its pictures beside it or in images/"

MAX_JSON_BYTES = 256 << 20
JSON_FAILURES = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_JSON_FOLDERS = ("", "annotations", "annotations/json")


class CocoImage(msgspec.Struct, frozen=True):
    """One entry of `images`; sizes are 0 where it states none."""

    id: int | str
    file_name: str
    width: int = 0
    height: int = 0
    license: int | str = ""


class _Annotation(msgspec.Struct, frozen=True):
    image_id: int | str
    category_id: int
    bbox: tuple[float, float, float, float]
    id: int | str = ""
    iscrowd: int = 0


class _ImageOf(msgspec.Struct, frozen=True):
    image_id: int | str


class _Category(msgspec.Struct, frozen=True):
    id: int
    name: str


class _License(msgspec.Struct, frozen=True):
    id: int | str
    name: str = ""


class _File(msgspec.Struct, frozen=True):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw] = []
    categories: list[_Category] = []
    licenses: list[_License] = []


@dataclass(frozen=True)
class CocoSet:
    """A parsed file; `annotations` by image id, `unreadable` those of which not even the image is known."""

    images: tuple[CocoImage | RefusedRow, ...]
    annotations: dict[int | str, list[_Annotation | RefusedRow]]
    unreadable: tuple[RefusedRow, ...]
    labels: dict[int, str]
    licences: dict[int | str, str]


def read_coco(path: Path) -> Iterator[Case | RefusedRow]:
    """Images in the order of the file. Raises: MissingFile; DataError."""
    table = path if path.is_file() else _only_json(path)
    root = path if path.is_dir() else table.parent
    if path.is_file() and root.name == "annotations":
        root = root.parent
    coco = load_coco(table)
    kinds = {modality_of(label) for label in coco.labels.values()} - {""}
    modality = kinds.pop() if len(kinds) == 1 else ""
    yield from coco_cases(coco, list_pictures(root), ("", "images"), modality, accept_unannotated)


def accept_unannotated(_image: CocoImage) -> str:
    """ "", for: an image that no annotation names is one without abnormality."""
    return ""


def load_coco(table: Path) -> CocoSet:
    """A file's images, and its annotations by image. Raises: MissingFile; DataError."""
    try:
        parsed = msgspec.json.decode(read_bounded(table, MAX_JSON_BYTES), type=_File)
    except JSON_FAILURES as problem:
        raise DataError(f"{table} is no COCO file: {problem}.", f"Expected: {LAYOUT}.") from problem
    annotations: dict[int | str, list[_Annotation | RefusedRow]] = {}
    unreadable = []
    for number, raw in enumerate(parsed.annotations, 1):
        image_id, annotation = _annotation(raw, number)
        if image_id is None:
            unreadable.append(annotation)
        else:
            annotations.setdefault(image_id, []).append(annotation)
    return CocoSet(
        tuple(_image(raw, number) for number, raw in enumerate(parsed.images, 1)),
        annotations,
        tuple(row for row in unreadable if isinstance(row, RefusedRow)),
        {category.id: label_from_class(category.name) for category in parsed.categories},
        {licence.id: licence.name for licence in parsed.licenses},
    )


def coco_cases(
    coco: CocoSet,
    pictures: Pictures,
    folders: tuple[str, ...],
    modality: str,
    why_not_normal: Callable[[CocoImage], str],
    source: str = "",
) -> Iterator[Case | RefusedRow]:
    """Each image of the file with its boxes, then annotations of no known image.

    `why_not_normal` gives the reason to refuse an image without annotation, "" to take it as one without abnormality.
    """
    yield from sized(_found(coco, pictures, folders, modality, why_not_normal, source))


def _found(
    coco: CocoSet,
    pictures: Pictures,
    folders: tuple[str, ...],
    modality: str,
    why_not_normal: Callable[[CocoImage], str],
    source: str,
) -> Iterator[Found]:
    yield from coco.unreadable
    uses = Counter(image.id for image in coco.images if isinstance(image, CocoImage))
    seen: set[str] = set()
    for image in coco.images:
        if isinstance(image, RefusedRow):
            yield image
            continue
        annotations = coco.annotations.get(image.id, [])
        try:
            blank = _blank(image, pictures, folders, modality, _provenance(image, coco, source))
            if uses[image.id] > 1:
                raise Unusable(f"image id {image.id!r} is given to {uses[image.id]} images")
            if blank.key in seen:
                raise Unusable("the same picture twice in the list of images")
            seen.add(blank.key)
            if reason := "" if annotations else (_doubt(coco) or why_not_normal(image)):
                raise Unusable(reason)
        except Unusable as problem:
            yield RefusedRow(0, image.file_name, _with_count(problem.reason, len(annotations)))
            continue
        yield _waiting(blank, image, annotations, coco.labels) if annotations else blank
    for image_id, annotations in coco.annotations.items():
        if image_id not in uses:
            yield RefusedRow(0, "", f"{len(annotations)} annotation(s) of image id {image_id!r}, which no image has")


def _waiting(
    blank: Case, image: CocoImage, annotations: list[_Annotation | RefusedRow], labels: dict[int, str]
) -> Unsized:
    def settled(header: PictureHeader) -> Iterator[Case | RefusedRow]:
        return settle(blank, (_mark(a, image.file_name, header.size, labels) for a in annotations))

    def refused(reason: str) -> Iterator[RefusedRow]:
        yield RefusedRow(0, image.file_name, _with_count(reason, len(annotations)))

    return Unsized(blank, _stated(image), settled, refused)


def _only_json(folder: Path) -> Path:
    found = sorted(path for place in _JSON_FOLDERS for path in (folder / place).glob("*.json"))
    if not found:
        raise MissingFile(f"{folder} holds no .json file.", f"Expected: {LAYOUT}.")
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:4])
        raise DataError(f"{folder} holds {len(found)} JSON files ({names}).", "Give the path of the one to read.")
    return found[0]


def _image(raw: msgspec.Raw, number: int) -> CocoImage | RefusedRow:
    try:
        return msgspec.json.decode(raw, type=CocoImage)
    except JSON_FAILURES as problem:
        return RefusedRow(0, "", f"entry {number} of images: {problem}")


def _annotation(raw: msgspec.Raw, number: int) -> tuple[int | str | None, _Annotation | RefusedRow]:
    try:
        annotation = msgspec.json.decode(raw, type=_Annotation)
        return annotation.image_id, annotation
    except JSON_FAILURES as problem:
        reason = f"entry {number} of annotations: {problem}"
    try:
        return msgspec.json.decode(raw, type=_ImageOf).image_id, RefusedRow(0, "", reason)
    except JSON_FAILURES:
        return None, RefusedRow(0, "", reason)


def _blank(
    image: CocoImage, pictures: Pictures, folders: tuple[str, ...], modality: str, provenance: dict[str, str]
) -> Case:
    path = pictures.find(image.file_name, folders)
    return Case(path, pictures.root / path, (), group_from_name(path), modality, None, provenance)


def _provenance(image: CocoImage, coco: CocoSet, source: str) -> dict[str, str]:
    stated = {"source": source, "licence": coco.licences.get(image.license, "")}
    return {key: value for key, value in stated.items() if value}


def _stated(image: CocoImage) -> Size | None:
    return (image.width, image.height) if image.width and image.height else None


def _doubt(coco: CocoSet) -> str:
    """Why no image can count as normal: an annotation that cannot be read may have been its own."""
    return "without annotation, but the file has annotations that cannot be read" if coco.unreadable else ""


def _with_count(reason: str, annotations: int) -> str:
    return f"{reason} ({annotations} annotations)" if annotations > 1 else reason


def _mark(annotation: _Annotation | RefusedRow, name: str, size: Size, labels: dict[int, str]) -> Mark | RefusedRow:
    if isinstance(annotation, RefusedRow):
        return RefusedRow(0, name, annotation.reason)
    try:
        if annotation.iscrowd:
            raise Unusable("a crowd (iscrowd), which is no single finding")
        if annotation.category_id not in labels:
            raise Unusable(f"category {annotation.category_id} is not in the list of categories")
        x, y, w, h = annotation.bbox
        return Mark(0, Finding(labels[annotation.category_id], box_from_pixels(x, y, x + w, y + h, size)))
    except Unusable as problem:
        return RefusedRow(0, name, f"annotation {annotation.id!r}: {problem.reason}")
