"""Coronal CT of the kidneys with stones, after the look of MAU's KidneyStone set (391 x 320, soft-tissue window)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from umed_core.geometry import NormalizedBox
from umed_core.images.medical_image import Window
from umed_core.phantoms.hu_canvas import FAT, LUNG, MUSCLE, HuCanvas, add_texture, blend_lump
from umed_core.phantoms.phantom import Phantom
from umed_core.phantoms.shapes import Field, Points, Pose, Size, blob, curve, noise, placed
from umed_core.records import Finding

__all__ = ["draw_renal"]

SIZE: Size = (320, 391)
STONE_COUNTS = (0.48, 0.23, 0.13, 0.075, 0.045, 0.025, 0.015)
"""Share of images with one, two, ... stones, as counted in the real set."""


def draw_renal(rng: np.random.Generator, seed: int, normal: bool) -> Phantom:
    """One slice with one to seven stones, or none where `normal`."""
    turn = float(rng.normal(0, 0.07))
    zoom = rng.uniform(0.92, 1.25)
    scale = (zoom * rng.uniform(0.95, 1.08), zoom * rng.uniform(0.95, 1.08))
    pose = Pose(SIZE, turn, scale, (rng.normal(0, 0.03), rng.normal(0, 0.05)), mirrored=bool(rng.random() < 0.2))
    canvas = HuCanvas(pose)
    kidneys = [pose(outline) for outline in _draw_anatomy(rng, canvas)]
    hu = canvas.field()
    add_texture(rng, hu)
    boxes = () if normal else _draw_stones(rng, hu, kidneys)
    hu += np.float32(rng.uniform(6, 22)) * noise(rng, SIZE, rng.uniform(1.1, 1.9))
    if rng.random() < 0.5:
        _cut_corners(hu, turn)
    pixels = np.clip(np.rint(hu), -1024, 3071).astype(np.int16)
    window = Window(float(round(rng.uniform(40, 110))), float(round(rng.uniform(310, 430))), "abdomen")
    findings = tuple(Finding("kidney stone", box) for box in boxes)
    return Phantom("renal", seed, pixels, "CT", findings, window, (0.9, 0.9))


def _draw_anatomy(rng: np.random.Generator, canvas: HuCanvas) -> list[Points]:
    """Everything but the stones; returns the kidneys' outlines in unit coordinates."""
    depth = rng.choice(["anterior", "middle", "posterior"], p=[0.25, 0.5, 0.25])
    _draw_trunk(rng, canvas)
    domes = (rng.uniform(0.24, 0.36), rng.uniform(0.24, 0.38))
    middle = 0.5 + rng.normal(0, 0.02)
    _draw_lungs(rng, canvas, domes, middle)
    _draw_liver_and_spleen(rng, canvas, domes, str(depth))
    for side in (-1, 1):
        _draw_psoas(rng, canvas, middle, side)
    for side in (-1, 1):
        if rng.random() < (0.75 if depth == "anterior" else 0.3):
            _draw_bowel(rng, canvas, side)
    kidneys = [_draw_kidney(rng, canvas, middle, side) for side in (-1, 1)]
    _draw_vessels(rng, canvas, middle, str(depth))
    _draw_spine(rng, canvas, middle, str(depth))
    _draw_ribs(rng, canvas)
    if rng.random() < 0.75:
        _draw_iliac_crests(rng, canvas)
    return kidneys


def _draw_trunk(rng: np.random.Generator, canvas: HuCanvas) -> None:
    waist, fat = rng.uniform(0.0, 0.05), rng.uniform(0.005, 0.06)
    wall = rng.uniform(0.015, 0.035)
    for inset, hu in ((0.0, FAT), (fat, MUSCLE), (fat + wall, FAT + rng.uniform(-5, 15))):
        left = [(0.02 + inset, -0.3), (0.01 + inset, 0.2), (0.02 + inset + waist, 0.7), (0.0 + inset, 1.3)]
        right = [(1 - x, y) for x, y in reversed(left)]
        canvas.fill(np.concatenate([curve(left), curve(right)]), hu)


def _draw_lungs(rng: np.random.Generator, canvas: HuCanvas, domes: tuple[float, float], middle: float) -> None:
    for side, dome in zip((-1, 1), domes, strict=True):
        inner, outer = middle + side * rng.uniform(0.06, 0.1), 0.5 + side * rng.uniform(0.4, 0.44)
        angle = dome + rng.uniform(0.12, 0.25)
        outline = [(inner, -0.3), (outer, -0.3), (outer, 0.15), (outer + side * 0.01, angle)]
        back = [(outer - side * 0.03, dome + 0.06), ((inner + outer) / 2, dome), (inner + side * 0.02, dome + 0.08)]
        canvas.fill(np.concatenate([np.array(outline), curve(back)]), LUNG)
        for _ in range(int(rng.integers(2, 9))):
            start = (rng.uniform(min(inner, outer), max(inner, outer)), rng.uniform(-0.05, dome * 0.8))
            end = (start[0] + rng.normal(0, 0.03), start[1] + rng.uniform(0.01, 0.05))
            canvas.line(np.array([start, end]), rng.uniform(-400, 20), rng.uniform(0.8, 3))


def _draw_liver_and_spleen(rng: np.random.Generator, canvas: HuCanvas, domes: tuple[float, float], depth: str) -> None:
    reach = {"anterior": 0.06, "middle": 0.0, "posterior": -0.05}[depth]
    liver = rng.uniform(35, 68)
    edge, tip = 0.08 + rng.uniform(0, 0.03), rng.uniform(0.55, 0.72) + reach
    outline = [(edge, domes[0] + 0.13), (0.17, domes[0] + 0.02), (0.27, domes[0] - 0.01), (0.38 + reach, domes[0] + 0.06),
               (0.42 + reach, domes[0] + 0.14), (0.34 + reach, tip - 0.17), (0.2, tip - 0.06), (edge + 0.01, tip)]  # fmt: skip
    canvas.fill(curve(_shaken(rng, outline, 0.012), closed=True), liver)
    edge, tip = 0.92 - rng.uniform(0, 0.03), rng.uniform(0.48, 0.66)
    inner = rng.uniform(0.6, 0.72)
    outline = [(edge, domes[1] + 0.12), (0.85, domes[1] + 0.02), (0.75, domes[1] + 0.01), (inner, domes[1] + 0.08),
               (inner + 0.03, domes[1] + 0.14), (0.78, tip - 0.12), (edge - 0.01, tip)]  # fmt: skip
    canvas.fill(curve(_shaken(rng, outline, 0.012), closed=True), liver - rng.uniform(0, 10))


def _shaken(rng: np.random.Generator, points: list[tuple[float, float]], by: float) -> Points:
    return np.array(points) + rng.normal(0, by, (len(points), 2))


def _draw_psoas(rng: np.random.Generator, canvas: HuCanvas, middle: float, side: int) -> None:
    top, spread = rng.uniform(0.45, 0.6), rng.uniform(0.15, 0.27)
    outline = [(middle + side * 0.03, top), (middle + side * 0.1, top + 0.12), (middle + side * (spread - 0.03), 0.85),
               (middle + side * spread, 1.2), (middle, 1.3)]  # fmt: skip
    canvas.fill(curve(_shaken(rng, outline, 0.008), closed=True), MUSCLE + rng.uniform(-8, 8))


def _draw_kidney(rng: np.random.Generator, canvas: HuCanvas, middle: float, side: int) -> Points:
    center = (middle + side * rng.normal(0.235, 0.03), rng.normal(0.64 if side < 0 else 0.61, 0.05))
    radii = (rng.uniform(0.06, 0.1), rng.uniform(0.12, 0.19))
    turn = -side * rng.normal(0.22, 0.12)
    halo = blob(rng, center, (radii[0] + rng.uniform(0.01, 0.05), radii[1] + rng.uniform(0.01, 0.06)), turn, 0.05)
    canvas.fill(halo, FAT)
    outline = blob(rng, center, radii, turn, 0.06)
    flesh = rng.uniform(25, 42)
    canvas.fill(outline, flesh)
    hilum = (center[0] - side * radii[0] * rng.uniform(0.3, 0.7), center[1] + rng.normal(0, 0.02))
    sinus_fat = rng.uniform(-90, 10)
    for _ in range(int(rng.integers(2, 8))):
        reach = rng.uniform(0.2, 0.75)
        angle = rng.uniform(0, 2 * np.pi)
        tip = (center[0] + np.cos(angle) * radii[0] * reach, center[1] + np.sin(angle) * radii[1] * reach)
        bend = ((hilum[0] + tip[0]) / 2 + rng.normal(0, 0.01), (hilum[1] + tip[1]) / 2 + rng.normal(0, 0.015))
        canvas.line(curve([hilum, bend, tip]), sinus_fat + rng.normal(0, 15), rng.uniform(1, 5))
    if rng.random() < 0.35:
        water = blob(rng, hilum, (radii[0] * rng.uniform(0.2, 0.5), radii[1] * rng.uniform(0.15, 0.45)), turn, 0.2)
        canvas.fill(water, rng.uniform(0, 15))
    return outline


def _draw_bowel(rng: np.random.Generator, canvas: HuCanvas, side: int) -> None:
    middle = (0.5 + side * rng.uniform(0.18, 0.38), rng.uniform(0.5, 0.95))
    for _ in range(int(rng.integers(3, 12))):
        center = (middle[0] + rng.normal(0, 0.07), middle[1] + rng.normal(0, 0.08))
        radii = (rng.uniform(0.02, 0.06), rng.uniform(0.02, 0.05))
        canvas.fill(blob(rng, center, radii, rng.uniform(0, 3), 0.12), rng.uniform(15, 60))
        for _ in range(int(rng.integers(0, 4))):
            inside = (center[0] + rng.normal(0, radii[0] / 3), center[1] + rng.normal(0, radii[1] / 3))
            size = (radii[0] * rng.uniform(0.1, 0.55), radii[1] * rng.uniform(0.1, 0.55))
            canvas.fill(blob(rng, inside, size, 0.0, 0.25), rng.choice([-700.0, -300.0, -50.0, 90.0]))


def _draw_vessels(rng: np.random.Generator, canvas: HuCanvas, middle: float, depth: str) -> None:
    for _ in range(int(rng.integers(0, 14))):
        side = rng.choice([-1, 1])
        start = np.array([middle + side * rng.uniform(0.05, 0.3), rng.uniform(0.35, 1.0)])
        path = [start, start + rng.normal(0, 0.03, 2), start + rng.normal(0, 0.06, 2)]
        canvas.line(curve(np.array(path)), rng.uniform(0, 55), rng.uniform(0.7, 3))
    if depth == "anterior":
        aorta = [(middle + 0.02, -0.2), (middle + rng.normal(0.02, 0.02), 0.2), (middle + 0.01, 0.7)]
        canvas.line(curve(aorta), rng.uniform(35, 55), rng.uniform(16, 28))
        for side in (-1, 1):
            vein = [(middle, 0.55), (middle + side * 0.1, 0.57), (middle + side * 0.2, rng.uniform(0.58, 0.66))]
            canvas.line(curve(vein), rng.uniform(30, 50), rng.uniform(3, 8))
        if rng.random() < 0.3:
            wall = (middle + rng.choice([-0.03, 0.05]), rng.uniform(0.2, 0.6))
            canvas.fill(blob(rng, wall, (0.004, 0.012), 0.0, 0.2), rng.uniform(300, 800))


def _draw_spine(rng: np.random.Generator, canvas: HuCanvas, middle: float, depth: str) -> None:
    pitch = rng.uniform(0.105, 0.135)
    lean, bow = rng.normal(0, 0.03), rng.normal(0, 0.02)
    first = rng.uniform(0.42, 0.55) if depth == "anterior" else -0.2
    rear = rng.uniform(0.5, 0.75) if depth == "posterior" else 2.0
    cortex, marrow, disc = rng.uniform(450, 900), rng.uniform(180, 330), rng.uniform(60, 110)
    top = first + rng.uniform(-0.05, 0.05)
    while top < 1.15:
        half = 0.052 + 0.022 * max(0.0, top) + rng.normal(0, 0.002)
        x = middle + lean * (top - 0.5) + bow * np.sin(3 * top)
        height = pitch * rng.uniform(0.74, 0.82)
        if top < rear:
            _draw_vertebra(rng, canvas, (x, top, half, height), (cortex, marrow), disc, pitch)
        else:
            _draw_rear_arch(rng, canvas, (x, top, half, height), cortex)
        top += pitch * rng.uniform(0.98, 1.04)


def _draw_vertebra(
    rng: np.random.Generator, canvas: HuCanvas, at: tuple[float, float, float, float], bone: tuple[float, float], disc: float,
    pitch: float,
) -> None:  # fmt: skip
    x, top, half, height = at
    gap = [(x - half, top + height), (x + half, top + height), (x + half, top + pitch), (x - half, top + pitch)]
    canvas.fill(np.array(gap), disc)
    waist = half * rng.uniform(0.84, 0.92)
    outline = [(x - half, top), (x + half, top), (x + waist, top + height / 2), (x + half, top + height),
               (x - half, top + height), (x - waist, top + height / 2)]  # fmt: skip
    canvas.fill(np.array(outline), bone[0])
    inner = (np.array(outline) - (x, top + height / 2)) * (0.88, 0.84) + (x, top + height / 2)
    canvas.fill(inner, bone[1])


def _draw_rear_arch(
    rng: np.random.Generator, canvas: HuCanvas, at: tuple[float, float, float, float], cortex: float
) -> None:
    x, top, half, height = at
    for side in (-1, 1):
        wing = [(x, top + height * 0.5), (x + side * half * 0.6, top + height * 0.1), (x + side * half * 1.4, top),
                (x + side * half * 1.1, top + height * 0.4), (x + side * half * 0.7, top + height * 0.9)]  # fmt: skip
        canvas.fill(curve(_shaken(rng, wing, 0.004), closed=True), cortex)
    canvas.fill(blob(rng, (x, top + height * 0.55), (half * 0.2, height * 0.45), 0.0, 0.1), cortex)


def _draw_ribs(rng: np.random.Generator, canvas: HuCanvas) -> None:
    pitch, cortex = rng.uniform(0.1, 0.14), rng.uniform(450, 800)
    for side in (-1, 1):
        y, last = rng.uniform(-0.1, 0.02), rng.uniform(0.45, 0.85)
        while y < last:
            x = 0.5 + side * (0.455 - rng.uniform(0.0, 0.02) - max(0.0, y - 0.5) * 0.12)
            radii = (rng.uniform(0.008, 0.013), rng.uniform(0.022, 0.036))
            turn = side * rng.uniform(-0.1, 0.25)
            canvas.fill(blob(rng, (x, y), radii, turn, 0.05, 16), cortex)
            canvas.fill(
                blob(rng, (x, y), (radii[0] * 0.5, radii[1] * 0.7), turn, 0.05, 12), cortex * rng.uniform(0.4, 0.9)
            )
            y += pitch * rng.uniform(0.92, 1.08)


def _draw_iliac_crests(rng: np.random.Generator, canvas: HuCanvas) -> None:
    top, cortex = rng.uniform(0.86, 1.0), rng.uniform(500, 900)
    for side in (-1, 1):
        outline = [(0.5 + side * 0.46, top), (0.5 + side * 0.42, top - 0.02), (0.5 + side * 0.3, top + 0.1),
                   (0.5 + side * 0.2, top + 0.3), (0.5 + side * 0.45, top + 0.3)]  # fmt: skip
        crest = curve(_shaken(rng, outline, 0.008), closed=True)
        canvas.fill(crest, cortex)
        center = crest.mean(axis=0)
        canvas.fill((crest - center) * 0.82 + center, cortex * 0.5)


def _draw_stones(rng: np.random.Generator, hu: Field, kidneys: list[Points]) -> tuple[NormalizedBox, ...]:
    """Draws stones into `hu` and returns a box for each, around all that it brightens visibly."""
    count = 1 + int(rng.choice(len(STONE_COUNTS), p=np.array(STONE_COUNTS)))
    main = int(rng.integers(2))
    boxes: list[NormalizedBox] = []
    for _ in range(count):
        kidney = kidneys[main if rng.random() < 0.8 else 1 - main]
        box = _draw_stone(rng, hu, _place_for_stone(rng, kidney))
        if box is not None:
            boxes.append(box)
    return tuple(boxes)


def _place_for_stone(rng: np.random.Generator, kidney: Points) -> tuple[float, float]:
    """A point inside the kidney, held on the image."""
    center = kidney.mean(axis=0)
    rim = kidney[int(rng.integers(len(kidney)))]
    x, y = center + (rim - center) * rng.uniform(0.05, 0.75)
    height, width = SIZE
    return float(np.clip(x, 12, width - 12)), float(np.clip(y, 12, height - 12))


def _draw_stone(rng: np.random.Generator, hu: Field, center: tuple[float, float]) -> NormalizedBox | None:
    side = float(np.clip(np.exp(rng.normal(np.log(5.4), 0.68)), 2.0, 42))
    stretch = np.exp(rng.normal(0, 0.25))
    lobes = [(center, (side / 2 * stretch, side / 2 / stretch))]
    for _ in range(int(rng.integers(1, 4)) if side > 16 else 0):  # a staghorn
        offset = rng.normal(0, side * 0.3, 2)
        lobes.append(((center[0] + offset[0], center[1] + offset[1]), (side * 0.25, side * 0.2)))
    peak = np.exp(rng.normal(np.log(750), 0.4)) * min(1.0, 0.35 + side / 9)
    return blend_lump(rng, hu, lobes, float(peak), rng.uniform(1.2, 2.2), 0.12, 0.06, brighten_only=True)


def _cut_corners(hu: Field, turn: float) -> None:
    """Black wedges beyond a turned frame, as rotation during augmentation leaves them."""
    height, width = SIZE
    frame = Pose(SIZE, turn)([(-0.005, -0.005), (1.005, -0.005), (1.005, 1.005), (-0.005, 1.005)])
    image = Image.new("L", (width, height), 0)
    ImageDraw.Draw(image).polygon(placed(frame), fill=1)
    outside: NDArray[np.bool_] = np.asarray(image) == 0
    hu[outside] = -1024
