"""Where the model looked while it wrote one word, as a DICOM Parametric Map on the pixels of the source frame.

Each pixel holds the weight of the cell that its centre lies in, as float32, and the map has the frame's own size and place in
the patient: a viewer may align the two by pixels or by position.
Source: PS3.3 A.75, C.8.32, C.7.6.16.2.11.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import cast

import numpy as np
from highdicom import VOILUTTransformation, pm
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sr.codedict import codes

from umed_core.errors import UnsupportedImage
from umed_core.exporting.authorship import (
    authorship,
    coded,
    derived_uid,
    disclaimer,
    file_bytes,
    person_name,
    refused_by_the_library,
)
from umed_core.exporting.codes import own_term, short_text
from umed_core.exporting.reading import AttentionMap, Reading
from umed_core.exporting.source import DicomSource, read_source
from umed_core.images.dicom_file import text_of
from umed_core.images.dicom_tags import frame_groups

__all__ = ["attention_on_pixels", "parametric_map"]

_PLACE = ("FrameOfReferenceUID", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")


def parametric_map(reading: Reading, shown: AttentionMap) -> bytes:
    """The map of one word of the reading as a file.

    Raises: UnsupportedImage, also for a frame without a place in the patient (a plain X-ray, an endoscopy); CorruptImage;
        DataError where the reading does not fit its file.
    """
    source = read_source(reading)
    frame = _frame_header(source)
    _check_place(frame, reading)
    values = attention_on_pixels(shown, reading.width, reading.height)
    made = authorship(replace(reading, attention=(shown,)), source, "attention", series_number=9903)
    with refused_by_the_library(reading):
        result = pm.ParametricMap(
            source_images=[frame],
            pixel_array=values,
            contains_recognizable_visual_features=False,
            real_world_value_mappings=[_meaning(shown, values)],
            voi_lut_transformations=[_full_range(values)],
            content_label="UMED_ATTENTION",
            content_description=short_text(f"Attention while writing: {shown.word}", 64),
            content_creator_name=person_name(reading),
            **made,
        )
    result.SeriesDescription = short_text(f"umed attention, research use only: {shown.word}", 64)
    result.ImageComments = disclaimer(reading)
    _name_the_frame(result, source)
    _settle_the_dimension(result)
    return file_bytes(result, reading)


def attention_on_pixels(shown: AttentionMap, width: int, height: int) -> NDArray[np.float32]:
    """The weight of the cell under each pixel's centre. Shapes: returns (height, width)."""
    weights = shown.weights
    rows = (np.arange(height) + 0.5) * weights.shape[0] / height
    columns = (np.arange(width) + 0.5) * weights.shape[1] / width
    spread: NDArray[np.float32] = weights[rows.astype(int)[:, None], columns.astype(int)[None, :]].astype(np.float32)
    return spread


def _frame_header(source: DicomSource) -> Dataset:
    """The source frame as an image of its own: an enhanced multi-frame image is cut down to its groups of that frame."""
    header = copy.copy(source.header)
    if source.reference.frame:
        header.NumberOfFrames = 1
        if "PerFrameFunctionalGroupsSequence" in header:
            frames = header.PerFrameFunctionalGroupsSequence
            header.PerFrameFunctionalGroupsSequence = frames[source.reference.frame - 1 : source.reference.frame]
    return header


def _check_place(frame: Dataset, reading: Reading) -> None:
    """Raises: UnsupportedImage for a frame that lies nowhere in the patient: a parametric map has to (PS3.3 A.75.3)."""
    groups = frame_groups(cast(FileDataset, frame), 1)[0]
    missing = [keyword for keyword in _PLACE if not any(text_of(group, keyword) for group in groups)]
    if missing:
        raise UnsupportedImage(
            f"{reading.image.name} states no {missing[0]}, and a DICOM parametric map needs a place in the patient.",
            "Export the attention as PNG or JSON instead.",
        )


def _meaning(shown: AttentionMap, values: NDArray[np.float32]) -> pm.RealWorldValueMapping:
    return pm.RealWorldValueMapping(
        lut_label=short_text(shown.word, 16) or "attention",
        lut_explanation=short_text(f"Attention weight of the cell, while writing: {shown.word}", 64),
        unit=codes.UCUM.NoUnits,
        value_range=(float(values.min()), float(values.max())),
        slope=1.0,
        intercept=0.0,
        quantity_definition=coded(own_term("Attention weight")),
    )


def _full_range(values: NDArray[np.float32]) -> VOILUTTransformation:
    low, high = float(values.min()), float(values.max())
    width = (high - low) or 1.0  # an even map is shown black
    return VOILUTTransformation(
        window_center=_decimal(low + width / 2), window_width=_decimal(width), voi_lut_function="LINEAR_EXACT"
    )


def _decimal(value: float) -> float:
    """`value` in at most 16 characters, as a decimal string holds (PS3.5 6.2)."""
    return float(f"{value:.8g}")


def _name_the_frame(result: Dataset, source: DicomSource) -> None:
    """The frame in every reference to the source. Source: PS3.3 10.3."""
    if not source.reference.frame:
        return
    for frame in result.PerFrameFunctionalGroupsSequence:
        for derivation in frame.get("DerivationImageSequence", []):
            for image in derivation.SourceImageSequence:
                image.ReferencedFrameNumber = source.reference.frame


def _settle_the_dimension(result: Dataset) -> None:
    """highdicom draws the dimension's UID anew each time; ours follows from the object's."""
    uid = derived_uid(b"dimension", result.SOPInstanceUID.encode())
    for item in (*result.DimensionOrganizationSequence, *result.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid
