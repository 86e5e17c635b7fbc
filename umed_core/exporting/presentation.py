"""A reading as a DICOM presentation state: boxes and their classes in PIXEL units over the image, in the window in force.

Grey images get a Grayscale, colour images a Color Softcopy Presentation State.
Source: PS3.3 A.33.1, A.33.2, C.10.5 (graphics), C.11.8 (VOI), C.11.6 (polarity).
"""

from __future__ import annotations

import copy
from typing import Any, cast

import numpy as np
from highdicom import PresentationLUTTransformation, pr
from pydicom.dataset import Dataset, FileDataset
from pydicom.valuerep import DSfloat

from umed_core.errors import DataError
from umed_core.exporting.authorship import (
    authorship,
    disclaimer,
    file_bytes,
    person_name,
    refused_by_the_library,
    tracking_uid,
)
from umed_core.exporting.codes import short_text
from umed_core.exporting.reading import ReadFinding, Reading
from umed_core.exporting.report import closed_outline
from umed_core.exporting.source import DicomSource, read_source
from umed_core.geometry import PixelBox
from umed_core.images.dicom_file import text_of
from umed_core.images.dicom_tags import frame_groups, numbers_of
from umed_core.images.medical_image import Window

__all__ = ["presentation_state"]

_BOXES = pr.GraphicLayer("UMED_FINDINGS", 1, "Findings of umed, research use only")
_NOTICE = pr.GraphicLayer("UMED_NOTICE", 2, "What the findings may be used for")
_GREY_MACROS = (("PixelValueTransformationSequence", "RescaleSlope"), ("FrameVOILUTSequence", "WindowCenter"))
_NOTICE_AREA = (0.02, 0.93, 0.98, 0.99)
_LABEL_HEIGHT = 0.05
_LABEL_WIDTH = 0.5


def presentation_state(reading: Reading) -> bytes:
    """The presentation state as a file.

    Raises: UnsupportedImage; CorruptImage; DataError where no finding is left to draw.
    """
    if not reading.reported:
        raise DataError(
            f"There is no finding to draw on {reading.image.name} ({reading.rejected_count} rejected).",
            "Export JSON to keep the rejections on record.",
        )
    source = read_source(reading)
    made = authorship(reading, source, "presentation", series_number=9902)
    is_color = reading.pixels.ndim == 3
    kind = pr.ColorSoftcopyPresentationState if is_color else pr.GrayscaleSoftcopyPresentationState
    with refused_by_the_library(reading):
        state = kind(
            referenced_images=[_with_frame_values(source)],
            content_label="UMED_FINDINGS",
            content_description="Findings of umed, research use only",
            content_creator_name=person_name(reading),
            graphic_annotations=[
                *(_annotation(finding, reading, source) for finding in reading.reported),
                _notice(reading, source),
            ],
            graphic_layers=[_BOXES, _NOTICE],
            **(_color() if is_color else _grey(reading, source.header)),
            **made,
        )
    _name_the_frame(state, source)
    _keep_the_pixels_shape(state, source)
    return file_bytes(state, reading)


def _annotation(finding: ReadFinding, reading: Reading, source: DicomSource) -> pr.GraphicAnnotation:
    """The box, and the class as the only text beside it."""
    box = reading.pixel_box(finding)
    tracking: dict[str, Any] = {"tracking_id": finding.name[:64], "tracking_uid": tracking_uid(finding, source)}
    graphic = pr.GraphicObject(
        pr.GraphicTypeValues.POLYLINE, closed_outline(box), pr.AnnotationUnitsValues.PIXEL, **tracking
    )
    text = pr.TextObject(
        short_text(finding.name, 1024),
        pr.AnnotationUnitsValues.PIXEL,
        bounding_box=_label_place(box, reading),
        text_justification=pr.TextJustificationValues.LEFT,
        **tracking,
    )
    return pr.GraphicAnnotation(
        [source.header],
        _BOXES,
        referenced_frame_number=source.reference.frame or None,
        graphic_objects=[graphic],
        text_objects=[text],
    )


def _label_place(box: PixelBox, reading: Reading) -> tuple[float, float, float, float]:
    """Above the box if there is room, else below it, else at the image's lower edge; left, top, right, bottom."""
    width, height = float(reading.width), float(reading.height)
    tall, wide = max(1.0, height * _LABEL_HEIGHT), max(1.0, width * _LABEL_WIDTH)
    left = max(0.0, min(box.x0, width - wide))
    top = box.y0 - tall if box.y0 >= tall else min(box.y1, height - tall)
    return left, max(0.0, top), min(width, left + wide), min(height, max(0.0, top) + tall)


def _notice(reading: Reading, source: DicomSource) -> pr.GraphicAnnotation:
    text = pr.TextObject(
        disclaimer(reading),
        pr.AnnotationUnitsValues.DISPLAY,
        bounding_box=_NOTICE_AREA,
        text_justification=pr.TextJustificationValues.LEFT,
    )
    frame = source.reference.frame or None
    return pr.GraphicAnnotation([source.header], _NOTICE, referenced_frame_number=frame, text_objects=[text])


def _with_frame_values(source: DicomSource) -> Dataset:
    """The header with rescale and window of the frame in question where highdicom looks for those of a multi-frame image."""
    header, groups, shared = copy.copy(source.header), _frame_items(source), Dataset()
    for sequence, keyword in _GREY_MACROS:
        stated = next((group for group in groups if text_of(group, keyword)), None)
        if stated is not None:
            setattr(shared, sequence, [stated])
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], []
    return header


def _frame_items(source: DicomSource) -> list[Dataset]:
    """What describes the frame, most specific first."""
    number = max(1, source.reference.frame)
    return frame_groups(cast(FileDataset, source.header), number)[number - 1]


def _grey(reading: Reading, header: Dataset) -> dict[str, Any]:
    """The window in force; without one highdicom copies the file's own.

    The state's polarity replaces the file's, so a MONOCHROME1 image has to be inverted here. Source: PS3.3 C.11.6.1.2.
    """
    is_inverted = (
        text_of(header, "PhotometricInterpretation") == "MONOCHROME1"
        or text_of(header, "PresentationLUTShape") == "INVERSE"
    )
    chosen: dict[str, Any] = {
        "presentation_lut_transformation": PresentationLUTTransformation("INVERSE" if is_inverted else "IDENTITY")
    }
    if reading.window is not None:
        chosen["voi_lut_transformations"] = [_voi(reading.window)]
    return chosen


def _voi(window: Window) -> pr.SoftcopyVOILUTTransformation:
    return pr.SoftcopyVOILUTTransformation(
        window_center=[DSfloat(window.center, auto_format=True)],
        window_width=[DSfloat(window.width, auto_format=True)],
        window_explanation=[short_text(window.name, 64)] if window.name else None,
        voi_lut_function=window.function.upper(),
    )


def _color() -> dict[str, Any]:
    from PIL import ImageCms

    # A colour image takes an input profile (PS3.3 C.11.15), which has the same form as a display's (ICC.1 8.3.3, 8.4.3).
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[12:16] = b"scnr"
    profile[24:36] = np.array((2000, 1, 1, 0, 0, 0), ">u2").tobytes()  # made anew each time: the date would differ
    profile[84:100] = bytes(16)  # no checksum
    return {"icc_profile": bytes(profile)}


def _name_the_frame(state: Dataset, source: DicomSource) -> None:
    """The frame in the list of images: the state speaks of it alone. Source: PS3.3 C.11.11."""
    if source.reference.frame:
        for series in state.ReferencedSeriesSequence:
            for image in series.ReferencedImageSequence:
                image.ReferencedFrameNumber = source.reference.frame


def _keep_the_pixels_shape(state: Dataset, source: DicomSource) -> None:
    """highdicom calls every pixel a square, and a viewer would squash an image of oblong ones. Source: PS3.3 C.10.4."""
    (area,) = state.DisplayedAreaSelectionSequence
    spacing = next((s for s in (numbers_of(g, "PixelSpacing") for g in _frame_items(source)) if len(s) == 2), ())
    aspect = numbers_of(source.header, "PixelAspectRatio")
    if spacing and min(spacing) > 0:
        area.PresentationPixelSpacing = [DSfloat(value, auto_format=True) for value in spacing]
        del area.PresentationPixelAspectRatio
    elif len(aspect) == 2 and min(aspect) > 0:
        area.PresentationPixelAspectRatio = [int(value) for value in aspect]
