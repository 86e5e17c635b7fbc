"""Which slices belong side by side, what is kept in memory, and the pace of the film: facts without a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.images.medical_image import MedicalImage, StudyTags, Window
from umed_desktop.viewer.cine import frame_at
from umed_desktop.viewer.legend import legend_of
from umed_desktop.viewer.linking import frame_beside, same_grey_scale
from umed_desktop.viewer.panes import Pane, followers_of_frame, followers_of_window, series_to_fill
from umed_desktop.viewer.volumes import Volumes

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
FEET_FIRST = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
"""Its normal points the other way: what lies at z lies at -z along it."""


def stack(*positions: float, frame_of_reference: str = "1.2", orientation=AXIAL, unit: str = "HU") -> MedicalImage:
    return MedicalImage(
        np.zeros((len(positions), 2, 2), np.int16), "ct", modality="CT", unit=unit, orientation=orientation,
        slice_positions_mm=positions, tags=StudyTags(frame_of_reference_uid=frame_of_reference),
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------- linked slices
def test_stacks_of_one_patient_space_meet_at_the_same_millimetre():
    thin, thick = stack(0, 2, 4, 6, 8, 10), stack(0, 5, 10)
    assert [frame_beside(thin, frame, thick) for frame in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [frame_beside(thick, frame, thin) for frame in range(3)] == [0, 2, 5]


def test_a_stack_that_runs_the_other_way_is_followed_backwards():
    assert frame_beside(stack(0, 5, 10), 2, stack(-10, -5, 0, orientation=FEET_FIRST)) == 0


def test_stacks_of_different_spaces_go_by_their_share():
    a, b = stack(0, 1, 2, 3, 4), stack(100, 101, 102, frame_of_reference="9.9")
    assert [frame_beside(a, frame, b) for frame in range(5)] == [0, 0, 1, 2, 2]
    unknown = replace(b, tags=StudyTags(frame_of_reference_uid="1.2"), slice_positions_mm=())
    assert frame_beside(a, 4, unknown) == 2


def test_no_frame_of_reference_is_no_common_one():
    a, b = stack(0, 1, 2, frame_of_reference=""), stack(2, 3, 4, frame_of_reference="")
    assert frame_beside(a, 2, b) == 2  # by share, and not 0 by position


def test_stacks_that_cross_do_not_follow_each_other():
    assert frame_beside(stack(0, 1, 2), 2, stack(0, 1, 2, orientation=CORONAL)) is None


def test_one_volume_in_two_viewports_shows_the_same_slice():
    one = stack(0, 0, 0)
    assert frame_beside(one, 2, one) == 2


@given(st.integers(1, 50), st.integers(1, 50), st.data())
def test_a_follower_always_has_the_frame(mine, others, data):
    a, b = stack(*range(mine), frame_of_reference=""), stack(*range(others))
    frame = frame_beside(a, data.draw(st.integers(0, mine - 1)), b)
    assert frame is not None and 0 <= frame < others


def test_the_followers_are_those_that_have_to_move():
    panes = [
        Pane(image=stack(0, 5, 10), frame=1),
        Pane(image=stack(0, 5, 10), frame=1),
        Pane(image=stack(0, 5)),
        Pane(),
    ]
    assert followers_of_frame(panes, 0) == {2: 1}


def test_a_window_in_hu_goes_to_hu_alone():
    ct, other, mr = stack(0), stack(1), stack(0, unit="")
    assert same_grey_scale(ct, other) and not same_grey_scale(ct, replace(mr, modality="MR"))
    assert followers_of_window([Pane(image=ct), Pane(image=mr), Pane(image=other), Pane()], 0) == [2]
    color = MedicalImage(np.zeros((1, 2, 2, 3), np.uint8), "a.png")
    assert not same_grey_scale(color, color)


def test_a_new_viewport_gets_the_next_series_and_the_active_one_where_all_are_shown():
    assert series_to_fill([0, -1], 0, 3) == 1
    assert series_to_fill([2, 1, -1], 2, 3) == 0
    assert series_to_fill([0, -1], 0, 1) == 0


# ---------------------------------------------------------------------------------------------------------- a pane
def test_a_pane_shows_its_own_window_and_inverts_last():
    image = stack(0)
    pane = Pane(image=image, window=Window(0, 100))
    assert pane.pixels()[0, 0] == 129  # (0.5 / 99 + 0.5) x 255 = 128.8
    pane.inverted = True
    assert pane.pixels()[0, 0] == 126
    assert pane.pixels(step=2).shape == (1, 1)
    assert legend_of(pane, None).bottom_left == ("W 100  L 0",)


def test_a_pane_forgets_the_window_of_the_image_before():
    pane = Pane(image=replace(stack(0), windows=(Window(10, 20),)))
    assert pane.shown_window() == Window(10, 20)
    pane.image = replace(stack(0), windows=(Window(30, 40),))
    assert pane.shown_window() == Window(30, 40)


# ------------------------------------------------------------------------------------------------------------ memory
def of_bytes(count: int) -> MedicalImage:
    return MedicalImage(np.zeros((1, 1, count), np.uint8), "a")


def test_the_least_recently_seen_series_goes_first_and_the_visible_stay():
    volumes = Volumes(budget=250)
    for key in "abc":
        volumes.put(key, of_bytes(100), visible="a" if key != "c" else "ac")
    assert ("a" in volumes, "b" in volumes, "c" in volumes, volumes.size) == (True, False, True, 200)


def test_what_was_looked_at_again_is_not_the_oldest():
    volumes = Volumes(budget=250)
    volumes.put("a", of_bytes(100), "a")
    volumes.put("b", of_bytes(100), "b")
    assert volumes.get("a") is not None
    volumes.put("c", of_bytes(100), "c")
    assert ("a" in volumes, "b" in volumes) == (True, False)


def test_room_is_made_before_a_series_is_read_and_what_is_seen_stays():
    volumes = Volumes(budget=250)
    for key in "ab":
        volumes.put(key, of_bytes(100), visible="a")
    volumes.make_room(50, "a")
    assert "b" in volumes  # 250 of 250
    volumes.make_room(51, "a")
    assert ("a" in volumes, "b" in volumes) == (True, False)
    volumes.make_room(1000, "a")
    assert "a" in volumes


def test_what_is_on_screen_stays_even_beyond_the_budget():
    volumes = Volumes(budget=10)
    volumes.put("a", of_bytes(100), "ab")
    volumes.put("b", of_bytes(100), "ab")
    assert volumes.size == 200


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 60)), max_size=30))
def test_the_budget_holds_but_for_the_one_on_screen(puts):
    volumes = Volumes(budget=100)
    for key, count in puts:
        volumes.put(key, of_bytes(count), {key})
        assert key in volumes and volumes.size <= 100


# ------------------------------------------------------------------------------------------------------------ film
@pytest.mark.parametrize(("seconds", "frame"), [(0.0, 3), (0.039, 3), (0.04, 4), (0.2, 8), (0.28, 0), (10.28, 0)])
def test_ten_frames_at_25_a_second_from_the_fourth_around(seconds, frame):
    assert frame_at(3, 10, 25, seconds, loops=True) == frame


def test_a_film_that_does_not_loop_ends_after_its_last_frame():
    assert [frame_at(8, 10, 10, seconds, loops=False) for seconds in (0.0, 0.1, 0.2)] == [8, 9, None]
