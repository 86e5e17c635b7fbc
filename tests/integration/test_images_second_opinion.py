"""Every DICOM file at hand, opened by us and by GDCM (through SimpleITK), value by value.

Where the two differ by design, the test states how: GDCM inverts MONOCHROME1 itself, shows 1-bit as 0/255, and
leaves a dose grid unscaled.

What was found with pydicom 3.0.2's own files (no other downloaded) and the 21 public samples:
    166 + 21 DICOM files; 90 + 21 open, of which 81 + 21 equal GDCM's values, 6 equal a twin file that GDCM reads well, and
    3 are dose grids that GDCM refuses. 76 are refused: 63 hold no pixels (reports, plans, waveforms), 8 are DICOMDIRs, 5 are
    damaged (cut off, without Rows, NumberOfFrames '1A', a delimiter inside the fragment).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
import SimpleITK
from numpy.typing import NDArray
from pydicom import dcmread

from umed_core.errors import UmedError
from umed_core.images.decode import decode_file
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.sniff import sniff

PYDICOM_FILES = Path(pydicom.data.__file__).parent / "test_files"

REFUSED_THOUGH_GDCM_READS = {"badVR.dcm"}  # its NumberOfFrames says '1A'
GDCM_CANNOT = {
    "rtdose_1frame.dcm",
    "rtdose_expb_1frame.dcm",
    "rtdose_rle_1frame.dcm",
}  # a dose grid without frame offsets
TWINS = {
    # GDCM takes ten seconds over this one.
    "SC_rgb_jpeg.dcm": "SC_rgb_jpeg_dcmd.dcm",
    # GDCM swaps this one's bytes wrongly, and mixes up the byte planes of RLE colour beyond 8 bits: each is compared with
    # the file of the same content that it reads well.
    "rtdose_expb.dcm": "rtdose.dcm",
    "SC_rgb_rle_16bit.dcm": "SC_rgb_rle.dcm",
    "SC_rgb_rle_16bit_2frame.dcm": "SC_rgb_rle_2frame.dcm",
    "SC_rgb_rle_32bit.dcm": "SC_rgb_rle.dcm",
    "SC_rgb_rle_32bit_2frame.dcm": "SC_rgb_rle_2frame.dcm",
}


def dicom_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and sniff(path.read_bytes()[:4096]) == "dicom":
            yield path


def opened(path: Path) -> MedicalImage | UmedError:
    try:
        return decode_file(path, DecodeLimits())
    except UmedError as problem:
        return problem


def by_gdcm(path: Path) -> NDArray[np.generic] | None:
    """Modality values as GDCM has them, None where it refuses."""
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    try:
        return np.asarray(SimpleITK.GetArrayFromImage(reader.Execute()))
    except RuntimeError:
        return None


def as_gdcm_would(image: MedicalImage, path: Path) -> NDArray[np.float64]:
    """Our values, through the conventions in which GDCM differs."""
    header = dcmread(path, force=True, stop_before_pixels=True)
    values = image.pixels.astype(np.float64)
    if header.PhotometricInterpretation == "MONOCHROME1":
        slope, intercept = float(header.get("RescaleSlope") or 1), float(header.get("RescaleIntercept") or 0)
        greatest = (2**header.BitsStored - 1) * slope + intercept
        return greatest + intercept - values
    if header.BitsAllocated == 1:
        return values * 255
    if header.get("Modality") == "RTDOSE":
        return values / float(header.DoseGridScaling)
    return values


def compare(path: Path) -> None:
    image, theirs = opened(path), None if path.name in TWINS else by_gdcm(path)
    if isinstance(image, UmedError):
        assert image.message and image.hint and "\n" not in image.message
        assert theirs is None or path.name in REFUSED_THOUGH_GDCM_READS, f"GDCM reads what we refuse: {image}"
        return
    assert image.display().dtype == np.uint8
    if theirs is None:
        assert path.name in GDCM_CANNOT or path.name in TWINS
        return
    ours = as_gdcm_would(image, path)
    theirs = theirs.reshape(ours.shape).astype(np.float64)
    assert np.abs(ours - theirs).max() <= 1e-5 * max(1.0, float(np.abs(theirs).max()))


@pytest.mark.parametrize(
    "path", list(dicom_files(PYDICOM_FILES)), ids=lambda path: str(path.relative_to(PYDICOM_FILES))
)
def test_pydicoms_own_files_have_gdcms_values(path: Path) -> None:
    compare(path)


def test_the_public_samples_have_gdcms_values(umed_data: Path) -> None:
    files = list(dicom_files(umed_data / "dicom_samples"))
    if not files:
        pytest.skip("no dicom_samples here")
    for path in files:
        compare(path)


@pytest.mark.parametrize(("name", "twin"), TWINS.items())
def test_a_file_that_gdcm_misreads_or_reads_slowly_equals_its_twin(name: str, twin: str) -> None:
    ours, expected = (decode_file(PYDICOM_FILES / file, DecodeLimits()) for file in (name, twin))
    assert np.array_equal(ours.pixels, expected.pixels)


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm"])
def test_itk_places_the_slice_alike(name: str) -> None:
    ours = decode_file(PYDICOM_FILES / name, DecodeLimits())
    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(PYDICOM_FILES / name))
    reader.ReadImageInformation()
    column_mm, row_mm, _ = reader.GetSpacing()
    assert ours.spacing_mm == pytest.approx((row_mm, column_mm))
    assert ours.position_mm == pytest.approx(reader.GetOrigin())
    direction = np.array(reader.GetDirection()).reshape(3, 3)
    assert ours.orientation == pytest.approx([*direction[:, 0], *direction[:, 1]], abs=1e-6)
