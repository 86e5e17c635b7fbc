"""Attention as a picture to lay over the image. numpy is loaded with the first word that is clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from PySide6.QtGui import QImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HEAT_MAPS", "HeatMap", "heat_picture"]

HeatMap: TypeAlias = Literal["inferno", "viridis", "cool"]

# Five points each, dark to bright: matplotlib's inferno and viridis (CC0), and a blue of our own for warm images.
HEAT_MAPS: dict[HeatMap, tuple[tuple[int, int, int], ...]] = {
    "inferno": ((0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)),
    "viridis": ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)),
    "cool": ((2, 8, 24), (6, 50, 110), (14, 110, 190), (60, 190, 230), (225, 252, 255)),
}

_SIDE = 256


def heat_picture(weights: NDArray[np.float64], colors: HeatMap) -> QImage:
    """The weights scaled to their maximum, smooth, as colours whose opacity grows with the weight.

    Shapes: weights (rows, columns) over the whole image.
    """
    import numpy as np
    from PIL import Image

    rows, columns = weights.shape
    scaled = (weights / max(float(weights.max()), 1e-12)).astype(np.float32)
    step = max(1, _SIDE // max(rows, columns))
    large = Image.fromarray(scaled).resize((columns * step, rows * step), Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(large), 0.0, 1.0)
    points = np.asarray(HEAT_MAPS[colors], np.float64)
    places = np.linspace(0.0, 1.0, len(points))
    rgba = np.empty((*heat.shape, 4), np.uint8)
    for channel in range(3):
        rgba[..., channel] = np.rint(np.interp(heat, places, points[:, channel]))
    rgba[..., 3] = np.rint(255.0 * heat**1.4)
    height, width = heat.shape
    return QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
