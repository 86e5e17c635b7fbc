"""A DICOMDIR, the index of a CD or of an export: which files there are, and whose, without opening them.

Belongs in the limited child. Source: PS3.3 Annex F (records and their offsets), PS3.10 8.6 (its place and its name).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage

from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.decode import read_bounded
from umed_core.images.dicom_file import DAMAGED, DICOM_FAILURES, one_line, read_dataset
from umed_core.images.dicom_tags import STUDY_KEYWORDS, joined_text, numbers_of, study_tags, whole_of
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import StudyTags
from umed_core.images.wire import FileHeader, NamedFile

__all__ = ["read_media_directory"]

_ACTIVE = 0xFFFF
"""Record In-use Flag (0004,1410); 0 is a record that was taken back."""
_SINGLE_FRAME = (CTImageStorage, MRImageStorage, PositronEmissionTomographyImageStorage)
"""Objects of one frame, each with a place in the patient: what their records say can stand for their headers."""
_LEVELS = ("PATIENT", "STUDY", "SERIES")


def read_media_directory(path: Path, limits: DecodeLimits) -> tuple[NamedFile, ...]:
    """The files that a DICOMDIR names, in its order; none of them is looked at.

    Raises: MissingFile; UnsupportedImage for a file that is no DICOMDIR; CorruptImage; ImageTooLarge.
    """
    try:
        with warnings.catch_warnings():
            # pydicom warns of odd values; what matters of them is checked here.
            warnings.simplefilter("ignore")
            dataset = read_dataset(read_bounded(path, limits), str(path), limits)
            if "DirectoryRecordSequence" not in dataset:
                raise UnsupportedImage(f"{path} is no DICOMDIR, though it is called so.", "Open the images themselves.")
            return tuple(_named_files(dataset))
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{path} could not be read as a DICOMDIR: {one_line(problem)}.", DAMAGED) from problem
    except MemoryError as problem:
        raise ImageTooLarge(f"{path} needs more memory than allowed.", "Open the images themselves.") from problem


def _named_files(dataset: Dataset) -> Iterator[NamedFile]:
    records = list(dataset.DirectoryRecordSequence)
    # Something that rewrote the file may have left the offsets as they were: one that leads nowhere spoils them all.
    walked = _by_offsets(dataset, records) or _in_order(records)
    above: dict[tuple[int, ...], tuple[StudyTags, str]] = {(): (StudyTags(), "")}
    for place, record in walked:
        tags, modality = _joined(above.get(place[:-1], above[()]), record)
        above[place] = tags, modality
        file_id = _file_id(record)
        if file_id:
            yield _named_file(record, file_id, tags, modality)


def _by_offsets(dataset: Dataset, records: list[Dataset]) -> list[tuple[tuple[int, ...], Dataset]]:
    """Records with their places in the tree, each after the one above it; none where an offset leads nowhere.

    A ring of offsets is walked once.
    """
    by_offset: Mapping[int, Dataset] = {int(getattr(record, "seq_item_tell", -1)): record for record in records}
    walked: list[tuple[tuple[int, ...], Dataset]] = []
    seen = {0}
    first = whole_of(dataset, "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity")
    waiting: list[tuple[tuple[int, ...], int]] = [((), first)]
    while waiting:
        above, offset = waiting.pop()
        if offset in seen:
            continue
        if offset not in by_offset:
            return []
        seen.add(offset)
        record, place = by_offset[offset], (*above, offset)
        waiting.append((above, whole_of(record, "OffsetOfTheNextDirectoryRecord")))
        if whole_of(record, "RecordInUseFlag", _ACTIVE) == _ACTIVE:
            walked.append((place, record))
            waiting.append((place, whole_of(record, "OffsetOfReferencedLowerLevelDirectoryEntity")))
    return walked


def _in_order(records: list[Dataset]) -> list[tuple[tuple[int, ...], Dataset]]:
    """The same by the order in which records stand: patient, study, series, image."""
    walked: list[tuple[tuple[int, ...], Dataset]] = []
    above: tuple[int, ...] = ()
    for number, record in enumerate(records):
        kind = joined_text(record, "DirectoryRecordType")
        level = _LEVELS.index(kind) if kind in _LEVELS else len(_LEVELS)
        place = (*above[:level], number)
        if whole_of(record, "RecordInUseFlag", _ACTIVE) == _ACTIVE:
            walked.append((place, record))
        if kind in _LEVELS:
            above = place
    return walked


def _joined(above: tuple[StudyTags, str], record: Dataset) -> tuple[StudyTags, str]:
    """What is known of a record: its own elements, and those of the records above it."""
    tags, modality = above
    own = study_tags(record)
    known = {field: getattr(own, field) or getattr(tags, field) for field in STUDY_KEYWORDS}
    if "ReferencedFileID" in record:
        known["sop_class_uid"] = joined_text(record, "ReferencedSOPClassUIDInFile")
        known["sop_instance_uid"] = joined_text(record, "ReferencedSOPInstanceUIDInFile")
    return StudyTags(**known), joined_text(record, "Modality") or modality


def _file_id(record: Dataset) -> tuple[str, ...]:
    """The parts of a path from the DICOMDIR's folder; empty for a record of no file."""
    named = joined_text(record, "ReferencedFileID")
    return tuple(part.strip(" \x00") for part in named.split("\\")) if named else ()


def _named_file(record: Dataset, file_id: tuple[str, ...], tags: StudyTags, modality: str) -> NamedFile:
    rows, columns = (whole_of(record, keyword) for keyword in ("Rows", "Columns"))
    position, orientation = numbers_of(record, "ImagePositionPatient"), numbers_of(record, "ImageOrientationPatient")
    header = FileHeader(
        path="/".join(file_id),
        kind="dicom",
        object_name=UID(tags.sop_class_uid).name if tags.sop_class_uid else "",
        modality=modality,
        rows=rows,
        columns=columns,
        tags=tags,
        position_mm=position,
        orientation=orientation,
        photometric=joined_text(record, "PhotometricInterpretation"),
    )
    says_all = rows > 0 and columns > 0 and len(position) == 3 and len(orientation) == 6
    is_plain = tags.sop_class_uid in _SINGLE_FRAME and bool(tags.study_instance_uid and tags.series_instance_uid)
    return NamedFile(file_id, header, says_all and is_plain)
