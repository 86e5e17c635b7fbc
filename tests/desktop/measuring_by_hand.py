"""A scan with known values, and how a person measures on it: for the tests of measuring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPoint, Qt

from tests.builders import tiny_ct, write_dicom
from tests.desktop.acting import drag

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def block() -> np.ndarray:
    """HU (32, 64): -1000, with a block x 20..40, y 10..20 whose left half is 100 and whose right half is 300."""
    values = np.full((32, 64), -1000)
    values[10:20, 20:30] = 100
    values[10:20, 30:40] = 300
    return values


def write_scan(folder: Path, slices: Sequence[np.ndarray]) -> Path:
    """CT slices 2 mm apart of values in HU, whose rows are 2 mm apart and columns 0.5 mm."""
    folder.mkdir()
    for number, values in enumerate(slices):
        rows, columns = values.shape
        pixels = (values + 1024).astype(np.uint16).tobytes()
        tags = {"Rows": rows, "Columns": columns, "PixelData": pixels, "PixelSpacing": ["2", "0.5"]}
        write_dicom(folder / f"{number}.dcm", tiny_ct(number, **tags))
    return folder


def at(window, x: float, y: float) -> QPoint:
    """The pixel of the active view's widget where an image point lies."""
    sx, sy = window.parts.viewer.view.affine.to_screen(x, y)
    return QPoint(round(sx), round(sy))


def draw(qtbot, window, key: Qt.Key, start: tuple[float, float], end: tuple[float, float]) -> None:
    view = window.parts.viewer.view
    view.setFocus()
    qtbot.keyClick(view, key)
    drag(qtbot, view, LEFT, at(window, *start), at(window, *end))


def measured(window):
    return window.viewer.measuring.measurements.all


def words(window, number: int = 0) -> tuple[str, ...]:
    return window.viewer.measuring.hands[window.parts.viewer.active].shown[number].words
