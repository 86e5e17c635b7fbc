"""Phantoms as DICOM: read back by pydicom, by SimpleITK and by umed's own reader."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from umed_core.images.open_image import open_image
from umed_core.phantoms import KINDS, display, make_phantom
from umed_core.phantoms.dicom_file import dicom_bytes

SOP_CLASSES = {
    "ct": "CT Image Storage",
    "renal": "CT Image Storage",
    "cxr": "Digital X-Ray Image Storage - For Presentation",
    "tb": "Digital X-Ray Image Storage - For Presentation",
    "endoscopy": "VL Endoscopic Image Storage",
}

kinds = pytest.mark.parametrize("kind", KINDS)


def read(kind: str, seed: int = 4) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(dicom_bytes(make_phantom(kind, seed))))


@kinds
def test_a_file_is_of_its_class_and_says_that_it_is_synthetic(kind: str):
    dataset = read(kind)
    assert dataset.SOPClassUID.name == SOP_CLASSES[kind]
    assert dataset.PatientName == "SYNTHETIC^PHANTOM"
    assert "synthetic" in dataset.Manufacturer
    assert "SYNTHETIC" in dataset.ImageComments
    assert dataset.StudyDate == "20000101"


@kinds
def test_uids_hang_on_kind_and_seed_alone_and_lie_under_2_25(kind: str):
    first, again, other = read(kind, 1), read(kind, 1), read(kind, 2)
    uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    for name in uids:
        assert first[name].value == again[name].value != other[name].value
        assert first[name].value.startswith("2.25.")
        assert first[name].value.is_valid
    assert len({first[name].value for name in uids}) == 3


@kinds
def test_bytes_are_the_same_each_time(kind: str):
    assert dicom_bytes(make_phantom(kind, 9)) == dicom_bytes(make_phantom(kind, 9))


@pytest.mark.parametrize("kind", ["ct", "renal"])
def test_hounsfield_values_come_back_through_pydicom(kind: str):
    dataset, phantom = read(kind), make_phantom(kind, 4)
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    assert np.array_equal(values, phantom.pixels)
    assert phantom.window is not None
    assert (dataset.WindowCenter, dataset.WindowWidth) == (phantom.window.center, phantom.window.width)


@kinds
def test_simpleitk_reads_the_same_values_and_spacing(kind: str, tmp_path: Path):
    phantom = make_phantom(kind, 4)
    path = tmp_path / "phantom.dcm"
    path.write_bytes(dicom_bytes(phantom))
    image = SimpleITK.ReadImage(str(path))
    assert np.array_equal(SimpleITK.GetArrayFromImage(image)[0], phantom.pixels)
    if phantom.spacing_mm is not None:
        assert image.GetSpacing()[:2] == pytest.approx(phantom.spacing_mm[::-1])


@kinds
def test_umed_shows_the_file_as_it_shows_the_phantom(kind: str, tmp_path: Path):
    phantom = make_phantom(kind, 4)
    path = tmp_path / "phantom.dcm"
    path.write_bytes(dicom_bytes(phantom))
    image = open_image(path)
    assert np.array_equal(image.pixels[0], phantom.pixels)
    assert np.abs(image.display().astype(int) - display(phantom)).max() <= 1
