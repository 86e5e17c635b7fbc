"""Pictures of an answer: where the lines and colours are, pixel by pixel."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from umed_core.drawing.pictures import (
    BOX_COLORS,
    LEGIBLE_PX,
    draw_attention,
    draw_boxes,
    heat_colors,
    png_bytes,
    with_caption,
)
from umed_core.geometry import NormalizedBox
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.vlm.messages import LabelledBox

GREY = np.full((800, 1000), 90, np.uint8)


def boxed(x: float, y: float, w: float, h: float, label: str = "") -> LabelledBox:
    return LabelledBox(label, NormalizedBox(x, y, w, h), 0, 0)


def test_the_line_runs_around_the_box_and_leaves_its_inside_alone():
    # 800 / 250 = 3 px of line around x 100..500, y 200..600.
    picture = draw_boxes(GREY, [boxed(0.1, 0.25, 0.4, 0.5)])
    colored = (picture == BOX_COLORS[0]).all(axis=2)
    expected = np.zeros_like(colored)
    expected[197:603, 97:503] = True
    expected[200:600, 100:500] = False
    assert np.array_equal(colored, expected)
    assert (picture[~colored] == 90).all()


def test_a_label_stands_above_the_box_or_below_it_where_there_is_no_room():
    above = draw_boxes(GREY, [boxed(0.3, 0.5, 0.2, 0.2, "polyp")])
    assert (above[380:397, 299] == BOX_COLORS[0]).all()
    below = draw_boxes(GREY, [boxed(0.3, 0.0, 0.2, 0.2, "polyp")])
    assert (below[163:180, 299] == BOX_COLORS[0]).all()


@given(*[st.floats(-0.5, 1.5)] * 4)
def test_no_box_changes_the_size_of_a_picture(x, y, w, h):
    assert draw_boxes(GREY, [boxed(x, y, w, h, "kidney stone")]).shape == (800, 1000, 3)


@pytest.mark.parametrize("shape, factor", [((1, 1), LEGIBLE_PX), ((64, 32), 10), ((600, 639), 2), ((640, 2), 1)])
def test_a_small_image_is_enlarged_by_a_whole_factor(shape, factor):
    pixels = np.arange(shape[0] * shape[1], dtype=np.int64).reshape(shape).astype(np.uint8)
    picture = draw_boxes(pixels, [])
    assert picture.shape == (shape[0] * factor, shape[1] * factor, 3)
    assert np.array_equal(picture[::factor, ::factor, 1], pixels)


def test_colour_stays_colour():
    pixels = np.zeros((700, 700, 3), np.uint8)
    pixels[..., 0] = 200
    assert (draw_boxes(pixels, []) == (200, 0, 0)).all()


def test_heat_runs_from_dark_to_bright():
    colors = heat_colors(np.linspace(0, 1, 64)).astype(int)
    assert colors[0].tolist() == [0, 0, 4] and colors[-1].tolist() == [252, 255, 164]
    luma = colors @ [0.299, 0.587, 0.114]
    assert (np.diff(luma) > 0).all()


def test_the_cell_with_all_attention_glows_and_the_far_one_is_the_image():
    picture = draw_attention(GREY, np.array([[0.0, 0.0, 0.0, 0.2]]), [])
    assert (picture[:, :300] == 90).all()
    # 0.3 of the image and 0.7 of the brightest colour.
    assert picture[400, 990].tolist() == [round(0.3 * 90 + 0.7 * c) for c in (252, 255, 164)]


def test_no_attention_leaves_the_image():
    assert (draw_attention(GREY, np.zeros((2, 2)), []) == 90).all()


def test_the_strip_is_below_the_picture_and_grows_with_its_lines():
    picture = draw_boxes(GREY, [])
    short, long = with_caption(picture, ["one"]), with_caption(picture, ["many words " * 40])
    assert np.array_equal(short[:800], picture) and np.array_equal(long[:800], picture)
    assert 800 < short.shape[0] < long.shape[0]
    assert short.shape[1] == 1000
    assert (short[800:] > 150).any(), "nothing is written there"


def test_a_png_says_what_it_is():
    png = Image.open(io.BytesIO(png_bytes(draw_boxes(GREY, []), {"Disclaimer": RESEARCH_USE_ONLY, "Question": "où?"})))
    assert png.text == {"Disclaimer": RESEARCH_USE_ONLY, "Question": "où?"}  # type: ignore[attr-defined]
    assert (np.asarray(png) == 90).all()
