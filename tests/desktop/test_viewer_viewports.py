"""Several viewports, as a person uses them: layouts, drops, linked slices and windows, the film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QElapsedTimer, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from tests.builders import tiny_ct, write_dicom, write_picture
from tests.desktop.acting import SOON, drag, wheel
from umed_desktop.viewer.image_view import SERIES_MIME

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One patient space: eleven axial slices 2 mm apart, and five 5 mm apart, so both from 0 to 20 mm."""
    folder = tmp_path / "study"
    folder.mkdir()
    for series, (count, step) in enumerate(((11, 2.0), (5, 5.0))):
        for number in range(count):
            tags = {"SeriesInstanceUID": f"2.25.9{series}", "FrameOfReferenceUID": "2.25.5"}
            tags |= {"SeriesNumber": str(series + 1), "SeriesDescription": ("Thin", "Thick")[series]}
            tags["SOPInstanceUID"] = f"2.25.8{series}{number}"
            write_dicom(folder / f"{series}-{number:02}.dcm", tiny_ct(number, step, **tags))
    return folder


@pytest.fixture
def two(window, qtbot, study):
    """The study open in two viewports: the thin series in the first, which is active, the thick one in the second."""
    window.open_paths([study])
    whole(qtbot, window, 0)
    window.actions_by_name["layout_1x2"].trigger()
    whole(qtbot, window, 1)
    return window


def whole(qtbot, window, number: int) -> None:
    """Waits until a viewport shows all of its series."""
    qtbot.waitUntil(
        lambda: (
            (pane := window.viewports.shown(number)).image is not None
            and pane.image.frame_count == window.session.series[pane.index].frame_count
            and not window.session.is_early
        ),
        timeout=SOON,
    )


def titles(window) -> list[str]:
    return [
        window.session.series[window.viewports.shown(n).index].description for n in range(len(window.viewports.panes))
    ]


def drop_series(view, index: int) -> None:
    data = QMimeData()
    data.setData(SERIES_MIME, str(index).encode())
    copy, plain = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(QPoint(5, 5), copy, data, LEFT, plain)
    QApplication.sendEvent(view, entered)
    assert entered.isAccepted()
    QApplication.sendEvent(view, QDropEvent(QPointF(5, 5), copy, data, LEFT, plain))


# ---------------------------------------------------------------------------------------------------------- layouts
def test_a_second_viewport_shows_the_next_series_beside_the_first(two):
    views = two.parts.viewer.views
    assert titles(two) == ["Thin", "Thick"]
    assert all(view.isVisible() and view.has_image for view in views)
    assert "Thick" in views[1]._legend.top_right
    assert (views[0]._is_framed, views[1]._is_framed) == (True, False)


def test_four_viewports_share_the_volumes_that_are_read(qtbot, two):
    two.actions_by_name["layout_2x2"].trigger()
    panes = [two.viewports.shown(number) for number in range(4)]
    assert titles(two) == ["Thin", "Thick", "Thin", "Thin"]
    assert panes[0].image is panes[2].image is panes[3].image
    assert two.parts.viewer.views[3].has_image


def test_a_click_makes_a_viewport_active_and_the_session_follows(qtbot, two):
    viewer = two.parts.viewer
    qtbot.mouseClick(viewer.views[1], LEFT)
    assert (viewer.active, two.session.series[two.session.current].description) == (1, "Thick")
    assert two.session.image.frame_count == 5
    assert (viewer.slider.maximum(), viewer.views[1]._is_framed) == (4, True)
    assert two.parts.series.tree.currentItem().text(0).startswith("2  Thick")
    qtbot.keyClick(viewer.views[1], Qt.Key.Key_F6)
    assert viewer.active == 0


def test_each_viewport_keeps_its_slice_window_zoom_and_negative(qtbot, two):
    viewer, actions = two.parts.viewer, two.actions_by_name
    actions["link_scroll"].trigger()  # not linked any more
    two.session.show_frame(7)
    actions["preset_2"].trigger()
    actions["invert"].trigger()
    actions["turn"].trigger()
    window, affine = two.session.window, viewer.views[0].affine
    qtbot.mouseClick(viewer.views[1], LEFT)
    assert (two.session.frame, two.session.window, actions["invert"].isChecked()) == (0, None, False)
    qtbot.mouseClick(viewer.views[0], LEFT)
    assert (two.session.frame, two.session.window, actions["invert"].isChecked()) == (7, window, True)
    assert viewer.views[0].affine == affine


def test_the_active_viewport_stays_when_there_is_room_for_one(qtbot, two):
    qtbot.mouseClick(two.parts.viewer.views[1], LEFT)
    two.actions_by_name["layout_1"].trigger()
    assert two.parts.viewer.active == 0
    assert titles(two) == ["Thick"]
    assert "Thick" in two.parts.viewer.view._legend.top_right
    assert not two.parts.viewer.views[1].isVisible()
    assert two.settings.viewports == "1"


def test_layout_and_links_are_remembered(qtbot, worker, study):
    from umed_desktop.settings import Settings
    from umed_desktop.window.main_window import MainWindow

    window = MainWindow(
        Settings(model="fake", viewports="2x2", links_window=True, cine_fps=24, cine_loops=False), None, worker
    )
    qtbot.addWidget(window)
    window.show()
    assert len(window.parts.viewer.shown_views) == 4
    assert window.actions_by_name["layout_2x2"].isChecked() and not window.actions_by_name["layout_1"].isChecked()
    assert window.actions_by_name["link_window"].isChecked() and window.viewports.links_window
    assert (window.viewports.cine.fps, window.viewports.cine.loops) == (24, False)
    window.open_paths([study])
    for number in range(4):
        whole(qtbot, window, number)
    window.close()


# ------------------------------------------------------------------------------------------------ series to viewports
def test_a_series_dropped_on_a_viewport_is_shown_there(qtbot, two):
    drop_series(two.parts.viewer.views[1], 0)
    whole(qtbot, two, 1)
    assert titles(two) == ["Thin", "Thin"]
    assert two.parts.viewer.active == 1


def test_files_dropped_on_a_viewport_are_the_windows(two):
    from PySide6.QtCore import QUrl

    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/a.dcm")])
    entered = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    two.parts.viewer.view.dragEnterEvent(entered)
    assert not entered.isAccepted()


def test_a_pressed_row_may_become_a_drag_and_a_clicked_one_is_chosen(qtbot, two):
    tree = two.parts.series.tree
    item = next(item for n in range(tree.topLevelItemCount()) if "Thick" in (item := tree.topLevelItem(n)).text(0))
    middle = tree.visualItemRect(item).center()
    qtbot.mousePress(tree.viewport(), LEFT, pos=middle)
    assert titles(two) == ["Thin", "Thick"]
    assert two.session.current == 0
    assert bytes(tree.mimeData([item]).data(SERIES_MIME).data()) == b"1"
    qtbot.mouseRelease(tree.viewport(), LEFT, pos=middle)
    assert titles(two) == ["Thick", "Thick"]


def test_a_series_that_was_read_is_there_at_once(two):
    two.choose_series(1)
    assert two.session.image is not None and two.session.image.frame_count == 5  # no reading in between
    two.choose_series(0)
    assert two.session.image.frame_count == 11


def test_other_paths_empty_all_viewports(qtbot, two, bright):
    two.open_paths([bright])
    qtbot.waitUntil(lambda: two.session.image is not None and two.session.image.width == 200, timeout=SOON)
    qtbot.waitUntil(lambda: two.viewports.shown(1).image is two.session.image, timeout=SOON)
    assert len(two.session.series) == 1


def test_a_series_that_cannot_be_read_says_so_in_its_own_viewport(qtbot, window, study):
    window.open_paths([study])
    whole(qtbot, window, 0)
    for path in study.glob("1-*.dcm"):
        path.write_bytes(path.read_bytes()[:-20])
    window.actions_by_name["layout_1x2"].trigger()
    view = window.parts.viewer.views[1]
    qtbot.waitUntil(lambda: view._message[0] == "This image could not be opened", timeout=SOON)
    assert window.parts.viewer.views[0].has_image
    assert "1-00.dcm" in window.parts.notice.message.text()


# ------------------------------------------------------------------------------------------------------------- links
def test_linked_viewports_meet_at_the_same_millimetre(two):
    wheel(two.parts.viewer.views[0], -5)  # slice 5 of the thin series lies at 10 mm
    assert [two.viewports.shown(number).frame for number in (0, 1)] == [5, 2]
    assert "10.0 mm" in two.parts.viewer.views[1]._legend.bottom_right[1]


def test_the_wheel_turns_the_viewport_under_the_pointer_and_the_others_follow(two):
    wheel(two.parts.viewer.views[1], -4)
    assert [two.viewports.shown(number).frame for number in (0, 1)] == [10, 4]
    assert two.parts.viewer.active == 0


def test_to_look_elsewhere_moves_no_slice(qtbot, two):
    two.session.show_frame(6)  # 12 mm: the nearest of the other series is 10 mm
    qtbot.mouseClick(two.parts.viewer.views[1], LEFT)
    assert [two.viewports.shown(number).frame for number in (0, 1)] == [6, 2]


def test_unlinked_viewports_go_their_own_ways(two):
    two.actions_by_name["link_scroll"].trigger()
    wheel(two.parts.viewer.views[0], -5)
    assert [two.viewports.shown(number).frame for number in (0, 1)] == [5, 0]
    two.actions_by_name["link_scroll"].trigger()
    assert [two.viewports.shown(number).frame for number in (0, 1)] == [5, 2]  # linked again, they meet


def test_window_and_level_are_linked_on_demand(qtbot, two):
    two.actions_by_name["preset_2"].trigger()
    assert two.viewports.shown(1).window is None
    qtbot.keyClick(two.parts.viewer.view, Qt.Key.Key_K, Qt.KeyboardModifier.ShiftModifier)
    assert two.viewports.shown(1).window == two.session.window
    drag(qtbot, two.parts.viewer.views[0], LEFT, QPoint(60, 60), QPoint(100, 60))
    assert two.viewports.shown(1).window == two.session.window
    assert f"W {two.session.window.width:.0f}" in two.parts.viewer.views[1]._legend.bottom_left[0]


def test_a_large_picture_is_previewed_in_every_linked_viewport_and_then_drawn_in_full(qtbot, window, tmp_path):
    window.open_paths([write_picture(tmp_path / "large.png", np.zeros((1600, 1600), np.uint8))])
    window.actions_by_name["layout_1x2"].trigger()
    window.actions_by_name["link_window"].trigger()
    qtbot.waitUntil(lambda: window.viewports.shown(1).image is not None, timeout=SOON)
    window._drag_window(0.1, 0.1)
    assert [view._pixmap.width() for view in window.parts.viewer.shown_views] == [534, 534]
    qtbot.waitUntil(lambda: window.parts.viewer.views[0]._pixmap.width() == 1600, timeout=SOON)
    assert window.parts.viewer.views[1]._pixmap.width() == 1600


def test_the_probe_reads_the_pixel_of_the_viewport_under_the_pointer(two):
    views = two.parts.viewer.views
    two.actions_by_name["link_scroll"].trigger()
    wheel(views[1], -3)
    views[1].probed.emit((2, 1))
    assert views[1]._legend.bottom_left[0] == "2, 1:  3 HU"  # every pixel of slice 3 is 3 HU
    assert len(views[0]._legend.bottom_left) == 1


# -------------------------------------------------------------------------------------------------------------- film
def test_space_plays_and_pauses(qtbot, two):
    view, cine = two.parts.viewer.view, two.viewports.cine
    view.setFocus()
    two.parts.viewer.cine.fps.setValue(50)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert cine.is_playing and two.parts.viewer.cine.play.accessibleName() == "Pause"
    qtbot.waitUntil(lambda: two.session.frame > 2, timeout=SOON)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    frame = two.session.frame
    qtbot.wait(60)
    assert (cine.is_playing, two.session.frame) == (False, frame)


def test_the_film_ends_at_the_last_slice_unless_it_loops(qtbot, two):
    cine = two.viewports.cine
    two.parts.viewer.cine.fps.setValue(60)
    two.parts.viewer.cine.loop.setChecked(False)
    assert not two.actions_by_name["loop"].isChecked()
    two.session.show_frame(8)
    qtbot.mouseClick(two.parts.viewer.cine.play, LEFT)
    qtbot.waitUntil(lambda: not cine.is_playing, timeout=SOON)
    assert two.session.frame == 10
    two.actions_by_name["loop"].trigger()
    assert cine.loops and two.parts.viewer.cine.loop.isChecked()
    two.session.show_frame(9)
    two.actions_by_name["play"].trigger()
    qtbot.waitUntil(lambda: two.session.frame == 1, timeout=SOON)
    two.actions_by_name["play"].trigger()


def test_the_film_goes_on_from_where_a_person_turns_to(qtbot, two):
    two.parts.viewer.cine.fps.setValue(1)
    two.actions_by_name["play"].trigger()
    two.session.show_frame(9)
    qtbot.waitUntil(lambda: two.session.frame != 9, timeout=SOON)
    assert two.session.frame == 10
    two.actions_by_name["play"].trigger()


def test_another_series_stops_the_film(two):
    two.actions_by_name["play"].trigger()
    two.choose_series(1)
    assert not two.viewports.cine.is_playing


def test_faster_and_slower_change_the_pace(two):
    before = two.settings.cine_fps
    two.actions_by_name["faster"].trigger()
    assert (two.settings.cine_fps, two.viewports.cine.fps) == (before + 5, before + 5)
    for _ in range(20):
        two.actions_by_name["slower"].trigger()
    assert two.viewports.cine.fps == 1


def test_other_work_goes_on_while_the_film_plays(qtbot, two):
    """The film waits for nothing: what is put on the event loop meanwhile is done."""
    from PySide6.QtCore import QTimer

    two.parts.viewer.cine.fps.setValue(60)
    two.actions_by_name["play"].trigger()
    done: list[int] = []
    for number in range(20):
        QTimer.singleShot(0, two, lambda number=number: done.append(number))
    clock = QElapsedTimer()
    clock.start()
    qtbot.waitUntil(lambda: len(done) == 20 and clock.elapsed() > 200, timeout=SOON)
    assert two.viewports.cine.is_playing
    two.actions_by_name["play"].trigger()
