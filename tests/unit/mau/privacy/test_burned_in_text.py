"""What counts as text that identifies, and what painting over it leaves."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from umed_core.errors import ConfigError
from umed_core.geometry import PixelBox
from umed_core.mau.privacy import burned_in_text
from umed_core.mau.privacy.burned_in_text import OcrScan, is_harmless, no_scan, paint_over


@pytest.mark.parametrize("text", ["L", "r", "(R)", "AP", "PA ERECT", "l. mlo", "--", "", "K", "8"])
def test_side_and_view_markers_are_harmless(text: str):
    assert is_harmless(text)


@pytest.mark.parametrize("text", ["LEE", "R. DOE", "AP 4711", "12", "1958-03-14", "Ana", "李"])
def test_anything_that_could_be_a_name_a_number_or_a_date_is_not(text: str):
    assert not is_harmless(text)


def test_painting_takes_the_median_of_the_ring_around_the_box():
    picture = np.full((20, 20), 50, np.uint8)
    picture[8:12, 8:12] = 255
    painted = paint_over(picture, [PixelBox(8, 8, 12, 12)])
    assert (painted == 50).all()
    assert (picture[8:12, 8:12] == 255).all()  # the original is left alone


def test_a_pixel_that_a_box_touches_in_part_is_painted_whole():
    picture = np.zeros((10, 10), np.uint8)
    picture[4, 4] = picture[4, 6] = 255
    painted = paint_over(picture, [PixelBox(4.9, 4.9, 6.1, 5.1)])
    assert (painted == 0).all()


def test_painting_works_on_each_channel_by_itself():
    picture = np.zeros((9, 9, 3), np.uint8)
    picture[:] = (10, 20, 30)
    picture[4, 4] = 255
    assert (paint_over(picture, [PixelBox(4, 4, 5, 5)]) == (10, 20, 30)).all()


def test_a_box_at_the_corner_uses_the_ring_that_there_is():
    picture = np.full((10, 10), 7, np.uint8)
    picture[:3, :3] = 200
    assert (paint_over(picture, [PixelBox(0, 0, 3, 3)]) == 7).all()


def test_text_that_fills_the_picture_becomes_its_own_median():
    picture = np.array([[0, 0, 9], [0, 9, 0]], np.uint8)
    assert (paint_over(picture, [PixelBox(0, 0, 3, 2)]) == 0).all()


def test_no_scan_looks_for_nothing_and_says_so():
    assert no_scan(np.zeros((4, 4), np.uint8)) == ()
    assert no_scan.policy == "skip"


def line(
    x0: float, y0: float, x1: float, y1: float, text: str, confidence: float
) -> tuple[list[list[float]], str, float]:
    """A line of text as the recogniser reports it."""
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], text, confidence


def scan_of(monkeypatch: pytest.MonkeyPatch, *lines: tuple[list[list[float]], str, float]) -> tuple[PixelBox, ...]:
    monkeypatch.setattr(burned_in_text, "_read_text", lambda picture: list(lines))
    return OcrScan()(np.zeros((100, 200), np.uint8))


def test_a_found_line_grows_by_two_pixels_and_a_quarter_of_its_height(monkeypatch: pytest.MonkeyPatch):
    found = scan_of(monkeypatch, line(50, 40, 90, 48, "DOE JOHN", 0.9))
    assert found == (PixelBox(46, 36, 94, 52),)  # 2 + 8 / 4 on each side


def test_a_grown_box_ends_at_the_picture(monkeypatch: pytest.MonkeyPatch):
    assert scan_of(monkeypatch, line(0, 0, 200, 8, "DOE JOHN", 0.9)) == (PixelBox(0, 0, 200, 12),)


def test_what_the_recogniser_does_not_believe_is_no_text(monkeypatch: pytest.MonkeyPatch):
    assert scan_of(monkeypatch, line(50, 40, 90, 48, "il|l", 0.3)) == ()


def test_a_marker_is_left_but_not_where_a_longer_text_was_read_as_one(monkeypatch: pytest.MonkeyPatch):
    assert scan_of(monkeypatch, line(50, 40, 60, 52, "R", 0.9)) == ()
    assert len(scan_of(monkeypatch, line(50, 40, 90, 48, "R", 0.9))) == 1  # five times as long as high


def test_a_lone_letter_is_left_but_a_lone_han_character_is_a_family_name(monkeypatch: pytest.MonkeyPatch):
    assert scan_of(monkeypatch, line(50, 40, 90, 60, "8", 0.9)) == ()
    assert len(scan_of(monkeypatch, line(50, 40, 60, 50, "李", 0.9))) == 1


def test_two_tiles_halves_of_one_line_are_one_place(monkeypatch: pytest.MonkeyPatch):
    lines = line(20, 40, 90, 48, "DOE JO", 0.9), line(80, 40, 120, 48, "JOHN", 0.9), line(20, 80, 60, 88, "4711", 0.9)
    assert scan_of(monkeypatch, *lines) == (PixelBox(16, 36, 124, 52), PixelBox(16, 76, 64, 92))


@given(st.integers(1, 6000))
def test_tiles_cover_a_side_overlap_and_stay_small(size: int):
    spans = burned_in_text._tile_spans(size)
    assert (spans[0][0], spans[-1][1]) == (0, size)
    assert all(0 < end - start <= 768 for start, end in spans)
    assert all(before[1] - after[0] >= 192 for before, after in pairwise(spans))


@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4), max_size=8), st.randoms())
def test_merged_boxes_are_apart_and_cover_what_they_came_from(corners: list[tuple[int, int, int, int]], rng: Random):
    boxes = [PixelBox(x, y, x + w + 1, y + h + 1) for x, y, w, h in corners]
    merged = burned_in_text._merged(boxes)
    assert not any(burned_in_text.overlap(a, b) for a, b in combinations(merged, 2))
    for box in boxes:
        assert any(m.x0 <= box.x0 and m.y0 <= box.y0 and m.x1 >= box.x1 and m.y1 >= box.y1 for m in merged)
    rng.shuffle(boxes)
    assert burned_in_text._merged(boxes) == merged


def test_without_rapidocr_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rapidocr_onnxruntime", None)
    burned_in_text._engine.cache_clear()
    with pytest.raises(ConfigError, match="rapidocr-onnxruntime") as caught:
        OcrScan()(np.zeros((40, 40), np.uint8))
    assert "umed[mau]" in caught.value.hint
    burned_in_text._engine.cache_clear()


def test_a_real_scan_finds_names_and_leaves_markers_and_qts_environment(monkeypatch: pytest.MonkeyPatch):
    # find_spec, as importorskip would import OpenCV before the scan does.
    if find_spec("rapidocr_onnxruntime") is None:
        pytest.skip("needs the [mau] extra")
    monkeypatch.setenv("QT_QPA_FONTDIR", "kept")
    canvas = Image.new("L", (320, 240), 30)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(20)
    pen.text((20, 30), "DOE^JOHN 1958-03-14", fill=230, font=font)
    pen.text((280, 200), "R", fill=230, font=font)
    burned_in_text._engine.cache_clear()  # so that OpenCV's import, if it is the first, happens under this test's eyes
    (found,) = OcrScan()(np.asarray(canvas))
    x0, y0, x1, y1 = pen.textbbox((20, 30), "DOE^JOHN 1958-03-14", font=font)
    assert found.x0 <= x0 and found.y0 <= y0 and found.x1 >= x1 and found.y1 >= y1
    assert os.environ["QT_QPA_FONTDIR"] == "kept"
    assert "cv2" not in os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH", "")
