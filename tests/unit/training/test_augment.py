"""Where a lesion goes, its box goes: seen in the pixels."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny_sft import ellipse
from umed_core.geometry import NormalizedBox, iou
from umed_core.mau.validate import faults_of
from umed_core.mau.wording import coarse_place, write_conversation
from umed_core.prompts import parse_boxes
from umed_core.records import Finding, Turn
from umed_core.training.augment import (
    TRIES,
    Affine,
    _warped,
    augmented,
    augmented_with_turns,
    draw_affine,
    followed,
    moved_box,
)

IDENTITY = Affine(1, 0, 0, 1, 0, 0)

lesions = st.builds(
    NormalizedBox, st.floats(0.3, 0.45), st.floats(0.3, 0.45), st.floats(0.1, 0.25), st.floats(0.1, 0.25)
)


def box_of_pixels(image) -> NormalizedBox:
    """The bounding box of what is brighter than halfway, in 0..1."""
    bright = image[..., 0] > 125
    height, width = bright.shape
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    return NormalizedBox(
        columns[0] / width, rows[0] / height, (columns[-1] + 1 - columns[0]) / width, (rows[-1] + 1 - rows[0]) / height
    )


def test_the_identity_moves_nothing():
    assert IDENTITY(0.2, 0.7) == pytest.approx((0.2, 0.7))
    box = NormalizedBox(0.1, 0.2, 0.3, 0.4)
    moved = moved_box(box, IDENTITY)
    assert (moved.x, moved.y, moved.w, moved.h) == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_a_mirror_and_a_shift_by_hand():
    mirror = Affine(-1, 0, 0, 1, 0.0, 0.1)
    assert mirror(0.2, 0.5) == pytest.approx((0.8, 0.6))
    moved = moved_box(NormalizedBox(0.1, 0.2, 0.2, 0.4), mirror)
    assert (moved.x, moved.y, moved.w, moved.h) == pytest.approx((0.7, 0.3, 0.2, 0.4))


def test_a_quarter_turn_swaps_the_sides():
    moved = moved_box(NormalizedBox(0.4, 0.45, 0.2, 0.1), Affine(0, -1, 1, 0, 0, 0))
    assert (moved.x, moved.y, moved.w, moved.h) == pytest.approx((0.45, 0.4, 0.1, 0.2))


@given(lesions, st.integers(0, 10_000), st.booleans(), st.sampled_from([(96, 96), (160, 96), (90, 230)]))
def test_the_moved_box_frames_the_moved_lesion_within_a_pixel(box, seed, is_color, shape):
    """Also of an image that is not square, and of one that is reduced on the way."""
    width, height = shape
    size = 96
    affine = draw_affine(np.random.default_rng(seed), is_color)
    moved = moved_box(box, affine)
    seen = box_of_pixels(_warped(ellipse(box, width, height), affine, size))
    slack = (
        1.6 * max(1.0, size / min(width, height)) + 0.8
    )  # of the target's pixels: the ellipse is drawn in whole ones
    for edge, true in [
        (seen.x, moved.x), (seen.y, moved.y), (seen.x + seen.w, moved.x + moved.w), (seen.y + seen.h, moved.y + moved.h)
    ]:  # fmt: skip
        assert abs(edge - true) * size <= slack


@given(st.integers(0, 10_000), st.booleans())
def test_an_affine_moves_points_as_it_moves_pixels(seed, is_color):
    """A dot drawn at p is found at affine(p), within a pixel of 128."""
    rng = np.random.default_rng(seed)
    affine = draw_affine(rng, is_color)
    x, y = rng.uniform(0.35, 0.65, size=2)
    dot = NormalizedBox(x - 0.03, y - 0.03, 0.06, 0.06)
    warped = _warped(ellipse(dot, 128, 128), affine, 128)[..., 0].astype(float)
    weight = np.clip(warped - 60, 0, None)
    rows, columns = np.mgrid[:128, :128] + 0.5
    found = (weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()
    wanted = affine(x, y)
    assert abs(found[0] - wanted[0] * 128) < 1 and abs(found[1] - wanted[1] * 128) < 1


@given(lesions, st.integers(0, 10_000), st.booleans())
def test_a_finding_keeps_half_its_area_its_class_and_stays_on_the_image(box, seed, is_color):
    image, (found,) = augmented(ellipse(box), (Finding("polyp", box),), 48, np.random.default_rng(seed), is_color)
    assert image.shape == (48, 48, 3) and image.dtype == np.uint8
    assert found.label == "polyp" and found.box.is_valid(tolerance=1e-9)
    assert found.box.area >= 0.5 * 0.8**2 * box.area


def test_a_lesion_in_the_corner_is_never_lost():
    """Where no draw keeps it, the image is left as it lies."""
    box = NormalizedBox(0.0, 0.0, 0.05, 0.05)
    for seed in range(40):
        _, (found,) = augmented(ellipse(box), (Finding("nodule", box),), 64, np.random.default_rng(seed), True)
        assert found.box.area > 0.3 * box.area


def test_the_same_draw_gives_the_same_image():
    box = NormalizedBox(0.3, 0.3, 0.3, 0.3)
    image = ellipse(box)
    first, again, other = (
        augmented(image, (Finding("polyp", box),), 64, np.random.default_rng(seed), True) for seed in (7, 7, 8)
    )
    assert np.array_equal(first[0], again[0]) and first[1] == again[1]
    assert iou(first[1][0].box, other[1][0].box) < 1


def test_the_image_given_is_left_alone():
    box = NormalizedBox(0.3, 0.3, 0.3, 0.3)
    image = ellipse(box)
    before = image.copy()
    augmented(image, (Finding("polyp", box),), 64, np.random.default_rng(1), False)
    assert np.array_equal(image, before)


def test_grey_stays_grey_and_only_colour_is_tinted():
    box = NormalizedBox(0.3, 0.3, 0.3, 0.3)
    grey, _ = augmented(ellipse(box), (Finding("mass", box),), 64, np.random.default_rng(3), False)
    assert np.array_equal(grey[..., 0], grey[..., 1]) and np.array_equal(grey[..., 0], grey[..., 2])
    tinted, _ = augmented(ellipse(box), (Finding("polyp", box),), 64, np.random.default_rng(3), True)
    assert not np.array_equal(tinted[..., 0], tinted[..., 1])


def told(text: str) -> tuple[Turn, ...]:
    return Turn("user", "What is it?"), Turn("assistant", text)


def test_boxes_in_the_text_follow_by_hand():
    """(.25, .25, .5, .5) about its centre .5: width x .8, height x .5, then .1 right and .05 up."""
    affine = Affine(0.8, 0, 0, 0.5, 0.1, -0.05)
    text = (
        "At [bbox_start] 0.250, 0.250, 0.500, 0.500 [bbox_end] and [bbox_start] .9,.9,.1,.1 [bbox_end]: polyps, 9 mm."
    )
    wanted = (
        "At [bbox_start] 0.400, 0.325, 0.400, 0.250 [bbox_end] and "
        "[bbox_start] 0.920, 0.650, 0.080, 0.050 [bbox_end]: polyps, 9 mm."
    )
    assert followed(told(text), affine) == told(wanted)
    assert followed(told("No box, 0.1, 0.2."), affine) == told("No box, 0.1, 0.2.")


@given(lesions, st.integers(0, 10_000), st.integers(0, 6))
def test_a_conversation_stays_true_of_the_changed_picture(box, seed, follow_ups):
    """Its box frames what is bright, its words for the place and for the size hold, and the dataset's own checks pass."""
    findings = (Finding("polyp", box),)
    turns = write_conversation(findings, "CT", random.Random(seed), follow_ups)
    rng = np.random.default_rng(seed)
    pixels, moved, changed = augmented_with_turns(np.full((8, 8), 9, np.uint8), findings, turns, 48, rng, False)
    assert pixels.shape == (48, 48, 3) and [turn.role for turn in changed] == [turn.role for turn in turns]
    assert faults_of(changed, moved) == ()
    answers = " ".join(turn.text for turn in changed)
    for parsed in parse_boxes(answers):
        assert max(abs(a - b) for a, b in zip(corners(parsed.box), corners(moved[0].box), strict=True)) < 0.002
    assert coarse_place(moved[0].box) == coarse_place(box)
    for percent, side in re.findall(r"about (\d+)% of the (?:image's )?(width|height)", answers):
        assert int(percent) == pytest.approx(100 * getattr(moved[0].box, side[0]), abs=0.51)


def corners(box: NormalizedBox) -> tuple[float, ...]:
    return box.x, box.y, box.x + box.w, box.y + box.h


def test_the_box_in_the_text_frames_the_lesion_in_the_picture():
    box = NormalizedBox(0.125, 0.5, 0.25, 0.125)
    turns = told("At [bbox_start] 0.125, 0.500, 0.250, 0.125 [bbox_end]: a mass.")
    centers = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        findings = (Finding("mass", box),)
        image, _, changed = augmented_with_turns(ellipse(box, 96, 96), findings, turns, 96, rng, False)
        (parsed,) = parse_boxes(changed[1].text)
        pairs = zip(corners(parsed.box), corners(box_of_pixels(image)), strict=True)
        assert max(abs(a - b) for a, b in pairs) < 4 / 96
        centers.add(parsed.box.center)
    assert len(centers) > 20, "most draws must move it, or nothing is shown"


def test_a_picture_with_a_conversation_is_never_mirrored():
    left = np.full((32, 32), 20, np.uint8)
    left[:, :16] = 230
    mirrored = 0
    for seed in range(30):
        image, _, _ = augmented_with_turns(
            left, (), told("The left lung is white."), 32, np.random.default_rng(seed), True
        )
        assert image[8:24, :10, 0].mean() > image[8:24, 22:, 0].mean() + 50
        plain, _ = augmented(left, (), 32, np.random.default_rng(seed), True)
        mirrored += plain[8:24, :10, 0].mean() < plain[8:24, 22:, 0].mean()
    assert mirrored > 5, "without a conversation the same draws mirror"


def test_where_no_draw_keeps_the_words_true_the_picture_keeps_its_place(monkeypatch):
    """A shift of .2 takes a centre at .3125 across the line at 1/3."""
    draws = []
    across = Affine(1, 0, 0, 1, 0.2, 0)
    monkeypatch.setattr("umed_core.training.augment.draw_affine", lambda *_, **__: draws.append(1) or across)
    findings = (Finding("mass", NormalizedBox(0.25, 0.4375, 0.125, 0.125)),)
    turns = told("In the left part at [bbox_start] 0.250, 0.438, 0.125, 0.125 [bbox_end]: a mass.")
    grey = np.random.default_rng(0)
    _, kept, same = augmented_with_turns(ellipse(findings[0].box), findings, turns, 64, grey, False)
    assert (kept, same, len(draws)) == (findings, turns, TRIES)
