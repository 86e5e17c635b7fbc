"""A box of a wished IoU has it, and lies in the image."""

from __future__ import annotations

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from umed_core.experiments.boxes_of_iou import box_of_iou
from umed_core.geometry import NormalizedBox, iou
from umed_core.prompts import format_box, parse_boxes


def test_half_way_by_hand():
    truth = NormalizedBox(0.4, 0.4, 0.1, 0.1)
    box = box_of_iou(truth, 0.5, [truth], random.Random(0))
    # Moved by w (1 - .5) / (1 + .5), a third of the width: two thirds shared of four thirds covered.
    assert sorted((abs(box.x - truth.x), abs(box.y - truth.y))) == pytest.approx([0.0, 0.1 / 3])
    assert (box.w, box.h) == (truth.w, truth.h)


@given(
    st.floats(0.02, 0.9), st.floats(0.02, 0.9), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 99)
)
def test_the_iou_is_as_wished_and_the_box_in_the_image(w, h, across, down, level, seed):
    truth = NormalizedBox(across * (1 - w), down * (1 - h), w, h)
    box = box_of_iou(truth, level, [truth], random.Random(seed))
    assume(box is not None)
    assert box.is_valid()
    assert iou(box, truth) == pytest.approx(level, abs=1e-6)


def test_level_0_stays_disjoint_in_the_words_of_an_answer():
    truth = NormalizedBox(0.3, 0.3, 0.25, 0.25)
    for seed in range(8):
        written = parse_boxes(format_box(box_of_iou(truth, 0.0, [truth], random.Random(seed))))[0].box
        assert iou(written, truth) == 0


def test_a_box_that_fills_the_image_leaves_no_place_beside_it():
    whole = NormalizedBox(0, 0, 1, 1)
    assert box_of_iou(whole, 0.0, [whole], random.Random(0)) is None
    assert box_of_iou(whole, 0.25, [whole], random.Random(0)) == NormalizedBox(0.25, 0.25, 0.5, 0.5)
    assert box_of_iou(whole, 1.0, [whole], random.Random(0)) == whole


def test_another_finding_is_kept_away_from():
    truth, right = NormalizedBox(0.4, 0.4, 0.1, 0.1), NormalizedBox(0.5, 0.4, 0.1, 0.1)
    for seed in range(12):
        box = box_of_iou(truth, 0.0, [truth, right], random.Random(seed))
        assert max(iou(box, truth), iou(box, right)) < 0.02
