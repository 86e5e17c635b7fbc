"""The background door: results, failures and silence come back on the window's thread."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import wait

import pytest

from umed_core.errors import MissingFile
from umed_desktop.background import BackgroundDoor


@pytest.fixture
def door(qtbot):
    made = BackgroundDoor()
    yield made
    made.close()


def test_work_runs_elsewhere_and_its_result_comes_here(qtbot, door):
    got = []
    door.run(
        "t",
        lambda job: threading.current_thread().name,
        lambda name: got.append((name, threading.current_thread())),
        got.append,
    )
    qtbot.waitUntil(lambda: bool(got))
    name, thread = got[0]
    assert name.startswith("umed-work")
    assert thread is threading.main_thread()


def test_a_job_runs_until_its_result_has_been_told(qtbot, door):
    seen = []
    job = door.run("t", lambda job: "result", lambda _: seen.append(job.is_running), seen.append)
    wait([job.future], 10)  # the work is over, and nothing was told: the event loop stood still meanwhile
    assert job.is_running
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [False]


def test_an_error_of_the_tree_is_handed_over(qtbot, door):
    def work(job):
        raise MissingFile("gone", "look elsewhere")

    failed = []
    door.run("t", work, lambda _: None, failed.append)
    qtbot.waitUntil(lambda: bool(failed))
    assert failed[0].message == "gone"


def test_a_result_goes_as_soon_as_nobody_keeps_it(qtbot, door):
    """Of 60 MB, say: not when Python next looks for circles of references."""

    class Result:
        pass

    got = []
    gc.disable()
    try:
        door.run("t", lambda job: Result(), lambda result: got.append(weakref.ref(result)), got.append)
        qtbot.waitUntil(lambda: bool(got) and got[0]() is None)
    finally:
        gc.enable()


def test_a_cancelled_job_is_silent(qtbot, door):
    started, heard, ended = threading.Event(), [], []

    def work(job):
        started.set()
        job.cancelled.wait(10)
        door.say(job, lambda: heard.append("said"))
        return "done"

    door.busy_changed.connect(lambda jobs: ended.append(not jobs))
    job = door.run("t", work, heard.append, heard.append)
    assert started.wait(10)
    job.cancel()
    qtbot.waitUntil(lambda: ended[-1:] == [True])
    assert heard == []


def test_progress_names_its_job(qtbot, door):
    seen = []
    door.progressed.connect(lambda job, done, total: seen.append((job, done, total)))
    job = door.run("t", lambda job: door.report(job)(3, 7), lambda _: None, lambda _: None)
    qtbot.waitUntil(lambda: bool(seen))
    assert seen == [(job, 3, 7)]


def test_a_bug_is_no_failure_but_a_traceback(qtbot, door):
    def work(job):
        raise ZeroDivisionError

    ended = []
    door.busy_changed.connect(lambda jobs: ended.append(not jobs))
    with qtbot.captureExceptions() as exceptions:
        door.run("t", work, lambda _: None, lambda _: None)
        qtbot.waitUntil(lambda: ended[-1:] == [True])
    assert exceptions[0][0] is ZeroDivisionError
