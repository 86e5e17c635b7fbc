"""From image tokens to the image: areas worked by hand, and nothing of the weight gained or lost."""

from __future__ import annotations

from dataclasses import astuple
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.vlm.patches import (
    WHOLE,
    Mosaic,
    View,
    cropped_region,
    grid_mosaics,
    overlap,
    square_mosaics,
    tiled_mosaics,
    token_runs,
)


def test_a_cell_over_two_targets_is_shared_by_area() -> None:
    # One cell over 0.25..0.75: half of it in each half of the image.
    assert overlap(1, 0.25, 0.5, 2).tolist() == [[0.5], [0.5]]


def test_a_cell_that_reaches_past_the_image_keeps_only_what_lies_on_it() -> None:
    assert overlap(2, -0.5, 2.0, 1).tolist() == [[0.5, 0.5]]


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 0.9), st.floats(0.05, 1))
def test_a_cell_on_the_image_loses_nothing(cells: int, targets: int, start: float, length: float) -> None:
    shares = overlap(cells, start, min(length, 1 - start), targets)
    assert shares.sum(axis=0) == pytest.approx(np.ones(cells))


@given(st.integers(1, 9))
def test_a_grid_on_its_own_cells_is_itself(cells: int) -> None:
    assert np.allclose(overlap(cells, 0, 1, cells), np.eye(cells))


def test_runs_are_half_open() -> None:
    assert token_runs([7, 1, 1, 7, 1], 1) == [(1, 3), (4, 5)]
    assert token_runs([7], 1) == []


def test_one_view_of_the_whole_image_keeps_its_cells_in_order() -> None:
    (mosaic,) = grid_mosaics([(5, 11)], [(2, 3)])
    assert mosaic.positions.tolist() == [5, 6, 7, 8, 9, 10]
    assert mosaic.on_image(np.arange(6.0)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_tokens_that_are_not_the_grid_are_refused() -> None:
    assert grid_mosaics([(0, 5)], [(2, 3)]) == ()
    assert grid_mosaics([(0, 6)], [(2, 3), (2, 3)]) == ()


def test_a_centre_crop_leaves_the_sides_dark() -> None:
    # A 200 x 100 image of which the processor keeps the middle square, seen as 2 x 2 tokens.
    (mosaic,) = square_mosaics([(0, 4)], [NormalizedBox(0.25, 0, 0.5, 1)])
    assert mosaic.on_image(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [[0, 1, 2, 0], [0, 3, 4, 0]]


def test_images_side_by_side_share_one_run() -> None:
    first, second = square_mosaics([(3, 11)], [WHOLE, WHOLE])
    assert first.positions.tolist() == [3, 4, 5, 6]
    assert second.positions.tolist() == [7, 8, 9, 10]


@pytest.mark.parametrize(("runs", "images"), [([(0, 5)], 1), ([(0, 3), (4, 9)], 2), ([(0, 4)], 0), ([(0, 4)], 3)])
def test_tokens_that_form_no_squares_are_refused(runs: list[tuple[int, int]], images: int) -> None:
    assert square_mosaics(runs, [WHOLE] * images) == ()


def test_tiles_and_the_small_whole_add_up() -> None:
    # Two tiles side by side of one token each, and one token for the whole.
    (mosaic,) = tiled_mosaics([(1, 2), (4, 5), (7, 8)], ["<row_1_col_1>", "<row_1_col_2>", "<global-img>"])
    assert (mosaic.rows, mosaic.columns) == (1, 2)
    assert mosaic.positions.tolist() == [1, 4, 7]
    assert mosaic.on_image(np.array([0.1, 0.2, 0.4])).tolist() == [pytest.approx([0.3, 0.4])]


def test_a_set_of_tiles_with_a_gap_is_refused() -> None:
    assert tiled_mosaics([(1, 2), (4, 5)], ["<row_1_col_2>", "<global-img>"]) == ()
    assert tiled_mosaics([(1, 2)], ["<row_1_col_1>"]) == ()


@given(st.lists(st.floats(0, 1), min_size=13, max_size=13))
def test_a_mosaic_within_the_image_keeps_the_whole_weight(weights: list[float]) -> None:
    mosaic = Mosaic((View(0, 3, 3, NormalizedBox(0.1, 0.2, 0.7, 0.6)), View(9, 2, 2)), 5, 7)
    assert mosaic.on_image(np.array(weights)).sum() == pytest.approx(sum(weights))


def settings(**given_settings: object) -> SimpleNamespace:
    return SimpleNamespace(**{"do_center_crop": False, "do_pad": False, **given_settings})


def test_clip_crops_the_middle_of_a_wide_image() -> None:
    clip = settings(size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, do_center_crop=True)
    assert astuple(cropped_region(200, 100, clip)) == pytest.approx((0.25, 0, 0.5, 1))
    assert astuple(cropped_region(100, 100, clip)) == pytest.approx(astuple(WHOLE))


def test_siglip_squeezes_the_whole_image() -> None:
    assert cropped_region(200, 100, settings(size={"height": 64, "width": 64})) == WHOLE


def test_padding_to_a_square_reaches_past_the_image() -> None:
    assert cropped_region(200, 100, settings(size={"shortest_edge": 56}, do_pad=True)) == NormalizedBox(0, -0.5, 1, 2)


def test_an_unknown_way_to_resize_is_not_guessed() -> None:
    assert cropped_region(200, 100, settings(size={"longest_edge": 64})) is None
    assert cropped_region(200, 100, settings(size={"shortest_edge": 64})) is None


def test_a_box_covers_cells_by_area() -> None:
    # 2 x 2 cells; a box over the left three quarters of the upper half: all of one cell, half of its neighbour.
    assert View(0, 2, 2).covered_by([NormalizedBox(0, 0, 0.75, 0.5)]).tolist() == pytest.approx([1, 0.5, 0, 0])


def test_where_boxes_overlap_a_cell_counts_once() -> None:
    # Over one cell: left .6 and right .6 of the image cover it once, not 1.2 times.
    boxes = [NormalizedBox(0, 0, 0.6, 1), NormalizedBox(0.4, 0, 0.6, 1)]
    assert View(0, 1, 1).covered_by(boxes).tolist() == pytest.approx([1])


def test_no_box_covers_nothing() -> None:
    assert View(0, 2, 3).covered_by([]).tolist() == [0] * 6


def test_what_the_processor_cropped_away_is_not_covered() -> None:
    # The view shows the middle half of the width in two cells, .25...5 and .5...75; the box reaches to .5.
    view = View(0, 1, 2, NormalizedBox(0.25, 0, 0.5, 1))
    assert view.covered_by([NormalizedBox(0, 0, 0.5, 1)]).tolist() == pytest.approx([1, 0])


def test_padding_is_not_covered() -> None:
    # A wide image padded to a square: of the two rows of cells, each half shows image, wholly within the box.
    view = View(0, 2, 1, NormalizedBox(0, -0.5, 1, 2))
    assert view.covered_by([WHOLE]).tolist() == pytest.approx([0.5, 0.5])


def test_a_mosaic_counts_tiles_and_the_small_whole() -> None:
    (mosaic,) = tiled_mosaics([(1, 2), (4, 5), (7, 8)], ["<row_1_col_1>", "<row_1_col_2>", "<global-img>"])
    assert mosaic.covered_by([NormalizedBox(0, 0, 0.5, 1)]).tolist() == pytest.approx([1, 0, 0.5])


EDGES = st.integers(0, 20).map(lambda n: n / 20)
BOXES = st.builds(
    lambda x0, y0, x1, y1: NormalizedBox(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)),
    EDGES,
    EDGES,
    EDGES,
    EDGES,
)


@given(st.lists(BOXES, max_size=4), st.integers(1, 5), st.integers(1, 5))
def test_covered_cells_are_the_boxes_painted_finely(boxes: list[NormalizedBox], rows: int, columns: int) -> None:
    """Second opinion: boxes on twentieths painted on a 20 rows x 20 columns grid, a block of 20 x 20 a cell."""
    fine = np.zeros((20 * rows, 20 * columns))
    for box in boxes:
        down = slice(round(box.y * 20 * rows), round((box.y + box.h) * 20 * rows))
        fine[down, round(box.x * 20 * columns) : round((box.x + box.w) * 20 * columns)] = 1
    painted = fine.reshape(rows, 20, columns, 20).mean(axis=(1, 3)).ravel()
    assert View(0, rows, columns).covered_by(boxes) == pytest.approx(painted, abs=1e-9)
