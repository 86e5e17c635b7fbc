"""What a file is, by its first bytes."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from tests.unit.images.dicom_files import dicom_bytes
from umed_core.images.sniff import describe, sniff

NIFTI = b"\x5c\x01\0\0" + b"\0" * 340 + b"n+1\0"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (dicom_bytes(np.zeros((2, 2), np.uint16)), "dicom"),
        (b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100", "dicom"),  # no preamble, explicit VR
        (b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 100", "dicom"),  # no preamble, implicit VR
        (b"\x00\x08\x00\x05CS\x00\x0aISO_IR 100", "dicom"),  # no preamble, big endian
        (b"\x89PNG\r\n\x1a\n....", "raster"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "raster"),
        (b"MM\x00*\x00\x00\x00\x08", "raster"),
        (NIFTI, "nifti"),
        (gzip.compress(NIFTI), "nifti"),
        (gzip.compress(b"text"), "unknown"),
        (b"\x1f\x8b damaged", "unknown"),
        (b"hello, I am text", "unknown"),
        (b"", "unknown"),
        (b"\x08", "unknown"),
    ],
)
def test_kind(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"dear reader\n", "plain text"),
        (b"\x00\xfe", "of no format that umed knows"),
    ],
)
def test_an_unknown_file_is_described(head: bytes, words: str) -> None:
    assert describe(head) == words
