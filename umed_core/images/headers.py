"""The header of one file: enough to sort files into studies and series, without their pixels."""

from __future__ import annotations

import stat
import warnings
from pathlib import Path

from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.archive import MEMBER_FAILURES, archive_above, is_archive, member_damaged, open_member
from umed_core.images.disk import disk_refusal
from umed_core.images.limits import DecodeLimits
from umed_core.images.sniff import describe, sniff
from umed_core.images.wire import FileHeader

__all__ = ["read_header"]

_HEAD_BYTES = 64 * 1024


def read_header(path: Path, limits: DecodeLimits) -> FileHeader:
    """Kind, size and DICOM tags of a file; no pixel is decoded.

    `path` may be a member of an archive; an archive itself is named as one.
    Raises: InputError and its kinds; UnsupportedImage for a file that is no image.
    """
    try:
        is_member = archive_above(path) is not None
        size = 0 if is_member else _size_on_disk(path)  # a member's is judged when it is opened
        with open_member(path, limits) if is_member else path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
            if not head:
                raise CorruptImage(f"{path} is empty (0 bytes).", "Copy it again from where it came from.")
            if is_archive(head):
                return FileHeader(str(path), "archive", has_pixels=False, object_name="ZIP archive")
            if size > limits.file_bytes:
                raise ImageTooLarge(f"{path} takes {size >> 20} MiB.", f"The limit is {limits.file_bytes >> 20} MiB.")
            kind = sniff(head)
            if kind != "dicom":
                if kind == "unknown":
                    raise UnsupportedImage(
                        f"{path} is {describe(head)}.", "Open DICOM, NIfTI, PNG, JPEG, TIFF or BMP files."
                    )
                if kind == "raster":
                    from umed_core.images.raster import read_raster_header

                    opened.seek(0)
                    return read_raster_header(opened, str(path))
                return FileHeader(str(path), kind)
            from umed_core.images.dicom_header import read_dicom_header

            opened.seek(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return read_dicom_header(opened, head, str(path), limits)
    except MEMBER_FAILURES as problem:
        raise member_damaged(path, problem) from problem
    except MemoryError as problem:
        raise ImageTooLarge(
            f"{path} has a header beyond the memory allowed.", "Ask the sender for the original."
        ) from problem
    except (OSError, ValueError) as problem:
        raise disk_refusal(path, problem) from problem


def _size_on_disk(path: Path) -> int:
    """Asked before the file is opened: to open a pipe would wait for someone who writes into it."""
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise UnsupportedImage(f"{path} is no regular file.", "Open an image file.")
    return facts.st_size
