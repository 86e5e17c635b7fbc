"""Smooth shapes and band-limited noise: what every phantom is drawn with.

Points are (N, 2) float arrays of x, y in pixels with edges at integers, as in `geometry.py`. A size is (height, width).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

from umed_core.geometry import NormalizedBox

__all__ = [
    "Field",
    "Points",
    "Pose",
    "Size",
    "Stencil",
    "blob",
    "box_of",
    "curve",
    "doubled",
    "filled",
    "grain",
    "noise",
    "placed",
    "ribbon",
    "window_around",
]

Field: TypeAlias = NDArray[np.float32]
Points: TypeAlias = NDArray[np.float64]
Size: TypeAlias = tuple[int, int]


_CATMULL_ROM = 0.5 * np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]], dtype=np.float64)
"""Weights of four knots as cubics of the place between the middle two: row k holds the factors of t to the k."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How anatomy in unit coordinates (0..1, x right, y down) lies on the image: turned and scaled about the middle.

    `turn` is in radians, `scale` multiplies x and y, `shift` is in fractions of the image, `mirrored` swaps left and right.
    """

    size: Size
    turn: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False

    def __call__(self, points: ArrayLike) -> Points:
        """Unit coordinates (..., 2) to pixels."""
        matrix, middle = _map_of(self)
        return np.asarray((np.asarray(points, dtype=np.float64) - 0.5) @ matrix + middle)

    def at_size(self, size: Size) -> Pose:
        """The same pose on an image of another size."""
        return replace(self, size=size)


@lru_cache(maxsize=4)
def _map_of(pose: Pose) -> tuple[Points, Points]:
    """The matrix (2, 2) and the middle (2,) that take unit coordinates about .5 to pixels; a hundred shapes share them."""
    height, width = pose.size
    across = pose.scale[0] * width * (-1 if pose.mirrored else 1)
    down = pose.scale[1] * height
    cos, sin = math.cos(pose.turn), math.sin(pose.turn)
    matrix = np.array([[across * cos, across * sin], [-down * sin, down * cos]])
    return matrix, np.array([(pose.shift[0] + 0.5) * width, (pose.shift[1] + 0.5) * height])


@cache
def _spline(steps: int) -> Points:
    """(steps, 4) weights of a Catmull-Rom segment."""
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    powers = np.concatenate([np.ones_like(t), t, t**2, t**3], axis=1)
    return np.asarray(powers @ _CATMULL_ROM)


def curve(points: ArrayLike, closed: bool = False, steps: int = 8) -> Points:
    """A smooth curve through `points` (..., N, 2), `steps` points a segment. Source: Catmull and Rom, 1974."""
    knots = np.asarray(points, dtype=np.float64)
    if closed:
        knots = np.concatenate([knots[..., -1:, :], knots, knots[..., :2, :]], axis=-2)
    else:
        before = 2 * knots[..., :1, :] - knots[..., 1:2, :]
        after = 2 * knots[..., -1:, :] - knots[..., -2:-1, :]
        knots = np.concatenate([before, knots, after], axis=-2)
    segments = knots.shape[-2] - 3
    quads = knots[..., np.arange(segments)[:, None] + np.arange(4), :]
    path = (_spline(steps) @ quads).reshape(*knots.shape[:-2], segments * steps, 2)
    return np.asarray(path) if closed else np.concatenate([path, knots[..., -2:-1, :]], axis=-2)


@cache
def _circle(points: int) -> tuple[Points, Points]:
    """(points, 2) of a unit circle, and (8, points) waves of orders 2 to 5 about it, weaker with the order."""
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    orders = np.arange(2, 6)[:, None]
    waves = np.concatenate([np.cos(orders * angle) / orders, np.sin(orders * angle) / orders])
    return np.stack([np.cos(angle), np.sin(angle)], axis=1), waves


def blob(
    rng: np.random.Generator,
    center: tuple[float, float],
    radii: tuple[float, float],
    turn: float = 0.0,
    wobble: float = 0.1,
    points: int = 32,
) -> Points:
    """An ellipse whose radius wavers by about `wobble` of itself; (points, 2)."""
    circle, waves = _circle(points)
    radius = np.minimum(np.maximum(1 + wobble * (rng.standard_normal(8) @ waves), 0.4), 1.7)
    cos, sin = math.cos(turn), math.sin(turn)
    matrix = np.array([[radii[0] * cos, radii[0] * sin], [-radii[1] * sin, radii[1] * cos]])
    return np.asarray((circle * radius[:, None]) @ matrix + center)


def ribbon(paths: Points, width: float) -> Points:
    """The outlines of bands of `width` along paths (..., N, 2): (..., 2 N, 2)."""
    along = np.empty_like(paths)
    along[..., 1:-1, :] = paths[..., 2:, :] - paths[..., :-2, :]
    along[..., 0, :], along[..., -1, :] = paths[..., 1, :] - paths[..., 0, :], paths[..., -1, :] - paths[..., -2, :]
    length = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-9)
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1) * ((width / 2) / length)[..., None]
    return np.concatenate([paths + across, (paths - across)[..., ::-1, :]], axis=-2)


def placed(points: Points) -> list[int]:
    """Points as Pillow takes them, x and y in turn.

    Pillow counts pixels, not edges, and paints the outermost ones too: so a polygon grows by half a pixel all around.
    """
    return _flat(points[None])[0]


def _flat(outlines: Points) -> list[list[int]]:
    flat: list[list[int]] = np.floor(outlines).astype(int).reshape(len(outlines), -1).tolist()
    return flat


def doubled(field: Field) -> Field:
    """A field at twice the size, linear between pixel centres."""
    # The sums go where they belong at once: a copy of each would take a third of the time.
    rows = np.empty((field.shape[0] * 2, field.shape[1]), dtype=np.float32)
    big, small = field * np.float32(0.75), field * np.float32(0.25)
    np.add(big[1:], small[:-1], out=rows[2::2])
    np.add(big[:-1], small[1:], out=rows[1:-1:2])
    rows[0], rows[-1] = field[0], field[-1]
    out = np.empty((rows.shape[0], rows.shape[1] * 2), dtype=np.float32)
    big, small = rows * np.float32(0.75), rows * np.float32(0.25)
    np.add(big[:, 1:], small[:, :-1], out=out[:, 2::2])
    np.add(big[:, :-1], small[:, 1:], out=out[:, 1:-1:2])
    out[:, 0], out[:, -1] = rows[:, 0], rows[:, -1]
    return out


class Stencil:
    """Shapes drawn over each other in levels 0..1, whose edges `field` then softens by about `blur` pixels.

    A wide blur is drawn small and enlarged: that is both faster and smoother than filtering at full size.
    """

    def __init__(self, size: Size, blur: float) -> None:
        self._size = size
        self._step = 2 ** max(0, math.ceil(math.log2(blur / 1.2)))
        self._passes = 1 if blur / self._step < 0.85 else 2
        self._reduction = min(4, self._step)  # drawn so much finer than it is filtered
        low = [(-(-n // self._step) + 2 * self._passes) * self._reduction for n in size]
        self._image = Image.new("L", (low[1], low[0]), 0)
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, outline: Points, level: float = 1.0) -> None:
        """Paints a polygon (N, 2), in pixels."""
        self.fill_all(outline[None], level)

    def fill_all(self, outlines: Points, level: float = 1.0) -> None:
        """Paints polygons (K, N, 2), in pixels."""
        for flat in _flat(self._drawn(outlines)):
            self._draw.polygon(flat, fill=round(255 * level))

    def lines(self, paths: Points, widths: Sequence[float], levels: Sequence[float]) -> None:
        """Paints thin lines (K, N, 2); one thinner than a pixel is one pixel wide and fainter."""
        for points, width, level in zip(_flat(self._drawn(paths)), widths, levels, strict=True):
            thick = width * self._reduction / self._step
            self._draw.line(points, fill=round(255 * level * min(1.0, thick)), width=max(1, round(thick)))

    def field(self) -> Field:
        """The softened levels, (H, W)."""
        image = self._image if self._reduction == 1 else self._image.reduce(self._reduction)
        sums = np.asarray(image).astype(np.uint16)
        for _ in range(self._passes):  # each pass is the binomial filter 1 2 1 both ways and shrinks the margin by one
            sums = sums[:-1] + sums[1:]
            sums = sums[:-1] + sums[1:]
            sums = sums[:, :-1] + sums[:, 1:]
            sums = sums[:, :-1] + sums[:, 1:]
        field = sums * np.float32(1 / (255 * 16**self._passes))
        step = self._step
        while step > 1:
            field, step = doubled(field), step // 2
        return field[: self._size[0], : self._size[1]]

    def _drawn(self, points: Points) -> Points:
        """Pixels of the picture to pixels of the drawing."""
        return np.asarray(points * (self._reduction / self._step) + self._passes * self._reduction)


def filled(size: Size, outlines: Sequence[Points], blur: float = 0.7) -> Field:
    """Cover of the union of polygons, 0..1, with edges softened by about `blur` pixels."""
    stencil = Stencil(size, blur)
    for outline in outlines:
        stencil.fill(outline)
    return stencil.field()


_LONGEST_RUN = 64
"""Rows of one matrix product: small enough that BLAS never shares it among threads, which would change last bits."""


@lru_cache(maxsize=2048)
def _taps(pixels: int, knots: int) -> tuple[NDArray[np.intp], Field, tuple[tuple[int, int, int], ...]]:
    """How to interpolate from a lattice of knots to pixels. Source: Catmull and Rom, 1974.

    Returns: the first of the four knots that reach each pixel (pixels,), their weights (pixels, 4), and the runs of
        pixels that share their knots, as (start, stop, first knot).
    """
    at = (np.arange(pixels) + 0.5) / pixels * (knots - 3)
    first = at.astype(np.intp)
    t = (at - first)[:, None]
    powers = np.concatenate([np.ones_like(t), t, t**2, t**3], axis=1)
    weights = np.ascontiguousarray((powers @ _CATMULL_ROM).astype(np.float32))
    starts = np.flatnonzero(np.diff(first, prepend=-1))
    starts = np.union1d(starts, np.arange(0, pixels, _LONGEST_RUN)).tolist()
    runs = tuple((a, b, int(first[a])) for a, b in zip(starts, [*starts[1:], pixels], strict=True))
    return first, weights, runs


_FINE_CELLS = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
_POOL_SIDE = 900


@cache
def _pool(index: int, transposed: bool) -> Field:
    """Fine noise of unit deviation, drawn once a process from a fixed seed: phantoms take turned parts of it."""
    if transposed:  # a copy: reading columns of the other as rows takes several times as long
        turned = np.ascontiguousarray(_pool(index, False).T)
        turned.flags.writeable = False
        return turned
    cell = _FINE_CELLS[index]
    rng = np.random.Generator(np.random.PCG64(index))
    side = round(_POOL_SIDE / cell)
    field = Image.fromarray(rng.standard_normal((side, side), dtype=np.float32))
    pool = np.array(field.resize((_POOL_SIDE, _POOL_SIDE), Image.Resampling.BICUBIC))
    pool /= pool.std()
    pool.flags.writeable = False
    return pool


def noise(rng: np.random.Generator, size: Size, cell: float) -> Field:
    """Smooth noise of about unit deviation whose grains are about `cell` pixels wide; may be read-only."""
    if cell < 7:
        nearest = min(range(len(_FINE_CELLS)), key=lambda index: abs(cell - _FINE_CELLS[index]))
        turned = int(rng.integers(8))
        pool = _pool(nearest, bool(turned & 1))
        pool = pool[::-1] if turned & 2 else pool
        pool = pool[:, ::-1] if turned & 4 else pool
        y, x = int(rng.integers(_POOL_SIDE - size[0] + 1)), int(rng.integers(_POOL_SIDE - size[1] + 1))
        return pool[y : y + size[0], x : x + size[1]]
    knots = (math.ceil(size[0] / cell) + 3, math.ceil(size[1] / cell) + 3)
    values = rng.standard_normal(knots, dtype=np.float32) * np.float32(1.35)
    first, weights, _ = _taps(size[1], knots[1])
    across = np.zeros((knots[0], size[1]), dtype=np.float32)
    for k in range(4):
        across += values[:, first + k] * weights[:, k]
    _, weights, runs = _taps(size[0], knots[0])
    field = np.empty(size, dtype=np.float32)
    for start, stop, knot in runs:
        np.matmul(weights[start:stop], across[knot : knot + 4], out=field[start:stop])
    return field


def grain(rng: np.random.Generator, size: Size, cell: float, octaves: int, roughness: float = 0.6) -> Field:
    """Noise of several scales, of about unit deviation: each octave has half the grain and `roughness` of the strength."""
    power = sum(roughness ** (2 * octave) for octave in range(octaves))
    total = noise(rng, size, cell) * np.float32(power**-0.5)
    for octave in range(1, octaves):
        total += np.float32(roughness**octave * power**-0.5) * noise(rng, size, cell / 2**octave)
    return total


def window_around(points: Points, size: Size, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the part of the image that holds `points` and `margin` pixels around; at least one pixel."""
    height, width = size
    x0, y0 = np.floor(points.min(axis=0) - margin).astype(int)
    x1, y1 = np.ceil(points.max(axis=0) + margin).astype(int)
    x0, y0 = min(max(int(x0), 0), width - 1), min(max(int(y0), 0), height - 1)
    return slice(y0, min(max(int(y1), y0 + 1), height)), slice(x0, min(max(int(x1), x0 + 1), width))


def box_of(mask: NDArray[np.bool_]) -> NormalizedBox | None:
    """The tightest box around the True pixels, by their outer edges; None where there is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    height, width = mask.shape
    x0, x1, y0, y1 = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    return NormalizedBox(x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height)
