"""A CT slice drawn in Hounsfield units, organ over organ, and lumps laid softly into it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from umed_core.geometry import NormalizedBox
from umed_core.phantoms.shapes import Field, Points, Pose, Size, box_of, grain, noise, placed, ribbon, window_around

__all__ = ["AIR", "BONE_CORTEX", "FAT", "LUNG", "MUSCLE", "HuCanvas", "add_texture", "blend_lump"]

AIR, LUNG, FAT, MUSCLE, BONE_CORTEX = -1000.0, -860.0, -105.0, 52.0, 700.0


class HuCanvas:
    """HU drawn in painter's order through a pose, `oversampling` times the final size so that edges come out smooth."""

    def __init__(self, pose: Pose, oversampling: int = 2) -> None:
        height, width = pose.size
        self.pose = pose.at_size((height * oversampling, width * oversampling))
        self._size = pose.size
        self._oversampling = oversampling
        self._image = Image.new("F", (width * oversampling, height * oversampling), AIR)
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, unit_points: Points, hu: float) -> None:
        """Paints a polygon given in unit coordinates."""
        self._draw.polygon(placed(self.pose(unit_points)), fill=hu)

    def line(self, unit_points: Points, hu: float, width_px: float) -> None:
        """Paints a thin line given in unit coordinates; its width is in final pixels."""
        path = self.pose(unit_points)
        if width_px >= 3:
            self._draw.polygon(placed(ribbon(path, width_px * self._oversampling)), fill=hu)
        else:
            self._draw.line(placed(path), fill=hu, width=max(1, round(width_px * self._oversampling)))

    def field(self) -> Field:
        """The slice at its final size, (H, W)."""
        raw = np.asarray(self._image)
        n = self._oversampling
        if n == 1:
            return raw.copy()
        rows = raw[0::n] + raw[1::n]
        return np.asarray((rows[:, 0::n] + rows[:, 1::n]) * np.float32(0.25))


def add_texture(rng: np.random.Generator, hu: Field, trabeculae: float = 0.2) -> None:
    """Trabeculae in bone, strands in fat, unevenness in flesh; changes `hu` in place."""
    size: Size = (hu.shape[0], hu.shape[1])
    fine = grain(rng, size, 5.0, 2, 0.8)
    depth = np.clip((hu - 130) * np.float32(0.01), 0, 1) * np.maximum(hu * np.float32(trabeculae) - 7, 0) + 7
    strands = np.clip(1 - np.abs(noise(rng, size, 11.0)) * 6, 0, 1) * np.clip(noise(rng, size, 50.0) * 80, 0, 80)
    fat = np.clip(1 - np.abs(hu + 110) * np.float32(1 / 70), 0, 1)
    hu += fine * depth
    hu += strands * fat
    hu += noise(rng, size, 28.0) * 5


def blend_lump(
    rng: np.random.Generator,
    hu: Field,
    lobes: list[tuple[tuple[float, float], tuple[float, float]]],
    target: float,
    softness: float,
    wobble: float = 0.12,
    threshold: float = 0.1,
    brighten_only: bool = False,
) -> NormalizedBox | None:
    """Moves `hu` towards `target` inside the union of ellipses (centre, radii; px), in place; edges `softness` px wide.

    Returns the box around the pixels moved by more than `threshold` of the way; None where that is off the image.
    """  # fmt: skip
    size: Size = (hu.shape[0], hu.shape[1])
    corners = np.array([(c[0] + s * r[0], c[1] + s * r[1]) for c, r in lobes for s in (-1, 1)])
    rows, columns = window_around(corners, size, 2 * softness + 3 + wobble * float(np.ptp(corners)))
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5)
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + np.float32(0.5)
    depth = np.full((y.shape[0], x.shape[1]), -1e3, dtype=np.float32)
    for (cx, cy), (rx, ry) in lobes:
        distance = np.sqrt(((x - np.float32(cx)) / np.float32(rx)) ** 2 + ((y - np.float32(cy)) / np.float32(ry)) ** 2)
        depth = np.maximum(depth, (1 - distance) * np.float32(min(rx, ry)))
    radius = min(lobes[0][1])
    depth += np.float32(wobble * radius) * noise(rng, (depth.shape[0], depth.shape[1]), max(2.0, radius * 0.7))
    cover = np.clip((depth + np.float32(softness)) * np.float32(0.5 / softness), 0, 1)
    change = np.float32(target) - hu[rows, columns]
    hu[rows, columns] += cover * (np.maximum(change, 0) if brighten_only else change)
    mask = np.zeros(size, dtype=bool)
    mask[rows, columns] = cover > threshold
    return box_of(mask)
