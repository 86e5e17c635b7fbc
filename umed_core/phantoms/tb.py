"""Chest X-ray with pulmonary tuberculosis, after the look of TBX11K: patches, nodules, cavities and scars up in the lungs."""

from __future__ import annotations

import numpy as np

from umed_core.geometry import NormalizedBox
from umed_core.phantoms.chest import PIXEL_MM, SIZE, Chest, chest_pixels, draw_chest
from umed_core.phantoms.lung_disease import cavity, lay, nodules, patches, reach, strands
from umed_core.phantoms.phantom import Phantom
from umed_core.phantoms.shapes import Field, Size
from umed_core.records import Finding

__all__ = ["draw_tb"]

LABEL = "pulmonary tuberculosis"
REGION_COUNTS = (0.51, 0.45, 0.04)
"""Share of films with one, two and three regions, as counted in the real set."""


def draw_tb(rng: np.random.Generator, seed: int, normal: bool) -> Phantom:
    """One film with one to three regions of tuberculosis, or none where `normal`."""
    chest = draw_chest(rng)
    findings: list[Finding] = []
    if not normal:
        first = int(rng.choice([-1, 1]))
        for k in range(1 + int(rng.choice(len(REGION_COUNTS), p=np.array(REGION_COUNTS)))):
            box = _draw_region(rng, chest, first if k % 2 == 0 else -first)
            if box is not None:
                findings.append(Finding(LABEL, box))
    pixels, window = chest_pixels(rng, chest)
    return Phantom("tb", seed, pixels, "DX", tuple(findings), window, (PIXEL_MM, PIXEL_MM))


def _draw_region(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """Adds one diseased region to the attenuation and returns the box around what changed."""
    height, width = SIZE
    low = rng.random() < 0.1
    at = (0.5 + side * rng.normal(0.2, 0.03), rng.uniform(0.45, 0.65) if low else rng.normal(0.29, 0.05))
    x, y = chest.pose([at])[0].tolist()
    radii = np.exp(rng.normal(np.log((0.13, 0.135)), (0.28, 0.38))) * (width, height)
    where, cover = reach(rng, (x, y), (float(radii[0]), float(radii[1])))
    return lay(chest, where, _disease(rng, (cover.shape[0], cover.shape[1])) * cover)


def _disease(rng: np.random.Generator, within: Size) -> Field:
    """Added attenuation of one region before its outline: a mix of the four patterns."""
    strength = rng.uniform(0.35, 1.1, 4) * (rng.random(4) < (0.8, 0.6, 0.3, 0.6))
    if not strength.any():
        strength[0] = 0.8
    total = np.float32(0.16 * strength[0]) * patches(rng, within, rng.uniform(22, 50))
    if strength[1] > 0:
        total += np.float32(0.14 * strength[1]) * nodules(rng, within, rng.uniform(5, 11))
    if strength[2] > 0:
        total += np.float32(0.16 * strength[2]) * cavity(rng, within)
    if strength[3] > 0:
        total += np.float32(0.09 * strength[3]) * strands(rng, within, rng.uniform(12, 26))
    return np.asarray(np.maximum(total, 0), dtype=np.float32)
