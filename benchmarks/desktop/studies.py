"""What the window is timed on, all of it synthetic: CT series, one large radiograph, and one picture for every viewer."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

from umed_core.phantoms import make_phantom
from umed_core.phantoms.dicom_file import dicom_bytes

__all__ = ["write_pictures", "write_radiograph", "write_series"]


def write_series(folder: Path, count: int, number: int = 1) -> None:
    """CT series `number` of 512 x 512 slices, 2 mm apart, each a phantom moved by a few pixels."""
    folder.mkdir(parents=True)
    dataset = pydicom.dcmread(io.BytesIO(dicom_bytes(make_phantom("ct", 1))))
    stored = dataset.pixel_array
    x, y, _ = dataset.ImagePositionPatient
    dataset.SeriesNumber, dataset.SeriesInstanceUID = number, f"2.25.401{number}"
    for place in range(count):
        dataset.InstanceNumber = place + 1
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.400{number}{place + 1:05d}"
        dataset.ImagePositionPatient = [x, y, 2.0 * place]
        dataset.PixelData = np.roll(stored, place, axis=1).tobytes()
        dataset.save_as(folder / f"{place:04d}.dcm")


def write_radiograph(path: Path) -> None:
    """One grey DICOM file of 3000 x 2500."""
    dataset = pydicom.dcmread(io.BytesIO(dicom_bytes(make_phantom("cxr", 1))))
    large = Image.fromarray(dataset.pixel_array.astype(np.int32)).resize((2500, 3000))
    dataset.Rows, dataset.Columns = 3000, 2500
    dataset.PixelData = np.asarray(large).astype("<u2").tobytes()
    dataset.save_as(path)


def write_pictures(folder: Path) -> None:
    """One CT slice of 512 x 512, three times: slice.dcm, slice.npy (HU) for a viewer of arrays, slice.png for one of
    pictures."""
    folder.mkdir(parents=True)
    content = dicom_bytes(make_phantom("ct", 1))
    (folder / "slice.dcm").write_bytes(content)
    dataset = pydicom.dcmread(io.BytesIO(content))
    hu = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    np.save(folder / "slice.npy", hu.astype(np.int16))
    shown = (np.clip((hu + 160) / 400, 0, 1) * 255).astype(np.uint8)  # soft tissue: level 40, width 400
    Image.fromarray(shown).save(folder / "slice.png")
