"""Modality values to display values: windows, VOI tables and presets.

Which window is used when a caller names none:
    1. the frame's own window, where frames differ, else the file's VOI LUT, else the file's first window;
    2. uint8 pixels are shown as they are;
    3. CT in HU gets the soft tissue preset;
    4. anything else gets the range between its 0.5th and 99.5th percentile over all frames, padding left out, or from
       least to greatest where those two coincide (a mask).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from umed_core.images.medical_image import MedicalImage, VoiLut, Window

__all__ = ["CT_PRESETS", "apply_voi_lut", "apply_window", "default_window", "to_display"]

CT_PRESETS: tuple[Window, ...] = (
    Window(40, 400, "Soft tissue"),
    Window(-600, 1500, "Lung"),
    Window(300, 1500, "Bone"),
    Window(40, 80, "Brain"),
    Window(50, 350, "Mediastinum"),
    Window(60, 160, "Liver"),
    Window(30, 300, "Kidney"),
    Window(300, 600, "Angiography"),
)
"""Usual CT windows in HU, in the order of the number keys. Our choice; textbooks differ by some tens of HU."""

IDENTITY_8_BIT = Window(128, 256, "As stored")
_SAMPLE = 1_000_000
_STRIP = 65_536


def to_display(image: MedicalImage, frame: int = 0, window: Window | None = None) -> NDArray[np.uint8]:
    """One frame as a screen shows it; MONOCHROME1 is inverted last. Colour passes unchanged.

    Shapes: returns (H, W) or (H, W, 3) uint8.
    Source: PS3.3 C.11; PS3.4 N.2.
    """
    pixels = image.pixels[frame]
    if image.is_color:
        return pixels.astype(np.uint8, copy=False)
    if window is None and not image.frame_windows and image.voi_lut is not None:
        shown = apply_voi_lut(pixels, image.voi_lut)
    else:
        shown = apply_window(pixels, window or default_window(image, frame))
    return np.bitwise_not(shown) if image.inverted else shown


def default_window(image: MedicalImage, frame: int = 0) -> Window:
    """The window a viewer starts from, by the rule at the top of this module; it ignores a VOI LUT."""
    if image.frame_windows:
        return image.frame_windows[frame]
    if image.windows:
        return image.windows[0]
    if image.pixels.dtype == np.uint8 and _fills_8_bits(image):
        return IDENTITY_8_BIT
    if image.modality == "CT" and image.unit == "HU":
        return CT_PRESETS[0]
    return _range_window(image)


def apply_window(pixels: NDArray[np.generic], window: Window) -> NDArray[np.uint8]:
    """Display values, rounded to the nearest integer.

    Source: PS3.3 C.11.2.1.2.1 (linear), C.11.2.1.3.2 (linear exact), C.11.2.1.3.1 (sigmoid).
    """
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 2:
        # One table entry a possible value, indexed by its bit pattern: a negative value needs no subtraction.
        table = _window_table(window, pixels.dtype.str)
        return _look_up(table, pixels.view(f"u{pixels.dtype.itemsize}"))
    shown = np.empty(pixels.shape, np.uint8)
    flat, out = pixels.reshape(-1), shown.reshape(-1)
    for start in range(0, flat.size, _STRIP):  # a strip stays in the cache
        out[start : start + _STRIP] = _windowed(flat[start : start + _STRIP], window)
    return shown


def apply_voi_lut(pixels: NDArray[np.generic], lut: VoiLut) -> NDArray[np.uint8]:
    """Display values through a VOI table; values off its ends take its first or last entry. Source: PS3.3 C.11.2.1.1."""
    greatest = float(2**lut.bits - 1)
    table = np.floor(lut.values.astype(np.float64) * (255.0 / greatest) + 0.5).clip(0, 255).astype(np.uint8)
    wide = pixels.astype(np.float64) if pixels.dtype.kind == "f" else pixels.astype(np.int64)
    return table[np.clip(wide - lut.first, 0, len(table) - 1).astype(np.intp)]


def _windowed(values: NDArray[np.generic], window: Window) -> NDArray[np.uint8]:
    # float32 holds every 16-bit value and is twice as fast; wide integers need float64.
    wide = values.dtype.kind in "iu" and values.dtype.itemsize > 2
    x: NDArray[np.floating] = values.astype(np.float64 if wide else np.float32)
    # A value far from the window overflows to infinity, which is clipped as it should be.
    with np.errstate(over="ignore", invalid="ignore"):
        if window.function == "sigmoid":
            shown = 255.0 / (1.0 + np.exp(-4.0 * (x - window.center) / max(window.width, 1e-9)))
        elif window.function == "linear" and window.width <= 1:
            # The formula's ramp has no length: what lies above center - 0.5 is white (C.11.2.1.2.1, note 4).
            shown = np.where(x > window.center - 0.5, 255.0, 0.0)
        else:
            is_exact = window.function == "linear_exact"
            center = window.center if is_exact else window.center - 0.5
            x -= center
            x *= 255.0 / max(window.width if is_exact else window.width - 1.0, 1e-9)
            x += 127.5
            shown = x
    shown = np.clip(shown, 0.0, 255.0, out=shown)
    shown += 0.5  # conversion to integer drops the fraction: this rounds
    return np.nan_to_num(shown, copy=False).astype(np.uint8)


@lru_cache(maxsize=32)
def _window_table(window: Window, dtype: str) -> NDArray[np.uint8]:
    kind = np.dtype(dtype)
    patterns = np.arange(2 ** (8 * kind.itemsize), dtype=np.uint32).astype(f"u{kind.itemsize}")
    return _windowed(patterns.view(kind), window)


def _look_up(table: NDArray[np.uint8], index: NDArray[np.generic]) -> NDArray[np.uint8]:
    shown = np.empty(index.shape, np.uint8)
    flat, out = np.ascontiguousarray(index).reshape(-1), shown.reshape(-1)
    for start in range(0, flat.size, _STRIP):
        # mode="clip" writes straight to `out`; no index can be out of range.
        np.take(table, flat[start : start + _STRIP], mode="clip", out=out[start : start + _STRIP])
    return shown


def _fills_8_bits(image: MedicalImage) -> bool:
    """Whether values of more than one bit occur: a 0/1 mask would be black on black."""
    return bool(_sample(image.pixels).max(initial=0) > 1)


def _range_window(image: MedicalImage) -> Window:
    values = _sample(image.pixels).astype(np.float64)
    values = values[np.isfinite(values)]
    if image.padding is not None and bool((values != image.padding).any()):
        values = values[values != image.padding]
    if values.size == 0:
        return Window(0.5, 1.0, "Full range", "linear_exact")
    low, high = np.percentile(values, (0.5, 99.5))
    name = "Range"
    if low == high:
        low, high, name = values.min(), values.max(), "Full range"
    width = float(high - low) or 1.0  # one value only: it becomes black
    return Window(float(low) + width / 2, width, name, "linear_exact")


def _sample(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    flat = pixels.reshape(-1)
    return flat[:: max(1, flat.size // _SAMPLE)]
