"""Batches, against a real server: limits, failed lines, and a run that is killed after it has ordered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.builders import write_picture
from tests.integration.loopback_teacher import REPOSITORY, loopback
from umed_core.errors import DataError, StorageError, TeacherError
from umed_core.geometry import NormalizedBox
from umed_core.mau.batch import BatchLimits, BatchProgress, ask_in_batches
from umed_core.mau.teacher import TeacherReply, TeacherRequest
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import ChatSettings
from umed_core.prompts import diagnosis_prompt, parse_boxes
from umed_core.records import Finding

pytest.importorskip("openai", reason="needs the [mau] extra")

BOX = NormalizedBox(0.25, 0.5, 0.125, 0.25)
FOUND = (Finding("kidney stone", BOX),)
QUICK = BatchLimits(poll_s=0.05)


class Store:
    """Open requests and kept replies, as a build has them."""

    def __init__(self, image: Path, count: int) -> None:
        self.image, self.count = image, count
        self.kept: dict[str, TeacherReply] = {}

    def open(self) -> Iterator[TeacherRequest]:
        for number in range(self.count):
            key = f"key-{number:04}"
            if key not in self.kept:
                messages = diagnosis_prompt(FOUND, "CT")
                yield TeacherRequest(key, f"set/{number:06}", "diagnosis", 0, messages, self.image, FOUND, "CT")

    def keep(self, request: TeacherRequest, reply: TeacherReply) -> None:
        assert request.key not in self.kept
        self.kept[request.key] = reply


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(write_picture(tmp_path / "a.png", np.zeros((8, 8), np.uint8)), 25)


def ask(base_url: str, store: Store, folder: Path, limits: BatchLimits = QUICK, progress: Callable = lambda p: None):
    settings = ChatSettings("loopback", base_url)
    return ask_in_batches(settings, ApiKey(), "build-1", store.open, store.keep, folder, limits, progress)


def test_parts_keep_to_the_limit_of_lines_and_every_reply_is_kept(tmp_path, store):
    seen: list[BatchProgress] = []
    with loopback(tmp_path, batch_s=0.3) as server:
        outcome = ask(server.base_url, store, tmp_path / "work", BatchLimits(lines=10, poll_s=0.05), seen.append)
        counts = server.counts()
    assert (outcome.answered, outcome.failures, counts["batches"]) == (25, (), 3)
    assert all([p.box for p in parse_boxes(reply.text)] == [BOX] for reply in store.kept.values())
    assert seen[-1] == BatchProgress(3, 3, 25, 25)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert [path.suffix for path in (tmp_path / "work").iterdir()] == [".keys"] * 3


def test_parts_keep_to_the_limit_of_bytes(tmp_path, store):
    with loopback(tmp_path) as server:
        ask(server.base_url, store, tmp_path / "work", BatchLimits(bytes=10_000, poll_s=0.05))
        sizes = server.counts()["file_sizes"]
    assert len(store.kept) == 25
    assert len(sizes) > 3 and max(sizes) <= 10_000


def test_one_request_beyond_the_limit_is_named(tmp_path, store):
    with loopback(tmp_path) as server, pytest.raises(DataError, match="set/000000 alone is larger"):
        ask(server.base_url, store, tmp_path / "work", BatchLimits(bytes=100))


def test_lines_that_failed_are_ordered_again(tmp_path, store):
    with loopback(tmp_path, faults={"500": 0.3, "refusal": 0.1}, honours_keys=False) as server:
        outcome = ask(server.base_url, store, tmp_path / "work", BatchLimits(poll_s=0.05, rounds=9))
        counts = server.counts()
    assert outcome.failures == () and outcome.answered == len(store.kept) == counts["paid_total"] == 25
    assert counts["batches"] > 1 and counts["paid_twice"] == 0
    assert any(reply.refusal for reply in store.kept.values())


def test_what_fails_each_time_is_told_with_its_reason(tmp_path, store):
    with loopback(tmp_path, faults={"500": 1.0}) as server:
        outcome = ask(server.base_url, store, tmp_path / "work")
    assert outcome.answered == 0 and [f.case_id for f in outcome.failures] == [f"set/{n:06}" for n in range(25)]
    assert "HTTP 500" in outcome.failures[0].reason


def test_an_image_that_cannot_be_sent_is_told(tmp_path, store):
    store.image.write_bytes(b"GIF89a")
    with loopback(tmp_path) as server:
        outcome = ask(server.base_url, store, tmp_path / "work")
        assert server.counts()["batches"] == 0
    assert "neither PNG nor JPEG" in outcome.failures[0].reason


def test_another_builds_batches_are_left_alone(tmp_path, store):
    with loopback(tmp_path) as server:
        settings = ChatSettings("loopback", server.base_url)
        ask_in_batches(settings, ApiKey(), "other", store.open, store.keep, tmp_path / "other", QUICK)
        mine = Store(store.image, 25)
        ask(server.base_url, mine, tmp_path / "work")
        assert server.counts()["batches"] == 2
    assert len(mine.kept) == 25


def test_a_full_disk_while_keeping_leaves_the_rest_for_the_next_run(tmp_path, store):
    def full(request: TeacherRequest, reply: TeacherReply) -> None:
        if len(store.kept) == 7:
            raise StorageError("The disk is full.")
        store.keep(request, reply)

    with loopback(tmp_path, honours_keys=False) as server:
        settings = ChatSettings("loopback", server.base_url)
        with pytest.raises(StorageError):
            ask_in_batches(settings, ApiKey(), "build-1", store.open, full, tmp_path / "work", QUICK)
        outcome = ask(server.base_url, store, tmp_path / "work")
        counts = server.counts()
    assert outcome.answered == 18 and len(store.kept) == 25
    assert (counts["paid_total"], counts["batches"]) == (25, 1)


ORDER = """
import sys; from pathlib import Path
from tests.integration.test_openai_batch import Store, ask
ask(sys.argv[1], Store(Path(sys.argv[2]), 25), Path(sys.argv[3]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("note_survives", [True, False])
def test_kill_9_after_the_order_and_nothing_is_paid_twice(tmp_path, store, program_environment, note_survives):
    work = tmp_path / "work"
    with loopback(tmp_path, batch_s=3.0, honours_keys=False) as server:
        command = [sys.executable, "-c", ORDER, server.base_url, str(store.image), str(work)]
        child = subprocess.Popen(command, cwd=REPOSITORY, env=program_environment)
        deadline = time.monotonic() + 60
        while server.counts()["batches"] == 0:
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        if not note_survives:
            for note in work.iterdir():
                note.unlink()
        outcome = ask(server.base_url, store, work)
        counts = server.counts()
    assert outcome.answered == 25 and outcome.failures == ()
    assert (counts["paid_total"], counts["paid_twice"], counts["batches"]) == (25, 0, 1)


def test_a_wrong_key_is_one_clear_error(tmp_path, store):
    with loopback(tmp_path, needs_key=True) as server, pytest.raises(TeacherError, match="does not accept the key"):
        ask(server.base_url, store, tmp_path / "work")
