"""Axial CT slices of the trunk with one lesion, after the look of DeepLesion: eight coarse types in three regions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from umed_core.images.medical_image import Window
from umed_core.phantoms.hu_canvas import BONE_CORTEX, FAT, LUNG, MUSCLE, HuCanvas, add_texture, blend_lump
from umed_core.phantoms.phantom import Phantom
from umed_core.phantoms.shapes import Field, Points, Pose, Size, blob, curve, noise, ribbon
from umed_core.records import Finding

__all__ = ["LESION_SHARES", "draw_ct"]

SIZE: Size = (512, 512)

LESION_SHARES = {
    "lung": 0.22, "abdomen": 0.2, "mediastinum": 0.16, "liver": 0.13, "pelvis": 0.1, "soft tissue": 0.08,
    "kidney": 0.07, "bone": 0.04,
}  # fmt: skip
"""Share of each coarse type, about as in DeepLesion, with the rarest lifted."""

WINDOWS = (Window(1024.0, 4096.0, "full"), Window(40.0, 400.0, "soft tissue"), Window(50.0, 350.0, "mediastinum"),
           Window(-600.0, 1500.0, "lung"), Window(300.0, 1500.0, "bone"))  # fmt: skip
"""The full range in which the public set is often stored, then those a reader would pick."""

XY: TypeAlias = tuple[float, float]
Sites: TypeAlias = dict[str, list[tuple[XY, float]]]
"""Where lesions of each type may lie: centres in unit coordinates, each with the HU that surrounds it."""


def draw_ct(rng: np.random.Generator, seed: int, normal: bool) -> Phantom:
    """One slice with one lesion, or none where `normal`."""
    kind = str(rng.choice(list(LESION_SHARES), p=np.array(list(LESION_SHARES.values()))))
    scale = rng.uniform(0.86, 1.16)
    pose = Pose(SIZE, float(rng.normal(0, 0.03)), (scale * rng.uniform(0.94, 1.06), scale * rng.uniform(0.9, 1.08)),
                (rng.normal(0, 0.015), rng.normal(0, 0.025)))  # fmt: skip
    canvas = HuCanvas(pose)
    contrast = float(rng.uniform(0, 130)) if rng.random() < 0.7 else 0.0
    _draw_table(rng, canvas)
    sites = _region_for(rng, kind)(rng, canvas, contrast)
    hu = canvas.field()
    add_texture(rng, hu, 0.1)
    findings: tuple[Finding, ...] = ()
    if not normal:
        findings = _draw_lesion(rng, hu, pose, kind, sites)
    hu += np.float32(rng.uniform(6, 28)) * noise(rng, SIZE, rng.uniform(1.0, 2.0))
    pixels = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    spacing = round(float(rng.uniform(0.62, 0.95)), 3)
    return Phantom("ct", seed, pixels, "CT", findings, _window_for(rng, kind), (spacing, spacing))


def _region_for(rng: np.random.Generator, kind: str) -> Callable[[np.random.Generator, HuCanvas, float], Sites]:
    if kind in ("lung", "mediastinum"):
        return _draw_chest_slice
    if kind in ("liver", "kidney", "abdomen"):
        return _draw_abdomen_slice
    if kind == "pelvis":
        return _draw_pelvis_slice
    return [_draw_chest_slice, _draw_abdomen_slice, _draw_pelvis_slice][int(rng.integers(3))]


def _window_for(rng: np.random.Generator, kind: str) -> Window:
    if rng.random() < 0.35:
        return WINDOWS[0]
    return {"lung": WINDOWS[3], "bone": WINDOWS[4], "mediastinum": WINDOWS[2]}.get(kind, WINDOWS[1])


def _draw_lesion(rng: np.random.Generator, hu: Field, pose: Pose, kind: str, sites: Sites) -> tuple[Finding, ...]:
    places = sites[kind]
    center, around = places[int(rng.integers(len(places)))]
    at = pose([center])[0]
    side = float(np.clip(np.exp(rng.normal(np.log(26), 0.4)), 13, 90))
    if kind == "bone":
        side = min(side, 30.0)
    stretch = np.exp(rng.normal(0, 0.15))
    lobes = [((float(at[0]), float(at[1])), (side / 2 * stretch, side / 2 / stretch))]
    if side > 20 and rng.random() < 0.5:
        offset = rng.normal(0, side * 0.25, 2)
        lobes.append(((float(at[0] + offset[0]), float(at[1] + offset[1])), (side * 0.3, side * 0.3)))
    target = {
        "lung": rng.uniform(-150, 60), "liver": around - rng.uniform(25, 80), "kidney": around - rng.uniform(30, 150),
        "bone": rng.choice([rng.uniform(30, 90), rng.uniform(650, 1000)]),
    }.get(kind, rng.uniform(20, 75))  # fmt: skip
    box = blend_lump(rng, hu, lobes, float(target), rng.uniform(1.0, 3.0), rng.uniform(0.05, 0.3), 0.25)
    return () if box is None else (Finding(f"{kind} lesion", box),)


def _draw_table(rng: np.random.Generator, canvas: HuCanvas) -> None:
    sag, y = rng.uniform(0.03, 0.1), rng.uniform(0.8, 0.87)
    top = curve([(0.05, y - sag), (0.28, y), (0.5, y + sag * 0.3), (0.72, y), (0.95, y - sag)])
    for offset in (0.0, rng.uniform(0.03, 0.07)):
        canvas.line(top + np.array([0, offset]), rng.uniform(-700, 100), rng.uniform(1, 4))


def _draw_wall(rng: np.random.Generator, canvas: HuCanvas, radii: XY) -> XY:
    """Skin, fat and the muscle of the body wall; returns the radii of the cavity inside."""
    squared = _rounded_box(radii, rng.uniform(2.1, 2.7))
    canvas.fill(squared + 0.5, 20.0)
    canvas.fill(squared * 0.988 + 0.5, FAT)
    fat, wall = rng.uniform(0.015, 0.07), rng.uniform(0.015, 0.03)
    ring = (radii[0] - fat, radii[1] - fat)
    canvas.fill(_rounded_box(ring, 2.3) + 0.5, MUSCLE)
    cavity = (ring[0] - wall, ring[1] - wall)
    canvas.fill(_rounded_box(cavity, 2.3) + 0.5, FAT)
    return cavity


def _rounded_box(radii: XY, power: float) -> Points:
    """A superellipse about the origin, 60 points."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    bent = np.stack([np.sign(x) * np.abs(x) ** (2 / power), np.sign(y) * np.abs(y) ** (2 / power)], axis=1)
    return np.asarray(bent * radii)


def _draw_vertebra(rng: np.random.Generator, canvas: HuCanvas, y: float) -> XY:
    """A vertebra with canal, arch and processes, whose body's middle is at height `y`; returns that middle."""
    half, marrow = rng.uniform(0.042, 0.055), rng.uniform(150, 320)
    for side in (-1, 1):
        wing = np.array([(side * 0.5, 0.9), (side * 2.0, 1.2), (side * 0.5, 1.7)])
        canvas.fill((0.5, y) + half * wing, BONE_CORTEX * 0.7)
    arch = curve([(0.5 - half * 0.75, y + half * 0.6), (0.5 - half * 0.5, y + half * 1.6), (0.5, y + half * 2.0),
                  (0.5 + half * 0.5, y + half * 1.6), (0.5 + half * 0.75, y + half * 0.6)])  # fmt: skip
    canvas.fill(arch, BONE_CORTEX * 0.8)
    canvas.fill(ribbon(np.array([(0.5, y + half * 1.7), (0.5, y + half * 2.9)]), half * 0.3), BONE_CORTEX * 0.8)
    canvas.fill(blob(rng, (0.5, y + half * 1.15), (half * 0.45, half * 0.42), 0.0, 0.05), 25.0)
    canvas.fill(blob(rng, (0.5, y), (half, half * 0.82), 0.0, 0.04), BONE_CORTEX * 0.75)
    canvas.fill(blob(rng, (0.5, y), (half * 0.88, half * 0.7), 0.0, 0.04), marrow)
    return 0.5, y


def _draw_back_muscles(rng: np.random.Generator, canvas: HuCanvas, y: float) -> None:
    for side in (-1, 1):
        canvas.fill(blob(rng, (0.5 + side * 0.075, y + 0.085), (0.065, 0.04), side * 0.2, 0.08), MUSCLE + 5)


def _draw_ribs(rng: np.random.Generator, canvas: HuCanvas, cavity: XY, count: int) -> list[XY]:
    """Ribs cut obliquely along the cavity's wall; returns their middles."""
    middles = []
    for k in range(count):
        for side in (-1, 1):
            angle = -1.1 + 2.3 * (k + rng.uniform(0.1, 0.6)) / count
            length = rng.uniform(0.06, 0.22)
            sweep = np.linspace(angle - length, angle + length, 7)
            path = 0.5 + (np.array(cavity) + 0.008) * np.stack([side * np.cos(sweep), np.sin(sweep)], axis=1)
            canvas.fill(ribbon(path, 0.017), BONE_CORTEX)
            canvas.fill(ribbon(path[1:-1], 0.008), 250.0)
            middles.append((float(path[3, 0]), float(path[3, 1])))
    return middles


def _soft_sites(cavity: XY, radii: XY) -> list[tuple[XY, float]]:
    """Middles of the wall between cavity and skin, at the flanks and the back."""
    reach_x, reach_y = (cavity[0] + radii[0]) / 2 + 0.012, (cavity[1] + radii[1]) / 2 + 0.012
    angles = (0.3, 0.7, 2.4, 2.8, -0.5, -2.6)
    return [((0.5 + reach_x * np.cos(a), 0.5 + reach_y * np.sin(a)), FAT) for a in angles]


def _draw_chest_slice(rng: np.random.Generator, canvas: HuCanvas, contrast: float) -> Sites:
    radii = (rng.uniform(0.38, 0.45), rng.uniform(0.26, 0.32))
    cavity = _draw_wall(rng, canvas, radii)
    for side in (-1, 1):
        if rng.random() < 0.6:
            x, y = np.array([0.1, 0.05, 0.035]), np.array([0.75, 0.55, 0.3])
            blade = np.stack([0.5 + side * (radii[0] - x), 0.5 + radii[1] * y], axis=1)
            canvas.fill(ribbon(curve(blade), 0.05), MUSCLE)
            canvas.fill(ribbon(curve(blade), 0.012), BONE_CORTEX)
    lungs: list[XY] = []
    low = rng.random() < 0.5
    for side in (-1, 1):
        gap = 0.07 if low or side < 0 else 0.06
        inner, outer = 0.5 + side * gap, 0.5 + side * cavity[0]
        top, bottom = 0.5 - cavity[1] * rng.uniform(0.8, 0.95), 0.5 + cavity[1] * rng.uniform(0.85, 0.97)
        middle = (inner + outer) / 2
        outline = [(inner, top + 0.05), (middle, top), (outer, 0.5 - cavity[1] * 0.3), (outer, 0.5 + cavity[1] * 0.4),
                   (middle, bottom), (inner, bottom - 0.06), (inner, 0.52)]  # fmt: skip
        canvas.fill(curve(np.array(outline) + rng.normal(0, 0.004, (7, 2)), closed=True), LUNG + rng.uniform(-40, 60))
        lungs.append((middle, 0.5))
        _draw_lung_vessels(rng, canvas, side, outer)
    blood = 45 + contrast
    if low:
        canvas.fill(blob(rng, (0.535, 0.44), (rng.uniform(0.1, 0.14), rng.uniform(0.09, 0.12)), 0.5, 0.06), blood * 0.9)
        nodes = [(0.5, 0.555), (0.47, 0.54), (0.42, 0.5)]
    else:
        canvas.fill(blob(rng, (0.5, 0.46), (0.085, 0.12), 0.0, 0.08), FAT + 20)
        for at, radius in (((0.47, 0.42), 0.038), ((0.44, 0.46), 0.022), ((0.545, 0.46), 0.032), ((0.52, 0.37), 0.02)):
            canvas.fill(blob(rng, at, (radius * rng.uniform(0.8, 1.2), radius), 0.0, 0.05), blood + rng.normal(0, 8))
        for side in (-1, 1):
            canvas.fill(blob(rng, (0.5 + side * 0.025, 0.525), (0.014, 0.017), 0.0, 0.05), -990.0)
        nodes = [(0.5, 0.49), (0.535, 0.53), (0.455, 0.51), (0.56, 0.42), (0.49, 0.36)]
    canvas.fill(blob(rng, (0.545, 0.585), (0.026, 0.026), 0.0, 0.03), blood)
    canvas.fill(blob(rng, (0.51, 0.57), (0.012, 0.009), 0.0, 0.1), 40.0)
    spine = _draw_vertebra(rng, canvas, 0.5 + cavity[1] * rng.uniform(0.55, 0.7))
    _draw_back_muscles(rng, canvas, spine[1])
    ribs = _draw_ribs(rng, canvas, cavity, int(rng.integers(4, 8)))
    canvas.fill(blob(rng, (0.5, 0.5 - cavity[1] - 0.002), (0.035, 0.012), 0.0, 0.08), BONE_CORTEX * 0.6)
    spread = [((x + rng.normal(0, 0.05), y + rng.normal(0, 0.09)), LUNG) for x, y in lungs for _ in range(3)]
    return {
        "lung": spread,
        "mediastinum": [(node, 0.0) for node in nodes],
        "bone": [(spine, 250.0)] + [(rib, 400.0) for rib in ribs],
        "soft tissue": _soft_sites(cavity, radii),
    }


def _draw_lung_vessels(rng: np.random.Generator, canvas: HuCanvas, side: int, outer: float) -> None:
    hilum = np.array([0.5 + side * 0.085, 0.5])
    for _ in range(int(rng.integers(10, 22))):
        end = np.array([hilum[0] + (outer - hilum[0]) * rng.uniform(0.2, 0.85), 0.5 + rng.normal(0, 0.1)])
        start = hilum if rng.random() < 0.5 else end + rng.normal(0, 0.02, 2)
        bend = (start + end) / 2 + rng.normal(0, 0.012, 2)
        canvas.line(curve([start, bend, end], steps=4), rng.uniform(-350, 60), rng.uniform(0.6, 3.2))


def _draw_abdomen_slice(rng: np.random.Generator, canvas: HuCanvas, contrast: float) -> Sites:
    radii = (rng.uniform(0.36, 0.45), rng.uniform(0.26, 0.34))
    cavity = _draw_wall(rng, canvas, radii)
    liver_hu = 55 + contrast * 0.5 + rng.normal(0, 6)
    left = 0.5 - cavity[0]
    upper = rng.random() < 0.6
    reach = rng.uniform(0.5, 0.62) if upper else rng.uniform(0.28, 0.36)
    top, bottom = 0.5 - cavity[1] * 0.85, 0.5 + cavity[1] * (0.75 if upper else 0.4)
    liver = [(left + 0.01, 0.5), (left + 0.05, top + 0.08), (left + 0.16, top + 0.01), (reach, top + 0.05),
             (reach - 0.03, top + 0.13), (reach - 0.13, 0.52), (left + 0.15, bottom - 0.03),
             (left + 0.04, bottom - 0.06)]  # fmt: skip
    spine = _draw_vertebra(rng, canvas, 0.5 + cavity[1] * rng.uniform(0.4, 0.5))
    _draw_back_muscles(rng, canvas, spine[1])
    _draw_bowel(rng, canvas, (0.55, 0.42), (0.14, 0.09), int(rng.integers(6, 16)))
    canvas.fill(curve(np.array(liver) + rng.normal(0, 0.006, (len(liver), 2)), closed=True), liver_hu)
    for _ in range(int(rng.integers(3, 9))):
        start = np.array([rng.uniform(left + 0.05, max(left + 0.06, reach - 0.1)), rng.uniform(top + 0.08, 0.52)])
        canvas.line(curve([start, start + rng.normal(0, 0.02, 2), start + rng.normal(0, 0.04, 2)], steps=4),
                    liver_hu + rng.uniform(-25, 35), rng.uniform(1, 4))  # fmt: skip
    spleen = blob(rng, (0.5 + cavity[0] - 0.055, 0.53), (0.045, rng.uniform(0.06, 0.11)), -0.2, 0.08)
    canvas.fill(spleen, liver_hu + rng.uniform(-5, 15))
    kidneys = []
    cortex = 35 + contrast * 1.1
    for side in (-1, 1):
        at = (0.5 + side * rng.uniform(0.13, 0.16), spine[1] + rng.normal(0.005, 0.015))
        canvas.fill(blob(rng, at, (0.065, 0.075), 0.0, 0.05), FAT)
        canvas.fill(blob(rng, at, (rng.uniform(0.042, 0.055), rng.uniform(0.052, 0.066)), side * 0.4, 0.06), cortex)
        pelvis = blob(rng, (at[0] - side * 0.02, at[1]), (0.022, 0.018), side * 0.4, 0.2)
        canvas.fill(pelvis, rng.choice([FAT, 15.0, 15.0 + contrast]))
        kidneys.append((at, cortex))
    blood = 45 + contrast * 1.1
    canvas.fill(blob(rng, (0.515, spine[1] - 0.075), (0.024, 0.024), 0.0, 0.04), blood)
    canvas.fill(blob(rng, (0.455, spine[1] - 0.07), (0.03, 0.022), 0.0, 0.06), blood * 0.9)
    ribs = _draw_ribs(rng, canvas, cavity, int(rng.integers(2, 6)))
    livers = [((left + rng.uniform(0.06, 0.2), rng.uniform(top + 0.1, 0.53)), liver_hu) for _ in range(5)]
    free = [((0.5 + rng.normal(0.05, 0.07), rng.uniform(0.4, 0.52)), FAT) for _ in range(5)]
    return {
        "liver": livers,
        "kidney": kidneys,
        "abdomen": free,
        "bone": [(spine, 250.0)] + [(rib, 400.0) for rib in ribs],
        "soft tissue": _soft_sites(cavity, radii),
    }


def _draw_bowel(rng: np.random.Generator, canvas: HuCanvas, middle: XY, spread: XY, count: int) -> None:
    for _ in range(count):
        at = (middle[0] + rng.normal(0, spread[0]), middle[1] + rng.normal(0, spread[1] * 0.8))
        radii = (rng.uniform(0.015, 0.045), rng.uniform(0.015, 0.035))
        canvas.fill(blob(rng, at, radii, rng.uniform(0, 3), 0.12), rng.uniform(30, 80))
        canvas.fill(blob(rng, at, (radii[0] * 0.75, radii[1] * 0.7), 0.0, 0.15), rng.choice([10.0, 30.0, 40.0, 220.0]))
        if rng.random() < 0.35:
            canvas.fill(blob(rng, (at[0], at[1] - radii[1] * 0.3), (radii[0] * 0.6, radii[1] * 0.4), 0.0, 0.2), -900.0)


def _draw_pelvis_slice(rng: np.random.Generator, canvas: HuCanvas, contrast: float) -> Sites:
    radii = (rng.uniform(0.4, 0.46), rng.uniform(0.24, 0.3))
    cavity = _draw_wall(rng, canvas, radii)
    bones: list[tuple[XY, float]] = []
    for side in (-1, 1):
        canvas.fill(blob(rng, (0.5 + side * 0.2, 0.62), (0.13, 0.07), side * -0.3, 0.08), MUSCLE)
        canvas.fill(blob(rng, (0.5 + side * 0.25, 0.45), (0.09, 0.06), side * 0.8, 0.08), MUSCLE)
    low = rng.random() < 0.5
    for side in (-1, 1):
        if low:
            hip = (0.5 + side * rng.uniform(0.2, 0.23), 0.52)
            canvas.fill(blob(rng, hip, (0.062, 0.062), 0.0, 0.04), BONE_CORTEX)
            canvas.fill(blob(rng, hip, (0.042, 0.042), 0.0, 0.03), rng.uniform(280, 420))
            column = curve([(0.5 + side * 0.14, 0.44), (0.5 + side * 0.15, 0.52), (0.5 + side * 0.17, 0.6)])
            canvas.fill(ribbon(column, 0.03), BONE_CORTEX * 0.9)
            canvas.fill(ribbon(column, 0.015), 280.0)
            bones.append((hip, 350.0))
        else:
            x, y = np.array([0.28, 0.22, 0.15, 0.1]), np.array([0.38, 0.47, 0.56, 0.62])
            wing = curve(np.stack([0.5 + side * x, y], axis=1))
            canvas.fill(ribbon(wing, rng.uniform(0.022, 0.034)), BONE_CORTEX)
            canvas.fill(ribbon(wing, 0.014), 260.0)
            bones.append(((0.5 + side * 0.18, 0.52), 300.0))
    sacrum = (0.5, 0.7 if low else 0.62)
    canvas.fill(blob(rng, sacrum, (0.04, 0.02) if low else (0.09, 0.05), 0.0, 0.08), BONE_CORTEX * 0.8)
    canvas.fill(blob(rng, sacrum, (0.03, 0.012) if low else (0.08, 0.038), 0.0, 0.08), 220.0)
    _draw_bowel(rng, canvas, (0.5, 0.42), (0.09, 0.05), int(rng.integers(4, 13)))
    if low:
        canvas.fill(
            blob(rng, (0.5, 0.46), (rng.uniform(0.05, 0.09), rng.uniform(0.04, 0.07)), 0.0, 0.05), rng.uniform(0, 15)
        )
        canvas.fill(blob(rng, (0.5, 0.6), (0.035, 0.03), 0.0, 0.1), 45.0)
    for side in (-1, 1):
        for dy in (0.0, 0.03):
            canvas.fill(blob(rng, (0.5 + side * 0.14, 0.36 + dy), (0.014, 0.014), 0.0, 0.05), 45 + contrast)
    nodes = [((0.5 + side * rng.uniform(0.1, 0.15), rng.uniform(0.4, 0.52)), FAT) for side in (-1, 1) for _ in range(2)]
    return {
        "pelvis": [*nodes, ((0.5, 0.5), FAT)],
        "bone": [*bones, (sacrum, 250.0)],
        "soft tissue": _soft_sites(cavity, radii),
    }
