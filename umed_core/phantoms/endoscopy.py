"""Colour endoscopy with polyps, after the look of Kvasir-SEG: a lit relief seen down a tunnel, behind a black frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from umed_core.geometry import NormalizedBox
from umed_core.phantoms.phantom import Phantom
from umed_core.phantoms.shapes import Field, Size, Stencil, blob, box_of, doubled, grain, noise, window_around
from umed_core.records import Finding

__all__ = ["draw_endoscopy"]

POLYP_COUNTS = (0.95, 0.045, 0.005)
"""Share of images with one, two and three polyps, as counted in the real set."""


def draw_endoscopy(rng: np.random.Generator, seed: int, normal: bool) -> Phantom:
    """One frame with one to three polyps, or none where `normal`."""
    size = _frame_size(rng)
    frame = _frame(rng, size)
    x = (np.arange(size[1], dtype=np.float32)[None, :] + np.float32(0.5)) / np.float32(size[0])
    y = (np.arange(size[0], dtype=np.float32)[:, None] + np.float32(0.5)) / np.float32(size[0])
    relief, near = _tunnel(rng, size)
    redness = np.float32(0.05) * noise(rng, size, rng.uniform(50, 120)) + _vessels(rng, size)
    count = 0 if normal else 1 + int(rng.choice(len(POLYP_COUNTS), p=np.array(POLYP_COUNTS)))
    boxes: list[NormalizedBox] = []
    for _ in range(count):
        box = _draw_polyp(rng, relief, near, redness, frame)
        if box is not None:
            boxes.append(box)
    brightness = _lit(rng, size, x, y, relief, near)
    pixels = _overlay(rng, _coloured(rng, brightness, redness, frame))
    return Phantom("endoscopy", seed, pixels, "ES", tuple(Finding("polyp", b) for b in boxes), None, None)


def _frame_size(rng: np.random.Generator) -> Size:
    if rng.random() < 0.04:
        return 480, int(rng.integers(330, 470))
    return int(rng.integers(378, 456)), 480


def _frame(rng: np.random.Generator, size: Size) -> Field:
    """What the black frame lets through, 0..1: an octagon or a rounded square, often less a box at the lower left."""
    height, width = size
    cut_x, cut_y = rng.uniform(0.15, 0.27) * width, rng.uniform(0.17, 0.32) * height
    left, right = rng.uniform(-0.25, 0.01) * width, width * (1 + rng.uniform(-0.01, 0.01))
    if rng.random() < 0.5:
        left = 0.0
    outline = np.array([(left + cut_x, 0), (right - cut_x, 0), (right, cut_y), (right, height - cut_y),
                        (right - cut_x, height), (left + cut_x, height), (left, height - cut_y), (left, cut_y)])  # fmt: skip
    if rng.random() < 0.12:
        outline = blob(rng, (width / 2, height / 2), (width * 0.56, height * 0.56), 0.0, 0.0)
    stencil = Stencil(size, 0.7)
    stencil.fill(outline)
    if rng.random() < 0.45:
        edge, top = rng.uniform(0.25, 0.35) * width, rng.uniform(0.58, 0.72) * height
        stencil.fill(np.array([(-9, top), (edge, top), (edge, height + 9), (-9, height + 9)]), 0.0)
    return stencil.field()


def _tunnel(rng: np.random.Generator, full: Size) -> tuple[Field, Field]:
    """The wall's relief (in units of the image's height) and how near it is to the lamp (0 far, 1 near)."""
    size = (-(-full[0] // 2), -(-full[1] // 2))  # smooth, so half the size does
    x = (np.arange(size[1], dtype=np.float32)[None, :] + np.float32(0.5)) / np.float32(full[0] / 2)
    y = (np.arange(size[0], dtype=np.float32)[:, None] + np.float32(0.5)) / np.float32(full[0] / 2)
    aspect = full[1] / full[0]
    deep = rng.random() < 0.7
    spread = 0.3 if deep else 0.9
    center = (aspect / 2 + rng.normal(0, spread) * 0.8, 0.5 + rng.normal(0, spread) * 0.8)
    bend = np.float32(rng.uniform(0.03, 0.12)) * noise(rng, size, rng.uniform(40, 80))
    stretch = np.float32(np.exp(rng.normal(0, 0.25)))
    radius = np.sqrt((x - center[0]) ** 2 * stretch + (y - center[1]) ** 2) + bend
    hole = rng.uniform(0.05, 0.28) if deep else 0.02
    near = np.clip((radius - hole * 0.5) / rng.uniform(0.18, 0.55), 0, 1)
    near = near * near * (3 - 2 * near)
    warp = np.float32(rng.uniform(0.2, 1.0)) * noise(rng, size, rng.uniform(45, 80))
    phase = np.log(np.maximum(radius, 0.02)) * np.float32(rng.uniform(4, 14)) + warp
    wave = np.sin(phase)
    # Folds have a rounded crest narrower than their trough, and come and go along the wall.
    crest = np.exp((wave - 1) * np.float32(rng.uniform(1.2, 3.0)))
    folds = crest * np.clip(noise(rng, size, 45) * np.float32(0.6) + np.float32(rng.uniform(-0.4, 0.8)), 0, 1)
    # Far folds look smaller: relief shrinks towards the middle of the tunnel.
    relief = np.float32(rng.uniform(0.03, 0.14)) * folds * np.minimum(radius + np.float32(0.1), np.float32(0.6))
    relief += np.float32(rng.uniform(0.01, 0.05)) * noise(rng, size, rng.uniform(35, 75))
    relief += np.float32(rng.uniform(0.0003, 0.0016)) * grain(rng, size, rng.uniform(7, 15), 2, 0.5)
    return doubled(relief)[: full[0], : full[1]], doubled(near)[: full[0], : full[1]]


def _vessels(rng: np.random.Generator, size: Size) -> Field:
    strength = rng.uniform(0, 0.45)
    lines = np.clip(1 - np.abs(noise(rng, size, rng.uniform(25, 55))) * rng.uniform(7, 14), 0, 1)
    lines += np.float32(0.5) * np.clip(1 - np.abs(noise(rng, size, rng.uniform(12, 22))) * 6, 0, 1)
    patches = np.clip(noise(rng, size, 110) * 0.7 + 0.2, 0, 1)
    return np.asarray(lines * patches * strength, dtype=np.float32)


def _draw_polyp(
    rng: np.random.Generator, relief: Field, near: Field, redness: Field, frame: Field
) -> NormalizedBox | None:
    """Raises a polyp from the relief in place and returns the box around the part that the frame lets through."""
    size: Size = (relief.shape[0], relief.shape[1])
    height, width = size
    share = float(np.clip(np.exp(rng.normal(np.log(0.16), 0.85)), 0.008, 0.75))
    stretch = np.exp(rng.normal(0.0, 0.22))
    side = np.sqrt(share * height * width)
    radii = (side / 2 * stretch, side / 2 / stretch)
    across, down = np.clip(rng.normal((0.55, 0.51), (0.14, 0.15)), 0.12, 0.89).tolist()
    center = (across * width, down * height)
    outline = blob(rng, center, radii, rng.uniform(0, np.pi), 0.12)
    rows, columns = window_around(outline, size, 0.25 * side + 4)
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + np.float32(0.5)
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + np.float32(0.5)
    within: Size = (y.shape[0], x.shape[1])
    shape = _dome(rng, within, x - center[0], y - center[1], radii)
    mask = shape > 0
    if rng.random() < 0.75:
        profile = np.sqrt(np.maximum(shape, 0) + np.float32(0.02)) - np.float32(0.1414)
    else:
        profile = np.float32(0.5) * np.clip(shape, 0, 1) * (2 - np.clip(shape, 0, 1))
    rise = rng.uniform(0.25, 0.75) * min(radii) / height
    surface = profile * np.float32(rise)
    bumps = noise(rng, within, max(4.0, side / rng.uniform(5, 14)))
    surface += mask * (np.float32(side / height * rng.uniform(0.0, 0.007)) * bumps)
    relief[rows, columns] = relief[rows, columns] * np.where(mask, np.float32(0.35), np.float32(1)) + surface
    # The head stands nearer to the lamp and shades the wall about its foot.
    skirt = np.clip(1 + shape * np.float32(rng.uniform(1.2, 4)), 0, 1) * np.float32(rng.uniform(0.05, 0.55))
    lift = np.float32(rng.uniform(0.35, 0.9))
    local = near[rows, columns]
    near[rows, columns] = np.where(mask, local + (1 - local) * lift, local * (1 - skirt))
    tint = np.float32(rng.normal(0.06, 0.13)) + np.float32(rng.uniform(0, 0.06)) * noise(
        rng, within, rng.uniform(5, 20)
    )
    redness[rows, columns] += np.clip(shape * 6, 0, 1) * tint
    seen = np.zeros(size, dtype=bool)
    seen[rows, columns] = mask
    return box_of(seen & (frame > 0.5))


def _dome(rng: np.random.Generator, within: Size, dx: Field, dy: Field, radii: tuple[float, float]) -> Field:
    """1 at the middle, 0 at the rim, negative outside; one lobe or a few."""
    turn = rng.uniform(0, np.pi) if rng.random() < 0.5 else 0.0
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u, v = (dx * cos + dy * sin) / np.float32(radii[0]), (dy * cos - dx * sin) / np.float32(radii[1])
    uneven = np.float32(rng.uniform(0.03, 0.16)) * noise(rng, within, max(6.0, min(radii) * rng.uniform(0.5, 1.0)))
    shape = 1 - (u * u + v * v) + uneven
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 4))):
            at, span = rng.normal(0, 0.45, 2), rng.uniform(0.4, 0.75)
            lobe = 1 - ((u - np.float32(at[0])) ** 2 + (v - np.float32(at[1])) ** 2) / np.float32(span**2) + uneven
            shape = np.maximum(shape, lobe)
    return shape.astype(np.float32)


def _lit(rng: np.random.Generator, size: Size, x: Field, y: Field, relief: Field, near: Field) -> Field:
    """Brightness 0..1 and more under a lamp beside the lens, with wet highlights."""
    aspect = size[1] / size[0]
    lamp = (aspect / 2 + rng.normal(0, 0.3), 0.5 + rng.normal(0, 0.3))
    slope_x, slope_y = np.empty_like(relief), np.empty_like(relief)
    slope_x[:, 1:-1] = (relief[:, 2:] - relief[:, :-2]) * np.float32(size[0] / 2)
    slope_y[1:-1] = (relief[2:] - relief[:-2]) * np.float32(size[0] / 2)
    slope_x[:, [0, -1]], slope_y[[0, -1]] = 0, 0
    steep = np.float32(rng.uniform(0.5, 1.0))  # light scattered by wet tissue keeps steep rims from going black
    slope_x /= 1 + np.abs(slope_x) * steep
    slope_y /= 1 + np.abs(slope_y) * steep
    to_x, to_y = np.float32(lamp[0]) - x, np.float32(lamp[1]) - y
    height = np.float32(rng.uniform(0.5, 0.9))
    facing = (height - slope_x * to_x - slope_y * to_y) / np.sqrt(
        (1 + slope_x * slope_x + slope_y * slope_y) * (height * height + to_x * to_x + to_y * to_y)
    )
    fall = 1 / (1 + (to_x * to_x + to_y * to_y) * np.float32(rng.uniform(0.2, 1.2)))
    gain, ambient = np.float32(rng.uniform(0.62, 1.05)), np.float32(rng.uniform(0.02, 0.12))
    brightness = (np.maximum(facing, 0) * fall * gain) * (ambient + (1 - ambient) * near)
    ripple = np.float32(rng.uniform(0.03, 0.09)) * noise(rng, size, rng.uniform(4, 9))
    wet = facing + ripple + np.float32(0.07) * noise(rng, size, rng.uniform(40, 80))
    threshold = np.float32(rng.uniform(1.04, 1.15))
    brightness += np.clip((wet - threshold) * 14, 0, 1) * (near * np.float32(rng.uniform(0.3, 0.9)))
    return brightness.astype(np.float32)


def _coloured(rng: np.random.Generator, brightness: Field, redness: Field, frame: Field) -> NDArray[np.uint8]:
    # Exponents of red, green and blue over brightness: white stays white, and the darker the redder, from pink to orange.
    red = rng.uniform(0.4, 0.58)
    green = red * rng.uniform(1.9, 2.7)
    exponents = np.array([red, green, green * rng.uniform(0.95, 1.5)])
    levels = (np.linspace(0, 1, 1024)[:, None] ** exponents * 255).astype(np.float32)
    size: Size = (brightness.shape[0], brightness.shape[1])
    speckle = np.float32(rng.uniform(0.004, 0.02)) * noise(rng, size, 1.6)
    index = np.clip((brightness + speckle) * 1023, 0, 1023).astype(np.int32)
    # Blood takes blue and green away, and leaves highlights alone.
    keep = 1 - np.clip(redness, -0.12, 0.6) * np.clip(np.float32(1.3) - brightness, 0, 1)
    keep *= frame
    rgb = np.empty((*size, 3), dtype=np.uint8)
    rgb[..., 0] = levels[:, 0].take(index) * frame
    rgb[..., 1] = np.minimum(levels[:, 1].take(index) * keep, 255)
    rgb[..., 2] = np.minimum(levels[:, 2].take(index) * keep, 255)
    return rgb


def _overlay(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The made-up lines of text that a processor writes at the left, on some frames; sometimes a coloured corner inset."""
    if rng.random() < 0.45:
        return pixels
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default_imagefont()
    height = pixels.shape[0]
    y = float(rng.uniform(0.2, 0.35)) * height
    lines = [f"{rng.integers(1, 29):02d}/{rng.integers(1, 13):02d}/20{rng.integers(10, 20)}",
             f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}", "",
             f"00:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}", f"CVP:{rng.integers(1, 9)}"]  # fmt: skip
    for line in lines:
        draw.text((-8 if rng.random() < 0.1 else 2, y), line, fill=(215, 215, 215), font=font)
        y += 11
    for k in range(int(rng.integers(0, 7))):
        draw.rectangle((2 + 8 * k, y + 14, 7 + 8 * k, y + 20), fill=(235, 235, 235))
    if rng.random() < 0.06:
        inset = noise(rng, (64, 64), 12.0)
        block = np.clip(110 + 40 * inset, 0, 255)
        tile = np.stack([block * 0.1, block, block * 0.3], axis=-1).astype(np.uint8)
        image.paste(Image.fromarray(tile), (4, height - 72))
    return np.array(image)
