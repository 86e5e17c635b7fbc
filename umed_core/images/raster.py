"""PNG, JPEG, TIFF, BMP, GIF and WebP to MedicalImage, through Pillow."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from umed_core.errors import CorruptImage, ImageTooLarge, UnsupportedImage
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage
from umed_core.images.wire import FileHeader

__all__ = ["read_raster", "read_raster_header"]

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_PILLOW_FAILURES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
_DAMAGED = "The file is damaged; ask the sender for the original."
_ORIENTATION = 0x0112


def read_raster(data: bytes, source: str, limits: DecodeLimits) -> MedicalImage:
    """Grey as uint8, uint16, int32 or float32, anything else as RGB uint8; the EXIF turn applied, alpha laid over black.

    Pages of a TIFF and frames of an animation become frames; pages of another size than the first are left out, with
    a note. A file never states spacing in a patient, so `spacing_mm` is None.
    Raises: CorruptImage, UnsupportedImage, ImageTooLarge.
    """
    _know_all_formats()
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            _check_size(opened, source, limits)
            frames = list(_frames(opened))
            encoding = f"{opened.format} {opened.mode}"
    except UnidentifiedImageError as problem:
        raise CorruptImage(f"{source} begins like an image but its header cannot be read.", _DAMAGED) from problem
    except NotImplementedError as problem:
        raise UnsupportedImage(f"{source}: {problem}.", "Convert it to PNG or DICOM.") from problem
    except _PILLOW_FAILURES as problem:
        raise CorruptImage(f"{source} could not be decoded: {problem}.", _DAMAGED) from problem
    kept = [frame for frame in frames if frame.shape == frames[0].shape and frame.dtype == frames[0].dtype]
    left_out = len(frames) - len(kept)
    notes = (f"{left_out} of {len(frames)} pages differ in size or kind from the first and are left out.",)
    return MedicalImage(np.stack(kept), source, transfer_syntax=encoding, notes=notes if left_out else ())


def read_raster_header(opened: BinaryIO, source: str) -> FileHeader:
    """Size as stored, mode, and whether EXIF turns the picture; `opened` stands at its beginning. Raises: CorruptImage."""
    _know_all_formats()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(opened, formats=_FORMATS) as picture:
                # A JPEG keeps EXIF in its head; other formats would be searched to their end for it, which few fill.
                turned = "exif" in picture.info and picture.getexif().get(_ORIENTATION, 1) != 1
                return FileHeader(
                    source, "raster", rows=picture.height, columns=picture.width, mode=picture.mode, is_turned=turned
                )
    except UnidentifiedImageError as problem:
        raise CorruptImage(f"{source} begins like an image but its header cannot be read.", _DAMAGED) from problem
    except (NotImplementedError, *_PILLOW_FAILURES) as problem:
        raise CorruptImage(f"{source} has a header that cannot be read: {problem}.", _DAMAGED) from problem


def _know_all_formats() -> None:
    # Our own limits replace Pillow's, which depends on a warning filter.
    Image.MAX_IMAGE_PIXELS = None
    Image.init()  # else Pillow knows only the formats it has met


def _check_size(opened: Image.Image, source: str, limits: DecodeLimits) -> None:
    count = getattr(opened, "n_frames", 1)
    channels = 3 if opened.mode not in ("1", "L", *_DEEP_MODES) else 1
    needed = opened.width * opened.height * count * channels * (4 if opened.mode in _DEEP_MODES else 1)
    if needed > limits.pixel_bytes:
        raise ImageTooLarge(
            f"{source} has {opened.width} x {opened.height} pixels in {count} frame(s), {needed >> 20} MiB decoded.",
            f"The limit is {limits.pixel_bytes >> 20} MiB; crop it or open a smaller version.",
        )


def _frames(opened: Image.Image) -> Iterator[NDArray[np.generic]]:
    for index in range(getattr(opened, "n_frames", 1)):
        opened.seek(index)
        opened.load()
        yield _as_array(ImageOps.exif_transpose(opened))


def _as_array(picture: Image.Image) -> NDArray[np.generic]:
    """(H, W) of the depth the file has, or (H, W, 3) uint8."""
    if picture.mode == "1":
        return np.asarray(picture.convert("L"))
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode == "I":
        wide = np.asarray(picture)
        fits = int(wide.min(initial=0)) >= 0 and int(wide.max(initial=0)) <= 65535
        return wide.astype(np.uint16 if fits else np.int32)
    if picture.mode == "F":
        return np.asarray(picture).astype(np.float32)
    if picture.mode in ("LA", "La") or (picture.mode == "L" and "transparency" in picture.info):
        return np.asarray(_over_black(picture).convert("L"))
    if picture.mode == "L":
        return np.asarray(picture)
    if picture.mode in ("RGBA", "RGBa", "PA") or "transparency" in picture.info:
        picture = _over_black(picture)
    color = np.asarray(picture.convert("RGB"))
    # A palette or colour file that holds only greys is a grey image.
    if picture.mode == "P" and bool((color[..., 0] == color[..., 1]).all() and (color[..., 1] == color[..., 2]).all()):
        return np.ascontiguousarray(color[..., 0])
    return color


def _over_black(picture: Image.Image) -> Image.Image:
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, (0, 0, 0, 255)), layer).convert("RGB")
