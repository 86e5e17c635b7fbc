"""Reviewing as a person does: keys, a drag at a box's corner, words typed into the answer, and a process that dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from tests.builders import write_picture
from tests.desktop.acting import drag
from tests.desktop.page_desk import SOON, on_a_desk
from tests.unit.mau.review.review_cases import BOX, MOVED, image_name, polyp_record, write_folder
from umed_core.geometry import NormalizedBox
from umed_core.mau.review.corrections import correction_faults
from umed_core.mau.review.folder import ReviewFolder
from umed_core.mau.review.log import LOG_NAME, ReviewLog
from umed_core.mau.review.session import ReviewSession, SessionPlan
from umed_core.prompts import format_box
from umed_desktop.pages.review.draft import (
    added,
    correction_of,
    draft_of,
    faults_of_draft,
    moved,
    named,
    said,
    without,
)
from umed_desktop.pages.review.review_page import ReviewPage
from umed_desktop.settings import Settings


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Five polyps with a box at 0.2, 0.2, 0.4, 0.4 and a normal image, 200 x 100 pixels each."""
    folder = write_folder(tmp_path / "mau")
    for number in range(6):
        write_picture(folder / image_name(number), np.full((100, 200), 20 * number, np.uint8))
    return folder


@pytest.fixture
def page(qtbot, dataset):
    with on_a_desk(qtbot, ReviewPage, Settings(reviewer="anna")) as (page, said_):
        page.said = said_
        page.open_folder(dataset)
        until_shown(qtbot, page)
        yield page


def until_shown(qtbot, page) -> None:
    qtbot.waitUntil(lambda: page.sitting is not None and page.view.has_image, timeout=SOON)
    QApplication.processEvents()


def events(dataset: Path):
    return ReviewLog(dataset / LOG_NAME).events


def press(qtbot, page, key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    page.view.setFocus()
    qtbot.keyClick(page.view, key, modifier)


# ----------------------------------------------------------------------------------------------------- the draft
def test_a_moved_box_is_moved_in_the_answer_too_through_any_number_of_moves():
    record = polyp_record(0)
    draft = moved(moved(draft_of(record), 0, NormalizedBox(0.3, 0.2, 0.4, 0.4)), 0, MOVED)
    assert draft.findings[0].box == MOVED
    assert format_box(MOVED) in draft.turns[1].text
    assert "0.200" not in draft.turns[1].text
    correction = correction_of(record, draft, "moved")
    assert (correction.findings[0].box, correction.comment) == (MOVED, "moved")
    assert correction_faults(record, correction.turns, correction.findings) == ()


def test_an_untouched_record_has_no_faults_and_a_box_that_no_answer_names_has():
    record = polyp_record(0)
    assert faults_of_draft(record, draft_of(record)) == ()
    assert "lacks the box" in faults_of_draft(record, added(draft_of(record)))[0]
    assert faults_of_draft(record, without(added(draft_of(record)), 1)) == ()


def test_another_class_needs_other_words():
    record = polyp_record(0)
    renamed = named(draft_of(record), 0, "ulcer")
    assert faults_of_draft(record, renamed) != ()
    words = renamed.turns[1].text.replace("polyp", "ulcer")
    assert faults_of_draft(record, said(renamed, 1, words)) == ()


edges = st.floats(0.0, 0.9).map(lambda v: round(v, 3))


@given(st.lists(st.tuples(edges, edges), min_size=1, max_size=5))
def test_wherever_a_box_goes_the_answer_names_its_last_place_only(places):
    draft = draft_of(polyp_record(0))
    for x, y in places:
        draft = moved(draft, 0, NormalizedBox(x, y, 0.1, 0.1))
    x, y = places[-1]
    assert draft.turns[1].text.count("[bbox_start]") == 1
    assert format_box(NormalizedBox(x, y, 0.1, 0.1)) in draft.turns[1].text


# ------------------------------------------------------------------------------------------------------ the keys
def test_letters_accept_reject_skip_and_take_back(qtbot, page, dataset):
    first = page.sitting.record.image
    press(qtbot, page, Qt.Key.Key_A)
    assert [(e.record, e.verdict, e.reviewer) for e in events(dataset)] == [(first, "accept", "anna")]
    until_shown(qtbot, page)
    second = page.sitting.record.image
    page.record.comment.setFocus()
    qtbot.keyClicks(page.record.comment, "rather not")
    press(qtbot, page, Qt.Key.Key_R)
    assert (events(dataset)[-1].verdict, events(dataset)[-1].comment) == ("reject", "rather not")
    assert page.record.comment.text() == ""
    until_shown(qtbot, page)
    third = page.sitting.record.image
    press(qtbot, page, Qt.Key.Key_S)
    assert (len(events(dataset)), page.sitting.record.image != third) == (2, True)
    press(qtbot, page, Qt.Key.Key_U)
    assert (events(dataset)[-1].verdict, page.sitting.record.image) == ("withdraw", second)


def test_nobody_judges_a_picture_that_is_not_on_the_screen(qtbot, page, dataset):
    press(qtbot, page, Qt.Key.Key_A)
    assert not page.view.has_image
    press(qtbot, page, Qt.Key.Key_A)  # the next picture is still being read
    assert len(events(dataset)) == 1
    until_shown(qtbot, page)
    press(qtbot, page, Qt.Key.Key_A)
    assert len(events(dataset)) == 2


def test_letters_that_are_typed_into_words_judge_nothing(qtbot, page, dataset):
    field = page.record.turns.fields[1]
    field.setFocus()
    qtbot.keyClicks(field, "arcsun")
    assert events(dataset) == ()
    assert "arcsun" in page.sitting.draft.turns[1].text


def test_all_judged_is_said(qtbot, page, dataset):
    for _ in range(6):
        until_shown(qtbot, page)
        press(qtbot, page, Qt.Key.Key_A)
    assert page.sitting.record is None
    assert not page.record.buttons["accept"].isEnabled()
    assert "0 left" in page.standing.text()
    press(qtbot, page, Qt.Key.Key_U)
    assert page.sitting.record is not None


# --------------------------------------------------------------------------------------------------- corrections
def with_box(qtbot, page) -> None:
    """Goes on to a record that has one."""
    while not page.sitting.record.findings:
        press(qtbot, page, Qt.Key.Key_S)
        until_shown(qtbot, page)


def on_screen(page, x: float, y: float) -> QPoint:
    """A place of the 200 x 100 picture, as fractions."""
    return QPoint(*map(round, page.view.affine.to_screen(200 * x, 100 * y)))


def test_a_corner_that_is_dragged_resizes_the_box_and_rewrites_the_answer(qtbot, page, dataset):
    with_box(qtbot, page)
    drag(qtbot, page.view, Qt.MouseButton.LeftButton, on_screen(page, 0.6, 0.6), on_screen(page, 0.8, 0.7))
    box = page.sitting.draft.findings[0].box
    assert (box.x, box.y) == (0.2, 0.2)
    assert (box.w, box.h) == pytest.approx((0.6, 0.5), abs=0.02)
    assert format_box(box) in page.record.turns.fields[1].toPlainText()
    assert page.record.fault.text() == ""
    press(qtbot, page, Qt.Key.Key_C)
    (event,) = events(dataset)
    assert (event.verdict, event.findings[0].box) == ("correct", box)
    assert format_box(box) in event.turns[1].text


def test_arrows_move_the_box_and_shifted_ones_resize_it(qtbot, page):
    with_box(qtbot, page)
    press(qtbot, page, Qt.Key.Key_Right)
    assert page.sitting.draft.findings[0].box.x == pytest.approx(0.205)  # one of 200 pixels
    press(qtbot, page, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert page.sitting.draft.findings[0].box.h == pytest.approx(0.41)  # one of 100
    page.record.revert.click()
    assert page.sitting.draft.findings[0].box == BOX


def test_a_changed_record_cannot_be_accepted_unseen(qtbot, page, dataset):
    with_box(qtbot, page)
    press(qtbot, page, Qt.Key.Key_Right)
    press(qtbot, page, Qt.Key.Key_A)
    assert events(dataset) == ()
    assert "You have changed this record" in page.said.errors[-1].message


def test_a_box_is_added_and_deleted_by_key_and_its_fault_is_told(qtbot, page, dataset):
    with_box(qtbot, page)
    press(qtbot, page, Qt.Key.Key_N)
    assert [finding.label for finding in page.sitting.draft.findings] == ["polyp", "polyp"]
    assert page.record.fault.text().startswith("Not yet: ")
    press(qtbot, page, Qt.Key.Key_C)
    assert events(dataset) == ()
    press(qtbot, page, Qt.Key.Key_Delete)
    assert len(page.sitting.draft.findings) == 1
    assert page.record.fault.text() == ""


def test_words_of_the_answer_are_corrected_by_typing(qtbot, page, dataset):
    with_box(qtbot, page)
    field = page.record.turns.fields[1]
    field.setFocus()
    field.moveCursor(field.textCursor().MoveOperation.End)
    qtbot.keyClicks(field, " It is flat.")
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    (event,) = events(dataset)
    assert event.turns[1].text.endswith("which is a polyp. It is flat.")
    assert event.findings is None


# ------------------------------------------------------------------------------------------------- several readers
def read_all(dataset: Path, reviewer: str, verdicts: str) -> None:
    session = ReviewSession(ReviewFolder(dataset), ReviewLog(dataset / LOG_NAME), SessionPlan(reviewer))
    for verdict in verdicts:
        session.accept() if verdict == "a" else session.reject("no polyp")


def test_two_readers_agreement_is_shown_with_kappa(qtbot, page, dataset):
    read_all(dataset, "ben", "aaarrr")
    read_all(dataset, "chris", "aaarrr")
    page.agreement.refresh.click()
    qtbot.waitUntil(lambda: "ben and chris" in page.agreement.words.text(), timeout=SOON)
    words = page.agreement.words.text()
    assert "Cohen's kappa <b>1.00</b>" in words
    assert "box IoU <b>1.00</b>" in words
    assert "<td>accepted&nbsp;&nbsp;</td><td align=right><b>3</b>" in words


def test_disputes_are_settled_in_sight_of_what_was_said(qtbot, page, dataset):
    read_all(dataset, "ben", "a")
    disputed = events(dataset)[0].record
    session = ReviewSession(ReviewFolder(dataset), ReviewLog(dataset / LOG_NAME), SessionPlan("chris"))
    while session.current.image != disputed:
        session.skip()
    session.reject("normal mucosa")
    page.mode.setCurrentIndex(2)
    page.sitting = None
    page.open_dataset()
    until_shown(qtbot, page)
    assert page.sitting.record.image == disputed
    assert page.record.opinions.text() == "ben says accept\nchris says reject: normal mucosa"
    press(qtbot, page, Qt.Key.Key_R)
    assert events(dataset)[-1].adjudicates


def test_a_blind_reading_shows_no_earlier_verdict(qtbot, page, dataset):
    read_all(dataset, "anna", "ar")
    page.mode.setCurrentIndex(1)
    page.sample.setValue(2)
    page.sitting = None
    page.open_dataset()
    until_shown(qtbot, page)
    assert not page.record.opinions.isVisible()
    press(qtbot, page, Qt.Key.Key_A)
    assert (events(dataset)[-1].blind, events(dataset)[-1].verdict) == (True, "accept")


def test_the_reviewed_dataset_is_written(qtbot, page, dataset, tmp_path):
    read_all(dataset, "ben", "aaaarr")
    page.write_reviewed(tmp_path / "reviewed")
    qtbot.waitUntil(lambda: bool(page.said.words), timeout=SOON)
    left = ReviewFolder(tmp_path / "reviewed").places
    assert len(left) == 4


# ---------------------------------------------------------------------------------------------------- what fails
def test_a_folder_that_is_no_dataset_is_said(qtbot, page, tmp_path):
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: bool(page.said.errors), timeout=SOON)
    assert "holds no train.jsonl" in page.said.errors[0].message
    assert page.begin.isEnabled()


def test_a_picture_that_cannot_be_read_can_be_skipped_and_not_judged(qtbot, dataset):
    with on_a_desk(qtbot, ReviewPage, Settings(reviewer="anna")) as (page, said_):
        for number in range(6):
            (dataset / image_name(number)).write_bytes(b"no picture")
        page.open_folder(dataset)
        qtbot.waitUntil(lambda: bool(said_.errors), timeout=SOON)
        press(qtbot, page, Qt.Key.Key_A)
        assert events(dataset) == ()
        before = page.sitting.record.image
        page.record.buttons["skip"].click()
        assert page.sitting.record.image != before


DYING = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from umed_desktop.app import make_window
from umed_desktop.settings import Settings, save_settings
here = Path(sys.argv[1])
save_settings(here / "desktop.json", Settings(reviewer="anna"))
app = QApplication(["umed"])
window = make_window(here / "desktop.json")
window.show()
window.show_page("review", Path(sys.argv[2]))
page = window.parts.pages.page("review")
judged = 0
def go_on():
    global judged
    if page.sitting is None or not page.view.has_image:
        return
    if judged < 2:
        page.judge("accept")
        judged += 1
        return
    if page.sitting.record.findings:
        page.nudge("move", 1, 0)
    else:
        page.record.turns.edited.emit(1, "Something else.")
    print("editing", page.sitting.is_changed, flush=True)
timer = QTimer(interval=50)
timer.timeout.connect(go_on)
timer.start()
app.exec()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal")
def test_a_window_killed_in_the_middle_of_an_edit_has_lost_no_judgement(dataset, tmp_path, program_environment):
    environment = {**program_environment, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", DYING, str(tmp_path), str(dataset)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as window:
        assert window.stdout is not None
        assert window.stdout.readline().strip() == b"editing True"
        window.send_signal(signal.SIGKILL)
    kept = events(dataset)
    assert [(event.reviewer, event.verdict) for event in kept] == [("anna", "accept")] * 2
    again = ReviewSession(ReviewFolder(dataset), ReviewLog(dataset / LOG_NAME), SessionPlan("anna"))
    assert again.left == 4
