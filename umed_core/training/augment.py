"""Random changes of an image that a lesion survives: a small affine map, grey levels, noise, blur; boxes follow.

A conversation that was written beforehand follows too, as far as words can (`augmented_with_turns`). Pure functions of a
numpy Generator, so that a resumed run draws the same samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box, parse_boxes
from umed_core.records import Finding, Turn
from umed_core.vlm.pixels import as_rgb

__all__ = ["Affine", "augmented", "augmented_with_turns", "draw_affine", "followed", "moved_box"]

KEPT_SHARE = 0.5  # of a box's area must stay on the image, or another affine is drawn
WHOLE = 0.999  # all but rounding
TRIES = 6

LINES = (1 / 3, 1 / 2, 2 / 3)
"""Lines across the image, both ways, that part what words tell apart: left from right, an upper from a middle part."""


@dataclass(frozen=True)
class Affine:
    """Maps normalised source coordinates to normalised target ones: p' = A (p - 1/2) + 1/2 + shift."""

    xx: float
    xy: float
    yx: float
    yy: float
    shift_x: float
    shift_y: float

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        u, v = x - 0.5, y - 0.5
        return self.xx * u + self.xy * v + 0.5 + self.shift_x, self.yx * u + self.yy * v + 0.5 + self.shift_y


IDENTITY = Affine(1, 0, 0, 1, 0, 0)


def draw_affine(rng: np.random.Generator, may_flip_vertically: bool) -> Affine:
    """Scale 0.8..1.3 with aspect +-8 %, rotation +-12 degrees, shift +-8 %, flips."""
    scale = math.exp(rng.uniform(math.log(0.8), math.log(1.3)))
    aspect = math.exp(rng.uniform(-0.08, 0.08))
    angle = math.radians(rng.uniform(-12, 12))
    flip_x = -1.0 if rng.random() < 0.5 else 1.0
    flip_y = -1.0 if may_flip_vertically and rng.random() < 0.5 else 1.0
    cos, sin = math.cos(angle), math.sin(angle)
    return Affine(
        flip_x * scale * aspect * cos, -scale * sin, scale * sin, flip_y * scale / aspect * cos,
        rng.uniform(-0.08, 0.08), rng.uniform(-0.08, 0.08),
    )  # fmt: skip


def moved_box(box: NormalizedBox, affine: Affine) -> NormalizedBox:
    """The bounding box of the ellipse inscribed in `box` after the map; lesions fill an ellipse rather than corners."""
    cx, cy = affine(*box.center)
    half_w = math.hypot(affine.xx * box.w / 2, affine.xy * box.h / 2)
    half_h = math.hypot(affine.yx * box.w / 2, affine.yy * box.h / 2)
    return NormalizedBox(cx - half_w, cy - half_h, 2 * half_w, 2 * half_h)


def augmented(
    image: NDArray[np.uint8], findings: tuple[Finding, ...], size: int, rng: np.random.Generator, is_color: bool
) -> tuple[NDArray[np.uint8], tuple[Finding, ...]]:
    """A changed copy at `size` x `size` and its findings, clipped to it. Shapes: -> (S, S, 3)."""
    for _ in range(TRIES):
        affine = draw_affine(rng, may_flip_vertically=is_color)
        if _stay_on_the_image(findings, affine, KEPT_SHARE):
            break
    else:
        affine = IDENTITY
    return _graded(_warped(image, affine, size), rng, is_color), _moved(findings, affine)


def augmented_with_turns(
    image: NDArray[np.uint8],
    findings: tuple[Finding, ...],
    turns: tuple[Turn, ...],
    size: int,
    rng: np.random.Generator,
    is_color: bool,
) -> tuple[NDArray[np.uint8], tuple[Finding, ...], tuple[Turn, ...]]:
    """As `augmented`, with the conversation about the changed copy. Shapes: -> (S, S, 3).

    Boxes in the text move with the lesions. Free prose cannot be rewritten, so its words stay true instead: no mirror
    image ("the left lung"), no lesion across one of LINES ("upper left part"), and where sizes are given in per cent no
    change of size. What no draw grants within TRIES keeps its place and changes its grey levels alone.
    """
    tells_sizes = any("%" in turn.text for turn in turns)
    least_share = WHOLE if tells_sizes else KEPT_SHARE
    for _ in range(TRIES):
        affine = _without_mirror(draw_affine(rng, may_flip_vertically=False))
        if tells_sizes:
            affine = replace(IDENTITY, shift_x=affine.shift_x, shift_y=affine.shift_y)
        told = followed(turns, affine)
        words_hold = _places_hold(findings, affine) and _all_boxes_kept(turns, told)
        if words_hold and _stay_on_the_image(findings, affine, least_share):
            break
    else:
        affine, told = IDENTITY, turns
    return _graded(_warped(image, affine, size), rng, is_color), _moved(findings, affine), told


def followed(turns: Sequence[Turn], affine: Affine) -> tuple[Turn, ...]:
    """The turns with each box that they write moved as its lesion is, and clipped to the image."""
    return tuple(replace(turn, text=_with_boxes_moved(turn.text, affine)) for turn in turns)


def _with_boxes_moved(text: str, affine: Affine) -> str:
    pieces, end = [], 0
    for parsed in parse_boxes(text):
        pieces += [text[end : parsed.start], format_box(moved_box(parsed.box, affine).clipped())]
        end = parsed.end
    return "".join([*pieces, text[end:]])


def _without_mirror(affine: Affine) -> Affine:
    """The same map without its flip to and fro: `draw_affine` puts that flip into `xx` alone."""
    return replace(affine, xx=abs(affine.xx))


def _stay_on_the_image(findings: Sequence[Finding], affine: Affine, share: float) -> bool:
    """Whether at least `share` of each box does."""
    moved = [moved_box(finding.box, affine) for finding in findings]
    return all(box.clipped().area >= share * box.area for box in moved)


def _places_hold(findings: Sequence[Finding], affine: Affine) -> bool:
    """Whether each centre stays between the same LINES, and so keeps the words for its place."""
    before = [finding.box.clipped().center for finding in findings]
    after = [finding.box.center for finding in _moved(findings, affine)]
    sides = [[[v < line for line in LINES for v in center] for center in centers] for centers in (before, after)]
    return sides[0] == sides[1]


def _all_boxes_kept(before: Sequence[Turn], after: Sequence[Turn]) -> bool:
    """Whether none became too small to be written: a thousandth of the image is the least."""
    return all(len(parse_boxes(a.text)) == len(parse_boxes(b.text)) for a, b in zip(before, after, strict=True))


def _moved(findings: Sequence[Finding], affine: Affine) -> tuple[Finding, ...]:
    # Not even by rounding where the image stays.
    boxes = [f.box if affine is IDENTITY else moved_box(f.box, affine) for f in findings]
    return tuple(Finding(finding.label, box.clipped()) for finding, box in zip(findings, boxes, strict=True))


def _warped(image: NDArray[np.uint8], affine: Affine, size: int) -> NDArray[np.uint8]:
    """Pillow wants the inverse map, from target pixels to source pixels."""
    height, width = image.shape[:2]
    determinant = affine.xx * affine.yy - affine.xy * affine.yx
    ixx, ixy = affine.yy / determinant, -affine.xy / determinant
    iyx, iyy = -affine.yx / determinant, affine.xx / determinant
    ox = 0.5 - ixx * (0.5 + affine.shift_x) - ixy * (0.5 + affine.shift_y)
    oy = 0.5 - iyx * (0.5 + affine.shift_x) - iyy * (0.5 + affine.shift_y)
    source = Image.fromarray(as_rgb(image))
    # Bilinear sampling takes four pixels; a larger source is reduced first, or it would alias.
    factor = min(width, height) / size
    if factor > 1.3:
        source = source.resize((round(width / factor), round(height / factor)), Image.Resampling.BILINEAR)
        width, height = source.size
    matrix = (
        ixx * width / size, ixy * width / size, ox * width,
        iyx * height / size, iyy * height / size, oy * height,
    )  # fmt: skip
    return np.asarray(source.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR))


def _graded(image: NDArray[np.uint8], rng: np.random.Generator, is_color: bool) -> NDArray[np.uint8]:
    """Gamma, contrast, brightness (per channel a little where there is colour), blur or noise on one image in three."""
    picture = Image.fromarray(image)
    kind = rng.random()
    if kind < 0.15:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    levels = np.arange(256, dtype=np.float64) / 255
    gamma, gain, lift = math.exp(rng.uniform(-0.3, 0.3)), math.exp(rng.uniform(-0.2, 0.2)), rng.uniform(-0.08, 0.08)
    tables = []
    for _ in range(3):
        tint = math.exp(rng.uniform(-0.12, 0.12)) if is_color else 1.0
        curve = ((levels**gamma - 0.5) * gain + 0.5 + lift) * tint
        tables.append((curve.clip(0, 1) * 255).astype(np.uint8))
    values = np.asarray(picture)
    graded = np.stack([tables[channel][values[..., channel]] for channel in range(3)], axis=-1)
    if kind > 0.85:
        noise = rng.normal(0, rng.uniform(2, 9), size=(*graded.shape[:2], 1)).astype(np.float32)
        graded = (graded + noise).clip(0, 255).astype(np.uint8)
    return graded
