"""Stored pixels of a DICOM dataset: codecs, unused bits, colour models and palettes.

pydicom (with Pillow and OpenJPEG) decodes what it can; GDCM, which SimpleITK carries, decodes JPEG-LS, JPEG Lossless and
12-bit JPEG. pylibjpeg-libjpeg could do these too but is GPL.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.uid import (
    UID,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from umed_core.errors import CorruptImage, UnsupportedImage
from umed_core.images.dicom_file import DAMAGED, DICOM_FAILURES, PIXEL_KEYWORDS, int_of, text_of

__all__ = ["decode_stored", "lut_entries", "palette_to_rgb"]

_BY_GDCM = (JPEGLSLossless, JPEGLSNearLossless, JPEGLossless, JPEGLosslessSV1, JPEGExtended12Bit)
_COLOR_MODELS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_GREY_MODELS = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "")
_PIXEL_MODULE = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)


def decode_stored(dataset: FileDataset, source: str) -> NDArray[np.generic]:
    """Stored values of all frames, before any lookup table.

    Shapes: (F, H, W) of the integer or float type that the header states, or (F, H, W, 3) uint8 RGB.
    Raises: CorruptImage, UnsupportedImage.
    """
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    model = text_of(dataset, "PhotometricInterpretation")
    if model not in _COLOR_MODELS + _GREY_MODELS:
        raise UnsupportedImage(f"{source} uses the colour model {model}.", "Convert it to RGB or MONOCHROME2.")
    try:
        if syntax in _BY_GDCM:
            raw = _decode_by_gdcm(dataset, syntax)
        elif int_of(dataset, "BitsAllocated") % 8 and int_of(dataset, "BitsAllocated") > 1:
            raw = _unpack(dataset, syntax, source)
        else:
            raw = _decode_by_pydicom(dataset, syntax, source)
        # Native byte order, so that bits can be shifted and views taken.
        frames = _four_axes(raw.astype(raw.dtype.newbyteorder("="), copy=False), dataset)
    except DICOM_FAILURES as problem:
        raise CorruptImage(
            f"{source}: its pixels ({syntax.name}) could not be decoded{_cause(problem)}.", DAMAGED
        ) from problem
    if frames.shape[-1] == 1:
        return _without_unused_bits(frames[..., 0], dataset)
    return _eight_bits(frames[..., :3], int_of(dataset, "BitsStored", 8))


def palette_to_rgb(stored: NDArray[np.generic], dataset: FileDataset, source: str) -> NDArray[np.uint8]:
    """PALETTE COLOR indices to RGB, segmented tables included. Source: PS3.3 C.7.6.3.1.5, C.7.9.2.

    Shapes: stored (F, H, W); returns (F, H, W, 3).
    Raises: CorruptImage.
    """
    try:
        if "SegmentedRedPaletteColorLookupTableData" in dataset:
            color = np.stack([apply_color_lut(np.ascontiguousarray(frame), dataset) for frame in stored])
            return _eight_bits(color, 8 * color.dtype.itemsize)
        first, bits, columns = 0, 8, []
        for name in ("Red", "Green", "Blue"):
            count, first, bits = (int(n) for n in dataset[f"{name}PaletteColorLookupTableDescriptor"].value)
            entries = lut_entries(dataset[f"{name}PaletteColorLookupTableData"].value, count or 65536, dataset)
            columns.append(entries)
        table = np.stack(columns, axis=-1)
        # Tables that state 16 bits and fill 8 are common.
        shown = (table >> 8 if bits > 8 and int(table.max()) > 255 else table).astype(np.uint8)
        return shown[np.clip(stored.astype(np.int64) - first, 0, len(shown) - 1)]
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{source} has a damaged colour palette: {problem}.", DAMAGED) from problem


def lut_entries(data: object, count: int, dataset: Dataset) -> NDArray[np.uint16]:
    """At most `count` entries of a lookup table, whichever way its element came. Source: PS3.5 8.3, annex A.

    Raises: ValueError for an empty table.
    """
    if isinstance(data, bytes):
        wide = "<u2" if dataset.original_encoding[1] is not False else ">u2"
        # One byte an entry where there are too few bytes for two.
        values = np.frombuffer(data, np.uint8 if len(data) < 2 * count else wide).astype(np.uint16)
    else:
        values = np.asarray(data, np.int64).reshape(-1).astype(np.uint16)
    if values.size == 0:
        raise ValueError("an empty lookup table")
    return values[:count]


def _decode_by_pydicom(dataset: FileDataset, syntax: UID, source: str) -> NDArray[np.generic]:
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as problem:
        raise UnsupportedImage(f"{source} is encoded as {syntax.name}.", "Export it uncompressed.") from problem
    if not decoder.is_available:
        raise UnsupportedImage(
            f"{source} is encoded as {syntax.name}, which umed cannot decode.", "Export it uncompressed."
        )
    # Unused bits are dropped below, by High Bit, which pydicom takes to be Bits Stored - 1.
    options: Any = {"allow_excess_frames": False, "correct_unused_bits": False}
    pixels, _ = decoder.as_array(dataset, **options)
    return np.asarray(pixels)


def _decode_by_gdcm(dataset: FileDataset, syntax: UID) -> NDArray[np.generic]:
    """Stored values through SimpleITK, which reads files only: a bare copy of the pixel module goes through one."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    with tempfile.TemporaryDirectory(prefix="umed-") as folder:
        path = Path(folder) / "pixels.dcm"
        _write_pixel_module(dataset, syntax, path)
        reader = SimpleITK.ImageFileReader()
        reader.SetImageIO("GDCMImageIO")
        reader.SetFileName(str(path))
        return np.asarray(SimpleITK.GetArrayFromImage(reader.Execute()))


def _write_pixel_module(dataset: FileDataset, syntax: UID, path: Path) -> None:
    bare = Dataset()
    for keyword in _PIXEL_MODULE:
        if keyword in dataset:
            setattr(bare, keyword, dataset[keyword].value)
    bare.SOPClassUID, bare.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = syntax
    # Frames are taken apart and packed anew: GDCM goes astray for half a minute in damaged fragments.
    count = max(1, int_of(dataset, "NumberOfFrames", 1))
    bare.PixelData = encapsulate(list(generate_frames(dataset["PixelData"].value, number_of_frames=count)))
    bare["PixelData"].VR = "OB"
    bare["PixelData"].is_undefined_length = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bare.save_as(path, enforce_file_format=True)


def _unpack(dataset: FileDataset, syntax: UID, source: str) -> NDArray[np.generic]:
    """Samples of 2 to 15 bits packed without gaps, first sample in the low bits. Source: PS3.5 8.1.1, annex D."""
    bits, count = int_of(dataset, "BitsAllocated"), _sample_count(dataset)
    if syntax.is_encapsulated or bits > 15 or not syntax.is_little_endian:
        raise UnsupportedImage(
            f"{source} stores {bits} bits a sample as {syntax.name}.", "Export it with 16 bits a sample."
        )
    packed = np.frombuffer(dataset["PixelData"].value, np.uint8, count=(count * bits + 7) // 8)
    flags = np.unpackbits(packed, bitorder="little", count=count * bits).reshape(count, bits)
    values = np.zeros(count, np.uint16)
    for bit in range(bits):
        values |= flags[:, bit].astype(np.uint16) << bit
    return values.view(np.int16) if int_of(dataset, "PixelRepresentation") else values


def _cause(problem: Exception) -> str:
    """The reason in brief; a codec's own words (C++ file names, addresses) help nobody."""
    text = " ".join(str(problem).split()).rstrip(".")
    return f": {text}" if isinstance(problem, ValueError) and 0 < len(text) <= 120 else ""


def _sample_count(dataset: FileDataset) -> int:
    frames = max(1, int_of(dataset, "NumberOfFrames", 1))
    return frames * int_of(dataset, "Rows") * int_of(dataset, "Columns") * int_of(dataset, "SamplesPerPixel", 1)


def _four_axes(raw: NDArray[np.generic], dataset: FileDataset) -> NDArray[np.generic]:
    """(F, H, W, samples). Raises: ValueError where the decoded size is not what the header says."""
    shape: tuple[Any, ...] = (
        max(1, int_of(dataset, "NumberOfFrames", 1)),
        int_of(dataset, "Rows"),
        int_of(dataset, "Columns"),
        int_of(dataset, "SamplesPerPixel", 1),
    )
    return raw.reshape(shape)


def _without_unused_bits(stored: NDArray[np.generic], dataset: FileDataset) -> NDArray[np.generic]:
    """Drops bits above High Bit (overlays of old, rubbish) and below the stored ones, and restores the sign.

    Source: PS3.5 8.1.1.
    """
    if stored.dtype.kind == "f" or any(keyword in dataset for keyword in PIXEL_KEYWORDS[1:]):
        return stored
    allocated = 8 * stored.dtype.itemsize
    kept = int_of(dataset, "BitsStored", allocated)
    # After a codec, values are already right-aligned; High Bit speaks of the uncompressed cell.
    native = not UID(dataset.file_meta.TransferSyntaxUID).is_encapsulated
    high = int_of(dataset, "HighBit", kept - 1) if native else kept - 1
    if not 0 < kept < allocated or not kept - 1 <= high < allocated:
        return stored
    signed = int_of(dataset, "PixelRepresentation") == 1
    cells = stored.view(f"{'i' if signed else 'u'}{stored.dtype.itemsize}")
    return (cells << (allocated - 1 - high)) >> (allocated - kept)


def _eight_bits(color: NDArray[np.generic], bits: int) -> NDArray[np.uint8]:
    """The upper eight of `bits` stored bits of each sample."""
    if color.dtype == np.uint8 or bits <= 8:
        return color.astype(np.uint8)
    return (color.astype(np.uint64) >> (bits - 8)).astype(np.uint8)
