"""Findings and attention in several viewports: each shows what was found on its own series and slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.builders import tiny_ct, write_dicom, write_picture
from tests.desktop.acting import ask, click_piece, moved, only_card, wheel
from umed_core.geometry import NormalizedBox

LONG = 60_000
LEFT = Qt.MouseButton.LeftButton
UPPER_LEFT, LOWER_RIGHT = NormalizedBox(0.125, 0.125, 0.25, 0.25), NormalizedBox(0.5, 0.5, 0.25, 0.25)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two series of four slices in one study, each with a bright block for the fake model to find."""
    folder = tmp_path / "study"
    folder.mkdir()
    for series in range(2):
        for number in range(4):
            tags = {"SeriesInstanceUID": f"2.25.9{series}", "FrameOfReferenceUID": f"2.25.5{series}"}
            tags |= {"SeriesNumber": str(series + 1), "SeriesDescription": ("First", "Second")[series]}
            tags["SOPInstanceUID"] = f"2.25.8{series}{number}"
            dataset = tiny_ct(number, **tags)
            values = np.full((dataset.Rows, dataset.Columns), 40, np.uint16)
            values[1:3, 1:4] = 4000
            dataset.PixelData = values.tobytes()
            write_dicom(folder / f"{series}-{number}.dcm", dataset)
    return folder


@pytest.fixture
def two(window, qtbot, study):
    """The first series in the active viewport, the second one beside it, at slice 1 each; the model is loaded."""
    window.start_model()
    window.open_paths([study])
    return side_by_side(qtbot, window)


def is_whole(window, number: int) -> bool:
    """Whether all slices of its series are there, not the first alone."""
    pane = window.viewports.shown(number)
    return pane.image is not None and pane.image.frame_count == window.session.series[pane.index].frame_count


def side_by_side(qtbot, window):
    qtbot.waitUntil(lambda: window.session.image is not None and not window.session.is_early, timeout=LONG)
    window.actions_by_name["link_scroll"].setChecked(False)
    window.viewports.link_scroll(False)
    window.actions_by_name["layout_1x2"].trigger()
    qtbot.waitUntil(
        lambda: (
            all(is_whole(window, number) for number in range(2)) and window.session.model_state in ("ready", "none")
        ),
        timeout=LONG,
    )
    return window


def boxes(window, number: int) -> list[NormalizedBox]:
    return [drawn.box for drawn in window.parts.viewer.views[number]._boxes]


def lit(window, number: int) -> list[bool]:
    return [drawn.lit for drawn in window.parts.viewer.views[number]._boxes]


def turn_to(qtbot, window, number: int) -> None:
    """A click in a corner where nothing lies."""
    qtbot.mouseClick(window.parts.viewer.views[number], LEFT, pos=QPoint(3, 3))
    assert window.viewports.active == number


# ------------------------------------------------------------------------------------------------------------ boxes
def test_a_box_stays_in_its_viewport_on_its_slice_whichever_viewport_is_active(qtbot, two):
    two.session.draw_box(UPPER_LEFT, "mass")
    assert (boxes(two, 0), boxes(two, 1)) == ([UPPER_LEFT], [])
    turn_to(qtbot, two, 1)
    assert (boxes(two, 0), boxes(two, 1)) == ([UPPER_LEFT], [])
    two.session.draw_box(LOWER_RIGHT, "cyst")
    assert (boxes(two, 0), boxes(two, 1)) == ([UPPER_LEFT], [LOWER_RIGHT])
    wheel(two.parts.viewer.views[0], -1)
    assert (two.viewports.shown(0).frame, boxes(two, 0)) == (1, [])
    wheel(two.parts.viewer.views[0], 1)
    assert (two.viewports.shown(0).frame, boxes(two, 0)) == (0, [UPPER_LEFT])
    two.session.show_frame(2)
    assert (boxes(two, 0), boxes(two, 1)) == ([UPPER_LEFT], [])


def test_two_viewports_of_one_series_show_the_same_boxes_and_change_together(qtbot, two):
    turn_to(qtbot, two, 1)
    two.viewports.choose(0)
    ref = two.session.draw_box(UPPER_LEFT, "mass")
    assert boxes(two, 0) == boxes(two, 1) == [UPPER_LEFT]
    two.session.choose_box(None)
    two.session.point_at(ref)
    assert lit(two, 0) == lit(two, 1) == [True]
    two.session.point_at(None)
    assert lit(two, 0) == lit(two, 1) == [False]
    two.session.place_box(ref, LOWER_RIGHT)
    assert boxes(two, 0) == boxes(two, 1) == [LOWER_RIGHT]
    two.session.judge(ref, "rejected")
    assert boxes(two, 0) == boxes(two, 1) == []
    two.viewer.undoing.undo()
    assert boxes(two, 0) == boxes(two, 1) == [LOWER_RIGHT]


def test_the_box_of_an_answer_is_drawn_as_the_answer_comes_and_a_click_on_it_beside_is_its_own(qtbot, two):
    turn_to(qtbot, two, 1)
    ask(qtbot, two, "what is bright?")
    (found,) = boxes(two, 1)
    turn_to(qtbot, two, 0)
    assert (boxes(two, 0), boxes(two, 1)) == ([], [found])
    view = two.parts.viewer.views[1]
    x, y = view.affine.to_screen(*(c * s for c, s in zip(found.center, view._size, strict=True)))
    place = QPoint(round(x), round(y))
    QApplication.sendEvent(view, moved(view, place, Qt.MouseButton.NoButton))
    assert lit(two, 1) == [True]
    qtbot.mouseClick(view, LEFT, pos=place)
    assert (two.viewports.active, two.session.chosen) == (1, two.session.boxes()[0])


def test_hiding_boxes_hides_them_in_every_viewport(qtbot, two):
    two.session.draw_box(UPPER_LEFT)
    turn_to(qtbot, two, 1)
    two.session.draw_box(LOWER_RIGHT)
    two.actions_by_name["show_boxes"].trigger()
    assert boxes(two, 0) == boxes(two, 1) == []
    wheel(two.parts.viewer.views[0], -1)
    wheel(two.parts.viewer.views[0], 1)
    assert boxes(two, 0) == []
    two.actions_by_name["show_boxes"].trigger()
    assert (boxes(two, 0), boxes(two, 1)) == ([UPPER_LEFT], [LOWER_RIGHT])


def test_viewports_of_two_studies_show_each_its_own_and_what_is_chosen_in_one_lights_nothing_in_the_other(
    qtbot, window, bright, tmp_path
):
    other = write_picture(tmp_path / "other.png", np.full((60, 60), 90, np.uint8))
    window.open_paths([bright, other])
    side_by_side(qtbot, window)
    first = window.session.draw_box(UPPER_LEFT)
    turn_to(qtbot, window, 1)
    second = window.session.draw_box(LOWER_RIGHT)
    assert first == second  # each study counts its own
    assert (boxes(window, 0), boxes(window, 1)) == ([UPPER_LEFT], [LOWER_RIGHT])
    assert (lit(window, 0), lit(window, 1)) == ([False], [True])


# -------------------------------------------------------------------------------------------------------- attention
def test_attention_stays_where_the_asked_slice_is_shown(qtbot, two):
    viewer = two.parts.viewer
    ask(qtbot, two, "what is bright?")
    click_piece(qtbot, only_card(two), "kidney")
    assert [view._heat is not None for view in viewer.views] == [True, False]
    said = viewer.attention.text()
    assert "50%</b> on the image" in said
    turn_to(qtbot, two, 1)
    assert [view._heat is not None for view in viewer.views] == [True, False]
    assert (viewer.attention.isVisible(), viewer.attention.text()) == (True, said)
    wheel(viewer.views[0], -1)
    assert ([view._heat for view in viewer.views], viewer.attention.isVisible()) == ([None, None], False)
    wheel(viewer.views[0], 1)
    assert (viewer.views[0]._heat is not None, viewer.attention.isVisible()) == (True, True)
    two.viewports.choose(0)  # the same series here, too
    assert [view._heat is not None for view in viewer.views] == [True, True]
    two.actions_by_name["show_attention"].trigger()
    assert ([view._heat for view in viewer.views], viewer.attention.isVisible()) == ([None, None], False)
    two.actions_by_name["show_attention"].trigger()
    assert [view._heat is not None for view in viewer.views] == [True, True]


def test_a_new_conversation_takes_the_attention_away_from_every_viewport(qtbot, two):
    ask(qtbot, two, "what is bright?")
    click_piece(qtbot, only_card(two), "kidney")
    turn_to(qtbot, two, 1)
    two.session.new_conversation()
    assert [view._heat for view in two.parts.viewer.views] == [None, None]
    assert not two.parts.viewer.attention.isVisible()
