"""What lies over the image is right under every turn, mirror and pixel shape; marks and mm come from tags alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from umed_desktop.viewer.affine import Affine, edge_letters, fitted
from umed_desktop.viewer.image_view import ImageView
from umed_desktop.viewer.legend import Legend
from umed_desktop.viewer.overlays import draw_ruler

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def test_pixels_twice_as_high_as_wide_fill_the_screen_so():
    affine = fitted(Affine(yy=2.0), (100, 100), (400, 400), margin=0)
    assert affine.to_screen(0, 0) == (100, 0)
    assert affine.to_screen(100, 100) == (300, 400)


def test_a_turn_keeps_the_shape_of_the_pixels():
    affine = fitted(Affine(yy=2.0).turned(0, 0), (100, 100), (400, 400), margin=0)
    assert affine.aspect == pytest.approx(2.0)
    assert affine.to_screen(0, 0) == pytest.approx((400, 100))
    assert affine.to_screen(100, 100) == pytest.approx((0, 300))


def test_letters_do_not_depend_on_the_shape_of_the_pixels():
    stretched = Affine(yy=4.0).turned(0, 0).mirrored(0, 0)
    assert edge_letters(AXIAL, stretched) == edge_letters(AXIAL, Affine().turned(0, 0).mirrored(0, 0))


@given(st.floats(0.1, 10), st.integers(0, 3), st.booleans(), st.floats(0.1, 10))
def test_turns_mirrors_and_zooms_keep_the_aspect(aspect, turns, mirrors, factor):
    affine = Affine(yy=aspect).zoomed(factor, 3, 4)
    for _ in range(turns):
        affine = affine.turned(7, 8)
    affine = affine.mirrored(1, 2) if mirrors else affine
    assert affine.aspect == pytest.approx(aspect)
    assert fitted(affine, (30, 40), (500, 300)).aspect == pytest.approx(aspect)


# ------------------------------------------------------------------------------------------------------ the scale bar
def bar_px(spacing_mm: tuple[float, float] | None, affine: Affine) -> int:
    """The length of the bar that is drawn on black, in screen pixels: the widest run of ink in any row; 0 for none."""
    picture = QImage(400, 400, QImage.Format.Format_Grayscale8)
    picture.fill(0)
    painter = QPainter(picture)
    draw_ruler(painter, QRectF(0, 0, 400, 400), spacing_mm, affine)
    painter.end()
    rows = np.frombuffer(bytes(picture.constBits()), np.uint8).reshape(400, picture.bytesPerLine())[:, :400] > 100
    runs = [len(run) for row in rows for run in "".join("x" if ink else " " for ink in row).split()]
    return max(runs, default=0)


def test_the_bar_is_as_long_as_it_says(qapp):
    # At 4 screen pixels an image pixel of 2 mm, a quarter of the view (100 px) holds 50 mm; a round length: 50 mm.
    assert bar_px((2.0, 2.0), Affine(xx=4, yy=4)) == pytest.approx(100, abs=3)
    assert bar_px((1.0, 1.0), Affine(xx=4, yy=4)) == pytest.approx(80, abs=3)  # 20 mm


def test_the_bar_is_right_for_pixels_that_are_no_squares_either_way_up(qapp):
    stretched = Affine(xx=4, yy=16)  # pixels of 2 x 0.5 mm: 8 screen pixels a mm
    assert bar_px((2.0, 0.5), stretched) == pytest.approx(80, abs=3)  # 10 mm
    assert bar_px((2.0, 0.5), stretched.turned(0, 0)) == pytest.approx(80, abs=3)


def test_without_spacing_there_is_no_bar(qapp):
    assert bar_px(None, Affine(xx=4, yy=4)) == 0
    assert bar_px((2.0, 0.5), Affine(xx=4, yy=4)) == 0  # a map that does not know of the pixels' shape


# --------------------------------------------------------------------------------------------------------- corner words
def test_corner_words_stand_out_on_white_as_on_black(qtbot):
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(400, 400)
    for value in (0, 255):
        view.set_pixels(np.full((50, 50), value, np.uint8), (50, 50))
        view.fit()
        bare = np.array(_grey(view.grab().toImage()))
        view.set_legend(Legend(top_left=("DOE, JANE",)))
        words = np.array(_grey(view.grab().toImage()))
        view.set_legend(Legend())
        corner = (slice(8, 30), slice(10, 110))
        assert np.ptp(words[corner]) > 120  # ink and halo differ, whatever is behind
        assert (words[100:] == bare[100:]).all()


def _grey(picture: QImage) -> list[list[int]]:
    grey = picture.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(bytes(grey.constBits()), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return rows[:, : grey.width()].astype(int).tolist()


def test_a_view_of_another_pixel_shape_starts_afresh(qtbot):
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(300, 300)
    view.set_pixels(np.zeros((40, 40), np.uint8), (40, 40))
    view.turn()
    view.set_pixels(np.zeros((40, 40), np.uint8), (40, 40), aspect=3.0)
    assert (view.affine.aspect, view.affine.xy) == (pytest.approx(3.0), 0.0)
    view.turn()
    view.reset()
    assert (view.affine.aspect, view.affine.xy) == (pytest.approx(3.0), 0.0)
