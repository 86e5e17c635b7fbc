"""What a phantom is, and how it looks on a screen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umed_core.images.medical_image import Window
from umed_core.records import Finding

__all__ = ["Phantom", "display"]


@dataclass(frozen=True)
class Phantom:
    """A seeded synthetic study with its true findings; never a real patient.

    Shapes: pixels (H, W) int16 HU ("ct", "renal"), (H, W) uint16 grey of 12 bits ("cxr", "tb"), or (H, W, 3) uint8
        RGB ("endoscopy"). `window` turns a grey phantom into display values; `spacing_mm` is (row, column).
    """

    kind: str
    seed: int
    pixels: NDArray[np.int16] | NDArray[np.uint16] | NDArray[np.uint8]
    modality: str
    findings: tuple[Finding, ...]
    window: Window | None
    spacing_mm: tuple[float, float] | None


def display(phantom: Phantom) -> NDArray[np.uint8]:
    """Display values as a model sees them: (H, W) grey or (H, W, 3) RGB. Source: PS3.3 C.11.2.1.2 (linear window)."""
    if phantom.window is None:
        return phantom.pixels.astype(np.uint8, copy=False)
    center, width = phantom.window.center, phantom.window.width
    gain = np.float32(255 / (width - 1))
    shown = phantom.pixels * gain + np.float32(127.5 - (center - 0.5) * gain)
    return np.asarray(np.rint(np.clip(shown, 0, 255)), dtype=np.uint8)
