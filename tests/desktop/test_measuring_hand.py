"""Measuring as a person does: drag, pull a handle, delete, undo, close the window and open it again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.desktop.acting import SOON, drag, moved, show_in_front, wheel
from tests.desktop.measuring_by_hand import LEFT, NO_BUTTON, at, block, draw, measured, words, write_scan
from umed_desktop.settings import Settings


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_scan(tmp_path / "scan", [block()] * 3)


@pytest.fixture
def settings_path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "desktop.json"


@pytest.fixture
def make(qtbot, worker, settings_path):
    """Windows that remember, each closed at the end."""
    from umed_desktop.window.main_window import MainWindow

    made = []

    def one(path: Path):
        window = MainWindow(Settings(model="fake"), settings_path, worker)
        qtbot.addWidget(window)
        window.resize(1280, 800)
        show_in_front(qtbot, window)
        made.append(window)
        window.open_paths([path])
        qtbot.waitUntil(lambda: window.session.image is not None and not window.session.is_early, timeout=3 * SOON)
        return window

    yield one
    for window in made:
        window.close()


@pytest.fixture
def measuring(make, scan):
    return make(scan)


def stored(settings_path: Path) -> list[dict]:
    files = list((settings_path.parent / "measurements").glob("*.json"))
    return [one for file in files for one in json.loads(file.read_text())["measurements"]]


# ---------------------------------------------------------------------------------------------------------- drawing
def test_a_length_is_drawn_and_read_in_mm(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 10), (40, 20))
    (one,) = measured(measuring)
    step = 1 / measuring.parts.viewer.view.affine.scale  # the hand hits whole screen pixels
    assert one.points[0] == pytest.approx((10, 10), abs=step) and one.points[1] == pytest.approx((40, 20), abs=step)
    (text,) = words(measuring)
    assert float(text.removesuffix(" mm")) == pytest.approx(25.0, abs=4 * step)  # 15 mm across, 20 mm down
    assert measuring.actions_by_name["undo"].text() == "&Undo draw length"


def test_a_rectangle_over_the_block_has_its_values_in_hu(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_Q, (39.9, 19.9), (20.1, 10.1))  # from the lower right
    assert words(measuring)[1:] == ("mean 200.0 HU  sd 100.0", "min 100  max 300  200 px")
    assert measured(measuring)[0].points[0] == pytest.approx((20.1, 10.1), abs=0.2)  # corners in order


def test_an_ellipse_inside_half_the_block_sees_one_value(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_E, (20.5, 10.5), (29.5, 19.5))
    assert words(measuring)[1] == "mean 100.0 HU  sd 0.0"


def test_an_angle_takes_a_drag_and_a_click(qtbot, measuring):
    view = measuring.parts.viewer.view
    draw(qtbot, measuring, Qt.Key.Key_G, (40, 10), (10, 10))
    assert measured(measuring) == ()
    QApplication.sendEvent(view, moved(view, at(measuring, 10, 25), NO_BUTTON))
    qtbot.mouseClick(view, LEFT, pos=at(measuring, 10, 25))
    assert float(words(measuring)[0].removesuffix("°")) == pytest.approx(90, abs=1)


def test_a_probe_takes_a_click(qtbot, measuring):
    view = measuring.parts.viewer.view
    qtbot.keyClick(view, Qt.Key.Key_P)
    qtbot.mouseClick(view, LEFT, pos=at(measuring, 35.5, 15.5))
    assert words(measuring) == ("300 HU", "at 35, 15")


def test_a_picture_without_spacing_is_measured_in_pixels(qtbot, make, bright):
    window = make(bright)
    draw(qtbot, window, Qt.Key.Key_L, (100, 20), (140, 20))
    assert words(window)[0].endswith(" px")
    assert float(words(window)[0].removesuffix(" px")) == pytest.approx(40, abs=1)


def test_a_click_with_a_tool_measures_nothing(qtbot, measuring):
    view = measuring.parts.viewer.view
    for key in (Qt.Key.Key_L, Qt.Key.Key_G, Qt.Key.Key_E, Qt.Key.Key_Q):
        qtbot.keyClick(view, key)
        qtbot.mouseClick(view, LEFT, pos=at(measuring, 20, 20))
    assert measured(measuring) == ()


def test_a_drag_beyond_the_image_ends_at_its_edge(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 10), (200, 10))
    assert measured(measuring)[0].points[1][0] == 64.0


# ------------------------------------------------------------------------------------------------- tools and the hand
def test_the_tool_takes_the_left_button_and_escape_gives_it_back(qtbot, measuring):
    view, actions = measuring.parts.viewer.view, measuring.actions_by_name
    before = measuring.session.shown_window()
    draw(qtbot, measuring, Qt.Key.Key_L, (5, 5), (15, 25))
    assert measuring.session.shown_window() == before
    assert actions["tool_length"].isChecked() and not actions["tool_window"].isChecked()
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert actions["tool_window"].isChecked() and measuring.parts.viewer.tool == ""
    drag(qtbot, view, LEFT, at(measuring, 45, 5), at(measuring, 55, 5))
    assert measuring.session.shown_window() != before
    assert len(measured(measuring)) == 1


def test_the_other_buttons_and_the_wheel_stay_what_they_are(qtbot, measuring):
    view = measuring.parts.viewer.view
    qtbot.keyClick(view, Qt.Key.Key_L)
    before = view.affine
    drag(qtbot, view, Qt.MouseButton.MiddleButton, QPoint(50, 50), QPoint(70, 40))
    assert (view.affine.dx - before.dx, view.affine.dy - before.dy) == pytest.approx((20, -10))
    drag(qtbot, view, Qt.MouseButton.RightButton, QPoint(200, 200), QPoint(200, 150))
    assert view.affine.scale > before.scale
    wheel(view, -1)
    assert measuring.session.frame == 1
    assert measured(measuring) == ()


def test_escape_drops_an_angle_that_is_half_drawn_and_keeps_the_tool(qtbot, measuring):
    view = measuring.parts.viewer.view
    draw(qtbot, measuring, Qt.Key.Key_G, (40, 10), (10, 10))
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert measuring.parts.viewer.tool == "angle"
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 10), (30, 10))
    assert [one.kind for one in measured(measuring)] == ["length"]


def test_an_end_is_pulled_and_undo_brings_it_back(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 10), (40, 10))
    qtbot.keyClick(measuring.parts.viewer.view, Qt.Key.Key_Escape)
    before = measured(measuring)[0]
    drag(qtbot, measuring.parts.viewer.view, LEFT, at(measuring, 40, 10), at(measuring, 50, 25))
    after = measured(measuring)[0]
    assert after.points[0] == before.points[0]
    assert after.points[1] == pytest.approx((50, 25), abs=0.2)
    qtbot.keyClick(measuring.parts.viewer.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert measured(measuring) == (before,)
    qtbot.keyClick(measuring.parts.viewer.view, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert measured(measuring) == (after,)


def test_the_corner_of_a_rectangle_resizes_it_and_its_line_moves_it(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_Q, (10, 5), (20, 15))
    view = measuring.parts.viewer.view
    drag(qtbot, view, LEFT, at(measuring, 20, 15), at(measuring, 30, 20))
    (x0, y0), (x1, y1) = measured(measuring)[0].points
    assert (x0, y0, x1, y1) == pytest.approx((10, 5, 30, 20), abs=0.2)
    drag(qtbot, view, LEFT, at(measuring, 10, 12), at(measuring, 15, 14))  # by its left side
    (x0, y0), (x1, y1) = measured(measuring)[0].points
    assert (x0, y0, x1, y1) == pytest.approx((15, 7, 35, 22), abs=0.3)
    assert len(measured(measuring)) == 1


def test_delete_takes_the_chosen_one_and_undo_returns_it(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 5), (20, 5))
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 25), (20, 25))
    first = measured(measuring)[0]
    view = measuring.parts.viewer.view
    qtbot.mouseClick(view, LEFT, pos=at(measuring, 10, 5))
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert first not in measured(measuring) and len(measured(measuring)) == 1
    measuring.actions_by_name["undo"].trigger()
    assert len(measured(measuring)) == 2
    measuring.actions_by_name["remove_measurements_here"].trigger()
    assert measured(measuring) == ()


def test_undo_goes_by_the_order_of_the_deeds_whether_box_or_measurement(qtbot, make, bright):
    from tests.desktop.acting import ask

    window = make(bright)
    window.start_model()
    qtbot.waitUntil(lambda: window.session.model_state == "ready", timeout=SOON)
    ask(qtbot, window, "what is bright?")
    draw(qtbot, window, Qt.Key.Key_L, (10, 10), (60, 10))
    (ref,) = window.session.boxes()
    window.session.judge(ref, "accepted")
    draw(qtbot, window, Qt.Key.Key_L, (10, 80), (60, 80))
    undo = window.actions_by_name["undo"]
    assert undo.text() == "&Undo draw length"
    undo.trigger()
    assert undo.text() == "&Undo accept box"
    undo.trigger()
    assert window.session.verdict(ref) == "open" and len(measured(window)) == 1
    undo.trigger()
    assert measured(window) == () and not undo.isEnabled()
    for _ in range(3):
        window.actions_by_name["redo"].trigger()
    assert len(measured(window)) == 2 and window.session.verdict(ref) == "accepted"


# ------------------------------------------------------------------------------------- under turns, beside other views
@pytest.mark.parametrize("deeds", [("turn",), ("mirror",), ("turn", "turn", "mirror"), ("mirror", "turn", "zoom_in")])
def test_a_measurement_stays_on_its_pixels_under_every_turn(qtbot, measuring, deeds):
    draw(qtbot, measuring, Qt.Key.Key_Q, (20, 10), (40, 20))
    (one,), text = measured(measuring), words(measuring)
    for deed in deeds:
        measuring.actions_by_name[deed].trigger()
    assert measured(measuring) == (one,) and words(measuring) == text
    view = measuring.parts.viewer.view
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    draw(qtbot, measuring, Qt.Key.Key_Q, (20.1, 10.1), (39.9, 19.9))  # drawn on the turned screen, over the same block
    assert words(measuring)[1] == "mean 200.0 HU  sd 100.0"


def test_a_line_is_painted_where_its_pixels_are(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 28), (50, 28))
    measuring.actions_by_name["turn"].trigger()
    qtbot.keyClick(measuring.parts.viewer.view, Qt.Key.Key_Escape)
    qtbot.mouseClick(measuring.parts.viewer.view, LEFT, pos=at(measuring, 5, 5))  # beside it: no more chosen
    view = measuring.parts.viewer.view
    place = at(measuring, 30, measured(measuring)[0].points[0][1])
    picture = view.grab().toImage()
    across = [picture.pixelColor(place.x() + dx, place.y()) for dx in (-2, -1, 0, 1, 2)]  # it stands upright now
    brightest = max(across, key=lambda color: color.red())
    assert brightest.red() > 150 and brightest.red() > brightest.green() + 20  # its pink, on black


def test_the_other_viewport_shows_it_on_the_same_slice_only(qtbot, measuring):
    measuring.actions_by_name["layout_1x2"].trigger()
    qtbot.waitUntil(lambda: measuring.parts.viewer.views[1].has_image, timeout=SOON)
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 5), (20, 5))
    hands = measuring.viewer.measuring.hands
    assert [len(hand.shown) for hand in hands] == [1, 1]  # both show the one series
    measuring.actions_by_name["link_scroll"].trigger()
    wheel(measuring.parts.viewer.views[1], -1)
    assert [len(hand.shown) for hand in hands] == [1, 0]
    view = measuring.parts.viewer.views[1]
    drag(
        qtbot,
        view,
        LEFT,
        QPoint(*map(int, view.affine.to_screen(10, 20))),
        QPoint(*map(int, view.affine.to_screen(30, 20))),
    )
    assert [len(hand.shown) for hand in hands] == [1, 1]
    assert {one.place.position_mm for one in measured(measuring)} == {0.0, 2.0}


# ----------------------------------------------------------------------------------------------------------- the list
def test_the_list_leads_to_the_slice_and_deletes(qtbot, measuring):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 5), (20, 5))
    wheel(measuring.parts.viewer.view, -2)
    draw(qtbot, measuring, Qt.Key.Key_Q, (20.1, 10.1), (39.9, 19.9))
    panel = measuring.parts.measurements
    qtbot.keyClick(measuring.parts.viewer.view, Qt.Key.Key_F7)
    qtbot.waitUntil(lambda: panel.remove.height() > 10, timeout=SOON)
    rows = [[panel.table.topLevelItem(n).text(c) for c in range(3)] for n in range(panel.table.topLevelItemCount())]
    assert [row[:2] for row in rows] == [["Length", "1"], ["Rectangle", "3"]]
    assert "mean 200.0 HU" in rows[1][2]
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Up)
    assert measuring.session.frame == 0
    qtbot.mouseClick(panel.remove, LEFT)
    assert [one.kind for one in measured(measuring)] == ["rectangle"]


# ------------------------------------------------------------------------------------------------------------ kept
def test_measurements_are_there_when_the_study_is_opened_again(qtbot, make, scan, settings_path):
    first = make(scan)
    draw(qtbot, first, Qt.Key.Key_L, (10, 10), (40, 20))
    wheel(first.parts.viewer.view, -1)
    draw(qtbot, first, Qt.Key.Key_Q, (20, 10), (40, 20))
    kept = measured(first)
    first.close()
    again = make(scan)
    assert measured(again) == kept
    qtbot.waitUntil(lambda: len(again.viewer.measuring.hands[0].shown) == 1, timeout=SOON)
    assert words(again)[0].endswith(" mm")
    assert not again.actions_by_name["undo"].isEnabled()
    alone = make(scan / "1.dcm")  # one file of the study: the measurement of its slice, and of no other
    qtbot.waitUntil(lambda: len(alone.viewer.measuring.hands[0].shown) == 1, timeout=SOON)
    assert alone.viewer.measuring.hands[0].shown[0].kind == "rectangle"


def test_a_change_is_on_disk_before_the_window_closes(qtbot, measuring, settings_path):
    draw(qtbot, measuring, Qt.Key.Key_L, (10, 10), (40, 20))
    qtbot.waitUntil(lambda: len(stored(settings_path)) == 1, timeout=SOON)
    measuring.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: stored(settings_path) == [], timeout=SOON)


def test_a_disk_that_takes_nothing_is_said_and_the_change_stays_unsaved(qtbot, measuring, settings_path, monkeypatch):
    from umed_core.errors import StorageError
    from umed_desktop.measuring import keeper

    def full(*_: object) -> None:
        raise StorageError("No space left on device.", "Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(keeper, "save_measurements", full)
        draw(qtbot, measuring, Qt.Key.Key_L, (10, 10), (40, 20))
        qtbot.waitUntil(lambda: "No space left" in measuring.parts.notice.message.text(), timeout=SOON)
        assert measuring.viewer.measuring.measurements.unsaved
    measuring.close()
    assert len(stored(settings_path)) == 1


def test_a_damaged_file_is_said_and_the_study_still_opens(qtbot, make, scan, settings_path):
    first = make(scan)
    draw(qtbot, first, Qt.Key.Key_L, (10, 10), (40, 20))
    first.close()
    (file,) = (settings_path.parent / "measurements").glob("*.json")
    file.write_text("{")
    again = make(scan)
    assert measured(again) == ()
    assert "could not be read" in again.parts.notice.message.text()
    assert file.with_suffix(".broken").read_text() == "{"
