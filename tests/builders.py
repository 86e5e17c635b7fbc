"""Small inputs, built in process: DICOM files, pictures and records whose every value a reader can check."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, CTImageStorage, ExplicitVRLittleEndian

from umed_core.geometry import NormalizedBox
from umed_core.records import Finding, MauRecord

__all__ = [
    "finding",
    "ramp",
    "record",
    "tiny_ct",
    "tiny_dicom",
    "truncated",
    "write_dicom",
    "write_picture",
    "write_png_that_lies",
]

# A root for UIDs of made-up objects (PS3.5 B.2); what follows is a fixed count, so files are the same each time.
_UID_ROOT = "2.25.20261122"


def ramp(height: int = 4, width: int = 6, dtype: str = "uint16") -> NDArray[np.generic]:
    """(H, W) values 0, 1, 2, ... in reading order: pixel (row, column) holds row * width + column."""
    return np.arange(height * width, dtype=dtype).reshape(height, width)


def tiny_dicom(pixels: NDArray[np.generic] | None = None, **keywords: object) -> FileDataset:
    """A monochrome computed radiograph of `pixels` (F, H, W) or (H, W), any 8 or 16 bit integers (default: `ramp()`).

    `keywords` are DICOM keywords that replace or add elements, e.g. `RescaleSlope=2`; None removes an element.
    """
    values = ramp() if pixels is None else pixels
    bits = values.dtype.itemsize * 8
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = UID(f"{_UID_ROOT}.3.1")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("tiny.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = f"{_UID_ROOT}.1"
    dataset.SeriesInstanceUID = f"{_UID_ROOT}.2"
    dataset.PatientName = "SYNTHETIC^TINY"
    dataset.PatientID = "TINY"
    dataset.Modality = "CR"
    dataset.InstanceNumber = "1"
    dataset.Rows, dataset.Columns = values.shape[-2:]
    if values.ndim == 3:
        dataset.NumberOfFrames = str(values.shape[0])
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(np.issubdtype(values.dtype, np.signedinteger))
    content = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = content + b"\0" * (len(content) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    _apply(dataset, keywords)
    return dataset


def tiny_ct(slice_index: int = 0, spacing_mm: float = 2.0, **keywords: object) -> FileDataset:
    """One axial slice in HU whose every pixel is `slice_index`; slices lie `spacing_mm` apart along z."""
    stored = np.full((4, 6), slice_index + 1024, dtype=np.uint16)
    dataset = tiny_dicom(stored)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    uid = UID(f"{_UID_ROOT}.3.{slice_index + 2}")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid
    dataset.Modality = "CT"
    dataset.InstanceNumber = str(slice_index + 1)
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "-1024", "1", "HU"
    dataset.PixelSpacing = ["0.5", "0.5"]
    dataset.SliceThickness = str(spacing_mm)
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.ImagePositionPatient = ["0", "0", str(slice_index * spacing_mm)]
    _apply(dataset, keywords)
    return dataset


def write_dicom(path: Path, dataset: Dataset) -> Path:
    """Writes `dataset` in the DICOM File Format and returns `path`."""
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_picture(path: Path, pixels: NDArray[np.generic], **options: object) -> Path:
    """Writes (H, W) or (H, W, 3) pixels in the format of the suffix, with Pillow's `options`; returns `path`."""
    Image.fromarray(pixels).save(path, **options)
    return path


def write_png_that_lies(path: Path, width: int, height: int) -> Path:
    """A PNG of a few hundred bytes whose header promises `width` x `height` grey pixels; returns `path`."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = io.BytesIO()
    content.write(b"\x89PNG\r\n\x1a\n")
    content.write(chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b""))
    path.write_bytes(content.getvalue())
    return path


def truncated(path: Path, share: float = 0.5) -> Path:
    """Cuts the file at `path` to its first `share` of bytes, in place; returns `path`."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def finding(label: str = "polyp", x: float = 0.25, y: float = 0.25, w: float = 0.5, h: float = 0.25) -> Finding:
    """A finding whose box has corners that binary fractions hold exactly."""
    return Finding(label, NormalizedBox(x, y, w, h))


def record(image: str = "images/a.png", group: str = "a", *findings: Finding) -> MauRecord:
    """A record of one endoscopy image; without `findings` it has one polyp."""
    return MauRecord(image=image, dataset="test", group=group, findings=findings or (finding(),), modality="endoscopy")


def _apply(dataset: Dataset, keywords: dict[str, object]) -> None:
    for keyword, value in keywords.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
