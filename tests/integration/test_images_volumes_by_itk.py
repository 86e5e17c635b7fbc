"""Volumes as ITK sees them: where each voxel lies in the patient, the order of slices, and files that ITK itself encodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from tests.unit.images.dicom_files import write_dicom
from umed_core.images.decode import decode_file
from umed_core.images.limits import DecodeLimits
from umed_core.images.open_image import index_folder, open_series
from umed_core.images.sandbox import close_decoders

LIMITS = DecodeLimits()
OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


def rotation(seed: int) -> NDArray[np.float64]:
    """A proper rotation, drawn at random."""
    turned, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return np.asarray(turned * np.sign(np.linalg.det(turned)))


@pytest.mark.parametrize("seed", range(6))
def test_every_nifti_voxel_lies_where_itk_puts_it(tmp_path: Path, seed: int) -> None:
    volume = np.random.default_rng(seed).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)  # (z, y, x)
    made = SimpleITK.GetImageFromArray(volume)
    made.SetSpacing((0.5, 0.75, 2.0))
    made.SetOrigin((10.0, -20.0, 30.0))
    made.SetDirection(rotation(seed).ravel().tolist())
    path = tmp_path / ("made.nii.gz" if seed % 2 else "made.nii")
    SimpleITK.WriteImage(made, str(path))

    ours = decode_file(path, LIMITS)
    assert ours.orientation is not None and ours.position_mm is not None and ours.spacing_mm is not None
    row, column = np.array(ours.orientation[:3]), np.array(ours.orientation[3:])
    theirs = SimpleITK.ReadImage(str(path))
    for frame, y, x in [(0, 0, 0), (ours.frame_count - 1, 1, 2), (2, ours.height - 1, ours.width - 1)]:
        # The frame's own origin: along the stacking axis, which position_along_normal measures from the first.
        step = (ours.slice_positions_mm[frame] - ours.slice_positions_mm[0]) * np.cross(row, column)
        place = np.array(ours.position_mm) + step + x * ours.spacing_mm[1] * row + y * ours.spacing_mm[0] * column
        index = theirs.TransformPhysicalPointToIndex(place.tolist())
        assert theirs[index] == ours.pixels[frame, y, x]


def test_nifti_frames_face_the_reader(tmp_path: Path) -> None:
    """ITK's own reorientation to LPS gives the same voxels in the same order."""
    made = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    made.SetDirection((0, 0, 1, -1, 0, 0, 0, -1, 0))
    SimpleITK.WriteImage(made, str(tmp_path / "made.nii"))
    expected = SimpleITK.DICOMOrient(made, "LPS")
    ours = decode_file(tmp_path / "made.nii", LIMITS)
    assert np.array_equal(ours.pixels, SimpleITK.GetArrayFromImage(expected))
    assert ours.position_mm == pytest.approx(expected.GetOrigin())


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), OBLIQUE])
def test_slices_are_stacked_as_itk_stacks_them(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    normal = np.cross(orientation[:3], orientation[3:])
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    for k in (3, 0, 4, 1, 2):
        write_dicom(
            tmp_path / f"{(7 * k) % 5}.dcm",
            values + 100 * k,
            SOPInstanceUID=f"1.2.{k}",
            InstanceNumber=k,
            ImagePositionPatient=(np.array([5.0, 6.0, 7.0]) + 2.5 * k * normal).tolist(),
            ImageOrientationPatient=list(orientation),
            PixelSpacing=[0.5, 0.25],
        )
    ((series,),) = [study.series for study in index_folder(tmp_path)]
    ours = open_series(series)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    theirs = reader.Execute()
    assert np.array_equal(ours.pixels, SimpleITK.GetArrayFromImage(theirs))
    assert np.diff(ours.slice_positions_mm) == pytest.approx([theirs.GetSpacing()[2]] * 4)
    assert ours.position_mm == pytest.approx(theirs.GetOrigin())
    assert ours.spacing_mm == pytest.approx((theirs.GetSpacing()[1], theirs.GetSpacing()[0]))
    close_decoders()


@pytest.mark.parametrize(
    ("compressor", "syntax", "dtype"),
    [
        ("JPEG", "1.2.840.10008.1.2.4.70", "uint16"),
        ("JPEG", "1.2.840.10008.1.2.4.70", "int16"),
        ("JPEG2000", "1.2.840.10008.1.2.4.90", "uint8"),
        ("JPEG2000", "1.2.840.10008.1.2.4.90", "uint16"),
        ("JPEG2000", "1.2.840.10008.1.2.4.90", "int16"),
    ],
)
def test_what_itk_compresses_without_loss_comes_back_exactly(
    tmp_path: Path, compressor: str, syntax: str, dtype: str
) -> None:
    kind = np.dtype(dtype)
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    values = np.random.default_rng(7).integers(low // 2, high // 2, (1, 33, 21)).astype(kind)
    writer = SimpleITK.ImageFileWriter()
    writer.SetFileName(str(tmp_path / "made.dcm"))
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.Execute(SimpleITK.GetImageFromArray(values))
    ours = decode_file(tmp_path / "made.dcm", LIMITS)
    assert ours.transfer_syntax == syntax and np.array_equal(ours.pixels, values)
