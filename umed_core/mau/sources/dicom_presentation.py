"""Graphics of a presentation state (GSPS), in PIXEL or DISPLAY units, named by the text that stands beside them.

The text is free and may name a person, so only a text that is one of umed's own classes becomes a label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from umed_core.images.dicom_file import int_of, text_of
from umed_core.images.dicom_tags import numbers_of
from umed_core.mau.box_sets import label_from_class
from umed_core.mau.cases import RefusedRow
from umed_core.mau.knowledge import CLASSES
from umed_core.mau.sources.dicom_report import frame_numbers, sequence_of
from umed_core.mau.sources.dicom_shapes import DicomMark, box_around
from umed_core.mau.sources.marks import Unusable

__all__ = ["presentation_marks"]


def presentation_marks(state: Dataset, document: str) -> Iterator[DicomMark | RefusedRow]:
    """Every graphic object, once for each image that it lies on."""
    for annotation in sequence_of(state, "GraphicAnnotationSequence"):
        if sequence_of(annotation, "CompoundGraphicSequence"):
            yield RefusedRow(0, document, "a compound graphic, which is not read: its plain copy is")
        for graphic in sequence_of(annotation, "GraphicObjectSequence"):
            try:
                yield from _on_images(graphic, annotation, state, document)
            except Unusable as problem:
                yield RefusedRow(0, document, problem.reason)


def _on_images(graphic: Dataset, annotation: Dataset, state: Dataset, document: str) -> Iterator[DicomMark]:
    label = _label(annotation)
    references = _references(annotation, state)
    if not references:
        raise Unusable("a graphic that refers to no image")
    data, kind = numbers_of(graphic, "GraphicData"), text_of(graphic, "GraphicType")
    for reference in references:
        uid = text_of(reference, "ReferencedSOPInstanceUID")
        box = box_around(kind, _in_pixels(data, text_of(graphic, "GraphicAnnotationUnits"), uid, state))
        yield DicomMark(document, uid, frame_numbers(reference), label, box)


def _label(annotation: Dataset) -> str:
    texts = {text_of(text, "UnformattedTextValue") for text in sequence_of(annotation, "TextObjectSequence")} - {""}
    if len(texts) != 1:
        raise Unusable(f"a graphic with {len(texts)} texts beside it, not one that names its class")
    label = label_from_class(texts.pop())
    if label not in CLASSES:
        raise Unusable(f"its text {label[:40]!r} is no class that umed knows, and free text may name a person")
    return label


def _references(annotation: Dataset, state: Dataset) -> Sequence[Dataset]:
    own = sequence_of(annotation, "ReferencedImageSequence")
    if own:
        return own
    return [
        image
        for series in sequence_of(state, "ReferencedSeriesSequence")
        for image in sequence_of(series, "ReferencedImageSequence")
    ]


def _in_pixels(data: Sequence[float], units: str, uid: str, state: Dataset) -> Sequence[float]:
    """Coordinates in image pixels. Source: PS3.3 C.10.5.1.2; DISPLAY is a fraction of the displayed area."""
    if units == "PIXEL":
        return data
    if units != "DISPLAY":
        raise Unusable(f"a graphic in {units or 'no'} units, where PIXEL and DISPLAY are read")
    if int_of(state, "ImageRotation") % 360 or text_of(state, "ImageHorizontalFlip") == "Y":
        raise Unusable(
            "a graphic in DISPLAY units of an image that is shown turned or mirrored: draw it in PIXEL units"
        )
    left, top, right, bottom = _displayed_area(uid, state)
    spans = ((left, right - left), (top, bottom - top))
    return [spans[i % 2][0] + value * spans[i % 2][1] for i, value in enumerate(data)]


def _displayed_area(uid: str, state: Dataset) -> tuple[float, float, float, float]:
    """Pixel edges of the area shown; its corners name pixels from 1, the last one included (PS3.3 C.10.4)."""
    for area in sequence_of(state, "DisplayedAreaSelectionSequence"):
        named = [text_of(i, "ReferencedSOPInstanceUID") for i in sequence_of(area, "ReferencedImageSequence")]
        first = numbers_of(area, "DisplayedAreaTopLeftHandCorner")
        last = numbers_of(area, "DisplayedAreaBottomRightHandCorner")
        if (not named or uid in named) and len(first) == len(last) == 2:
            return first[0] - 1, first[1] - 1, last[0], last[1]
    raise Unusable("a graphic in DISPLAY units without a displayed area")
