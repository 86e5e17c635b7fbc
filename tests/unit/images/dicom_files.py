"""Small DICOM files with chosen elements, for the tests of the images room."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

PIXEL_SHAPE_KEYWORDS = ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation")


def dataset_of(pixels: NDArray[np.generic], **elements: Any) -> Dataset:
    """A CT slice of `pixels` (H, W), or (F, H, W) with NumberOfFrames given; `elements` are added or replace, None removes."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.Modality, dataset.PatientName, dataset.PatientID = "CT", "Phantom^One", "P1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = 8 * pixels.dtype.itemsize
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in elements.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)
    return dataset


def file_bytes(
    dataset: Dataset,
    pixel_bytes: bytes | None = None,
    syntax: UID = ExplicitVRLittleEndian,
    fragments: list[bytes] | None = None,
) -> bytes:
    """The file that holds `dataset` with these native pixels, or with these encapsulated frames."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    if fragments is not None:
        dataset.PixelData = encapsulate(fragments)
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    elif pixel_bytes is not None:
        dataset.PixelData = pixel_bytes + b"\0" * (len(pixel_bytes) % 2)
        dataset["PixelData"].VR = "OW"
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.save_as(
            out, enforce_file_format=True, little_endian=syntax.is_little_endian, implicit_vr=syntax.is_implicit_VR
        )
    return out.getvalue()


def dicom_bytes(pixels: NDArray[np.generic], **elements: Any) -> bytes:
    """An uncompressed file of `pixels`."""
    return file_bytes(dataset_of(pixels, **elements), pixels.tobytes())


def write_dicom(path: Path, pixels: NDArray[np.generic], **elements: Any) -> Path:
    path.write_bytes(dicom_bytes(pixels, **elements))
    return path


def item(**elements: Any) -> Dataset:
    """A sequence item."""
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made
