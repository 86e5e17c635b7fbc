"""The values of a region are those of what lies under it now: while a hand pulls it, and on another slice."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.desktop.acting import SOON, moved
from tests.desktop.measuring_by_hand import LEFT, at, block, draw, measured, words, write_scan


@pytest.fixture
def opened(qtbot, window):
    """Opens a folder in the window, and waits for its last slice."""

    def opened(folder):
        window.open_paths([folder])
        qtbot.waitUntil(lambda: window.session.image is not None and not window.session.is_early, timeout=3 * SOON)
        return window

    return opened


@pytest.fixture
def measuring(opened, tmp_path):
    return opened(write_scan(tmp_path / "scan", [block()] * 3))


@pytest.fixture
def ramp(opened, tmp_path):
    """Three slices without a pattern: 0, 100 and 200 HU."""
    return opened(write_scan(tmp_path / "ramp", [np.full((32, 64), 100 * number) for number in range(3)]))


def draft_words(window) -> tuple[str, ...]:
    draft = window.viewer.measuring.hands[0]._draft
    return () if draft is None else draft.words


def test_the_values_of_a_region_follow_the_handle_that_is_pulled(qtbot, measuring):
    view = measuring.parts.viewer.view
    draw(qtbot, measuring, Qt.Key.Key_Q, (20, 10), (30, 20))
    (one,) = measured(measuring)
    assert one.kind == "rectangle"
    assert words(measuring)[1] == "mean 100.0 HU  sd 0.0"
    qtbot.mousePress(view, LEFT, pos=at(measuring, 30, 20))
    QApplication.sendEvent(view, moved(view, at(measuring, 36, 20), LEFT))
    QApplication.sendEvent(view, moved(view, at(measuring, 40, 20), LEFT))
    qtbot.waitUntil(lambda: draft_words(measuring)[1:2] == ("mean 200.0 HU  sd 100.0",), timeout=SOON)
    assert measured(measuring) == (one,)  # still in the hand
    qtbot.mouseRelease(view, LEFT, pos=at(measuring, 40, 20))
    assert words(measuring)[1] == "mean 200.0 HU  sd 100.0"


def test_a_fast_hand_has_the_values_reckoned_some_of_the_time_and_the_last_time(qtbot, measuring):
    view, hand = measuring.parts.viewer.view, measuring.viewer.measuring.hands[0]
    draw(qtbot, measuring, Qt.Key.Key_Q, (20, 10), (24, 14))
    reckoned, plain = [], hand._words

    def counted(kind, points):
        reckoned.append(points)
        return plain(kind, points)

    hand._words = counted
    qtbot.mousePress(view, LEFT, pos=at(measuring, 24, 14))
    for step in range(40):
        QApplication.sendEvent(view, moved(view, at(measuring, 24 + 0.4 * step, 20), LEFT))
    last = hand._draft.points
    assert len(reckoned) < 20
    qtbot.waitUntil(lambda: reckoned[-1:] == [last], timeout=SOON)
    qtbot.mouseRelease(view, LEFT, pos=at(measuring, 40, 20))


def test_a_region_in_the_making_has_the_values_of_the_slice_that_the_wheel_turns_to(qtbot, ramp):
    view = ramp.parts.viewer.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_E)
    qtbot.mousePress(view, LEFT, pos=at(ramp, 10, 10))
    QApplication.sendEvent(view, moved(view, at(ramp, 20, 20), LEFT))
    QApplication.sendEvent(view, moved(view, at(ramp, 30, 20), LEFT))
    qtbot.waitUntil(lambda: draft_words(ramp)[1:2] == ("mean 0.0 HU  sd 0.0",), timeout=SOON)
    ramp.viewports.turn(0, 1)
    qtbot.waitUntil(lambda: draft_words(ramp)[1:2] == ("mean 100.0 HU  sd 0.0",), timeout=SOON)
    qtbot.mouseRelease(view, LEFT, pos=at(ramp, 30, 20))
    assert words(ramp)[1] == "mean 100.0 HU  sd 0.0"
    ramp.session.show_frame(0)
    assert ramp.viewer.measuring.hands[0].shown == ()


def test_a_region_that_is_held_goes_with_the_wheel_and_undo_brings_it_back(qtbot, ramp):
    view = ramp.parts.viewer.view
    draw(qtbot, ramp, Qt.Key.Key_Q, (10, 10), (20, 20))
    (one,) = measured(ramp)
    qtbot.mousePress(view, LEFT, pos=at(ramp, 20, 20))
    QApplication.sendEvent(view, moved(view, at(ramp, 24, 22), LEFT))
    QApplication.sendEvent(view, moved(view, at(ramp, 26, 24), LEFT))
    ramp.viewports.turn(0, 2)
    qtbot.waitUntil(lambda: draft_words(ramp)[1:2] == ("mean 200.0 HU  sd 0.0",), timeout=SOON)
    qtbot.mouseRelease(view, LEFT, pos=at(ramp, 26, 24))
    (carried,) = measured(ramp)
    assert (carried.id, ramp.session.frame) == (one.id, 2)
    assert words(ramp)[1] == "mean 200.0 HU  sd 0.0"
    ramp.viewer.undoing.undo()
    assert measured(ramp) == (one,)
    assert ramp.viewer.measuring.hands[0].shown == ()  # it lies on the first slice again
