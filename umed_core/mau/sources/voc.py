"""Pascal VOC: one XML a picture, in Annotations/ beside JPEGImages/, or anywhere in the folder with its picture.

VOC counts pixels from 1 and names the last one, so xmin..xmax spans xmin - 1 .. xmax in pixel edges. A picture whose XML has no
object is one without abnormality; a picture without XML is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from umed_core.errors import DataError, MissingFile
from umed_core.geometry import NormalizedBox
from umed_core.mau.box_sets import group_from_name, label_from_class, modality_of
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import PictureHeader, Pictures, is_picture, list_pictures, read_bounded
from umed_core.mau.sources.marks import Mark, Size, Unusable, box_from_pixels, numbers, settle
from umed_core.mau.sources.sized import Found, Unsized, sized
from umed_core.records import Finding

__all__ = ["LAYOUT", "VocObject", "VocPage", "read_voc", "read_voc_page", "voc_marks"]

LAYOUT = "Annotations/*.xml beside JPEGImages/"

MAX_XML_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class VocObject:
    """One <object>: its class, and xmin, ymin, xmax, ymax as written."""

    name: str
    corners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VocPage:
    """What one XML says; `size` is None where it states none."""

    file_name: str
    size: Size | None
    objects: tuple[VocObject, ...]


def read_voc(folder: Path) -> Iterator[Case | RefusedRow]:
    """XML files in the order of their paths, then pictures without one. Raises: MissingFile."""
    pictures = list_pictures(folder)
    pages = [path for path in pictures.paths if path.lower().endswith(".xml")]
    if not pages:
        raise MissingFile(f"{folder} holds no XML file.", f"Expected: {LAYOUT}.")
    yield from sized(_found(folder, pages, pictures))


def _found(folder: Path, pages: list[str], pictures: Pictures) -> Iterator[Found]:
    seen: set[str] = set()
    for page in pages:
        try:
            said = read_voc_page(folder / page)
            key = _picture_of(page, said.file_name, pictures)
            if key in seen:
                raise Unusable("a second XML for the same picture")
            seen.add(key)
        except Unusable as problem:
            yield RefusedRow(0, page, problem.reason)
            seen.update(_namesake(page, pictures))
            continue
        labels = [label_from_class(marked.name) for marked in said.objects]
        modality = next((modality_of(label) for label in labels if modality_of(label)), "")
        blank = Case(key, folder / key, (), group_from_name(key), modality)
        yield _waiting(blank, page, said) if said.objects else blank
    for path in pictures.paths:
        if is_picture(path) and path not in seen:
            yield RefusedRow(0, path, "no XML for this picture; one without <object> would state no abnormality")


def _waiting(blank: Case, page: str, said: VocPage) -> Unsized:
    def settled(header: PictureHeader) -> Iterator[Case | RefusedRow]:
        return settle(blank, voc_marks(said, header.size, blank.key))

    return Unsized(blank, said.size, settled, lambda reason: [RefusedRow(0, page, reason)])


def read_voc_page(path: Path) -> VocPage:
    """The content of one XML; a document type, which could define entities, is refused unread. Raises: Unusable."""
    try:
        root = ElementTree.fromstring(
            read_bounded(path, MAX_XML_BYTES), parser=ElementTree.XMLParser(target=_WithoutDoctype())
        )
    except (DataError, MissingFile) as problem:
        raise Unusable("an XML that cannot be read or is too large") from problem
    except (ElementTree.ParseError, LookupError, ValueError) as problem:
        raise Unusable(f"no XML: {problem}") from problem
    width, height = (root.findtext(f"size/{side}", "").strip() for side in ("width", "height"))
    return VocPage(
        root.findtext("filename", "").strip(), _size(width, height), tuple(_object(o) for o in root.iter("object"))
    )


def voc_marks(page: VocPage, size: Size, name: str) -> Iterator[Mark | RefusedRow]:
    """The objects of one XML on a picture of `size`."""
    for number, marked in enumerate(page.objects, 1):
        try:
            if not marked.name:
                raise Unusable("a box without a class")
            yield Mark(0, Finding(label_from_class(marked.name), _box(marked.corners, size)))
        except Unusable as problem:
            yield RefusedRow(0, name, f"object {number}: {problem.reason}")


class _WithoutDoctype(ElementTree.TreeBuilder):
    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise Unusable("the XML has a document type, which annotations do not need and an attack does")


def _object(element: ElementTree.Element) -> VocObject:
    corners = tuple(element.findtext(f"bndbox/{side}", "") for side in ("xmin", "ymin", "xmax", "ymax"))
    return VocObject(element.findtext("name", "").strip(), corners)


def _size(width: str, height: str) -> Size | None:
    if not (width or height):
        return None
    w, h = numbers((width, height), 2)
    return (int(w), int(h)) if w >= 1 and h >= 1 else None


def _box(corners: tuple[str, ...], size: Size) -> NormalizedBox:
    x0, y0, x1, y1 = numbers(corners, 4)
    if x0 > x1 or y0 > y1:
        raise Unusable("a box without area")
    # Many programs count from 0 instead; the 0 that gives them away is the edge of the picture.
    left, top = (max(low - 1, min(low, 0.0)) for low in (x0, y0))
    return box_from_pixels(left, top, x1, y1, size)


def _picture_of(page: str, file_name: str, pictures: Pictures) -> str:
    """The picture an XML is about: by the name it states, else its namesake."""
    folder = PurePosixPath(page).parent
    if file_name:
        beside = (str(folder), str(folder.parent / "JPEGImages"), str(folder.parent / "images"))
        try:
            return pictures.find(file_name, tuple("" if place == "." else place for place in beside))
        except Unusable as problem:
            if problem.reason != "missing file":
                raise
    namesakes = _namesake(page, pictures)
    if len(namesakes) != 1:
        raise Unusable("missing file" if not namesakes else "several pictures have the name of this XML")
    return namesakes[0]


def _namesake(page: str, pictures: Pictures) -> list[str]:
    return pictures.of_stem(PurePosixPath(page).stem)
