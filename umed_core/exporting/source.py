"""The DICOM file that a reading is about: its header, complete enough to be referred to."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    VLEndoscopicImageStorage,
    VLMicroscopicImageStorage,
    VLPhotographicImageStorage,
)

from umed_core.errors import CorruptImage, DataError, UmedError, UnsupportedImage
from umed_core.exporting.reading import ImageReference, Reading
from umed_core.images.dicom_file import DAMAGED, DICOM_FAILURES, end_of_meta, int_of, one_line, read_dataset, text_of
from umed_core.images.limits import DecodeLimits
from umed_core.images.open_image import open_bytes
from umed_core.images.sandbox import borrowed_decoder

__all__ = ["DicomSource", "check_frame_can_be_named", "find_reference", "is_dicom", "read_source"]

_IDENTITY = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
_MAY_BE_EMPTY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""Type 2 in the Patient and General Study modules, which every object of a study repeats (PS3.3 C.7.1.1, C.7.2.1)."""
_SINGLE_FRAME = (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    MRImageStorage,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    VLEndoscopicImageStorage,
    VLMicroscopicImageStorage,
    VLPhotographicImageStorage,
)
"""Composite objects without a Multi-frame module, of the modalities that umed reads (PS3.3 A.1.4)."""
_HEAD_BYTES = 64 * 1024
_OTHER_FORMS = "Export it as JSON, COCO or PNG instead."


@dataclass(frozen=True, slots=True)
class DicomSource:
    """The header without pixels, and the reference that an export makes."""

    header: Dataset
    reference: ImageReference


def is_dicom(reading: Reading) -> bool:
    """Whether the reading's file is DICOM, by its content. Raises: InputError."""
    with borrowed_decoder(DecodeLimits()) as decoder:
        (header,) = decoder.headers([reading.image])
    if isinstance(header, UmedError):
        raise header
    return header.kind == "dicom"


def read_source(reading: Reading) -> DicomSource:
    """The header of the reading's file.

    Raises: UnsupportedImage for a file that DICOM objects cannot refer to; CorruptImage; DataError where the reading does
        not fit the file.
    """
    name = reading.image.name
    if not is_dicom(reading):
        raise UnsupportedImage(
            f"{name} is no DICOM file, and a DICOM report has to name the study and the image that it speaks of.",
            _OTHER_FORMS,
        )
    header = _header(reading)
    missing = [keyword for keyword in _IDENTITY if not text_of(header, keyword)]
    if missing:
        raise UnsupportedImage(f"{name} states no {missing[0]}, so no report can refer to it.", _OTHER_FORMS)
    if "TotalPixelMatrixColumns" in header:
        raise UnsupportedImage(f"{name} is a tiled image, whose frames are no images of their own.", _OTHER_FORMS)
    return DicomSource(header, _reference(header, reading))


def find_reference(reading: Reading) -> ImageReference | None:
    """As `read_source`, and None for a file that DICOM objects cannot refer to. Raises: InputError; DataError."""
    try:
        return read_source(reading).reference
    except UnsupportedImage:
        return None


def check_frame_can_be_named(source: DicomSource, reading: Reading) -> None:
    """Raises: UnsupportedImage for one of several frames in an object that the standard gives a single one."""
    if source.reference.frame and source.reference.sop_class_uid in _SINGLE_FRAME:
        raise UnsupportedImage(
            f"{reading.image.name} holds several frames in an object for one, so no report can refer to one of them.",
            _OTHER_FORMS,
        )


def _header(reading: Reading) -> Dataset:
    try:
        with warnings.catch_warnings():
            # pydicom warns of odd values by quoting them; what matters is checked here.
            warnings.simplefilter("ignore")
            with open_bytes(reading.image) as opened:
                head = opened.read(_HEAD_BYTES)
                opened.seek(0)
                if head[128:132] == b"DICM" and end_of_meta(head)[1] == DeflatedExplicitVRLittleEndian:
                    dataset = read_dataset(opened.read(), reading.image.name, DecodeLimits())
                    del dataset.PixelData
                else:
                    dataset = dcmread(opened, stop_before_pixels=True, force=True)
            _drop_unreadable(dataset)
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{reading.image.name} has a damaged header: {one_line(problem)}.", DAMAGED) from problem
    for keyword in _MAY_BE_EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, None)
    # As ACR-NEMA wrote them, "1997.04.24" and "14:04:38"; PS3.5 6.2 lets a reader take them and no writer repeat them.
    dataset.StudyDate = text_of(dataset, "StudyDate").replace(".", "") or None
    dataset.StudyTime = text_of(dataset, "StudyTime").replace(":", "") or None
    return dataset


def _drop_unreadable(dataset: Dataset) -> None:
    """An element is converted when it is first asked for: a damaged one goes here and does not fail in a library."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            for item in element.value if element.VR == "SQ" else ():
                for _ in item.iterall():
                    pass
        except DICOM_FAILURES:
            del dataset[tag]


def _reference(header: Dataset, reading: Reading) -> ImageReference:
    rows, columns = int_of(header, "Rows"), int_of(header, "Columns")
    frames = max(1, int_of(header, "NumberOfFrames", 1))
    if (rows, columns) != (reading.height, reading.width) or not 0 <= reading.frame < frames:
        raise DataError(
            f"{reading.image.name} holds {frames} frames of {columns} x {rows} pixels; the reading is of frame "
            f"{reading.frame + 1} with {reading.width} x {reading.height}.",
            "Open the image again before you export.",
        )
    study, series, sop_class, instance = (text_of(header, keyword) for keyword in _IDENTITY)
    # A reference to all frames names none, and one frame is all of one (PS3.3 10.3).
    frame = reading.frame + 1 if frames > 1 else 0
    return ImageReference(study, series, sop_class, instance, rows, columns, frame)
