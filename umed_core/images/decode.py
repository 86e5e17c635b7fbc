"""One file to MedicalImage, in this process. Untrusted files go through `open_image`, which runs this in a child."""

from __future__ import annotations

import warnings
from pathlib import Path

from umed_core.errors import CorruptImage, ImageTooLarge, MissingFile, UnsupportedImage
from umed_core.images.archive import archive_above, read_member
from umed_core.images.disk import disk_refusal
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.sniff import describe, sniff

__all__ = ["decode_file", "read_bounded"]


def decode_file(path: Path, limits: DecodeLimits) -> MedicalImage:
    """Reads DICOM, NIfTI or a raster image, by content.

    Raises: InputError and its kinds.
    """
    data = read_bounded(path, limits)
    kind = sniff(data[:4096])
    try:
        with warnings.catch_warnings():
            # pydicom and Pillow warn about oddities of the file; what matters to the person is in `notes`.
            warnings.simplefilter("ignore")
            # Imported here: a folder of PNGs needs no pydicom, and pydicom takes 0.2 s to import.
            if kind == "dicom":
                from umed_core.images.dicom import read_dicom

                return read_dicom(data, str(path), limits)
            if kind == "raster":
                from umed_core.images.raster import read_raster

                return read_raster(data, str(path), limits)
            if kind == "nifti":
                from umed_core.images.nifti import read_nifti

                return read_nifti(data, str(path), limits)
    except MemoryError as problem:
        raise ImageTooLarge(
            f"{path} needs more memory than the {limits.memory_bytes >> 20} MiB allowed.",
            "Open a smaller version of it.",
        ) from problem
    raise UnsupportedImage(
        f"{path} is {describe(data)}, not a medical image.", "Open DICOM, NIfTI, PNG, JPEG, TIFF or BMP files."
    )


def read_bounded(path: Path, limits: DecodeLimits) -> bytes:
    """The bytes of a regular, non-empty file, or of a member of an archive, within the limits.

    Raises: MissingFile, UnsupportedImage, CorruptImage, ImageTooLarge.
    """
    data = read_member(path, limits) if archive_above(path) is not None else _read_file(path, limits)
    if not data:
        raise CorruptImage(f"{path} is empty (0 bytes).", "Copy it again from where it came from.")
    return data


def _read_file(path: Path, limits: DecodeLimits) -> bytes:
    try:
        if path.is_dir():
            raise UnsupportedImage(f"{path} is a folder.", "Open it as a folder, or name one file in it.")
        if not path.is_file():
            if path.exists():
                raise UnsupportedImage(f"{path} is no regular file.", "Open an image file.")
            raise MissingFile(f"{path} does not exist.", "Check the path.")
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise ImageTooLarge(
                f"{path} takes {size >> 20} MiB; the limit is {limits.file_bytes >> 20} MiB.",
                "Split it into smaller files.",
            )
        return path.read_bytes()
    except (OSError, ValueError) as problem:
        raise disk_refusal(path, problem) from problem
