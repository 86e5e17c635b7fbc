"""The frontal chest X-ray that "cxr" and "tb" share: attenuation added up from soft tissue, air, bone and vessels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from umed_core.images.medical_image import Window
from umed_core.phantoms.shapes import (
    Field,
    Points,
    Pose,
    Size,
    Stencil,
    blob,
    curve,
    doubled,
    filled,
    grain,
    noise,
    ribbon,
)

__all__ = ["PIXEL_MM", "SIZE", "Chest", "chest_pixels", "draw_chest"]

SIZE: Size = (512, 512)
PIXEL_MM = 0.7
HALF: Size = (256, 256)


@dataclass(frozen=True)
class Chest:
    """Anatomy ready for a finding: attenuation is about 0 (air) to 1 (abdomen) before the film's response.

    Shapes: attenuation and lungs (512, 512); lungs 0..1 with soft edges, both sides. `pose` takes unit coordinates to
    pixels; the patient's right lung lies about x = .3, the left about .7. `floor` is the height of the domes, `markings`
    what vessels add inside the lungs, `heart` its outline in pixels.
    """

    attenuation: Field
    lungs: Field
    markings: Field
    heart: Points
    pose: Pose
    floor: float


def draw_chest(rng: np.random.Generator, heart_width: float | None = None) -> Chest:
    """A chest without findings; `heart_width` is the heart's width as a fraction of the chest's (about .45 is usual)."""
    scale = rng.uniform(0.96, 1.14)
    pose = Pose(
        SIZE, float(rng.normal(0, 0.025)), (scale * rng.uniform(0.96, 1.06), scale * rng.uniform(0.95, 1.1)),
        (rng.normal(0, 0.015), rng.normal(0, 0.025)),
    )  # fmt: skip
    floor = rng.uniform(0.66, 0.78)
    half = pose.at_size(HALF)
    lungs = filled(HALF, [half(_lung(rng, -1, floor)), half(_lung(rng, 1, floor + rng.uniform(0.0, 0.03)))], 1.4)
    heart_outline = _heart(rng, floor, rng.uniform(0.4, 0.5) if heart_width is None else heart_width)
    soft, heart = _soft_tissue(rng, half, floor, heart_outline)
    air = lungs * (1 - np.float32(rng.uniform(0.75, 0.95)) * heart)
    soft -= np.float32(rng.uniform(0.3, 0.42)) * air * (1 + np.float32(0.1) * noise(rng, HALF, 60))
    attenuation, lungs = doubled(soft), doubled(air)
    attenuation += _bones(rng, pose)
    texture = _lung_vessels(rng, pose)
    texture += np.float32(rng.uniform(0.008, 0.02)) * grain(rng, SIZE, rng.uniform(9, 16), 3, 0.75)
    texture *= lungs
    attenuation += texture
    return Chest(attenuation, lungs, texture, pose(heart_outline), pose, floor)


def _lung(rng: np.random.Generator, side: int, floor: float) -> Points:
    """Outline of one lung in unit coordinates; side -1 is the picture's left."""
    apex = rng.uniform(0.07, 0.13)
    wide = rng.uniform(0.345, 0.385)
    inward = [(0.14, apex), (0.21, apex + 0.045), (0.285, apex + 0.15), (wide - 0.015, 0.42), (wide, floor + 0.02),
              (wide + 0.005, floor + 0.075), (wide - 0.05, floor + 0.025), (0.2, floor - 0.03), (0.07, floor + 0.01),
              (0.05, 0.5), (0.045, 0.34), (0.07, apex + 0.06)]  # fmt: skip
    shaken = np.array(inward) + rng.normal(0, 0.005, (len(inward), 2))
    return curve(np.stack([0.5 + side * shaken[:, 0], shaken[:, 1]], axis=1), closed=True)


def _soft_tissue(rng: np.random.Generator, pose: Pose, floor: float, heart_outline: Points) -> tuple[Field, Field]:
    """Attenuation without lungs and bones, and the cover of heart and mediastinum; at half size, for they are smooth."""
    trunk = _trunk(rng)
    body = filled(HALF, [pose(trunk)], 3.0)
    core = filled(HALF, [pose(trunk)], 16.0)
    heart = filled(HALF, [pose(heart_outline), pose(_mediastinum(rng))], 1.4)
    belly = [
        (-0.2, floor + 0.1),
        (0.3, floor - 0.02),
        (0.5, floor),
        (0.7, floor),
        (1.2, floor + 0.1),
        (1.2, 1.5),
        (-0.2, 1.5),
    ]
    abdomen = filled(HALF, [pose(belly)], 6.0)
    spine = filled(HALF, [pose(ribbon(np.array([(0.5, -0.2), (0.5, 0.5), (0.5, 1.3)]), rng.uniform(0.07, 0.1)))], 3.0)
    total = body * np.float32(rng.uniform(0.32, 0.42)) + core * np.float32(rng.uniform(0.12, 0.2))
    total += heart * np.float32(rng.uniform(0.03, 0.13)) + abdomen * body * np.float32(rng.uniform(0.1, 0.24))
    total += spine * np.float32(rng.uniform(0.03, 0.12))
    windpipe = curve([(0.5, -0.1), (0.5 + rng.normal(0, 0.008), 0.2), (0.49, 0.36)])
    hollow = Stencil(HALF, 1.4)
    hollow.fill(pose(ribbon(windpipe, rng.uniform(0.028, 0.042))), 0.4)
    for _ in range(int(rng.integers(0, 4))):
        stomach = (rng.normal(0.67, 0.04), floor + rng.uniform(0.06, 0.15))
        bubble = blob(rng, stomach, (rng.uniform(0.015, 0.055), rng.uniform(0.015, 0.045)), 0, 0.2)
        hollow.fill(pose(bubble), rng.uniform(0.3, 1))
    total -= hollow.field() * np.float32(rng.uniform(0.1, 0.26))
    if rng.random() < 0.35:
        breasts = [blob(rng, (0.5 + s * rng.normal(0.2, 0.02), floor - 0.04), (0.13, 0.13), 0, 0.05) for s in (-1, 1)]
        total += filled(HALF, [pose(b) for b in breasts], 4.0) * np.float32(rng.uniform(0.02, 0.08))
    blades = filled(HALF, [pose(_scapula(rng, side)) for side in (-1, 1)], 1.0)
    total += blades * np.float32(rng.uniform(0.02, 0.07))
    total += np.float32(0.012) * body * noise(rng, HALF, 30)
    return total, heart


def _trunk(rng: np.random.Generator) -> Points:
    """Neck, shoulders, arms cut by the picture's edge, and flanks; arms lifted off the flanks on about half the films."""
    plump, top = rng.uniform(-0.03, 0.06), rng.uniform(-0.02, 0.08)
    left = [(0.39, -0.25), (0.38, top - 0.07), (0.27, top), (0.1, top + 0.09), (-0.1, top + 0.12)]
    if rng.random() < 0.5:
        left += [(-0.1, 0.8), (0.02 - plump, 0.7), (0.08 - plump, 0.5), (0.08 - plump, 0.75), (0.06 - plump, 1.3)]
    else:
        left += [(-0.1, 0.55), (0.04 - plump, 0.45), (0.09 - plump, 0.6), (0.06 - plump, 1.3)]
    return np.concatenate([curve(left), curve([(1 - x, y) for x, y in reversed(left)])])


def _heart(rng: np.random.Generator, floor: float, width: float) -> Points:
    """The heart's outline; `width` as a fraction of the chest's, whose lungs span about .72 of the picture."""
    reach = width * 0.72
    right, left = 0.5 - reach * 0.34, 0.5 + reach * 0.66
    base = floor + 0.03
    outline = [(0.46, 0.36), (0.55, 0.36), (0.565, 0.43), (0.55 + reach * 0.2, 0.5), (left - reach * 0.12, base - 0.13),
               (left, base - 0.04), (left - 0.05, base + 0.03), (0.5, base + 0.04), (right + 0.02, base),
               (right, base - 0.1), (right + 0.02, 0.48)]  # fmt: skip
    return curve(np.array(outline) + rng.normal(0, 0.005, (len(outline), 2)), closed=True)


def _mediastinum(rng: np.random.Generator) -> Points:
    """Great vessels above the heart, with the aortic knob at the picture's right."""
    narrow, knob = rng.uniform(0.035, 0.055), rng.uniform(0.06, 0.085)
    inward = [(-narrow, -0.1), (narrow, -0.1), (narrow, 0.2), (knob - 0.008, 0.25), (knob, 0.29), (knob - 0.01, 0.33),
              (narrow + 0.012, 0.38), (0.05, 0.8), (-0.05, 0.8), (-narrow - 0.012, 0.35)]  # fmt: skip
    return curve([(0.5 + x, y) for x, y in inward], closed=True)


def _bones(rng: np.random.Generator, pose: Pose) -> Field:
    """Ribs, collar bones and vertebrae: shafts with a denser rim."""
    back, front = Stencil(SIZE, 1.0), Stencil(SIZE, 1.0)
    width = rng.uniform(0.034, 0.046)
    rim = rng.uniform(0.35, 0.75)
    for side in (-1, 1):
        rear, anterior = _ribs(rng, side)
        for layer, paths, wide in ((back, rear, width), (front, anterior, width * 0.9)):
            layer.fill_all(pose(ribbon(paths, wide)), 1.0)
            layer.fill_all(pose(ribbon(paths[:, 1:], wide - 0.009)), rim)
        collar, thick = _clavicle(rng, side), rng.uniform(0.028, 0.036)
        front.fill(pose(ribbon(collar, thick)), 1.0)
        front.fill(pose(ribbon(collar, thick - 0.012)), 0.75)
    for y in np.arange(-0.02, 0.95, rng.uniform(0.045, 0.058)):
        back.fill(pose([(0.47, y), (0.53, y), (0.53, y + 0.006), (0.47, y + 0.006)]), 0.6)
    strength = rng.uniform(0.055, 0.13)
    total = back.field() * np.float32(strength)
    total += front.field() * np.float32(strength * rng.uniform(0.5, 0.9))
    return total


def _ribs(rng: np.random.Generator, side: int) -> tuple[Points, Points]:
    """Paths in unit coordinates: ten posterior ribs and the fainter anterior ends of six, each (K, N, 2)."""
    pitch, first = rng.uniform(0.066, 0.076), rng.uniform(0.06, 0.1)
    wide, sag = rng.uniform(0.355, 0.385), rng.uniform(0.05, 0.1)
    y = first + np.arange(10)[:, None] * pitch + rng.normal(0, 0.003, (10, 1))
    reach = wide * np.minimum(1.0, 0.5 + 0.17 * np.arange(10)[:, None])
    x_back = np.concatenate([0 * reach + 0.03, reach * 0.45, reach * 0.82, reach * 0.98, reach], axis=1)
    y_back = y + sag * np.array([0.0, 0.0, 0.65, 1.4, 2.0]) + np.array([0.0, -0.02, 0.0, 0.0, 0.0])
    x_front = np.concatenate([reach, reach * 0.93, reach * 0.7, reach * 0.48], axis=1)[1:7]
    y_front = (y + sag * np.array([2.0, 2.6, 3.3, 3.6]))[1:7]
    back = curve(np.stack([0.5 + side * x_back, y_back], axis=-1), steps=6)
    return back, curve(np.stack([0.5 + side * x_front, y_front], axis=-1), steps=6)


def _clavicle(rng: np.random.Generator, side: int) -> Points:
    y, rise = rng.uniform(0.13, 0.19), rng.uniform(0.0, 0.1)
    path = [(0.03, y + 0.025), (0.1, y), (0.2, y - rise * 0.4), (0.3, y - rise), (0.55, y - rise * 1.1)]
    return curve([(0.5 + side * x, v) for x, v in path])


def _scapula(rng: np.random.Generator, side: int) -> Points:
    x = rng.uniform(0.3, 0.38)
    outline = [(x, 0.2), (x + 0.12, 0.14), (x + 0.13, 0.25), (x + 0.04, 0.5), (x, 0.48)]
    return curve([(0.5 + side * u, v + rng.normal(0, 0.005)) for u, v in outline], closed=True)


def _lung_vessels(rng: np.random.Generator, pose: Pose) -> Field:
    """Vessels that fork three times from both hila, and the hila themselves."""
    count = int(rng.integers(16, 26))
    side = np.where(np.arange(count) % 2 == 0, 1.0, -1.0)
    start = np.stack([0.5 + side * 0.085, np.full(count, rng.uniform(0.38, 0.43))], axis=1)
    start += rng.normal(0, 0.018, (count, 2))
    angle, length = rng.uniform(-1.4, 1.5, count), rng.uniform(0.06, 0.16, count)
    width = rng.uniform(2.5, 6.0, count)
    stencil = Stencil(SIZE, 0.8)
    for _ in range(4):
        heading = np.stack([side * np.cos(angle), np.sin(angle)], axis=1) * length[:, None]
        middle = start + heading * 0.5 + rng.normal(0, 0.006, start.shape)
        end = start + heading + rng.normal(0, 0.008, start.shape)
        paths = pose(curve(np.stack([start, middle, end], axis=1), steps=3))
        stencil.lines(paths, width.tolist(), np.minimum(1.0, 0.25 + width * 0.13).tolist())
        fork = np.where(rng.random((len(start), 1)) < 0.4, middle, end)
        start, side = np.concatenate([fork, end]), np.concatenate([side, side])
        bend = rng.uniform(0.15, 0.55, len(angle))
        angle = np.concatenate([angle - bend, angle + bend * rng.uniform(0.3, 1.5, len(angle))])
        length = np.concatenate([length, length]) * rng.uniform(0.5, 0.85, len(angle))
        width = np.concatenate([width, width]) * 0.62
    return stencil.field() * np.float32(rng.uniform(0.08, 0.17))


def chest_pixels(rng: np.random.Generator, chest: Chest) -> tuple[NDArray[np.uint16], Window]:
    """The film: 12-bit grey with noise, markers and collimation, and the window to show it through."""
    gamma = rng.uniform(0.75, 1.2)
    low, high = rng.uniform(0.0, 0.06), rng.uniform(0.68, 0.88)
    # A soft shoulder: dense parts approach white without losing all detail.
    ramp = np.clip((np.linspace(-0.1, 1.4, 2048) - low) / (high - low), 0, None) ** gamma
    response = (3300 * np.where(ramp < 0.8, ramp, 0.8 + 0.22 * (1 - np.exp(-(ramp - 0.8) / 0.22)))).astype(np.float32)
    index = np.clip((chest.attenuation + np.float32(0.1)) * np.float32(2047 / 1.5), 0, 2047).astype(np.int32)
    grey = response.take(index)
    grey += np.float32(rng.uniform(8, 45)) * noise(rng, SIZE, rng.uniform(1.0, 2.2)) + 300
    _mark(rng, grey)
    center, width = 300 + 1650 + rng.normal(0, 120), 3300 * rng.uniform(0.92, 1.12)
    return np.clip(grey, 0, 4095).astype(np.uint16), Window(float(round(center)), float(round(width)), "chest")


def _mark(rng: np.random.Generator, grey: Field) -> None:
    """A side marker, and bright or black collimation edges, on some films."""
    if rng.random() < 0.5:
        image = Image.new("L", (40, 24), 0)
        ImageDraw.Draw(image).text(
            (2, 2), str(rng.choice(["L", "R", "L pa", "R ap"])), fill=255, font=ImageFont.load_default_imagefont()
        )
        scale = rng.uniform(0.8, 1.8)
        stamp = np.asarray(
            image.resize((round(40 * scale), round(24 * scale)), Image.Resampling.BICUBIC), dtype=np.float32
        )
        y, x = int(rng.integers(4, 90)), int(rng.choice([rng.integers(2, 70), rng.integers(400, 460)]))
        target = grey[y : y + stamp.shape[0], x : x + stamp.shape[1]]
        target += (3900 - target) * stamp[: target.shape[0], : target.shape[1]] * np.float32(1 / 255)
    if rng.random() < 0.3:
        level = rng.choice([300.0, 4000.0])
        for _ in range(int(rng.integers(1, 4))):
            edge, depth = int(rng.integers(4)), int(rng.integers(2, 20))
            part = [grey[:depth], grey[-depth:], grey[:, :depth], grey[:, -depth:]][edge]
            part[:] = level
