"""Elements in their raw form give what pydicom's conversion gives."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from tests.builders import tiny_ct, write_dicom
from umed_core.images.dicom_file import int_of, text_of
from umed_core.images.dicom_tags import joined_text, whole_of


def raw(keyword: str, vr: str, value: bytes | None, is_little_endian: bool = True) -> Dataset:
    """A dataset of one element as it stands in a file."""
    tag = Tag(keyword)
    length = len(value or b"")
    return Dataset({tag: RawDataElement(tag, vr, length, value, 0, False, is_little_endian)})


def test_two_bytes_are_a_number_in_the_order_of_the_file() -> None:
    assert whole_of(raw("Rows", "US", b"\x02\x01"), "Rows") == 0x0102
    assert whole_of(raw("Rows", "US", b"\x02\x01", is_little_endian=False), "Rows") == 0x0201
    assert whole_of(
        raw("OffsetOfTheNextDirectoryRecord", "UL", b"\x04\x03\x02\x01"), "OffsetOfTheNextDirectoryRecord"
    ) == (0x01020304)


@pytest.mark.parametrize(("vr", "value"), [("US", b""), ("US", None), ("US", b"\x01\x00\x02\x00"), ("LO", b"many")])
def test_what_is_no_single_number_leaves_the_default(vr: str, value: bytes | None) -> None:
    assert whole_of(raw("Rows", vr, value), "Rows", 7) == 7
    assert whole_of(Dataset(), "Rows", 7) == 7


def test_a_file_says_the_same_before_and_after_its_conversion(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "a.dcm", tiny_ct(3))
    before, after = pydicom.dcmread(path), pydicom.dcmread(path)
    for keyword in ("Rows", "Columns", "BitsAllocated", "InstanceNumber", "NumberOfFrames"):
        assert whole_of(before, keyword) == int_of(after, keyword)
    for keyword in ("SOPClassUID", "PatientName", "Modality", "StudyDescription"):
        assert joined_text(before, keyword) == text_of(after, keyword)


@given(st.integers(0, 2**16 - 1))
def test_every_number_of_two_bytes_comes_back(number: int) -> None:
    dataset = raw("Rows", "US", number.to_bytes(2, "little"))
    assert whole_of(dataset, "Rows") == number == int_of(dataset, "Rows")
