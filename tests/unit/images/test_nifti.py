"""NIfTI by hand: a header of 348 bytes and x-fastest voxels; nibabel's layout is not needed to check it."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from numpy.typing import NDArray

from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.nifti import read_nifti

RAS = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], float)
TYPES = {"u1": 2, "i2": 4, "f4": 16, "u2": 512}


def nifti_bytes(
    volume: NDArray[np.generic],
    affine: NDArray[np.float64] = RAS,
    slope: float = 0,
    inter: float = 0,
    order: str = "<",
    **over: bytes,
) -> bytes:
    """A NIfTI-1 file of `volume` (x, y, z[, t]) with `affine` as its sform; `over` replaces bytes, as `at_40=...`."""
    header = bytearray(352)
    sizes = (*volume.shape, *([1] * (7 - volume.ndim)))
    struct.pack_into(order + "i", header, 0, 348)
    struct.pack_into(order + "8h", header, 40, volume.ndim, *sizes)
    struct.pack_into(order + "2h", header, 70, TYPES[volume.dtype.str[1:]], 8 * volume.dtype.itemsize)
    struct.pack_into(order + "3f", header, 108, 352, slope, inter)
    header[123] = 2  # mm
    struct.pack_into(order + "2h", header, 252, 0, 1)
    struct.pack_into(order + "12f", header, 280, *affine.ravel())
    header[344:348] = b"n+1\0"
    for place, content in over.items():
        start = int(place[3:])
        header[start : start + len(content)] = content
    return bytes(header) + volume.astype(volume.dtype.newbyteorder(order)).tobytes(order="F")


def read(data: bytes) -> MedicalImage:
    return read_nifti(data, "made.nii", DecodeLimits())


VOLUME = np.arange(2 * 3 * 4, dtype="i2").reshape(2, 3, 4)  # (x, y, z)


def test_ras_voxels_are_turned_to_face_the_reader() -> None:
    # In RAS +x points to the patient's right, which a reader sees on the left.
    image = read(nifti_bytes(VOLUME))
    assert image.pixels.shape == (4, 3, 2)
    # Frame 0 is z = 0; its top row is the front (greatest y), its left column the patient's right (greatest x).
    assert image.pixels[0, 0, 0] == VOLUME[1, 2, 0] and image.pixels[3, 2, 1] == VOLUME[0, 0, 3]
    assert image.orientation == (1, 0, 0, 0, 1, 0)
    # Voxel (1, 2, 0) lies at (1, 2, 0) in RAS, which is (-1, -2, 0) in DICOM's LPS.
    assert image.position_mm == (-1, -2, 0) and image.slice_positions_mm == (0, 1, 2, 3)


def test_lps_voxels_stay_where_they_are() -> None:
    image = read(nifti_bytes(VOLUME, np.array([[-0.5, 0, 0, 10], [0, -0.75, 0, 20], [0, 0, 3, -30]], float)))
    assert np.array_equal(image.pixels, VOLUME.transpose(2, 1, 0))
    assert image.spacing_mm == (0.75, 0.5) and image.position_mm == (-10, -20, -30)


def test_a_sagittal_volume_is_cut_again_into_axial_frames() -> None:
    # File axes run (posterior-anterior, feet-head, right-left): RAS columns are +y, +z, -x.
    image = read(nifti_bytes(VOLUME, np.array([[0, 0, -1, 0], [1, 0, 0, 0], [0, 1, 0, 0]], float)))
    assert image.pixels.shape == (3, 2, 4)  # feet-head, front-back, right-left
    assert image.pixels[0, 0, 0] == VOLUME[1, 0, 0] and image.pixels[2, 1, 3] == VOLUME[0, 2, 3]


def test_slope_and_intercept_are_applied_and_a_slope_of_zero_means_none() -> None:
    assert read(nifti_bytes(VOLUME, slope=2, inter=-5)).pixels.max() == 2 * 23 - 5
    assert read(nifti_bytes(VOLUME, slope=0, inter=-5)).pixels.max() == 23


def test_a_quaternion_of_half_a_turn_about_z_is_lps() -> None:
    # (b, c, d) = (0, 0, 1) turns x to -x and y to -y.
    half_turn = {"at_252": struct.pack("<2h", 1, 0), "at_256": struct.pack("<6f", 0, 0, 1, 0, 0, 0)}
    zooms = {"at_76": struct.pack("<8f", 1, 2, 3, 4, 0, 0, 0, 0)}
    image = read(nifti_bytes(VOLUME, **half_turn, **zooms))
    assert np.array_equal(image.pixels, VOLUME.transpose(2, 1, 0))
    assert image.spacing_mm == (3, 2) and image.slice_positions_mm == (0, 4, 8, 12)


def test_big_endian_gzipped_and_float_volumes() -> None:
    plain = read(nifti_bytes(VOLUME)).pixels
    assert np.array_equal(read(nifti_bytes(VOLUME, order=">")).pixels, plain)
    assert np.array_equal(read(gzip.compress(nifti_bytes(VOLUME))).pixels, plain)
    assert np.array_equal(read(nifti_bytes(VOLUME.astype("f4"))).pixels, plain)


def test_only_the_first_volume_of_several_is_read_and_that_is_noted() -> None:
    image = read(nifti_bytes(np.stack([VOLUME, VOLUME + 100], axis=-1)))
    assert image.pixels.max() == 23 and image.notes == ("1 more volumes of this file are left out.",)


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (nifti_bytes(VOLUME)[:-2], CorruptImage, "but holds"),
        (nifti_bytes(VOLUME)[:200], CorruptImage, "no NIfTI header"),
        (nifti_bytes(VOLUME, at_40=struct.pack("<8h", 3, -2, 3, 4, 1, 1, 1, 1)), CorruptImage, "impossible dimensions"),
        (nifti_bytes(VOLUME, at_40=struct.pack("<8h", 3, 30000, 30000, 4, 1, 1, 1, 1)), ImageTooLarge, "voxels"),
        (nifti_bytes(VOLUME, at_70=struct.pack("<h", 32)), UnsupportedImage, "type 32"),
        (nifti_bytes(VOLUME, at_344=b"ni1\0"), UnsupportedImage, "half of"),
        (nifti_bytes(VOLUME, RAS * 0), CorruptImage, "degenerate"),
        (gzip.compress(nifti_bytes(VOLUME), mtime=0)[:-12], CorruptImage, "gzip"),
    ],
)
def test_refusals(data: bytes, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        read(data)


def test_a_gzip_bomb_is_refused() -> None:
    with pytest.raises(ImageTooLarge, match="inflates"):
        read_nifti(gzip.compress(bytes(3 << 20)), "made.nii.gz", DecodeLimits(inflated_bytes=1 << 20))
