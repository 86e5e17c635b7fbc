"""Two models on one study, in the window: both answer beside each other, and nothing of it touches the study unasked."""

from __future__ import annotations

import json
import os
import signal
from datetime import datetime

import psutil
import pytest
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog

from tests.desktop.acting import SOON, ask, drag, moved, wheel
from tests.desktop.comparing import ask_both, both_ready
from tests.desktop.test_accessibility import interactive
from umed_core.geometry import NormalizedBox
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.compare.document import ComparisonDocument
from umed_desktop.compare.presenting import SIDE_COLORS
from umed_desktop.viewer.overlays import screen_rect


@pytest.fixture
def comparing(qtbot, reading, tmp_path):
    """The window with the bright picture open and two fake models side by side."""
    folder = tmp_path / "second"
    folder.mkdir()
    reading.comparing.start(str(folder))
    both_ready(qtbot, reading)
    yield reading
    reading.comparing.close()


def test_two_models_answer_side_by_side(qtbot, comparing):
    panel = comparing.comparing.panel
    assert panel.isVisible()
    assert not comparing.parts.middle.isVisible()
    assert [column.model.text() for column in panel.columns.values()] == ["fake", "second"]
    assert "00000000 · AUTO" in panel.columns["B"].about.text()
    ask_both(qtbot, comparing, "What is bright?")
    texts = [column.answer.toPlainText() for column in panel.columns.values()]
    assert texts == ["Answer 1: a bright region at box 1 looks like a kidney stone."] * 2
    assert panel.agreement.words.text().startswith("Both name: kidney stone · only A: – · only B: –")
    assert "1.00" in panel.agreement.words.text()
    assert "first token" in panel.columns["A"].state.text()
    assert comparing.session.exchanges() == ()
    first, second = panel.views
    assert first.width() == pytest.approx(second.width(), abs=2)
    assert first.height() == second.height()


def test_both_views_go_together(qtbot, window, ct_folder, tmp_path):
    window.start_model()
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    window.comparing.start(str(tmp_path))
    first, second = window.comparing.panel.views
    QApplication.processEvents()
    wheel(second, -2)
    assert window.session.frame == 2
    assert "Slice 3 / 5" in " ".join(first._legend.bottom_right)
    assert "Slice 3 / 5" in " ".join(second._legend.bottom_right)
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Up)
    assert window.session.frame == 1
    middle = QPoint(50, 50)
    drag(qtbot, second, Qt.MouseButton.RightButton, middle, QPoint(50, 20))
    drag(qtbot, second, Qt.MouseButton.MiddleButton, middle, QPoint(70, 40))
    assert first.affine.scale == pytest.approx(second.affine.scale)
    at_middle = [view.affine.to_image(view.width() / 2, view.height() / 2) for view in (first, second)]
    assert at_middle[0] == pytest.approx(at_middle[1])
    before = window.session.shown_window()
    drag(qtbot, first, Qt.MouseButton.LeftButton, middle, QPoint(90, 50))
    assert window.session.shown_window().width > before.width
    qtbot.keyClick(first, Qt.Key.Key_F)
    assert second.affine.scale == pytest.approx(first.affine.scale)
    window.comparing.close()


def test_hovering_a_box_or_a_row_lights_the_pair(qtbot, comparing):
    ask_both(qtbot, comparing, "What is bright?")
    comparison, panel = comparing.comparing.comparison, comparing.comparing.panel
    view = panel.views[1]
    place = screen_rect(NormalizedBox(0.5, 0.2, 0.2, 0.2), view.affine, view._size).center().toPoint()
    QApplication.sendEvent(view, moved(view, place, Qt.MouseButton.NoButton))
    assert len(comparison.lit()) == 2
    assert [item.text(0) for item in panel.agreement.table.selectedItems()] == ["A1  kidney stone"]
    assert all(box.lit for box in panel.views[0]._boxes)
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert comparison.lit() == frozenset()
    table = panel.agreement.table
    row = table.visualItemRect(table.topLevelItem(0)).center()
    QApplication.sendEvent(table.viewport(), moved(table.viewport(), row, Qt.MouseButton.NoButton))
    assert len(comparison.lit()) == 2


def test_keeping_an_answer_puts_it_into_the_conversation(qtbot, comparing):
    ask_both(qtbot, comparing, "What is bright?")
    column = comparing.comparing.panel.columns["B"]
    qtbot.mouseClick(column.keep, Qt.MouseButton.LeftButton)
    (kept,) = comparing.session.exchanges()
    assert (kept.model, kept.question) == ("second", "What is bright?")
    assert not column.keep.isEnabled()  # once is enough
    assert comparing.comparing.panel.columns["A"].keep.isEnabled()
    comparing.comparing.close()
    (card,) = comparing.parts.chat.cards.values()
    assert "second 00000000" in card._state.text()  # another model's than the one that is loaded
    ask(qtbot, comparing, "And now?", wait=False)
    qtbot.waitUntil(lambda: comparing.session.exchanges()[-1].state == "done", timeout=SOON)
    assert comparing.session.exchanges()[-1].model == "fake"


@pytest.fixture
def slow_worker(worker: list[str]) -> list[str]:
    return [*worker[:-1], "0.2"]


def answering_slowly(qtbot, window, slow_worker, bright, tmp_path):
    """Both sides of a comparison that has been asked, and takes its time."""
    window._worker = tuple(slow_worker)
    window.comparing._worker = slow_worker
    window.start_model()
    window.open_paths([bright])
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    window.comparing.start(str(tmp_path))
    both_ready(qtbot, window)
    ask_both(qtbot, window, "What is bright?", wait=False)
    return window.comparing.comparison.sides


def test_escape_stops_both(qtbot, window, slow_worker, bright, tmp_path):
    sides = answering_slowly(qtbot, window, slow_worker, bright, tmp_path)
    qtbot.waitUntil(lambda: all(side.exchange.text for side in sides.values()), timeout=SOON)
    qtbot.keyClick(window.comparing.panel.composer.field, Qt.Key.Key_Escape)
    assert [side.exchange.state for side in sides.values()] == ["stopped", "stopped"]
    assert window.comparing.is_open
    window.comparing.close()


def test_escape_stops_an_answer_that_the_study_was_waiting_for(qtbot, window, slow_worker, bright, tmp_path):
    window._worker = tuple(slow_worker)
    window.start_model()
    window.open_paths([bright])
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    ask(qtbot, window, "What is bright?", wait=False)
    window.comparing.start(str(tmp_path))
    both_ready(qtbot, window)
    ask_both(qtbot, window, "And now?", wait=False)
    assert "still answering" in window.parts.notice.message.text()
    qtbot.keyClick(window.comparing.panel.composer.field, Qt.Key.Key_Escape)
    assert not window.session.is_answering
    qtbot.keyClick(window.comparing.panel.composer.field, Qt.Key.Key_Return)  # the question is still there
    assert window.comparing.comparison.is_answering
    window.comparing.close()


def test_what_is_out_of_sight_can_not_be_changed(qtbot, comparing):
    actions = comparing.actions_by_name
    assert comparing.session.draw_box(NormalizedBox(0.1, 0.1, 0.2, 0.2))  # as a deed that Undo would take back
    off = ("undo", "attach_image", "edit_class", "draw_box", "accept_box", "layout_2x2", "show_chat")
    assert [name for name in off if actions[name].isEnabled()] == []
    comparing.comparing.close()
    assert actions["undo"].isEnabled()
    assert actions["layout_2x2"].isEnabled()


def test_long_names_and_questions_give_way(qtbot, comparing):
    panel, comparison = comparing.comparing.panel, comparing.comparing.comparison
    long = "a-model-whose-name-says-all-that-was-ever-done-to-it-" * 4
    comparison.model_loaded("B", replace(comparison.sides["B"].model, model=long))
    ask_both(qtbot, comparing, "Is there anything bright? " * 12)
    assert panel.minimumSizeHint().width() <= panel.minimumWidth()
    column = panel.columns["B"]
    assert "…" in column.model.text()
    assert column.model.toolTip() == column.model.accessibleName() == long
    assert "…" in panel.about.text()
    first, second = panel.views
    assert first.width() == pytest.approx(second.width(), abs=2)


def test_another_model_takes_the_place_of_one_that_is_answering(qtbot, window, slow_worker, bright, tmp_path):
    sides = answering_slowly(qtbot, window, slow_worker, bright, tmp_path)
    qtbot.waitUntil(lambda: bool(sides["B"].exchange.text), timeout=SOON)
    old = window.comparing.engine._process.processId()
    other = tmp_path / "other"
    other.mkdir()
    window.comparing.start(str(other))
    assert not psutil.pid_exists(old)
    assert sides["B"].exchange is None  # what the old one wrote does not stand under the new one's name
    qtbot.waitUntil(lambda: not window.comparing.comparison.is_answering, timeout=SOON)
    assert sides["A"].exchange.state == "done"  # the first model was not disturbed
    both_ready(qtbot, window)
    assert window.comparing.panel.columns["B"].model.text() == "other"
    ask_both(qtbot, window, "And now?", wait=False)
    window.comparing.close()  # while both answer
    assert not window.session.is_answering
    assert window.session.exchanges() == ()


def test_on_a_low_screen_the_images_keep_most_of_the_room(qtbot, comparing):
    panel = comparing.comparing.panel
    for height in (720, 1000):
        comparing.resize(1366, height)
        QApplication.processEvents()
        assert panel.views[0].height() == panel.views[1].height()
        assert panel.views[0].height() > 0.4 * panel.height()


def test_a_second_model_that_crashes_is_restarted_and_harms_nothing(qtbot, comparing):
    wiring = comparing.comparing
    os.kill(wiring.engine._process.processId(), signal.SIGKILL)
    qtbot.waitUntil(lambda: wiring.comparison.sides["B"].state == "lost", timeout=SOON)
    QApplication.processEvents()
    column = wiring.panel.columns["B"]
    assert "ended (signal SIGKILL)" in column.failure.text()
    assert column.restart.visibleRegion().boundingRect() == column.restart.rect()  # in whole, without scrolling
    assert comparing.session.model_state == "ready"
    assert wiring.comparison.sides["A"].state == "ready"
    qtbot.mouseClick(column.restart, Qt.MouseButton.LeftButton)
    both_ready(qtbot, comparing)
    assert not column.restart.isVisible()
    ask_both(qtbot, comparing, "What is bright?")
    assert wiring.comparison.agreement().mean_iou == pytest.approx(1.0)


def test_a_crash_while_both_answer_fails_both_and_the_window_lives(qtbot, comparing):
    ask_both(qtbot, comparing, "crash now, please do")
    qtbot.waitUntil(lambda: comparing.session.model_state == "lost", timeout=SOON)
    wiring = comparing.comparing
    qtbot.waitUntil(lambda: wiring.comparison.sides["B"].state == "lost", timeout=SOON)
    assert [side.exchange.state for side in wiring.comparison.sides.values()] == ["failed", "failed"]
    ask_both(qtbot, comparing, "What is bright?")  # starts both again
    assert [side.exchange.state for side in wiring.comparison.sides.values()] == ["done", "done"]


def test_a_folder_without_a_model_says_so_beside_the_first(qtbot, reading, tmp_path):
    missing = tmp_path / "missing"  # the fake finds no model in a folder of this name
    missing.mkdir()
    reading.comparing.start(str(missing))
    qtbot.waitUntil(lambda: reading.comparing.comparison.sides["B"].state == "lost", timeout=SOON)
    assert "There is no model" in reading.comparing.panel.columns["B"].failure.text()
    assert reading.comparing.comparison.sides["A"].state == "ready"
    reading.comparing.close()


def test_closing_ends_the_second_process_and_brings_the_page_back(qtbot, comparing):
    pid, first = comparing.comparing.engine._process.processId(), comparing.engine._process.processId()
    assert psutil.pid_exists(pid)
    comparing.actions_by_name["close_comparison"].trigger()
    assert not psutil.pid_exists(pid)
    assert psutil.pid_exists(first)
    assert comparing.session.model_state == "ready"
    assert comparing.parts.middle.isVisible()
    assert comparing.parts.chat.isVisible()
    assert comparing.actions_by_name["layout_1x2"].isEnabled()
    assert not comparing.actions_by_name["close_comparison"].isEnabled()
    ask(qtbot, comparing, "What is bright?")
    assert comparing.session.exchanges()[0].state == "done"


def test_closing_the_window_ends_both_processes(qtbot, comparing):
    pids = [engine._process.processId() for engine in (comparing.engine, comparing.comparing.engine)]
    comparing.close()
    assert [psutil.pid_exists(pid) for pid in pids] == [False, False]


def test_everything_in_it_has_a_name_and_a_tab_stop(qtbot, comparing):
    ask_both(qtbot, comparing, "What is bright?")
    widgets = interactive(comparing.comparing.panel)
    assert len(widgets) >= 10
    assert [w for w in widgets if not (w.accessibleName() or getattr(w, "text", str)())] == []
    assert [w for w in widgets if not w.focusPolicy() & Qt.FocusPolicy.TabFocus] == []


# --------------------------------------------------------------------------------------------------------- the export
def test_the_comparison_is_written_as_json_and_as_a_picture(qtbot, comparing, tmp_path, monkeypatch):
    import msgspec

    ask_both(qtbot, comparing, "What is bright?")
    for name in ("out.json", "out.png"):
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", staticmethod(lambda *_, name=name: (str(tmp_path / name), ""))
        )
        qtbot.mouseClick(comparing.comparing.panel.export, Qt.MouseButton.LeftButton)
    document = msgspec.json.decode((tmp_path / "out.json").read_bytes(), type=ComparisonDocument)
    assert (document.notice, document.file_name, document.question) == (
        RESEARCH_USE_ONLY, "bright.png", "What is bright?",
    )  # fmt: skip
    assert [(side.side, side.model, side.model_sha256) for side in document.sides] == [
        ("A", "fake", "0" * 64), ("B", "second", "0" * 64),
    ]  # fmt: skip
    assert document.sides[0].boxes[0].box == pytest.approx((100, 20, 140, 40))
    assert document.agreement.both_name == ("kidney stone",)
    assert document.agreement.mean_iou == pytest.approx(1.0)
    assert datetime.fromisoformat(document.written).tzinfo is not None
    assert str(tmp_path) not in json.dumps(msgspec.to_builtins(document))  # folders often name patients
    picture = QImage(str(tmp_path / "out.png"))
    assert picture.width() == 1616
    assert picture.text("Disclaimer") == RESEARCH_USE_ONLY
    assert picture.text("Model B") == f"second sha256:{'0' * 64}"
    assert "was written to" in comparing.parts.notice.message.text()


def test_boxes_are_drawn_where_they_lie_in_the_picture(qtbot, comparing, tmp_path):
    ask_both(qtbot, comparing, "What is bright?")
    comparing.comparing.export(tmp_path / "out.png")
    picture = QImage(str(tmp_path / "out.png"))
    # The 200 x 100 image is 4 times as large, 40 px below the top: its box is 400..560 x 120..200; lines run outside.
    assert picture.pixelColor(480, 119).name() == SIDE_COLORS["A"]
    assert picture.pixelColor(480, 160).red() == 250  # what it marks is left as it is
    beside = {picture.pixelColor(x + 816, 119).name() for x in range(400, 560)}
    assert SIDE_COLORS["B"] in beside


def test_an_answer_about_another_slice_is_not_exported(qtbot, window, ct_folder, tmp_path):
    window.start_model()
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    window.comparing.start(str(tmp_path))
    both_ready(qtbot, window)
    ask_both(qtbot, window, "What is bright?")
    window.session.show_frame(3)
    window.comparing.export(tmp_path / "out.json")
    assert "another slice" in window.parts.notice.message.text()
    assert not (tmp_path / "out.json").exists()
    window.comparing.close()
