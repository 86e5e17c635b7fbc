"""What a measurement amounts to: mm where the file states its pixel spacing, px otherwise; values in modality units.

Free of Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import acos, degrees, hypot, pi
from typing import TYPE_CHECKING

from umed_desktop.measuring.model import BOX_KINDS, Kind, Point
from umed_desktop.words import translate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.images.medical_image import MedicalImage

__all__ = ["RegionValues", "angle_deg", "area_of", "length_of", "region_values", "words_of"]


@dataclass(frozen=True, slots=True)
class RegionValues:
    """Values of the pixels whose centres lie in a region; `sd` is the population's. One entry a channel."""

    count: int
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    least: tuple[float, ...]
    greatest: tuple[float, ...]


def length_of(a: Point, b: Point, spacing_mm: tuple[float, float] | None) -> float:
    """Distance in mm, or in px without `spacing_mm` (row, column)."""
    across, down = _steps(spacing_mm)
    return hypot((b[0] - a[0]) * across, (b[1] - a[1]) * down)


def angle_deg(a: Point, corner: Point, b: Point, spacing_mm: tuple[float, float] | None) -> float:
    """Angle at `corner`, 0..180; in the patient's plane where spacing is known. 0 for an arm without length."""
    across, down = _steps(spacing_mm)
    ux, uy = (a[0] - corner[0]) * across, (a[1] - corner[1]) * down
    vx, vy = (b[0] - corner[0]) * across, (b[1] - corner[1]) * down
    arms = hypot(ux, uy) * hypot(vx, vy)
    return degrees(acos(min(1.0, max(-1.0, (ux * vx + uy * vy) / arms)))) if arms else 0.0


def area_of(kind: Kind, a: Point, b: Point, spacing_mm: tuple[float, float] | None) -> float:
    """Area of the rectangle a..b or of the ellipse in it, in mm² or px²."""
    across, down = _steps(spacing_mm)
    rectangle = abs(b[0] - a[0]) * across * abs(b[1] - a[1]) * down
    return rectangle * pi / 4 if kind == "ellipse" else rectangle


def region_values(
    frame: NDArray[np.generic], kind: Kind, a: Point, b: Point, padding: float | None = None
) -> RegionValues | None:
    """Values within the rectangle a..b or the ellipse in it; None where it holds no pixel that was measured.

    Shapes: frame (H, W) or (H, W, 3). `padding` and values that are not finite are left out.
    """
    import numpy as np

    x0, x1 = sorted((a[0], b[0]))
    y0, y1 = sorted((a[1], b[1]))
    # Pixel i has its centre at i + 0.5: the first and the last whose centres can lie within.
    left, top = max(0, int(np.ceil(x0 - 0.5))), max(0, int(np.ceil(y0 - 0.5)))
    right, bottom = min(frame.shape[1], int(np.ceil(x1 - 0.5))), min(frame.shape[0], int(np.ceil(y1 - 0.5)))
    if left >= right or top >= bottom:
        return None
    part = frame[top:bottom, left:right]
    inside = np.ones(part.shape[:2], bool)
    if kind == "ellipse":
        across = (np.arange(left, right) + 0.5 - (x0 + x1) / 2) / ((x1 - x0) / 2)
        down = (np.arange(top, bottom) + 0.5 - (y0 + y1) / 2) / ((y1 - y0) / 2)
        inside = across[None, :] ** 2 + down[:, None] ** 2 <= 1.0
    values = part[inside].astype(np.float64).reshape(int(inside.sum()), -1)
    values = values[np.isfinite(values).all(axis=1)]
    if padding is not None:
        values = values[(values != padding).any(axis=1)]
    if not len(values):
        return None
    each = (values.mean(axis=0), values.std(axis=0), values.min(axis=0), values.max(axis=0))
    return RegionValues(len(values), *(tuple(float(v) for v in of) for of in each))


def words_of(kind: Kind, points: Sequence[Point], image: MedicalImage, frame: int) -> tuple[str, ...]:
    """The lines to show beside a measurement."""
    spacing = image.spacing_mm
    unit = "mm" if spacing is not None else "px"
    if kind == "length":
        return (f"{length_of(points[0], points[1], spacing):.1f} {unit}",)
    if kind == "angle":
        return (f"{angle_deg(points[0], points[1], points[2], spacing):.1f}°",) if len(points) == 3 else ()
    if kind in BOX_KINDS:
        area = f"{area_of(kind, points[0], points[1], spacing):.1f} {unit}²"
        return area, *_region_words(
            image, region_values(image.pixels[frame], kind, points[0], points[1], image.padding)
        )
    x, y = min(int(points[0][0]), image.width - 1), min(int(points[0][1]), image.height - 1)
    value = image.pixels[frame, y, x]
    shown = ", ".join(str(v) for v in value) if image.is_color else f"{value:g}"
    return (f"{shown} {image.unit}".rstrip(), translate("Quantities", "at {x}, {y}").format(x=x, y=y))


def _region_words(image: MedicalImage, values: RegionValues | None) -> tuple[str, ...]:
    if values is None:
        return (translate("Quantities", "no measured pixel"),)
    mean, sd = translate("Quantities", "mean"), translate("Quantities", "sd")
    if image.is_color:
        return (
            f"{mean} RGB " + ", ".join(f"{v:.0f}" for v in values.mean),
            f"{values.count} px",
        )
    unit = f" {image.unit}" if image.unit else ""
    return (
        f"{mean} {values.mean[0]:.1f}{unit}  {sd} {values.sd[0]:.1f}",
        f"min {values.least[0]:g}  max {values.greatest[0]:g}  {values.count} px",
    )


def _steps(spacing_mm: tuple[float, float] | None) -> tuple[float, float]:
    """(across, down): a column's and a row's distance."""
    return (spacing_mm[1], spacing_mm[0]) if spacing_mm is not None else (1.0, 1.0)
