"""Chest X-ray with one or two of the fourteen findings of NIH ChestX-ray14."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from umed_core.geometry import NormalizedBox
from umed_core.phantoms.chest import PIXEL_MM, SIZE, Chest, chest_pixels, draw_chest
from umed_core.phantoms.lung_disease import add_density, lay, nodules, patches, reach, strands
from umed_core.phantoms.phantom import Phantom
from umed_core.phantoms.shapes import Points, Stencil, box_of, curve, ribbon
from umed_core.records import Finding

__all__ = ["FINDINGS", "draw_cxr"]

SECOND_SHARE = 0.15
WHOLE = (slice(0, SIZE[0]), slice(0, SIZE[1]))


def draw_cxr(rng: np.random.Generator, seed: int, normal: bool) -> Phantom:
    """One film with one finding, sometimes two on different sides, or none where `normal`."""
    count = 0 if normal else 2 if rng.random() < SECOND_SHARE else 1
    labels = [str(label) for label in rng.choice(sorted(FINDINGS), count, replace=False)]
    chest = draw_chest(rng, heart_width=rng.uniform(0.57, 0.74) if "cardiomegaly" in labels else None)
    side = int(rng.choice([-1, 1]))
    findings: list[Finding] = []
    for k, label in enumerate(labels):
        box = FINDINGS[label](rng, chest, side if k == 0 else -side)
        if box is not None:
            findings.append(Finding(label, box))
    pixels, window = chest_pixels(rng, chest)
    return Phantom("cxr", seed, pixels, "DX", tuple(findings), window, (PIXEL_MM, PIXEL_MM))


def _spot(rng: np.random.Generator, chest: Chest, side: int, heights: tuple[float, float]) -> tuple[float, float]:
    """A point well inside one lung, in pixels; `heights` in unit coordinates."""
    y = rng.uniform(*heights)
    x = 0.5 + side * (rng.uniform(0.13, 0.24) + 0.05 * (y - 0.3))
    px, py = chest.pose([(x, y)])[0].tolist()
    return px, py


def _cloud(
    rng: np.random.Generator,
    chest: Chest,
    side: int,
    heights: tuple[float, float],
    size: tuple[float, float],
    strength: float,
    fullness: float,
    edge: float = 2.0,
) -> NormalizedBox | None:
    """One cloudy region; `size` bounds its radii as fractions of the picture."""  # fmt: skip
    radii = rng.uniform(*size, 2) * SIZE
    where, cover = reach(rng, _spot(rng, chest, side, heights), (float(radii[0]), float(radii[1])), edge=edge)
    cloud = patches(rng, (cover.shape[0], cover.shape[1]), rng.uniform(18, 45), fullness)
    return lay(chest, where, cloud * cover * np.float32(strength))


def _atelectasis(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """Plates or a wedge of collapsed lung towards the base."""
    stencil = Stencil(SIZE, 1.4)
    x, y = 0.5 + side * rng.uniform(0.1, 0.16), chest.floor - rng.uniform(0.05, 0.16)
    reach_x, tilt = rng.uniform(0.1, 0.19), rng.normal(0, 0.03)
    for _ in range(int(rng.integers(1, 4))):
        path = [(x, y), (x + side * reach_x / 2, y + tilt + rng.normal(0, 0.006)), (x + side * reach_x, y + tilt * 1.5)]
        stencil.fill(chest.pose(ribbon(curve(path), rng.uniform(0.01, 0.035))), rng.uniform(0.5, 1))
        y += rng.uniform(0.02, 0.05)
    return lay(chest, WHOLE, stencil.field() * np.float32(rng.uniform(0.1, 0.22)))


def _cardiomegaly(_rng: np.random.Generator, chest: Chest, _side: int) -> NormalizedBox | None:
    """The heart was drawn wide with the chest: the box spans its outline."""
    stencil = Stencil(SIZE, 0.7)
    stencil.fill(chest.heart)
    return box_of(stencil.field() > 0.5)


def _consolidation(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    return _cloud(rng, chest, side, (0.35, chest.floor - 0.08), (0.07, 0.15), rng.uniform(0.16, 0.28), 0.95, 3.0)


def _edema(rng: np.random.Generator, chest: Chest, _side: int) -> NormalizedBox | None:
    """Haze like a bat's wings about both hila, with fine lines."""
    height, width = SIZE
    center = chest.pose([(0.5, rng.uniform(0.42, 0.5))])[0].tolist()
    radii = (width * rng.uniform(0.28, 0.36), height * rng.uniform(0.2, 0.28))
    where, cover = reach(rng, (center[0], center[1]), radii, 0.15, 1.2)
    within = (cover.shape[0], cover.shape[1])
    haze = patches(rng, within, 40, 0.7) + np.float32(0.5) * strands(rng, within, 12)
    return lay(chest, where, haze * cover * np.float32(rng.uniform(0.1, 0.18)))


def _effusion(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """Fluid over one dome, higher along the chest's wall than at its middle."""
    level = chest.floor + rng.uniform(-0.22, 0.02)
    rise = rng.uniform(0.04, 0.12)
    x = np.array([0.03, 0.18, 0.3, 0.42])
    top = curve(np.stack([0.5 + side * x, level + np.array([0.03, 0, -0.4 * rise, -1.6 * rise])], axis=1))
    base = np.array([(0.5 + side * 0.42, chest.floor + 0.12), (0.5 + side * 0.03, chest.floor + 0.08)])
    stencil = Stencil(SIZE, rng.uniform(2, 5))
    stencil.fill(chest.pose(np.concatenate([top, base])))
    return lay(chest, WHOLE, stencil.field() * np.float32(rng.uniform(0.26, 0.4)))


def _emphysema(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """One lung darker, with bubbles."""
    height, width = SIZE
    x, y = chest.pose([(0.5 + side * 0.21, rng.uniform(0.3, 0.5))])[0].tolist()
    where, cover = reach(rng, (x, y), (width * rng.uniform(0.12, 0.18), height * rng.uniform(0.15, 0.28)), 0.15, 1.5)
    within = (cover.shape[0], cover.shape[1])
    bubbles = patches(rng, within, rng.uniform(30, 60), 0.8) - np.float32(0.35) * strands(
        rng, within, rng.uniform(28, 50)
    )
    return lay(chest, where, -bubbles * cover * np.float32(rng.uniform(0.08, 0.14)))


def _fibrosis(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """A net of scars, at the base more often than at the apex."""
    heights = (0.2, 0.32) if rng.random() < 0.35 else (chest.floor - 0.2, chest.floor - 0.06)
    radii = rng.uniform(0.08, 0.16, 2) * SIZE
    where, cover = reach(rng, _spot(rng, chest, side, heights), (float(radii[0]), float(radii[1])))
    within = (cover.shape[0], cover.shape[1])
    net = strands(rng, within, rng.uniform(8, 14)) + np.float32(0.6) * strands(rng, within, rng.uniform(18, 30))
    return lay(chest, where, (net + np.float32(0.2)) * cover * np.float32(rng.uniform(0.1, 0.18)))


def _hernia(rng: np.random.Generator, chest: Chest, _side: int) -> NormalizedBox | None:
    """A rounded stomach behind the heart with air over fluid."""
    height, width = SIZE
    x, y = chest.pose([(rng.normal(0.52, 0.02), chest.floor - rng.uniform(0.02, 0.09))])[0].tolist()
    where, cover = reach(rng, (x, y), (width * rng.uniform(0.07, 0.13), height * rng.uniform(0.06, 0.11)), 0.05, 5.0)
    level = np.arange(cover.shape[0], dtype=np.float32)[:, None] / cover.shape[0]
    air = np.clip((np.float32(rng.uniform(0.42, 0.55)) - level) * 30, 0, 1) * np.clip(
        (cover - np.float32(0.6)) * 5, 0, 1
    )
    return add_density(
        chest, where, cover * np.float32(rng.uniform(0.12, 0.2)) - air * np.float32(rng.uniform(0.15, 0.28))
    )


def _infiltration(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    return _cloud(rng, chest, side, (0.3, chest.floor - 0.06), (0.08, 0.17), rng.uniform(0.08, 0.15), 0.45)


def _round(rng: np.random.Generator, chest: Chest, side: int, radius: float, strength: float) -> NormalizedBox | None:
    stretch = np.exp(rng.normal(0, 0.12))
    spot = _spot(rng, chest, side, (0.22, chest.floor - 0.06))
    edge = max(1.5, radius / rng.uniform(5, 9))
    where, cover = reach(rng, spot, (radius * stretch, radius / stretch), rng.uniform(0.02, 0.12), edge)
    return lay(chest, where, cover * np.float32(strength))


def _mass(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    return _round(rng, chest, side, rng.uniform(22, 52), rng.uniform(0.16, 0.28))


def _nodule(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    return _round(rng, chest, side, rng.uniform(7, 17), rng.uniform(0.14, 0.24))


def _wall(chest: Chest, side: int, from_y: float, to_y: float, thickness: float) -> Points:
    """A band along the inner side of the chest's wall, in pixels."""
    y = np.linspace(from_y, to_y, 8)
    edge = 0.36 - 0.2 * np.clip((0.32 - y) / 0.22, 0, 1) ** 1.6
    path = np.stack([0.5 + side * (edge - thickness / 2), y], axis=1)
    return chest.pose(ribbon(path, thickness))


def _pleural_thickening(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    top = rng.uniform(0.14, 0.5)
    stencil = Stencil(SIZE, 2.0)
    stencil.fill(_wall(chest, side, top, top + rng.uniform(0.1, 0.24), rng.uniform(0.02, 0.05)))
    return lay(chest, WHOLE, stencil.field() * np.float32(rng.uniform(0.16, 0.28)))


def _pneumonia(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """A patchy cloud with darker airways left open in it, and small spots about it."""
    radii = rng.uniform(0.09, 0.18, 2) * SIZE
    spot = _spot(rng, chest, side, (0.4, chest.floor - 0.06))
    where, cover = reach(rng, spot, (float(radii[0]), float(radii[1])))
    within = (cover.shape[0], cover.shape[1])
    cloud = patches(rng, within, rng.uniform(20, 40), 0.65) + np.float32(0.4) * nodules(rng, within, rng.uniform(6, 10))
    cloud -= np.float32(0.4) * strands(rng, within, rng.uniform(16, 26))
    return lay(chest, where, np.maximum(cloud, 0) * cover * np.float32(rng.uniform(0.15, 0.25)))


def _pneumothorax(rng: np.random.Generator, chest: Chest, side: int) -> NormalizedBox | None:
    """Air between lung and wall: darker, without vessels, behind the thin line of the pleura."""
    thickness = rng.uniform(0.05, 0.13)
    bottom = rng.uniform(0.35, chest.floor)
    outline = _wall(chest, side, 0.06, bottom, thickness)
    space, line = Stencil(SIZE, 1.4), Stencil(SIZE, 0.7)
    space.fill(outline)
    distance = np.abs(outline[:8, 0] - SIZE[1] / 2).mean() - np.abs(outline[8:, 0] - SIZE[1] / 2).mean()
    inner = outline[:8] if distance < 0 else outline[8:]
    line.fill(ribbon(inner, 2.5))
    cover = space.field() * chest.lungs
    density = -chest.markings * cover - cover * np.float32(rng.uniform(0.07, 0.12))
    chest.attenuation[:] += line.field() * chest.lungs * np.float32(rng.uniform(0.05, 0.1))
    return add_density(chest, WHOLE, density)


FINDINGS: dict[str, Callable[[np.random.Generator, Chest, int], NormalizedBox | None]] = {
    "atelectasis": _atelectasis,
    "cardiomegaly": _cardiomegaly,
    "consolidation": _consolidation,
    "edema": _edema,
    "pleural effusion": _effusion,
    "emphysema": _emphysema,
    "fibrosis": _fibrosis,
    "hernia": _hernia,
    "infiltration": _infiltration,
    "mass": _mass,
    "nodule": _nodule,
    "pleural thickening": _pleural_thickening,
    "pneumonia": _pneumonia,
    "pneumothorax": _pneumothorax,
}
"""The fourteen findings in words, each with what draws it into a chest and returns its box."""
