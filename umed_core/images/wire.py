"""What the program and its decoder process say to each other.

A message is its length (8 bytes, little endian), that much JSON of a known type, then the raw bytes of each array that
the JSON describes, in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import IO, Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage, StudyTags

__all__ = [
    "ContentRead",
    "ContentRequest",
    "DecodeRequest",
    "DirectoryRead",
    "DirectoryRequest",
    "DocumentRead",
    "DocumentRequest",
    "FileHeader",
    "HeaderRequest",
    "HeadersRead",
    "ImageDecoded",
    "MembersListed",
    "MembersRequest",
    "NamedFile",
    "Refused",
    "Reply",
    "Request",
    "read_reply",
    "read_request",
    "write_message",
]

_GREATEST_JSON = 256 * 1024 * 1024
_ARRAY_KINDS = "iuf"


class FileHeader(msgspec.Struct, frozen=True, tag=True):
    """What an index needs of one file; `kind` is "dicom", "raster", "nifti" or "archive" (a ZIP).

    A raster image fills `rows`, `columns`, `mode` (Pillow's: "L", "I;16", "RGB") and `is_turned` (by EXIF, which the
    size does not regard); a NIfTI file nothing; DICOM the rest. `has_pixels` false: a report, a plan or the like, which
    `object_name` names, "DICOMDIR" for a media directory.
    """

    path: str
    kind: str
    has_pixels: bool = True
    object_name: str = ""
    modality: str = ""
    rows: int = 0
    columns: int = 0
    frame_count: int = 1
    tags: StudyTags = StudyTags()
    position_mm: tuple[float, ...] = ()
    orientation: tuple[float, ...] = ()
    photometric: str = ""
    mode: str = ""
    is_turned: bool = False


class DecodeRequest(msgspec.Struct, frozen=True, tag=True):
    """Decode all frames of one file."""

    path: str
    limits: DecodeLimits


class HeaderRequest(msgspec.Struct, frozen=True, tag=True):
    """Read the headers of files."""

    paths: tuple[str, ...]
    limits: DecodeLimits


class DocumentRequest(msgspec.Struct, frozen=True, tag=True):
    """Read a DICOM object without pixels: a report, a presentation state."""

    path: str
    limits: DecodeLimits


class ContentRequest(msgspec.Struct, frozen=True, tag=True):
    """Read one file as it is: a member of an archive, for whoever needs its bytes."""

    path: str
    limits: DecodeLimits


class MembersRequest(msgspec.Struct, frozen=True, tag=True):
    """List what an archive holds."""

    path: str
    limits: DecodeLimits


class DirectoryRequest(msgspec.Struct, frozen=True, tag=True):
    """List what a DICOMDIR names."""

    path: str
    limits: DecodeLimits


class ImageDecoded(msgspec.Struct, frozen=True, tag=True):
    """The image; its arrays follow the JSON."""

    image: MedicalImage


class Refused(msgspec.Struct, frozen=True, tag=True):
    """An error of the tree (`umed_core.errors.error_from_code`)."""

    code: str
    message: str
    hint: str


class HeadersRead(msgspec.Struct, frozen=True, tag=True):
    """In the order of the request."""

    files: tuple[FileHeader | Refused, ...]


class DocumentRead(msgspec.Struct, frozen=True, tag=True):
    """Its elements in DICOM's JSON model, binary ones left out. Source: PS3.18 Annex F."""

    json: str


class ContentRead(msgspec.Struct, frozen=True, tag=True):
    """(N,) uint8."""

    data: NDArray[np.uint8]


class MembersListed(msgspec.Struct, frozen=True, tag=True):
    """Paths of members, sorted, and those that are not read, each with its reason."""

    paths: tuple[str, ...]
    refused: tuple[tuple[str, Refused], ...]


class NamedFile(msgspec.Struct, frozen=True):
    """A file that a DICOMDIR names by `file_id`, the parts of its path; with `says_all`, `header` needs no look at the file."""

    file_id: tuple[str, ...]
    header: FileHeader
    says_all: bool


class DirectoryRead(msgspec.Struct, frozen=True, tag=True):
    """In the order of the directory."""

    files: tuple[NamedFile, ...]


Request: TypeAlias = (
    DecodeRequest | HeaderRequest | DocumentRequest | ContentRequest | MembersRequest | DirectoryRequest
)
Reply: TypeAlias = ImageDecoded | HeadersRead | DocumentRead | ContentRead | MembersListed | DirectoryRead | Refused

_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


def write_message(out: IO[bytes], message: Request | Reply) -> None:
    """Raises: OSError where nobody reads any more."""
    arrays: list[NDArray[np.generic]] = []

    def describe(value: object) -> dict[str, Any]:
        if not isinstance(value, np.ndarray):
            raise NotImplementedError(type(value).__name__)
        arrays.append(np.ascontiguousarray(value))
        return {"dtype": value.dtype.str, "shape": value.shape}

    text = msgspec.json.encode(message, enc_hook=describe)
    out.write(len(text).to_bytes(8, "little") + text)
    for array in arrays:
        out.write(memoryview(array.reshape(-1).view(np.uint8).data))
    out.flush()


def read_request(source: IO[bytes]) -> Request:
    """Raises: EOFError at the end; msgspec.MsgspecError."""
    return _requests.decode(_read_text(source))


def read_reply(source: IO[bytes], greatest_array: int) -> Reply:
    """Raises: EOFError where the writer died; ValueError for anything but a reply, or an array beyond `greatest_array`
    (four times that, as decoded values may be float32)."""
    arrays: list[NDArray[np.generic]] = []

    def allocate(_: type, description: dict[str, Any]) -> NDArray[np.generic]:
        kind, shape = np.dtype(str(description["dtype"])), tuple(int(n) for n in description["shape"])
        if kind.kind not in _ARRAY_KINDS or min(shape, default=0) < 0:
            raise ValueError(f"an array of {kind} {shape}")
        if math.prod(shape) * kind.itemsize > 4 * greatest_array:
            raise ValueError(f"an array of {shape} is beyond the limit")
        arrays.append(np.empty(shape, kind))
        return arrays[-1]

    reply = _decode_reply(_read_text(source), allocate)
    for array in arrays:
        _fill(source, memoryview(array.reshape(-1).view(np.uint8).data))
    return reply


def _decode_reply(text: bytes, allocate: Callable[[type, Any], Any]) -> Reply:
    reply: Reply = msgspec.json.decode(text, type=Reply, dec_hook=allocate)
    return reply


def _read_text(source: IO[bytes]) -> bytes:
    header = bytearray(8)
    _fill(source, memoryview(header))
    length = int.from_bytes(header, "little")
    if length > _GREATEST_JSON:
        raise ValueError(f"a message of {length} bytes")
    text = bytearray(length)
    _fill(source, memoryview(text))
    return bytes(text)


def _fill(source: IO[bytes], view: memoryview) -> None:
    filled = 0
    while filled < len(view):
        count = source.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError("the other side closed the pipe")
        filled += count
