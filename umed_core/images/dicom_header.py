"""The header of one DICOM file: only what an index needs is parsed, and nothing behind the image's size."""

from __future__ import annotations

import io
from typing import BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from umed_core.errors import CorruptImage
from umed_core.images.dicom_file import DAMAGED, DICOM_FAILURES, end_of_meta, int_of, one_line, read_dataset, text_of
from umed_core.images.dicom_tags import STUDY_KEYWORDS, numbers_of, study_tags
from umed_core.images.limits import DecodeLimits
from umed_core.images.wire import FileHeader

__all__ = ["read_dicom_header"]

_KEYWORDS = [
    *STUDY_KEYWORDS.values(),
    "SpecificCharacterSet",
    "Modality",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "ImagePositionPatient",
    "ImageOrientationPatient",
]

_TAGS = [Tag(keyword) for keyword in _KEYWORDS]
_COLUMNS = 0x00280011
"""The last element, in the order of tags, that an index needs."""
_MEDIA_DIRECTORY = b"\x02\x00\x02\x00UI\x14\x001.2.840.10008.1.3.10"
"""The element of the meta header that says so; its encoding is fixed (PS3.10 7.1)."""
_META_BYTES = 4096


def read_dicom_header(opened: BinaryIO, head: bytes, source: str, limits: DecodeLimits) -> FileHeader:
    """`opened` stands at its beginning and `head` is how it begins. Raises: CorruptImage, ImageTooLarge."""
    if _MEDIA_DIRECTORY in head[:_META_BYTES]:
        return FileHeader(source, "dicom", has_pixels=False, object_name="DICOMDIR")
    try:
        if head[128:132] == b"DICM" and end_of_meta(head)[1] == DeflatedExplicitVRLittleEndian:
            # Deflated data cannot be read in part; read_dataset inflates it within the limits first.
            return _header(read_dataset(opened.read(), source, limits, _KEYWORDS), source)
        return _header(_read_up_to_size(opened, head), source)
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{source} could not be read as DICOM: {one_line(problem)}.", DAMAGED) from problem


def _header(dataset: Dataset, source: str) -> FileHeader:
    sop_class = UID(text_of(dataset, "SOPClassUID"))
    rows, columns = int_of(dataset, "Rows"), int_of(dataset, "Columns")
    name = sop_class.name if sop_class else ""
    return FileHeader(
        path=source,
        kind="dicom",
        has_pixels=rows > 0 and columns > 0,
        object_name=name,
        modality=text_of(dataset, "Modality"),
        rows=rows,
        columns=columns,
        frame_count=max(1, int_of(dataset, "NumberOfFrames", 1)),
        tags=study_tags(dataset),
        position_mm=numbers_of(dataset, "ImagePositionPatient"),
        orientation=numbers_of(dataset, "ImageOrientationPatient"),
        photometric=text_of(dataset, "PhotometricInterpretation"),
    )


def _read_up_to_size(opened: BinaryIO, head: bytes) -> Dataset:
    """Elements up to Columns, from `head` where it reaches so far: memory is read twice as fast as a file."""
    reached = False

    def is_behind_size(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        nonlocal reached
        reached = tag > _COLUMNS
        return reached

    # A sequence that `head` cuts in two must not be judged: only a reading that stopped by itself counts.
    for source in (io.BytesIO(head), opened):
        try:
            dataset = read_partial(source, stop_when=is_behind_size, force=True, specific_tags=list(_TAGS))
        except DICOM_FAILURES:
            if source is opened:
                raise
            continue
        if reached:
            break
    return dataset
