"""JPEG and PNG files without anything but their coded picture, which is kept bit for bit.

What a reader of pixels needs stays (tables, frame, scans; header and image data); comments, EXIF, XMP, profiles, previews,
dates and whatever follows the end go. A file with anything out of the ordinary is not kept: the caller encodes its pixels anew.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

__all__ = ["BarePicture", "bare_picture", "exif_turn"]

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_ENTIRE = "everything but the pixels"
_BEHIND = "data behind the picture"

_JPEG_TABLES = frozenset({0xC0, 0xC1, 0xC2, 0xC4, 0xDA, 0xDB, 0xDD})  # SOF0..2, DHT, SOS, DQT, DRI
_FRAMES, _SCAN, _END = frozenset({0xC0, 0xC1, 0xC2}), 0xDA, 0xD9
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_PLAIN_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"

_PNG_NAMES = {
    b"tEXt": "text chunk",
    b"zTXt": "text chunk",
    b"iTXt": "text chunk",
    b"eXIf": "EXIF",
    b"iCCP": "ICC",
    b"tIME": "time",
}
_ORIENTATION = 0x0112
_MAY_TURN = (b"xif", b"EXIF", b"eXIf", b"xmp", b"XMP", b"adobe.com")


@dataclass(frozen=True, slots=True)
class BarePicture:
    """A picture file without metadata; `content` is empty where the coded picture could not be kept as it is."""

    content: bytes
    suffix: str
    removed: tuple[str, ...]


class _OutOfTheOrdinary(Exception):
    """Within this module: leave this file to the encoder."""


def bare_picture(data: bytes) -> BarePicture:
    """The coded picture of a baseline or progressive JPEG in grey or three colours, or of a plain 8-bit PNG."""
    try:
        if data.startswith(b"\xff\xd8"):
            return _bare_jpeg(data)
        if data.startswith(_PNG_MAGIC):
            return _bare_png(data)
    except (_OutOfTheOrdinary, struct.error, IndexError, zlib.error):
        pass  # told by the empty content
    return BarePicture(b"", "", (_ENTIRE,))


def exif_turn(data: bytes) -> bool:
    """Whether EXIF or XMP says that a viewer turns or flips the picture (Orientation 2..8), as `images.raster` reads it.

    For files that `open_image` has decoded already: its child has met whatever they do to a decoder.
    """
    is_tiff = data[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
    if not is_tiff and not any(word in data for word in _MAY_TURN):
        return False
    Image.MAX_IMAGE_PIXELS = None  # as in images.raster: the decode limits are umed's own
    logging.getLogger("PIL").setLevel(logging.INFO)  # at DEBUG it logs the value of every tag
    with Image.open(io.BytesIO(data)) as opened:
        return opened.getexif().get(_ORIENTATION) in range(2, 9)


def _bare_jpeg(data: bytes) -> BarePicture:
    kept, removed = [b"\xff\xd8"], set()
    end = 2
    for marker, start, end in _jpeg_parts(data):
        body = data[start + 4 : end]
        if marker in _JPEG_TABLES:
            if marker in _FRAMES and body[5] not in (1, 3):
                raise _OutOfTheOrdinary
            kept.append(data[start:end])
        elif marker == _END:
            kept.append(b"\xff\xd9")
        elif marker == 0xE0 and body.startswith(b"JFIF\x00"):
            # A decoder tells YCbCr from RGB by these two; without what they carry beside it.
            kept.append(_PLAIN_JFIF)
            removed.update(["thumbnail"] if len(body) > 14 else [])
        elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            kept.append(b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + body[11:12])
        elif 0xE0 <= marker <= 0xEF or marker == 0xFE:
            removed.add(_jpeg_name(marker, body))
        else:
            raise _OutOfTheOrdinary
    if end < len(data):
        removed.add(_BEHIND)
    return BarePicture(b"".join(kept), ".jpg", tuple(sorted(removed)))


def _jpeg_parts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of each segment up to the end of the image; a scan takes its coded data with it."""
    position = 2
    while True:
        if data[position] != 0xFF:
            raise _OutOfTheOrdinary
        while data[position + 1] == 0xFF:  # fill bytes
            position += 1
        marker = data[position + 1]
        if marker == _END:
            yield marker, position, position + 2
            return
        end = position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        if marker == _SCAN:
            following = _AFTER_SCAN.search(data, end)
            if following is None:
                raise _OutOfTheOrdinary
            end = following.start()
        yield marker, position, end
        position = end


def _jpeg_name(marker: int, body: bytes) -> str:
    if marker == 0xFE:
        return "comment"
    for begin, name in (
        (b"Exif", "EXIF"),
        (b"http://ns.adobe.com/x", "XMP"),
        (b"ICC_PROFILE", "ICC"),
        (b"Photoshop", "IPTC"),
        (b"JFXX", "thumbnail"),
    ):
        if body.startswith(begin):
            return name
    return f"APP{marker - 0xE0}"


def _bare_png(data: bytes) -> BarePicture:
    kept, removed, coded = [_PNG_MAGIC], set(), []
    header, position = b"", len(_PNG_MAGIC)
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise _OutOfTheOrdinary
        if kind == b"IHDR":
            header = data[position + 8 : end - 4]
        elif kind == b"IDAT":
            coded.append(data[position + 8 : end - 4])
        elif kind in (b"PLTE", b"tRNS"):
            raise _OutOfTheOrdinary
        if kind in (b"IHDR", b"IDAT", b"IEND"):
            kept.append(data[position:end])
        else:
            removed.add(_PNG_NAMES.get(kind, "other chunk"))
        position = end
        if kind == b"IEND":
            break
    if position < len(data):
        removed.add(_BEHIND)
    _require_pixels_only(header, b"".join(coded))
    return BarePicture(b"".join(kept), ".png", tuple(sorted(removed)))


def _require_pixels_only(header: bytes, coded: bytes) -> None:
    """The image data must inflate to the rows and nothing more: text can follow the end of the stream unseen."""
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if depth != 8 or color not in (0, 2) or interlaced:
        raise _OutOfTheOrdinary
    expected = height * (1 + width * (3 if color == 2 else 1))
    inflater = zlib.decompressobj()
    rows = inflater.decompress(coded, expected + 1)
    if len(rows) != expected or not inflater.eof or inflater.unused_data:
        raise _OutOfTheOrdinary
