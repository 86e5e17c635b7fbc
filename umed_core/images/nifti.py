"""NIfTI-1 and NIfTI-2 (.nii, .nii.gz) to a MedicalImage volume.

Voxels are reordered, by swapping and flipping axes only, so that frames are axial from feet to head, rows run from the
front of the patient to the back and columns from the patient's right to the left: as a radiologist expects them.
`orientation` and `position_mm` describe the reordered volume in DICOM's patient coordinates (LPS).
Source: nifti1.h, nifti2.h (NIfTI Data Format Working Group).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.placement import position_along_normal
from umed_core.images.rescale import rescaled

__all__ = ["read_nifti"]

_DAMAGED = "The file is damaged; ask the sender for the original."
_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 128: "rgb", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True)
class _Header:
    shape: tuple[int, ...]
    type_code: int
    offset: int
    slope: float
    intercept: float
    affine: NDArray[np.float64]
    order: str
    description: str


def read_nifti(data: bytes, source: str, limits: DecodeLimits) -> MedicalImage:
    """The first volume of the file, scaled by scl_slope and scl_inter; a note says how many volumes are left out.

    Raises: CorruptImage, UnsupportedImage, ImageTooLarge.
    """
    if data[:2] == b"\x1f\x8b":
        data = _gunzipped(data, source, limits)
    header = _header(data, source)
    kind = _TYPES.get(header.type_code)
    if kind is None:
        raise UnsupportedImage(
            f"{source} has voxels of NIfTI type {header.type_code}.", "Convert it to int16 or float32."
        )
    cell = np.dtype("u1" if kind == "rgb" else header.order + kind)
    channels = 3 if kind == "rgb" else 1
    count = int(np.prod(header.shape[:3], dtype=np.int64)) * channels
    if count * cell.itemsize > limits.pixel_bytes:
        raise ImageTooLarge(
            f"{source} says {header.shape} voxels, {count * cell.itemsize >> 20} MiB.", "Crop or resample it."
        )
    if header.offset + count * cell.itemsize > len(data):
        raise CorruptImage(
            f"{source} says {header.shape} voxels, {count * cell.itemsize} bytes, but holds {len(data)}.", _DAMAGED
        )
    voxels = np.frombuffer(data, cell, count, header.offset)
    # NIfTI runs x fastest; axes here are (x, y, z, channels).
    volume = voxels.reshape((channels, *header.shape[:3]), order="F").transpose(1, 2, 3, 0)
    frames, affine = _axial(volume, header.affine)
    spacing = np.linalg.norm(affine[:, :3], axis=0)
    if not bool((spacing > 0).all()):
        raise CorruptImage(f"{source} states a degenerate position of its voxels.", _DAMAGED)
    orientation = tuple(float(v) for v in (*(affine[:, 0] / spacing[0]), *(affine[:, 1] / spacing[1])))
    positions = tuple(
        position_along_normal(tuple(affine[:, 3] + k * affine[:, 2]), orientation) for k in range(frames.shape[0])
    )
    left_out = int(np.prod(header.shape[3:], dtype=np.int64)) - 1
    return MedicalImage(
        pixels=np.ascontiguousarray(frames) if channels == 3 else _scaled(frames[..., 0], header),
        source=source,
        spacing_mm=(float(spacing[1]), float(spacing[0])),
        orientation=orientation,
        slice_positions_mm=positions,
        position_mm=(float(affine[0, 3]), float(affine[1, 3]), float(affine[2, 3])),
        transfer_syntax="NIfTI",
        notes=(f"{left_out} more volumes of this file are left out.",) if left_out > 0 else (),
    )


def _axial(volume: NDArray[np.generic], ras: NDArray[np.float64]) -> tuple[NDArray[np.generic], NDArray[np.float64]]:
    """(z, y, x, channels) nearest to LPS, and its 3x4 affine from (x, y, z) index to LPS mm.

    The assignment of axes is the one whose direction cosines are greatest in sum, so each world axis is used once.
    """
    from scipy.optimize import linear_sum_assignment

    lps = _RAS_TO_LPS @ ras
    _, axes = linear_sum_assignment(-np.abs(lps[:, :3] / np.maximum(np.linalg.norm(lps[:, :3], axis=0), 1e-12)))
    reordered, affine = volume.transpose(*axes, 3), np.column_stack([lps[:, axes], lps[:, 3]])
    for axis in range(3):
        if affine[axis, axis] < 0:
            affine[:, 3] += affine[:, axis] * (reordered.shape[axis] - 1)
            affine[:, axis] *= -1
            reordered = np.flip(reordered, axis)
    return reordered.transpose(2, 1, 0, 3), affine


def _scaled(frames: NDArray[np.generic], header: _Header) -> NDArray[np.generic]:
    values = np.ascontiguousarray(frames.astype(frames.dtype.newbyteorder("="), copy=False))
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, posinf=0.0, neginf=0.0).astype(np.float32)
    if header.slope and np.isfinite([header.slope, header.intercept]).all():
        return rescaled(values, header.slope, header.intercept)
    return values


def _header(data: bytes, source: str) -> _Header:
    for order in "<>":
        size = struct.unpack(order + "i", data[:4])[0] if len(data) >= 4 else 0
        if size in (348, 540) and len(data) >= size:
            break
    else:
        raise CorruptImage(f"{source} has no NIfTI header.", _DAMAGED)
    if (data[344:348] if size == 348 else data[4:8])[:2] == b"ni":
        raise UnsupportedImage(f"{source} is half of a .hdr/.img pair.", "Convert it to a single .nii file.")
    if size == 348:
        dims = struct.unpack(order + "8h", data[40:56])
        type_code = struct.unpack(order + "h", data[70:72])[0]
        zooms = struct.unpack(order + "8f", data[76:108])
        offset, slope, intercept = struct.unpack(order + "3f", data[108:120])
        units, description = data[123], data[148:228]
        qform, sform = struct.unpack(order + "2h", data[252:256])
        quaternion, rows = struct.unpack(order + "6f", data[256:280]), struct.unpack(order + "12f", data[280:328])
    else:
        dims = struct.unpack(order + "8q", data[16:80])
        type_code = struct.unpack(order + "h", data[12:14])[0]
        zooms = struct.unpack(order + "8d", data[104:168])
        (offset,) = struct.unpack(order + "q", data[168:176])
        slope, intercept = struct.unpack(order + "2d", data[176:192])
        description, units = data[240:320], struct.unpack(order + "i", data[500:504])[0]
        qform, sform = struct.unpack(order + "2i", data[344:352])
        quaternion, rows = struct.unpack(order + "6d", data[352:400]), struct.unpack(order + "12d", data[400:496])
    if not 2 <= dims[0] <= 7 or min(dims[1 : dims[0] + 1]) < 1 or not np.isfinite(offset) or not 0 <= offset < 2**31:
        raise CorruptImage(f"{source} states impossible dimensions {dims[:5]}.", _DAMAGED)
    shape = (*dims[1 : dims[0] + 1], *([1] * (3 - dims[0])))
    scale = _MM.get(units & 7, 1.0)
    affine = _affine(qform, sform, zooms, quaternion, rows)
    if not bool(np.isfinite(affine).all()):
        raise CorruptImage(f"{source} states a position that is no number.", _DAMAGED)
    text = bytes(description).split(b"\x00")[0].decode("latin-1").strip()
    return _Header(shape, type_code, int(offset), slope, intercept, affine * scale, order, text)


def _affine(
    qform: int, sform: int, zooms: tuple[float, ...], quaternion: tuple[float, ...], rows: tuple[float, ...]
) -> NDArray[np.float64]:
    """3x4 from voxel index to RAS. Source: nifti1.h, methods 3 (sform), 2 (qform) and 1 (spacing only), in that order."""
    if sform > 0:
        return np.array(rows, np.float64).reshape(3, 4)
    scale = np.array([abs(zoom) or 1.0 for zoom in zooms[1:4]])
    if qform > 0:
        b, c, d, *offset = quaternion
        a = np.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
        rotation = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
            ]
        )
        scale[2] *= -1.0 if zooms[0] < 0 else 1.0
        return np.column_stack([rotation * scale, offset])
    return np.column_stack([np.diag(scale), np.zeros(3)])


def _gunzipped(data: bytes, source: str, limits: DecodeLimits) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(data, limits.inflated_bytes + 1)
    except zlib.error as problem:
        raise CorruptImage(f"{source} has damaged gzip data: {problem}.", _DAMAGED) from problem
    if len(inflated) > limits.inflated_bytes:
        raise ImageTooLarge(
            f"{source} inflates to more than {limits.inflated_bytes >> 20} MiB.", "Crop or resample it."
        )
    if not inflater.eof:
        raise CorruptImage(f"{source} ends within its gzip data.", _DAMAGED)
    return inflated
