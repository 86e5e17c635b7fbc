"""The builders build what they say: every later test stands on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from tests import builders


def test_tiny_dicom_reads_back_its_ramp(tmp_path: Path) -> None:
    path = builders.write_dicom(tmp_path / "a.dcm", builders.tiny_dicom(WindowCenter=10, WindowWidth=4))
    read = pydicom.dcmread(path)
    assert read.pixel_array[1, 2] == 8  # row 1 of width 6, column 2
    assert (read.Rows, read.Columns, read.WindowWidth) == (4, 6, 4)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16"])
def test_tiny_dicom_keeps_every_integer_type(tmp_path: Path, dtype: str) -> None:
    pixels = builders.ramp(3, 5, dtype)
    assert np.array_equal(
        pydicom.dcmread(builders.write_dicom(tmp_path / "a.dcm", builders.tiny_dicom(pixels))).pixel_array, pixels
    )


def test_tiny_ct_slices_are_in_hu_and_two_millimetres_apart(tmp_path: Path) -> None:
    third = pydicom.dcmread(builders.write_dicom(tmp_path / "a.dcm", builders.tiny_ct(2)))
    assert third.pixel_array[0, 0] * third.RescaleSlope + third.RescaleIntercept == 2
    assert third.ImagePositionPatient[2] == 4


def test_a_keyword_of_none_removes_the_element() -> None:
    assert "Modality" not in builders.tiny_dicom(Modality=None)


def test_the_lying_png_promises_what_it_does_not_hold(tmp_path: Path) -> None:
    path = builders.write_png_that_lies(tmp_path / "a.png", 9000, 9000)
    assert path.stat().st_size < 300
    with Image.open(path) as image:
        assert image.size == (9000, 9000)
        with pytest.raises(OSError, match="truncated"):
            image.load()


def test_truncated_keeps_the_share(tmp_path: Path) -> None:
    path = builders.write_picture(tmp_path / "a.png", builders.ramp(8, 8, "uint8"))
    whole = path.read_bytes()
    assert builders.truncated(path, 0.5).read_bytes() == whole[: len(whole) // 2]
