"""A DICOMDIR: pydicom's own writer of them is the second opinion."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from tests.builders import tiny_ct, tiny_dicom, write_dicom
from tests.unit.images.media import listed_by_pydicom, write_medium
from umed_core.errors import CorruptImage, UnsupportedImage
from umed_core.images.dicomdir import read_media_directory
from umed_core.images.limits import DecodeLimits

LIMITS = DecodeLimits()


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """Three CT slices of one series on a medium, as pydicom writes one; the path of its DICOMDIR."""
    said = {"StudyDate": "20260102", "StudyTime": "120000", "StudyID": "1", "SeriesNumber": "7", "AccessionNumber": ""}
    return write_medium(tmp_path / "cd", [tiny_ct(number, **said) for number in range(3)])


def changed(path: Path, **elements: object) -> Path:
    """The DICOMDIR with elements of every image's record set; the file's offsets may then be wrong."""
    directory = pydicom.dcmread(path)
    for record in directory.DirectoryRecordSequence:
        if record.DirectoryRecordType == "IMAGE":
            for keyword, value in elements.items():
                setattr(record, keyword, value)
    directory.save_as(path)
    return path


def test_what_pydicom_writes_is_named_in_order_with_what_stands_above_it(medium: Path) -> None:
    named = read_media_directory(medium, LIMITS)
    assert [entry.header.tags.instance_number for entry in named] == ["1", "2", "3"]
    for entry in named:
        there = medium.parent.joinpath(*entry.file_id)
        dataset = pydicom.dcmread(there)
        tags = entry.header.tags
        assert (tags.sop_instance_uid, tags.sop_class_uid) == (dataset.SOPInstanceUID, dataset.SOPClassUID)
        assert (tags.study_instance_uid, tags.series_instance_uid) == (
            dataset.StudyInstanceUID,
            dataset.SeriesInstanceUID,
        )
        assert (tags.patient_name, tags.study_date, tags.series_number) == ("SYNTHETIC^TINY", "20260102", "7")
        assert entry.header.modality == "CT"


def test_a_real_medium_names_what_pydicom_lists() -> None:
    path = Path(get_testdata_file("DICOMDIR"))
    listed = listed_by_pydicom(path)
    named = {
        entry.header.tags.sop_instance_uid: path.parent.joinpath(*entry.file_id)
        for entry in read_media_directory(path, LIMITS)
    }
    assert named == listed and len(named) == 31


def test_a_record_that_says_all_stands_for_the_header(medium: Path) -> None:
    assert not any(entry.says_all for entry in read_media_directory(medium, LIMITS))
    rich = changed(
        medium, Rows=4, Columns=6, ImagePositionPatient=[0, 0, 2.5], ImageOrientationPatient=[1, 0, 0, 0, 1, 0]
    )
    (entry, *_) = named = read_media_directory(rich, LIMITS)
    assert all(entry.says_all for entry in named)
    assert (entry.header.rows, entry.header.columns, entry.header.position_mm) == (4, 6, (0.0, 0.0, 2.5))


def test_a_record_of_several_frames_never_says_all(medium: Path) -> None:
    rich = changed(
        medium,
        Rows=4,
        Columns=6,
        ImagePositionPatient=[0, 0, 0],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        ReferencedSOPClassUIDInFile="1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    )
    assert not any(entry.says_all for entry in read_media_directory(rich, LIMITS))


def test_offsets_that_lead_nowhere_leave_the_order_of_the_records(medium: Path) -> None:
    directory = pydicom.dcmread(medium)
    directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 12
    directory.save_as(medium)
    named = read_media_directory(medium, LIMITS)
    assert [entry.header.tags.instance_number for entry in named] == ["1", "2", "3"]
    assert {entry.header.tags.patient_id for entry in named} == {"TINY"}


def test_a_ring_of_offsets_is_walked_once(medium: Path) -> None:
    directory = pydicom.dcmread(medium)
    records = directory.DirectoryRecordSequence
    for record in records:
        record.OffsetOfTheNextDirectoryRecord = records[-1].seq_item_tell
    directory.save_as(medium)
    named = read_media_directory(medium, LIMITS)
    assert len({entry.file_id for entry in named}) == len(named) >= 1


def test_a_record_that_was_taken_back_is_left_out(medium: Path) -> None:
    directory = pydicom.dcmread(medium)
    directory.DirectoryRecordSequence[-1].RecordInUseFlag = 0
    directory.save_as(medium)
    assert len(read_media_directory(medium, LIMITS)) == 2


def test_a_file_that_is_no_dicomdir_is_refused(tmp_path: Path) -> None:
    image = write_dicom(tmp_path / "DICOMDIR", tiny_dicom())
    with pytest.raises(UnsupportedImage, match="no DICOMDIR, though it is called so"):
        read_media_directory(image, LIMITS)
    image.write_bytes(b"")
    with pytest.raises(CorruptImage, match="is empty"):
        read_media_directory(image, LIMITS)


def test_a_dicomdir_without_records_names_nothing(medium: Path) -> None:
    directory = pydicom.dcmread(medium)
    directory.DirectoryRecordSequence = [Dataset()]
    directory.save_as(medium)
    assert read_media_directory(medium, LIMITS) == ()
