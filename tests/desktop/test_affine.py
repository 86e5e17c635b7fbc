"""The one map from image to screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_desktop.viewer.affine import Affine, edge_letters, fitted

numbers = st.floats(-1000, 1000)
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def maps() -> st.SearchStrategy[Affine]:
    def build(factor: float, x: float, y: float, turns: int, mirrored: bool) -> Affine:
        made = Affine().zoomed(factor, x, y)
        for _ in range(turns):
            made = made.turned(x, y)
        return made.mirrored(x, y) if mirrored else made

    return st.builds(build, st.floats(0.05, 20), numbers, numbers, st.integers(0, 3), st.booleans())


@given(maps(), numbers, numbers)
def test_there_and_back_is_where_one_started(affine: Affine, x: float, y: float):
    assert affine.to_image(*affine.to_screen(x, y)) == pytest.approx((x, y), abs=1e-4)


@given(maps(), st.floats(0.5, 2), numbers, numbers)
def test_zooming_keeps_the_point_under_the_hand(affine: Affine, factor: float, x: float, y: float):
    assert affine.zoomed(factor, x, y).to_image(x, y) == pytest.approx(affine.to_image(x, y), abs=1e-3)


@given(maps())
def test_four_turns_are_none(affine: Affine):
    turned = affine.turned(3, 4).turned(3, 4).turned(3, 4).turned(3, 4)
    assert turned.to_screen(10, 20) == pytest.approx(affine.to_screen(10, 20), abs=1e-6)


def test_a_wide_image_fits_by_its_width():
    affine = fitted(Affine(), (200, 100), (400, 400), margin=0)
    assert affine.to_screen(0, 0) == (0, 100)
    assert affine.to_screen(200, 100) == (400, 300)


def test_a_turned_wide_image_fits_by_its_height():
    affine = fitted(Affine().turned(0, 0), (200, 100), (400, 400), margin=0)
    assert affine.scale == pytest.approx(2.0)
    assert affine.to_screen(0, 0) == pytest.approx((300, 0))  # the top left corner went to the top right


def test_an_axial_slice_has_the_patients_right_at_the_screens_left():
    assert edge_letters(AXIAL, Affine()) == ("R", "L", "A", "P")


def test_a_mirrored_slice_swaps_its_letters():
    assert edge_letters(AXIAL, Affine().mirrored(0, 0)) == ("L", "R", "A", "P")


def test_a_slice_turned_right_has_its_front_at_the_right():
    assert edge_letters(AXIAL, Affine().turned(0, 0)) == ("P", "A", "R", "L")


def test_without_tags_no_letter_is_guessed():
    assert edge_letters(None, Affine()) == ("", "", "", "")
