"""A DICOM file to a dataset that is safe to decode: what the header claims is checked against what the file holds."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.limits import DecodeLimits

__all__ = [
    "DAMAGED",
    "DICOM_FAILURES",
    "PIXEL_KEYWORDS",
    "check_claims",
    "end_of_meta",
    "int_of",
    "one_line",
    "read_dataset",
    "text_of",
]

DAMAGED = "The file is damaged; ask the sender for the original."
HOSTILE = "The file is damaged or hostile; ask the sender for the original."
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")

DICOM_FAILURES = (
    InvalidDicomError,
    BytesLengthException,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom and its codecs raise on a damaged file; each is a fault of the file, not of the program."""

_RLE_GREATEST_RATIO = 64
"""A PackBits run of 2 bytes stands for at most 128 (PS3.5 G.3.1)."""
_EOF_GRACE_BYTES = 1
"""Odd-length pixel data whose padding byte was left out is common and harmless."""
_UNDEFINED_LENGTH = 0xFFFFFFFF
_DEFLATE_STEP = 1 << 20
_BOMB_BYTES = 64 << 20
_BOMB_RATIO = 300
"""Beyond 64 MiB, deflated data that grows this much is no picture: an X-ray shrinks 2 to 4 times, a blank one 60."""


def read_dataset(data: bytes, source: str, limits: DecodeLimits, tags: Iterable[str] | None = None) -> FileDataset:
    """The dataset of a file, preamble and meta header present or not; with `tags`, only those and no pixels.

    Raises: CorruptImage, ImageTooLarge, UnsupportedImage.
    """
    try:
        data = _inflated(data, source, limits)
        dataset = dcmread(
            io.BytesIO(data),
            force=True,
            stop_before_pixels=tags is not None,
            specific_tags=None if tags is None else list(tags),
        )
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{source} could not be read as DICOM: {one_line(problem)}.", DAMAGED) from problem
    if len(dataset) == 0 and tags is None:
        raise CorruptImage(f"{source} holds no DICOM elements.", DAMAGED)
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = _guessed_syntax(dataset)
    return dataset


def check_claims(dataset: FileDataset, source: str, file_bytes: int, limits: DecodeLimits) -> None:
    """Whether the file can hold the pixels that its header claims, before anything is allocated for them.

    Raises: CorruptImage for a claim that the file cannot hold; ImageTooLarge beyond the limits;
        UnsupportedImage for an object without pixels.
    """
    keyword = next((k for k in PIXEL_KEYWORDS if k in dataset), "")
    rows, columns = int_of(dataset, "Rows"), int_of(dataset, "Columns")
    if not keyword or not (rows and columns):
        raise _without_pixels(dataset, source, keyword)
    frames, samples = max(1, int_of(dataset, "NumberOfFrames", 1)), int_of(dataset, "SamplesPerPixel", 1)
    bits = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}.get(keyword) or int_of(dataset, "BitsAllocated")
    if not 1 <= bits <= 64 or samples not in (1, 3, 4):
        raise CorruptImage(f"{source} claims {samples} samples of {bits} bits a pixel.", DAMAGED)
    claim = f"{columns} x {rows} pixels" + (f" in {frames} frames" if frames > 1 else "")
    needed = (rows * columns * frames * samples * bits + 7) // 8
    held = _held_bytes(dataset, keyword, source)
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if not syntax.is_encapsulated:
        # 4:2:2 stores two of three samples (PS3.3 C.7.6.3.1.2).
        stored = needed * 2 // 3 if dataset.get("PhotometricInterpretation") == "YBR_FULL_422" else needed
        if held + _EOF_GRACE_BYTES < stored:
            raise CorruptImage(f"{source} says {claim}, {stored} bytes, but holds {held}.", HOSTILE)
    elif syntax == RLELossless and needed > held * _RLE_GREATEST_RATIO:
        raise CorruptImage(f"{source} says {claim} but holds {file_bytes} bytes.", HOSTILE)
    # Decoded values take whole bytes, and a rescale can make them float32.
    decoded = rows * columns * frames * (3 if samples > 1 else max(1, (bits + 7) // 8))
    if decoded > limits.pixel_bytes:
        raise ImageTooLarge(
            f"{source} says {claim}, {decoded >> 20} MiB decoded.",
            f"The limit is {limits.pixel_bytes >> 20} MiB; export fewer frames or a smaller image.",
        )


def text_of(dataset: Dataset, keyword: str) -> str:
    """The value of an element as text; "" where it is absent, empty or unreadable."""
    try:
        value = dataset.get(keyword)
        return "" if value is None else str(value).replace("\x00", "").strip()
    except DICOM_FAILURES:
        return ""


def int_of(dataset: Dataset, keyword: str, default: int = 0) -> int:
    """The value of an element as a whole number; `default` where it is absent, empty or no number."""
    try:
        value = dataset.get(keyword)
        return default if value is None or value == "" else int(value)
    except DICOM_FAILURES:
        return default


def _inflated(data: bytes, source: str, limits: DecodeLimits) -> bytes:
    """The same bytes, if the file is not deflated or inflates within the limits; pydicom itself inflates without any."""
    if data[128:132] != b"DICM":
        return data
    start, syntax = end_of_meta(data)
    if syntax != DeflatedExplicitVRLittleEndian:
        return data
    total, inflater, chunk = 0, zlib.decompressobj(wbits=-zlib.MAX_WBITS), data[start:]
    while chunk and not inflater.eof:
        total += len(inflater.decompress(chunk, _DEFLATE_STEP))
        chunk = inflater.unconsumed_tail
        taken = len(data) - start - len(chunk)
        if total > limits.inflated_bytes or (total > _BOMB_BYTES and total > taken * _BOMB_RATIO):
            raise ImageTooLarge(
                f"{source} holds {len(data)} bytes that inflate to {total >> 20} MiB and more.",
                HOSTILE,
            )
    if not inflater.eof:
        raise CorruptImage(f"{source} ends within its deflated data.", DAMAGED)
    return data


def end_of_meta(data: bytes) -> tuple[int, str]:
    """Where the dataset begins, and the transfer syntax that the meta header names ("" if it names none)."""
    position, syntax = 132, ""
    while data[position : position + 2] == b"\x02\x00" and position + 8 <= len(data):
        element = struct.unpack("<H", data[position + 2 : position + 4])[0]
        if data[position + 4 : position + 6] in (b"OB", b"UN"):
            length, header = int.from_bytes(data[position + 8 : position + 12], "little"), 12
        else:
            length, header = int.from_bytes(data[position + 6 : position + 8], "little"), 8
        if element == 0x0010:
            syntax = data[position + header : position + header + length].decode("ascii", "replace").rstrip("\x00 ")
        position += header + length
    return position, syntax


def _held_bytes(dataset: Dataset, keyword: str, source: str) -> int:
    """Bytes that the pixel element really holds. Raises: CorruptImage where it is cut off."""
    tag: BaseTag = Tag(keyword)
    element = dataset.get_item(tag)
    held = len(element.value or b"") if element is not None else 0
    stated = element.length if isinstance(element, RawDataElement) and element.length != _UNDEFINED_LENGTH else 0
    if held + _EOF_GRACE_BYTES < stated:
        raise CorruptImage(f"{source} is cut off: its pixels take {stated} bytes, {held} are there.", DAMAGED)
    return held


def _guessed_syntax(dataset: FileDataset) -> UID:
    """The transfer syntax of a file that names none, from how it was parsed and how its pixels begin."""
    element = dataset.get_item("PixelData") if "PixelData" in dataset else None
    if isinstance(element, RawDataElement) and element.length == _UNDEFINED_LENGTH:
        codestream = bytes(element.value or b"")[:4096]
        for magic, syntax in _CODESTREAMS:
            if magic in codestream:
                return syntax
        return RLELossless
    is_implicit, is_little = dataset.original_encoding
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if is_little is False else ExplicitVRLittleEndian


_CODESTREAMS: tuple[tuple[bytes, UID], ...] = (
    (b"\xff\x4f\xff\x51", JPEG2000),
    (b"\xff\xd8\xff\xf7", JPEGLSLossless),
    (b"\xff\xc3", JPEGLosslessSV1),
    (b"\xff\xc1", JPEGExtended12Bit),
    (b"\xff\xd8\xff", JPEGBaseline8Bit),
)


def _without_pixels(dataset: FileDataset, source: str, keyword: str) -> CorruptImage | UnsupportedImage:
    if keyword:
        return CorruptImage(f"{source} has pixels but no Rows and Columns.", DAMAGED)
    sop_class = UID(text_of(dataset, "SOPClassUID") or text_of(dataset.file_meta, "MediaStorageSOPClassUID"))
    if sop_class == "1.2.840.10008.1.3.10":
        return UnsupportedImage(f"{source} is a DICOMDIR, an index of other files.", "Open the folder that holds it.")
    if int_of(dataset, "Rows"):
        return CorruptImage(f"{source} describes an image but its pixels are missing.", DAMAGED)
    name = sop_class.name if sop_class else ""
    kind = name if name and name != sop_class else (text_of(dataset, "Modality") or "DICOM object of unknown kind")
    return UnsupportedImage(f"{source} holds no pixels: it is a {kind}.", "Open the images that it refers to.")


def one_line(problem: BaseException) -> str:
    """What a library said, without its line breaks and cut to a sentence's length."""
    return " ".join(str(problem).split()).rstrip(".")[:200] or type(problem).__name__
