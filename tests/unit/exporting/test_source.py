"""Which files a DICOM export can refer to, and how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.builders import tiny_dicom, truncated, write_dicom
from tests.unit.exporting.readings import FINDINGS, WRITTEN, picture_reading
from umed_core.errors import CorruptImage, DataError, MissingFile, UnsupportedImage
from umed_core.exporting.reading import Reading
from umed_core.exporting.source import check_frame_can_be_named, find_reference, is_dicom, read_source


def reading_of(path: Path, width: int = 6, height: int = 4, **changes: object) -> Reading:
    return replace(Reading(path, np.zeros((height, width), np.uint8), WRITTEN, FINDINGS), **changes)


def put(folder: Path, **keywords: object) -> Path:
    return write_dicom(folder / "image.dcm", tiny_dicom(**keywords))


def test_the_reference_is_what_the_header_states(tmp_path: Path) -> None:
    reading = reading_of(put(tmp_path, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.5"))
    source = read_source(reading)
    assert is_dicom(reading)
    assert find_reference(reading) == source.reference
    assert (source.reference.study_instance_uid, source.reference.sop_instance_uid) == ("1.2.3", "1.2.5")
    assert (source.reference.columns, source.reference.rows, source.reference.frame) == (6, 4, 0)
    assert "PixelData" not in source.header


def test_frames_count_from_one_and_only_where_there_are_several(tmp_path: Path) -> None:
    several = put(tmp_path, pixels=np.zeros((3, 4, 6), np.uint8))
    assert read_source(reading_of(several, frame=2)).reference.frame == 3
    one = put(tmp_path, pixels=np.zeros((1, 4, 6), np.uint8))
    assert read_source(reading_of(one)).reference.frame == 0


def test_a_frame_of_an_object_for_one_image_cannot_be_named(tmp_path: Path) -> None:
    reading = reading_of(put(tmp_path, pixels=np.zeros((3, 4, 6), np.uint8)), frame=1)
    with pytest.raises(UnsupportedImage, match="several frames in an object for one"):
        check_frame_can_be_named(read_source(reading), reading)


def test_what_a_study_may_leave_empty_is_there_and_empty(tmp_path: Path) -> None:
    header = read_source(reading_of(put(tmp_path, PatientID=None))).header
    assert ("PatientID" in header, header.PatientID, header.AccessionNumber) == (True, None, None)


def test_dates_and_times_of_the_time_before_dicom_are_rewritten(tmp_path: Path) -> None:
    path = put(tmp_path)
    content = path.read_bytes()
    path = put(tmp_path, StudyTime="140438.1234")
    path.write_bytes(path.read_bytes().replace(b"140438.1234 ", b"14:04:38    "))
    assert path.read_bytes() != content
    assert read_source(reading_of(path)).header.StudyTime == "140438"


def test_a_picture_is_refused_with_the_forms_that_it_can_have(tmp_path: Path) -> None:
    reading = picture_reading(tmp_path)
    assert not is_dicom(reading)
    with pytest.raises(UnsupportedImage, match=r"slide\.png is no DICOM file") as refused:
        read_source(reading)
    assert refused.value.hint == "Export it as JSON, COCO or PNG instead."


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID"])
def test_an_image_without_identity_is_refused(tmp_path: Path, keyword: str) -> None:
    reading = reading_of(put(tmp_path, **{keyword: ""}))
    with pytest.raises(UnsupportedImage, match=f"states no {keyword}"):
        read_source(reading)
    assert find_reference(reading) is None


def test_a_tiled_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedImage, match="tiled"):
        read_source(reading_of(put(tmp_path, TotalPixelMatrixColumns=600)))


@pytest.mark.parametrize("changes", [{"width": 7}, {"height": 5}, {"frame": 1}, {"frame": -1}])
def test_a_reading_that_does_not_fit_its_file_is_refused(tmp_path: Path, changes: dict[str, int]) -> None:
    with pytest.raises(DataError, match="Open the image again"):
        read_source(reading_of(put(tmp_path), **changes))


def test_a_damaged_element_is_left_behind_and_a_damaged_file_refused(tmp_path: Path) -> None:
    path = put(tmp_path, PatientWeight="73")
    path.write_bytes(path.read_bytes().replace(b"DS\x02\x0073", b"FL\x02\x00x?"))
    assert "PatientWeight" not in read_source(reading_of(path)).header
    assert "InstanceNumber" in read_source(reading_of(path)).header
    with pytest.raises((CorruptImage, UnsupportedImage)):
        read_source(reading_of(truncated(path, 0.3)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"gone\.dcm"):
        read_source(reading_of(tmp_path / "gone.dcm"))
