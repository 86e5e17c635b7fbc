"""Patterns that disease lays over a lung, and how they are added to a chest: shared by "tb" and "cxr"."""

from __future__ import annotations

import numpy as np

from umed_core.geometry import NormalizedBox
from umed_core.phantoms.chest import SIZE, Chest
from umed_core.phantoms.shapes import Field, Size, box_of, grain, noise, window_around

__all__ = ["add_density", "cavity", "lay", "nodules", "patches", "reach", "strands"]


def reach(
    rng: np.random.Generator,
    center: tuple[float, float],
    radii: tuple[float, float],
    ragged: float = 0.25,
    edge: float = 2.0,
) -> tuple[tuple[slice, slice], Field]:
    """A ragged ellipse in pixels: rows and columns of the chest, and its cover 0..1 there; a larger `edge` is sharper."""
    middle, half = np.asarray(center), np.asarray(radii)
    rows, columns = window_around(np.array([middle - half * 1.15, middle + half * 1.15]), SIZE, 6)
    y = (np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5 - middle[1])) / np.float32(
        half[1]
    )
    x = (np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + np.float32(0.5 - middle[0])) / np.float32(
        half[0]
    )
    within: Size = (y.shape[0], x.shape[1])
    uneven = np.float32(ragged) * noise(rng, within, max(8.0, float(half.min()) * 0.6))
    return (rows, columns), np.clip((1 - (x * x + y * y) + uneven) * np.float32(edge), 0, 1)


def patches(rng: np.random.Generator, within: Size, cell: float, fullness: float = 0.45) -> Field:
    """Cloudy opacity, 0 to about 1.4; `fullness` 1 is nearly even."""
    cloud = grain(rng, within, cell, 3, 0.6) * np.float32(0.5) + np.float32(fullness)
    return np.asarray(np.clip(cloud, 0, 1.4), dtype=np.float32)


def nodules(rng: np.random.Generator, within: Size, cell: float) -> Field:
    """Small rounded spots about `cell` pixels apart, 0..1."""
    return np.asarray(np.clip(noise(rng, within, cell) - np.float32(0.6), 0, 1), dtype=np.float32)


def strands(rng: np.random.Generator, within: Size, cell: float) -> Field:
    """A net of thin lines with meshes of about `cell` pixels, 0..1."""
    return np.asarray(np.clip(1 - np.abs(noise(rng, within, cell)) * 5, 0, 1), dtype=np.float32)


def cavity(rng: np.random.Generator, within: Size) -> Field:
    """A thick-walled ring with less inside."""
    height, width = within
    center = (rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height)
    radius = rng.uniform(0.12, 0.26) * min(within)
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(center[1])
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(center[0])
    distance = np.sqrt(x * x + y * y) / np.float32(radius) + np.float32(0.14) * noise(rng, within, max(7.0, radius))
    wall = np.exp(-(((distance - 1) / np.float32(rng.uniform(0.18, 0.4))) ** 2))
    wall *= np.float32(0.75) + np.float32(0.3) * noise(rng, within, max(7.0, radius * 0.8))
    return np.asarray(wall - np.float32(0.3) * np.clip((1 - distance) * 3, 0, 1), dtype=np.float32)


def lay(chest: Chest, at: tuple[slice, slice], density: Field) -> NormalizedBox | None:
    """Adds `density` to the attenuation inside the lungs and returns the box around what changed visibly."""
    return add_density(chest, at, density * chest.lungs[at])


def add_density(chest: Chest, at: tuple[slice, slice], density: Field) -> NormalizedBox | None:
    """Adds `density` to the attenuation and returns the box around what changed by a third of the strongest change."""
    chest.attenuation[at] += density
    change = np.abs(density)
    mask = np.zeros(SIZE, dtype=bool)
    # Every fourth pixel is enough to rank the changes.
    mask[at] = change > np.maximum(np.float32(0.3) * np.float32(np.quantile(change[::4, ::4], 0.98)), np.float32(0.004))
    return box_of(mask)
