"""Readings to export: a synthetic CT slice, and pictures, with findings whose corners binary fractions hold exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from tests.builders import write_picture
from umed_core.exporting.reading import AttentionMap, Provenance, ReadFinding, Reading
from umed_core.geometry import NormalizedBox
from umed_core.phantoms import display, make_phantom
from umed_core.phantoms.dicom_file import dicom_bytes

WRITTEN = datetime(2026, 11, 22, 12, 30, 5)
SHA256 = "0123456789abcdef" * 4
MODEL = Provenance(
    "umed-mini", SHA256, "What is abnormal?", "A kidney stone\n[bbox_start] 0.25, 0.5, 0.125, 0.25 [bbox_end]"
)
WORD = AttentionMap("stone", np.array([[0.0, 0.125, 0.0], [0.5, 0.25, 0.0]]), MODEL)
"""Two rows and three columns; the lower left cell draws half of all attention."""

FINDINGS = (
    ReadFinding("kidney stone", NormalizedBox(0.25, 0.5, 0.125, 0.25), "accepted", MODEL),
    ReadFinding("liver lesion", NormalizedBox(0.0, 0.0, 0.5, 0.25), "edited", MODEL, ("Box drawn smaller.",)),
    ReadFinding("hernia", NormalizedBox(0.5, 0.25, 0.5, 0.75), "added"),
    ReadFinding("mass", NormalizedBox(0.5, 0.5, 0.25, 0.25), "rejected", MODEL),
)


def picture_reading(folder: Path, **changes: Any) -> Reading:
    """Of a grey PNG of 16 x 8 pixels."""
    pixels = np.arange(128, dtype=np.uint8).reshape(8, 16)
    path = write_picture(folder / "slide.png", pixels)
    return replace(Reading(path, pixels, WRITTEN, FINDINGS, attention=(WORD,)), **changes)


def phantom_reading(folder: Path, kind: str = "renal", seed: int = 7, **changes: Any) -> Reading:
    """Of a synthetic study as DICOM: "renal" and "ct" are CT, "cxr" and "tb" X-rays, "endoscopy" is in colour."""
    phantom = make_phantom(kind, seed)
    path = folder / f"{kind}.dcm"
    path.write_bytes(dicom_bytes(phantom))
    reading = Reading(path, display(phantom), WRITTEN, FINDINGS, window=phantom.window, attention=(WORD,))
    return replace(reading, **changes)
