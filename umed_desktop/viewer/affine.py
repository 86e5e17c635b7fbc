"""The one map from image to screen: image pixels (edges at integers, y down) to widget pixels. Free of Qt.

It turns by right angles, mirrors, zooms and shifts; it also stretches pixels that are no squares, so that the patient is
not distorted. Whatever lies over the image is kept in image pixels and goes through it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

__all__ = ["Affine", "edge_letters", "fitted"]

SMALLEST_SCALE, LARGEST_SCALE = 0.02, 64.0


@dataclass(frozen=True, slots=True)
class Affine:
    """screen x = xx * x + xy * y + dx, screen y = yx * x + yy * y + dy."""

    xx: float = 1.0
    xy: float = 0.0
    yx: float = 0.0
    yy: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    @property
    def scale(self) -> float:
        """Screen pixels an image pixel, along a row of the image."""
        return hypot(self.xx, self.yx)

    @property
    def aspect(self) -> float:
        """Height of an image pixel by its width, on the screen."""
        return hypot(self.xy, self.yy) / (self.scale or 1.0)

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        return self.xx * x + self.xy * y + self.dx, self.yx * x + self.yy * y + self.dy

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        determinant = self.xx * self.yy - self.xy * self.yx
        x, y = x - self.dx, y - self.dy
        return (self.yy * x - self.xy * y) / determinant, (self.xx * y - self.yx * x) / determinant

    def moved(self, dx: float, dy: float) -> Affine:
        """The same map, its screen shifted."""
        return Affine(self.xx, self.xy, self.yx, self.yy, self.dx + dx, self.dy + dy)

    def zoomed(self, factor: float, x: float, y: float) -> Affine:
        """Larger by `factor` about the screen point (x, y), which stays where it is; within the zoom's limits."""
        factor = min(max(self.scale * factor, SMALLEST_SCALE), LARGEST_SCALE) / self.scale
        return self._after(factor, 0.0, 0.0, factor, x, y)

    def turned(self, x: float, y: float) -> Affine:
        """Turned right by 90 degrees about the screen point (x, y)."""
        return self._after(0.0, -1.0, 1.0, 0.0, x, y)

    def mirrored(self, x: float, y: float) -> Affine:
        """Left and right exchanged about the screen's vertical line through (x, y)."""
        return self._after(-1.0, 0.0, 0.0, 1.0, x, y)

    def _after(self, xx: float, xy: float, yx: float, yy: float, x: float, y: float) -> Affine:
        """This map, then the linear map (xx, xy; yx, yy) about the screen point (x, y)."""
        dx, dy = self.dx - x, self.dy - y
        return Affine(
            xx * self.xx + xy * self.yx,
            xx * self.xy + xy * self.yy,
            yx * self.xx + yy * self.yx,
            yx * self.xy + yy * self.yy,
            xx * dx + xy * dy + x,
            yx * dx + yy * dy + y,
        )


def fitted(affine: Affine, size: tuple[int, int], viewport: tuple[int, int], margin: int = 8) -> Affine:
    """The map that keeps turn, mirror and aspect of `affine` and shows the whole image, centred, as large as it can be.

    `size` and `viewport` are (width, height).
    """
    width, height = size
    (xx, yx), (xy, yy) = (tuple(float(round(v)) for v in direction) for direction in _directions(affine))
    xy, yy = xy * affine.aspect, yy * affine.aspect
    across, down = abs(xx) * width + abs(xy) * height, abs(yx) * width + abs(yy) * height
    scale = min(max(viewport[0] - 2 * margin, 1) / across, max(viewport[1] - 2 * margin, 1) / down)
    turned = Affine(xx * scale, xy * scale, yx * scale, yy * scale)
    x, y = turned.to_screen(width / 2, height / 2)
    return turned.moved(viewport[0] / 2 - x, viewport[1] / 2 - y)


def edge_letters(orientation: tuple[float, ...] | None, affine: Affine) -> tuple[str, str, str, str]:
    """Patient directions at the screen's left, right, top and bottom, e.g. ("R", "L", "A", "P"); "" each without tags.

    `orientation` is ImageOrientationPatient: the direction of x, then of y, in the patient (x to Left, y to Posterior,
    z to Head). Source: PS3.3 C.7.6.2.1.1.
    """
    if orientation is None or len(orientation) != 6:
        return "", "", "", ""
    # Without its scale the map is a rotation or a reflection, so its inverse direction is its transpose.
    (xx, yx), (xy, yy) = _directions(affine)
    right = [xx * orientation[i] + xy * orientation[i + 3] for i in range(3)]
    down = [yx * orientation[i] + yy * orientation[i + 3] for i in range(3)]
    return _letter([-v for v in right]), _letter(right), _letter([-v for v in down]), _letter(down)


def _directions(affine: Affine) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the image's rows and its columns run on the screen, as vectors of length 1."""
    along, down = affine.scale or 1.0, hypot(affine.xy, affine.yy) or 1.0
    return (affine.xx / along, affine.yx / along), (affine.xy / down, affine.yy / down)


def _letter(direction: list[float]) -> str:
    """The nearest patient direction, and the second one where the plane is oblique by more than about 25 degrees."""
    strength = sorted(zip((abs(v) for v in direction), direction, ("RL", "AP", "FH"), strict=True), reverse=True)
    return "".join(letters[value > 0] for size, value, letters in strength[:2] if size > 0.42)
