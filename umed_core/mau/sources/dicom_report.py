"""Regions of a structured report (TID 1500 and CAD reports): each SCOORD with the finding that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from umed_core.images.dicom_file import text_of
from umed_core.images.dicom_tags import numbers_of
from umed_core.mau.box_sets import label_from_class
from umed_core.mau.cases import RefusedRow
from umed_core.mau.sources.dicom_shapes import DicomMark, box_around
from umed_core.mau.sources.marks import Unusable

__all__ = ["frame_numbers", "report_marks", "sequence_of"]

_FINDING_CODES = (("121071", "DCM"), ("111059", "DCM"))
"""Finding; Single Image Finding (CAD)."""

_MAX_DEPTH = 40


def report_marks(report: Dataset, document: str) -> Iterator[DicomMark | RefusedRow]:
    """Every region of the report; its class is the code meaning of the nearest Finding above or beside it."""
    yield from _walk(report, report, "", document, 0)


def _walk(item: Dataset, report: Dataset, label: str, document: str, depth: int) -> Iterator[DicomMark | RefusedRow]:
    if depth > _MAX_DEPTH:
        yield RefusedRow(0, document, f"content nested deeper than {_MAX_DEPTH} levels")
        return
    label = _finding_in(item) or label
    kind = text_of(item, "ValueType")
    if kind == "SCOORD3D":
        yield RefusedRow(0, document, "a region in patient space (SCOORD3D): write it as SCOORD on its images")
    elif kind == "SCOORD":
        try:
            yield _mark(item, report, label, document)
        except Unusable as problem:
            yield RefusedRow(0, document, problem.reason)
    for child in _children(item):
        yield from _walk(child, report, label, document, depth + 1)


def _finding_in(item: Dataset) -> str:
    """The class that an item states: itself a Finding, or the parent of one."""
    for stated in (item, *_children(item)):
        if text_of(stated, "ValueType") == "CODE":
            codes = sequence_of(stated, "ConceptNameCodeSequence")
            if (
                codes
                and (text_of(codes[0], "CodeValue"), text_of(codes[0], "CodingSchemeDesignator")) in _FINDING_CODES
            ):
                values = sequence_of(stated, "ConceptCodeSequence")
                return label_from_class(text_of(values[0], "CodeMeaning")) if values else ""
    return ""


def _mark(item: Dataset, report: Dataset, label: str, document: str) -> DicomMark:
    if not label:
        raise Unusable("a region without a finding code")
    if text_of(item, "PixelOriginInterpretation") == "VOLUME":
        raise Unusable("a region in the total pixel matrix of a tiled image")
    images = [_resolved(child, report) for child in _children(item)]
    references = [r for image in images for r in sequence_of(image, "ReferencedSOPSequence")]
    if len(references) != 1:
        raise Unusable(f"a region that refers to {len(references)} images, not one")
    box = box_around(text_of(item, "GraphicType"), numbers_of(item, "GraphicData"))
    uid = text_of(references[0], "ReferencedSOPInstanceUID")
    return DicomMark(document, uid, frame_numbers(references[0]), label, box)


def frame_numbers(reference: Dataset) -> tuple[int, ...]:
    """ReferencedFrameNumber, from 1; empty where a reference means the whole image."""
    return tuple(int(number) for number in numbers_of(reference, "ReferencedFrameNumber"))


def _resolved(child: Dataset, report: Dataset) -> Dataset:
    """The item itself, or the one that it points to by position in the tree (PS3.3 C.17.3.2.5)."""
    path = [int(number) for number in numbers_of(child, "ReferencedContentItemIdentifier")]
    if not path:
        return child
    found = report
    for number in path[1:]:
        below = _children(found)
        if not 1 <= number <= len(below):
            raise Unusable("a region that points to no item of the report")
        found = below[number - 1]
    return found


def _children(item: Dataset) -> Sequence[Dataset]:
    return sequence_of(item, "ContentSequence")


def sequence_of(item: Dataset, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence; none where it is absent or damaged."""
    value = item.get(keyword)
    return [each for each in value if isinstance(each, Dataset)] if isinstance(value, Sequence) else []
