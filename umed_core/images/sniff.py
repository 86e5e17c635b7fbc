"""What a file is, judged by its first bytes."""

from __future__ import annotations

import struct
import zlib
from typing import Literal, TypeAlias

__all__ = ["ImageKind", "describe", "sniff"]

ImageKind: TypeAlias = Literal["dicom", "raster", "nifti", "unknown"]

_RASTER_MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00",
    b"MM\x00+",
    b"BM",
    b"GIF87a",
    b"GIF89a",
)
_FIRST_GROUPS = (0x0002, 0x0008)
_VRS = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"NRRD", "a NRRD volume"),
    (b"ObjectType", "a MetaImage volume"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"\x00\x00\x00\x0cjP", "a bare JPEG 2000 image"),
    (b"\xffO\xffQ", "a bare JPEG 2000 codestream"),
)


def sniff(head: bytes) -> ImageKind:
    """The kind of image whose first bytes (4 KiB suffice) are `head`; "unknown" for anything else."""
    if head[128:132] == b"DICM":
        return "dicom"
    if _is_nifti(head):
        return "nifti"
    if head.startswith(_RASTER_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "raster"
    return "dicom" if _begins_with_element(head) else "unknown"


def describe(head: bytes) -> str:
    """What an unknown file seems to be, in words for an error message."""
    for magic, words in _OTHERS:
        if head.startswith(magic):
            return words
    if head and all(32 <= byte < 127 or byte in b"\t\r\n\f" for byte in head[:512]):
        return "plain text"
    return "of no format that umed knows"


def _is_nifti(head: bytes) -> bool:
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 1024)
        except zlib.error:
            return False
    return head[344:348] in (b"n+1\x00", b"ni1\x00") or head[4:8] in (b"n+2\x00", b"ni2\x00")


def _begins_with_element(head: bytes) -> bool:
    """Whether a DICOM dataset without preamble begins here, in any of its three plain encodings."""
    if len(head) < 8:
        return False
    for order in "<>":
        group, element, length = struct.unpack(f"{order}HHI", head[:8])
        if group in _FIRST_GROUPS and element <= 0x3000:
            if head[4:6] in _VRS:
                return True
            # Implicit VR exists in little endian only; its first element is short.
            if order == "<" and length <= 256:
                return True
    return False
