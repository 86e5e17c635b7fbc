"""The pages' stack, and commands of umed that run beside the window and outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit, QTabBar, QWidget

from tests.desktop.page_desk import SOON
from tests.desktop.test_accessibility import interactive
from umed_core.errors import ConfigError, DataError, UmedError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.actions import PAGES
from umed_desktop.pages import detached
from umed_desktop.pages.detached import JobRecord, find_job, start_job
from umed_desktop.pages.job_log import Ending, Place, ending_of, last_place
from umed_desktop.pages.job_watch import JobWatch
from umed_desktop.pages.short_command import ShortCommand

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]


# ------------------------------------------------------------------------------------------------------- the log
@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("step 3/8, loss 14.1042, 21.3 samples/s, 0:00:05 left", Place(3, 8, "0:00:05")),
        ("asking [3/20, about 12 s left], $0.02 so far", Place(2, 20, "12 s", "asking")),
        ("looking for near-duplicates [2/288]", Place(1, 288, "", "looking for near-duplicates")),
        ("reading the sources [123]", Place(123, 0, "", "reading the sources")),
        ("[1/500] images/a.png", Place(0, 500)),
    ],
)
def test_lines_of_progress_say_how_far_a_command_is(line, place):
    assert last_place(f"loading torch ...\n{line}\n") == place


def test_the_newest_place_counts_and_other_words_name_none():
    assert last_place("step 1/8, loss 2.0\nstep 2/8, loss 1.0, 0:00:01 left\nsome remark\n") == Place(2, 8, "0:00:01")
    assert last_place("loading torch ...\nmodel: umed-mini on CPU\n") is None


def test_a_command_that_did_its_work_ends_with_the_research_use_line():
    assert ending_of(f"model: runs/a/model\n{RESEARCH_USE_ONLY}\n") == Ending("done")
    assert ending_of(f"model: runs/a/model\n{RESEARCH_USE_ONLY}\n", exit_code=-9).kind == "failed"


def test_a_command_that_failed_says_its_line_and_hint():
    log = "step 4/8, loss 1.0\nerror: Could not write x: No space left on device.\nhint: Free some space.\n"
    assert ending_of(log, 9) == Ending("failed", "Could not write x: No space left on device.", "Free some space.")


def test_stopping_is_no_failure():
    said = "finishing this step\nerror: Stopped after step 4 of 8.\nhint: The same command goes on.\n"
    assert ending_of(said, 130) == Ending("stopped", "Stopped after step 4 of 8.", "The same command goes on.")
    assert ending_of("\nstopped; what was done is kept, and the same command goes on from there\n").kind == "stopped"


def test_a_killed_command_is_told_by_its_signal_and_its_last_line():
    ending = ending_of("step 4/8, loss 1.0\nBus error\n", -9)
    assert (ending.kind, "signal 9" in ending.message, "Bus error" in ending.message) == ("failed", True, True)
    assert ending_of("step 4/8, loss 1.0\n").message == "The process ended without saying why."  # no word on how far


@given(st.text(max_size=300), st.sampled_from([None, 0, 1, -9, 130]))
def test_any_log_has_an_ending_and_at_most_a_place(log, code):
    assert ending_of(log, code).kind in ("done", "stopped", "failed")
    place = last_place(log)
    assert place is None or place.done >= 0


# ------------------------------------------------------------------------------------------- commands of their own
def test_a_command_writes_its_words_to_a_log_and_is_found_again(qtbot, tmp_path: Path):
    job = start_job(tmp_path / "job", ["--version"])
    watch, ended = JobWatch(), []
    watch.ended.connect(ended.append)
    watch.watch(job)
    qtbot.waitUntil(lambda: bool(ended), timeout=SOON)
    assert (job.exit_code, watch.text.startswith("umed ")) == (0, True)
    found = find_job(tmp_path / "job")
    assert found is not None
    assert (found.record.arguments, found.is_running) == (("--version",), False)


def test_nothing_was_started_in_an_empty_folder_and_a_damaged_note_is_said(tmp_path: Path):
    assert find_job(tmp_path / "job") is None
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "job.json").write_text("{")
    with pytest.raises(DataError, match=r"job\.json"):
        find_job(tmp_path / "job")


def test_a_number_that_now_belongs_to_another_process_is_not_taken_for_the_job(tmp_path: Path):
    mine = psutil.Process(os.getpid())
    for born, running in ((mine.create_time(), True), (mine.create_time() - 5, False)):
        (tmp_path / "job.json").write_bytes(msgspec.json.encode(JobRecord(("train",), os.getpid(), born)))
        job = find_job(tmp_path)
        assert job is not None
        assert job.is_running is running


def test_a_second_command_in_the_same_place_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(detached, "umed_command", lambda _: SLEEPER)
    job = start_job(tmp_path / "job", ["train"])
    try:
        with pytest.raises(ConfigError, match="being worked on"):
            start_job(tmp_path / "job", ["train"])
    finally:
        job.end_now()
        assert job.child is not None
        job.child.wait(10)
    assert not job.is_running


STARTER = """
import sys, time
from pathlib import Path
from umed_desktop.pages import detached
detached.umed_command = lambda _: [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
detached.start_job(Path(sys.argv[1]), ["train"])
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX signals")
def test_a_command_outlives_a_killed_window_and_the_next_one_finds_and_stops_it(qtbot, tmp_path, program_environment):
    folder = tmp_path / "job"
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)], env=program_environment, stdout=subprocess.PIPE
    ) as window:
        assert window.stdout is not None
        assert window.stdout.readline().strip() == b"started"
        window.send_signal(signal.SIGKILL)
    job = find_job(folder)
    assert job is not None
    assert (job.child, job.is_running) == (None, True)
    watch, ended = JobWatch(), []
    watch.ended.connect(ended.append)
    watch.watch(job)
    qtbot.waitUntil(lambda: "here" in watch.text, timeout=SOON)
    job.ask_to_stop()
    qtbot.waitUntil(lambda: bool(ended), timeout=SOON)
    assert ended[0].kind == "stopped"  # a plain Python says KeyboardInterrupt


def test_a_short_command_gives_its_words_or_its_error(qtbot, tmp_path: Path):
    command, words, errors = ShortCommand(), [], []
    command.run(["--version"], words.append, errors.append)
    qtbot.waitUntil(lambda: bool(words), timeout=SOON)
    assert words[0].startswith("umed ")
    missing = ["build-mau", "--source", f"csv={tmp_path / 'none'}", "--out", str(tmp_path / "o"), "--dry-run"]
    command.run(missing, words.append, errors.append)
    qtbot.waitUntil(lambda: bool(errors), timeout=SOON)
    assert isinstance(errors[0], UmedError)
    assert "none" in errors[0].message
    assert not command.is_running


def test_a_new_short_command_ends_the_last(qtbot, monkeypatch):
    command, words = ShortCommand(), []
    monkeypatch.setattr("umed_desktop.pages.short_command.umed_command", lambda _: SLEEPER)
    command.run([], words.append, words.append)
    began = time.monotonic()
    command.end()
    assert not command.is_running
    assert time.monotonic() - began < 5
    assert words == []


# ------------------------------------------------------------------------------------------------------ the pages
def test_keys_lead_from_page_to_page_and_back(qtbot, window):
    keys = (Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4, Qt.Key.Key_5, Qt.Key.Key_1)
    seen = []
    for key in keys:
        qtbot.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
        seen.append(window.parts.pages.current)
    assert seen == ["review", "data", "train", "evaluate", "read"]
    assert window.parts.pages.currentWidget() is window.parts.across


def test_each_page_is_made_once_and_shown_by_its_button(qtbot, window):
    for title in PAGES[1:]:
        window.actions_by_name[f"page_{title.lower()}"].trigger()
        made = window.parts.pages.page(title.lower())
        assert made.widget.isVisible()
        window.actions_by_name["page_read"].trigger()
        window.show_page(title.lower())
        assert window.parts.pages.page(title.lower()) is made
        checked = [name for name in PAGES if window.actions_by_name[f"page_{name.lower()}"].isChecked()]
        assert checked == [title]


def test_what_concerns_the_open_image_sleeps_on_other_pages(qtbot, reading):
    reading.show_page("review")
    assert not reading.actions_by_name["reset"].isEnabled()
    assert not reading.actions_by_name["show_boxes"].isEnabled()
    assert not reading.parts.tools.isVisible()
    assert reading.actions_by_name["light_theme"].isEnabled()
    reading.show_page("read")
    assert reading.actions_by_name["reset"].isEnabled()
    assert reading.parts.tools.isVisible()


def test_every_widget_of_every_page_has_a_name_and_is_reached_by_tab(window):
    nameless, unreachable = [], []
    for title in PAGES[1:]:
        window.show_page(title.lower())
        page = window.parts.pages.page(title.lower()).widget
        more = [w for kind in (QLineEdit, QAbstractSpinBox, QTabBar) for w in page.findChildren(kind)]
        for widget in [*interactive(page), *more]:
            if isinstance(widget.parent(), QAbstractSpinBox) or widget.objectName().startswith("qt_"):
                continue
            where = f"{title}: {widget!r} {widget.accessibleName()}"
            if not (widget.accessibleName() or getattr(widget, "text", str)()):
                nameless.append(where)
            if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                unreachable.append(where)
    assert (nameless, unreachable) == ([], [])


def test_both_themes_reach_pages_that_are_open(window):
    for title in PAGES[1:]:
        window.show_page(title.lower())
    window.actions_by_name["light_theme"].trigger()
    bars = window.parts.pages.page("evaluate").bars
    assert bars._palette.window == "#e9edf1"
    for title in PAGES[1:]:
        page = window.parts.pages.page(title.lower()).widget
        assert page.findChild(QWidget, "panel").palette().windowText().color().name() == "#1a222c"


LIGHT_START = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from umed_desktop.app import make_window
app = QApplication(["umed"])
window = make_window(Path(sys.argv[1]) / "desktop.json")
window.show()
app.processEvents()
pages = ("umed_desktop.pages.train.", "umed_desktop.pages.review.")
print(sorted(m for m in sys.modules if m == "pyqtgraph" or m.startswith(pages)))
window.close()
"""


def test_no_page_is_loaded_before_its_first_visit(tmp_path, program_environment):
    environment = {**program_environment, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", LIGHT_START, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
