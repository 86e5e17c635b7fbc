"""Pictures of an answer: its boxes with their classes, or the attention of some of its words, drawn over the image.

Each picture carries the research-use line and the model's name, in a strip below the image and in the PNG's text.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.vlm.messages import LabelledBox

__all__ = ["draw_attention", "draw_boxes", "heat_colors", "png_bytes", "with_caption"]

BOX_COLORS = ((255, 196, 61), (73, 198, 229), (240, 113, 120), (148, 211, 120))
"""Amber first: it stands out from grey anatomy and from mucosa alike."""

LEGIBLE_PX = 640
"""A picture whose longer side is shorter is enlarged by a whole factor, so that labels can be read."""

# Five points of matplotlib's "inferno" (CC0): dark to bright, also in grey print and to the colour-blind.
_HEAT = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], np.float64)
_OPACITY = 0.7


def draw_boxes(pixels: NDArray[np.uint8], boxes: Sequence[LabelledBox]) -> NDArray[np.uint8]:
    """The image, enlarged if it is small, with its boxes and their classes.

    Shapes: pixels (H, W) or (H, W, 3) display values; returns (k H, k W, 3) for a whole k >= 1.
    """
    picture = Image.fromarray(_legible(pixels))
    _outline(picture, boxes)
    return np.asarray(picture)


def draw_attention(
    pixels: NDArray[np.uint8], attention: NDArray[np.float64], boxes: Sequence[LabelledBox]
) -> NDArray[np.uint8]:
    """The image under a heat map of `attention`, scaled to its own maximum, with the boxes.

    Shapes: attention (rows, columns) over the whole image, at least one cell; pixels and result as for `draw_boxes`.
    """
    base = _legible(pixels)
    height, width = base.shape[:2]
    cells = Image.fromarray((attention / max(float(attention.max()), 1e-12)).astype(np.float32))
    heat = np.clip(np.asarray(cells.resize((width, height), Image.Resampling.BICUBIC)), 0.0, 1.0)
    alpha = (_OPACITY * heat)[..., None]
    mixed = (1 - alpha) * base + alpha * heat_colors(heat)
    picture = Image.fromarray(np.rint(mixed).astype(np.uint8))
    _outline(picture, boxes)
    return np.asarray(picture)


def heat_colors(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The colours of values in 0..1, dark to bright. Shapes: (...) -> (..., 3)."""
    places = np.linspace(0.0, 1.0, len(_HEAT))
    channels = [np.interp(values, places, _HEAT[:, channel]) for channel in range(3)]
    colors: NDArray[np.uint8] = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    return colors


def with_caption(picture: NDArray[np.uint8], lines: Sequence[str]) -> NDArray[np.uint8]:
    """The picture above a strip with `lines`, wrapped to its width, and the research-use line."""
    height, width = picture.shape[:2]
    size = _font_size(width, height)
    font = ImageFont.load_default(size)
    step = round(size * 1.4)
    wrapped = [part for line in (*lines, RESEARCH_USE_ONLY) for part in _wrapped(line, font, width - step)]
    strip = Image.new("RGB", (width, step * len(wrapped) + step // 2), (24, 26, 30))
    draw = ImageDraw.Draw(strip)
    for number, line in enumerate(wrapped):
        draw.text((step // 2, step // 4 + number * step), line, fill=(225, 228, 232), font=font)
    return np.concatenate([picture, np.asarray(strip)])


def png_bytes(picture: NDArray[np.uint8], about: dict[str, str]) -> bytes:
    """A PNG file with `about` as its text entries. Shapes: picture (H, W, 3)."""
    text = PngImagePlugin.PngInfo()
    for key, value in about.items():
        text.add_itxt(key, value)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", pnginfo=text)
    return out.getvalue()


def _legible(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels
    factor = max(1, -(-LEGIBLE_PX // max(rgb.shape[:2])))
    return rgb.repeat(factor, axis=0).repeat(factor, axis=1)


def _outline(picture: Image.Image, boxes: Sequence[LabelledBox]) -> None:
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(_font_size(*picture.size))
    line = max(2, min(picture.size) // 250)
    for number, box in enumerate(boxes):
        color = BOX_COLORS[number % len(BOX_COLORS)]
        x0, y0, x1, y1 = _edges(box, picture)
        # The line runs outside the box, so that what it marks stays visible.
        draw.rectangle((x0 - line, y0 - line, x1 + line - 1, y1 + line - 1), outline=color, width=line)
        if box.label:
            _label(draw, box.label, (x0 - line, y0 - line, y1 + line), color, font, picture.size)


def _edges(box: LabelledBox, picture: Image.Image) -> tuple[int, int, int, int]:
    corners = box.box.clipped().pixels(*picture.size)
    return round(corners.x0), round(corners.y0), round(corners.x1), round(corners.y1)


def _label(
    draw: ImageDraw.ImageDraw,
    text: str,
    place: tuple[int, int, int],
    color: tuple[int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    size: tuple[int, int],
) -> None:
    """Above the box if there is room, else below it, else inside; never off the picture."""
    left, top, bottom = place
    x0, y0, x1, y1 = draw.textbbox((0, 0), text, font=font)
    pad = 4
    width, height = round(x1 - x0) + 2 * pad, round(y1 - y0) + 2 * pad
    x = max(0, min(left, size[0] - width))
    y = top - height if top >= height else bottom if bottom + height <= size[1] else max(0, bottom - height)
    draw.rectangle((x, y, x + width, y + height), fill=color)
    draw.text((x + pad - x0, y + pad - y0), text, fill=(16, 18, 20), font=font)


def _font_size(width: int, height: int) -> int:
    return max(14, min(width, height) // 36)


def _wrapped(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    rows = [""]
    for word in line.split():
        longer = f"{rows[-1]} {word}".strip()
        if rows[-1] and font.getlength(longer) > width:
            rows.append(word)
        else:
            rows[-1] = longer
    return rows
