"""Phantom shapes: what a person can check by hand about boxes, curves, softened polygons and noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.phantoms.shapes import (
    Pose,
    Stencil,
    blob,
    box_of,
    curve,
    doubled,
    filled,
    grain,
    noise,
    ribbon,
    window_around,
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_box_runs_along_the_outer_edges_of_its_pixels():
    mask = np.zeros((10, 20), dtype=bool)
    mask[2:5, 4] = True
    mask[4, 4:14] = True  # x 4..14 and y 2..5, half-open
    assert box_of(mask) == NormalizedBox(0.2, 0.2, 0.5, 0.3)


def test_one_pixel_has_a_box_of_one_pixel_and_nothing_has_none():
    mask = np.zeros((4, 8), dtype=bool)
    assert box_of(mask) is None
    mask[3, 7] = True
    assert box_of(mask) == NormalizedBox(7 / 8, 3 / 4, 1 / 8, 1 / 4)


@given(st.tuples(*[st.integers(0, 15)] * 4))
def test_a_rectangle_is_its_own_box(corners: tuple[int, int, int, int]):
    (x0, x1), (y0, y1) = sorted(corners[:2]), sorted(corners[2:])
    mask = np.zeros((16, 16), dtype=bool)
    mask[y0 : y1 + 1, x0 : x1 + 1] = True
    box = box_of(mask)
    assert box is not None
    pixels = box.pixels(16, 16)
    assert (pixels.x0, pixels.y0, pixels.x1, pixels.y1) == (x0, y0, x1 + 1, y1 + 1)


def test_a_plain_pose_only_scales_to_pixels():
    assert Pose((100, 200))([(0, 0), (0.5, 0.5), (1, 1)]).tolist() == [[0, 0], [100, 50], [200, 100]]


def test_a_pose_mirrors_turns_and_shifts():
    assert Pose((100, 200), mirrored=True)([(0.25, 0.1)])[0] == pytest.approx([150, 10])
    assert Pose((100, 100), turn=np.pi / 2)([(1.0, 0.5)])[0] == pytest.approx([50, 100])  # right goes down
    assert Pose((100, 200), shift=(0.1, 0.0))([(0, 0)])[0] == pytest.approx([20, 0])


def test_a_curve_passes_through_its_points():
    knots = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)]
    path = curve(knots, steps=4)
    assert path.shape == (9, 2)
    assert path[[0, 4, 8]] == pytest.approx(np.array(knots))


def test_a_closed_curve_starts_at_its_first_point_and_visits_all():
    knots = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]
    path = curve(knots, closed=True, steps=5)
    assert path.shape == (20, 2)
    assert path[::5] == pytest.approx(np.array(knots))


def test_a_ribbon_along_a_level_line_is_a_rectangle():
    outline = ribbon(np.array([(0.0, 5.0), (10.0, 5.0)]), 4.0)
    assert outline == pytest.approx(np.array([(0, 7), (10, 7), (10, 3), (0, 3)]))


def test_a_blob_without_wobble_is_its_ellipse():
    outline = blob(rng(), (3.0, 4.0), (2.0, 1.0), wobble=0.0)
    assert ((outline - (3, 4)) ** 2 @ (1 / 4, 1)) == pytest.approx(np.ones(len(outline)))


def test_a_filled_half_is_full_inside_empty_outside_and_half_at_its_edge():
    left = np.array([(-5.0, -5.0), (8.0, -5.0), (8.0, 25.0), (-5.0, 25.0)])
    cover = filled((20, 16), [left], 0.7)
    assert cover.shape == (20, 16)
    assert cover[:, :6] == pytest.approx(1)
    assert cover[:, 11:] == pytest.approx(0)
    assert cover[10].sum() == pytest.approx(8, abs=1.01)  # Pillow also paints the pixel that an edge runs through


@pytest.mark.parametrize("blur", [0.7, 1.4, 3.0, 6.0, 16.0])
def test_a_wide_blur_keeps_a_shape_where_it_is(blur: float):
    square = np.array([(60.3, 80.6), (110.4, 80.6), (110.4, 130.4), (60.3, 130.4)])
    cover = filled((210, 180), [square], blur)
    y, x = np.mgrid[0:210, 0:180] + 0.5
    assert (cover * x).sum() / cover.sum() == pytest.approx(85.35, abs=0.6 + blur / 10)
    assert (cover * y).sum() / cover.sum() == pytest.approx(105.5, abs=0.6 + blur / 10)
    assert np.sqrt(cover.sum()) == pytest.approx(50, abs=1.2 + blur / 4)


def test_a_later_shape_paints_over_an_earlier_one():
    stencil = Stencil((20, 20), 0.7)
    everything = np.array([(-2.0, -2.0), (22.0, -2.0), (22.0, 22.0), (-2.0, 22.0)])
    stencil.fill(everything)
    stencil.fill(everything, 0.2)
    assert stencil.field() == pytest.approx(0.2, abs=1e-6)


def test_doubling_keeps_an_even_field_and_goes_evenly_between_two_values():
    assert doubled(np.full((2, 3), 5, np.float32)) == pytest.approx(5)
    assert doubled(np.array([[0, 4], [0, 4]], np.float32))[0].tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize("cell", [1.0, 3.0, 9.0, 40.0])
def test_noise_has_about_unit_deviation_no_bias_and_its_grain(cell: float):
    field = np.stack([noise(rng(seed), (200, 300), cell) for seed in range(12)])
    assert field.shape == (12, 200, 300)
    assert field.std() == pytest.approx(1, abs=0.2)
    assert abs(field.mean()) < 0.15
    step = int(max(1, cell / 4))
    alike = np.mean(field[..., step:] * field[..., :-step]) / np.mean(field**2)
    assert alike > 0.6 if cell > 1 else abs(alike) < 0.1


def test_noise_depends_on_the_seed_alone():
    assert np.array_equal(grain(rng(5), (64, 64), 12, 3), grain(rng(5), (64, 64), 12, 3))
    assert not np.array_equal(grain(rng(5), (64, 64), 12, 3), grain(rng(6), (64, 64), 12, 3))


@given(st.integers(-50, 150), st.integers(-50, 150), st.floats(0, 30))
def test_a_window_always_lies_on_the_image(x: int, y: int, margin: float):
    rows, columns = window_around(np.array([(x, y), (x + 10, y + 10)], float), (60, 90), margin)
    assert 0 <= rows.start < rows.stop <= 60
    assert 0 <= columns.start < columns.stop <= 90
