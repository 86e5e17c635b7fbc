"""DICOM files to MedicalImage: stored values -> modality values, and what is needed to show them.

Overlays, curves and burnt-in presentation states are not drawn: the model sees the pixels alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset

from umed_core.errors import CorruptImage
from umed_core.images.dicom_file import DAMAGED, DICOM_FAILURES, check_claims, int_of, one_line, read_dataset, text_of
from umed_core.images.dicom_geometry import read_geometry
from umed_core.images.dicom_pixels import decode_stored, lut_entries, palette_to_rgb
from umed_core.images.dicom_tags import frame_groups, numbers_of, study_tags
from umed_core.images.limits import DecodeLimits
from umed_core.images.medical_image import MedicalImage, VoiFunction, VoiLut, Window
from umed_core.images.rescale import rescaled
from umed_core.images.windowing import to_display

__all__ = ["read_dicom"]

_FUNCTIONS: dict[str, VoiFunction] = {"LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}


def read_dicom(data: bytes, source: str, limits: DecodeLimits) -> MedicalImage:
    """Every frame of one DICOM file, in the file's order.

    Raises: CorruptImage, ImageTooLarge, UnsupportedImage.
    """
    try:
        return _read(data, source, limits)
    except DICOM_FAILURES as problem:
        # pydicom converts an element when it is first asked for, so a damaged one may fail anywhere.
        raise CorruptImage(f"{source} has a damaged element: {one_line(problem)}.", DAMAGED) from problem


def _read(data: bytes, source: str, limits: DecodeLimits) -> MedicalImage:
    dataset = read_dataset(data, source, limits)
    check_claims(dataset, source, len(data), limits)
    stored = decode_stored(dataset, source)
    frame_count = stored.shape[0]
    groups = frame_groups(dataset, frame_count)
    geometry = read_geometry(dataset, groups)
    unit = ""
    notes: tuple[str, ...] = ()
    if stored.ndim == 4:
        pixels = stored
    elif text_of(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        pixels = palette_to_rgb(stored, dataset, source)
    else:
        pixels, unit, notes = _modality_values(stored, dataset, groups, source)
    windows, frame_windows, bad_windows = _windows(groups)
    is_grey = pixels.ndim == 3
    image = MedicalImage(
        pixels=pixels,
        source=source,
        modality=text_of(dataset, "Modality"),
        unit=unit,
        windows=windows if is_grey else (),
        voi_lut=_voi_lut(dataset, groups, pixels, source) if is_grey else None,
        inverted=is_grey and _is_inverted(dataset),
        spacing_mm=geometry.spacing_mm,
        orientation=geometry.orientation,
        slice_positions_mm=geometry.slice_positions_mm,
        position_mm=geometry.position_mm,
        frame_windows=frame_windows if is_grey else (),
        padding=_padding(dataset, groups) if is_grey else None,
        transfer_syntax=str(dataset.file_meta.TransferSyntaxUID),
        tags=study_tags(dataset),
        notes=notes + bad_windows + geometry.notes,
    )
    return _with_supplemental_palette(image, stored, dataset)


def _modality_values(
    stored: NDArray[np.generic], dataset: FileDataset, groups: list[list[Dataset]], source: str
) -> tuple[NDArray[np.generic], str, tuple[str, ...]]:
    """Modality values, their unit, and notes."""
    if dataset.get("ModalityLUTSequence"):
        item = dataset.ModalityLUTSequence[0]
        table, first = _table(item, stored, source)
        values = table[np.clip(stored.astype(np.int64) - first, 0, len(table) - 1)]
        return values, _unit(text_of(item, "ModalityLUTType"), dataset), ()
    if text_of(dataset, "Modality") == "RTDOSE" and numbers_of(dataset, "DoseGridScaling"):
        # A dose grid scales by its own attribute (PS3.3 C.8.8.3).
        return rescaled(stored, numbers_of(dataset, "DoseGridScaling")[0], 0.0), text_of(dataset, "DoseUnits"), ()
    lines = [_rescale_line(group) for group in groups]
    notes: tuple[str, ...] = ()
    if any(slope == 0 for slope, _ in lines):
        lines = [(slope or 1.0, intercept) for slope, intercept in lines]
        notes = ("The file states a rescale slope of 0; it is read as 1.",)
    has_line = any(len(group[0]) and "RescaleSlope" in group[0] for group in _transformations(groups))
    unit = (
        _unit(next((text_of(g[0], "RescaleType") for g in _transformations(groups)), ""), dataset) if has_line else ""
    )
    if len(set(lines)) == 1:
        return rescaled(stored, *lines[0]), unit, notes
    frames = [rescaled(frame, *line) for frame, line in zip(stored, lines, strict=True)]
    return np.stack(frames).astype(np.result_type(*frames), copy=False), unit, notes


def _transformations(groups: list[list[Dataset]]) -> list[list[Dataset]]:
    return [[item] for group in groups for item in group if "RescaleSlope" in item]


def _rescale_line(group: list[Dataset]) -> tuple[float, float]:
    for item in group:
        slope, intercept = numbers_of(item, "RescaleSlope"), numbers_of(item, "RescaleIntercept")
        if slope or intercept:
            return (slope or (1.0,))[0], (intercept or (0.0,))[0]
    return 1.0, 0.0


def _unit(stated: str, dataset: FileDataset) -> str:
    """The unit of modality values; a CT that states none is in HU (PS3.3 C.8.2.1.1.2)."""
    if stated and stated != "US":  # US: unspecified
        return stated
    if text_of(dataset, "Modality") == "CT" and "LOCALIZER" not in text_of(dataset, "ImageType"):
        return "HU"
    return text_of(dataset, "Units") if text_of(dataset, "Modality") == "PT" else ""


def _windows(
    groups: list[list[Dataset]],
) -> tuple[tuple[Window, ...], tuple[Window, ...], tuple[str, ...]]:
    """The first frame's windows; one window a frame where frames differ; a note on unusable ones."""
    a_frame = [next((found for item in group if (found := _windows_of(item))), ()) for group in groups]
    usable = [tuple(window for window in found if _is_usable(window)) for found in a_frame]
    dropped = sum(len(found) for found in a_frame) - sum(len(found) for found in usable)
    notes = ("The file states a window of impossible width; it is ignored.",) if dropped else ()
    differ = all(usable) and len({found[0] for found in usable}) > 1
    return (usable[0] if usable else ()), (tuple(found[0] for found in usable) if differ else ()), notes


def _windows_of(item: Dataset) -> tuple[Window, ...]:
    centers, widths = numbers_of(item, "WindowCenter"), numbers_of(item, "WindowWidth")
    names = text_of(item, "WindowCenterWidthExplanation").strip("[]").replace("'", "").split(",")
    function = _FUNCTIONS.get(text_of(item, "VOILUTFunction"), "linear")
    return tuple(
        Window(center, width, names[k].strip() if k < len(names) else "", function)
        for k, (center, width) in enumerate(zip(centers, widths, strict=False))
    )


def _is_usable(window: Window) -> bool:
    return bool(np.isfinite([window.center, window.width]).all()) and (
        window.width >= 1 if window.function == "linear" else window.width > 0
    )


def _voi_lut(
    dataset: FileDataset, groups: list[list[Dataset]], pixels: NDArray[np.generic], source: str
) -> VoiLut | None:
    """The first VOI table of the file, None if it has none."""
    for item in [dataset, *(groups[0] if groups else [])]:
        if item.get("VOILUTSequence"):
            values, first = _table(item.VOILUTSequence[0], pixels, source)
            bits = int(item.VOILUTSequence[0].LUTDescriptor[2])
            # Some writers state 16 bits for a table that uses fewer; the standard's own range is what counts.
            return VoiLut(first, bits if 8 <= bits <= 16 else 16, values)
    return None


def _table(item: Dataset, indexed: NDArray[np.generic], source: str) -> tuple[NDArray[np.uint16], int]:
    """Entries of a LUT item and the first value mapped. Source: PS3.3 C.11.1.1, C.11.2.1.1."""
    descriptor, data = item.get("LUTDescriptor"), item.get("LUTData")
    if descriptor is None or len(descriptor) != 3 or data is None:
        raise CorruptImage(f"{source} has a lookup table without descriptor or data.", DAMAGED)
    try:
        values = lut_entries(data, int(descriptor[0]) or 65536, item)
    except DICOM_FAILURES as problem:
        raise CorruptImage(f"{source} has a damaged lookup table: {problem}.", DAMAGED) from problem
    first = int(descriptor[1])
    # A reader cannot know whether 'first' was signed (US or SS); values below zero say it was.
    if first > 32767 and indexed.dtype.kind in "if" and float(indexed.min(initial=0)) < 0:
        first -= 65536
    return values, first


def _is_inverted(dataset: FileDataset) -> bool:
    """Whether the least value is shown white. Source: PS3.3 C.7.6.3.1.2, C.11.6.1.2."""
    model, shape = text_of(dataset, "PhotometricInterpretation"), text_of(dataset, "PresentationLUTShape")
    return model == "MONOCHROME1" or shape == "INVERSE"


def _padding(dataset: FileDataset, groups: list[list[Dataset]]) -> float | None:
    """Pixel Padding Value as a modality value. Source: PS3.3 C.7.5.1.1.2."""
    if "PixelPaddingValue" not in dataset:
        return None
    slope, intercept = _rescale_line(groups[0]) if groups else (1.0, 0.0)
    return int_of(dataset, "PixelPaddingValue") * (slope or 1.0) + intercept


def _with_supplemental_palette(image: MedicalImage, stored: NDArray[np.generic], dataset: FileDataset) -> MedicalImage:
    """Colour where stored values reach a Supplemental Palette, grey through the window below. Source: PS3.3 C.7.6.23."""
    from dataclasses import replace

    descriptor = dataset.get("RedPaletteColorLookupTableDescriptor")
    if image.is_color or text_of(dataset, "PixelPresentation") not in ("COLOR", "MIXED") or descriptor is None:
        return image
    first = int(descriptor[1])
    grey = np.stack([to_display(image, frame) for frame in range(image.frame_count)])
    color = palette_to_rgb(np.maximum(stored, first).astype(stored.dtype), dataset, image.source)
    mixed = np.where((stored.astype(np.int64) >= first)[..., None], color, grey[..., None])
    return replace(image, pixels=mixed, windows=(), frame_windows=(), voi_lut=None, inverted=False, unit="")
