"""Nothing is lost: windows that are killed, disks that are full, files that are damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.builders import tiny_ct, write_dicom
from tests.desktop.acting import SOON, ask, click_piece, only_card
from umed_core.errors import DataError, StorageError
from umed_core.geometry import NormalizedBox
from umed_core.images.medical_image import Window
from umed_core.vlm.messages import AttentionRow, LabelledBox, TextDelta
from umed_desktop.recovery.autosave import AGAIN_MS
from umed_desktop.recovery.store import OpenState, SessionStore
from umed_desktop.recovery.stored import decode_study, encode_study
from umed_desktop.session.conversation import BoxRef, Conversation, Exchange
from umed_desktop.session.marks import Deed, Drawn, Mark, Marks
from umed_desktop.session.session import StudyState

SCRIPT = Path(__file__).with_name("window_to_kill.py")


# ------------------------------------------------------------------------------------------------------ killed windows
def start(
    settings: Path, do: str, environment: dict[str, str], *paths: Path, attached: int = 0
) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(settings), *map(str, paths), "--do", do, "--attached", str(attached)]
    environment = {**environment, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None and process.stderr is not None
    line = process.stdout.readline()
    assert line, process.stderr.read()
    told: dict[str, Any] = json.loads(line)
    return told


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate(timeout=30)


def restored(settings: Path, environment: dict[str, str], attached: int = 0) -> dict[str, Any]:
    """What a new window has; `attached` is how many images of a question are waited for."""
    process = start(settings, "restore", environment, attached=attached)
    try:
        told = said(process)
        assert process.wait(timeout=30) == 0, process.stderr.read() if process.stderr else ""
        return told
    finally:
        if process.poll() is None:
            kill(process)
        process.communicate()


@pytest.fixture
def slices(tmp_path: Path) -> Path:
    folder = tmp_path / "ct"
    folder.mkdir()
    for number in range(3):
        dataset = tiny_ct(number)
        values = np.full((dataset.Rows, dataset.Columns), 40, np.uint16)
        values[1:3, 1:4] = 4000
        dataset.PixelData = values.tobytes()
        write_dicom(folder / f"{number}.dcm", dataset)
    return folder


def test_a_window_killed_after_edits_comes_back_with_all_of_them(tmp_path, slices, program_environment):
    settings = tmp_path / "settings" / "desktop.json"
    process = start(settings, "edit", program_environment, slices)
    try:
        before = said(process)
    finally:
        kill(process)
    assert [(label, status) for label, status, *_ in before["findings"]] == [
        ("polyp", "edited"),
        ("my own words", "added"),
    ]
    after = restored(settings, program_environment, attached=2)
    assert "ended unexpectedly" in after.pop("notice")
    before.pop("notice")
    assert after == before
    assert [frame for _, frame, _ in after["attached"]] == [0, 2]
    assert (after["frame"], after["titles"], after["being written"]) == (2, ["left kidney"], "And beside the")
    assert list((tmp_path / "settings" / "sessions").glob("open-*.json")) == []  # told once; and this window ended well


def test_a_window_killed_while_the_model_writes_keeps_what_was_written(tmp_path, slices, program_environment):
    settings = tmp_path / "settings" / "desktop.json"
    process = start(settings, "stream", program_environment, slices)
    try:
        ((question, text, state),) = said(process)["chat"]
    finally:
        kill(process)
    assert state == "streaming"
    ((asked, kept, now),) = restored(settings, program_environment)["chat"]
    assert (asked, now) == (question, "stopped")
    assert kept and (text.startswith(kept) or kept.startswith(text))  # at most a moment is lost


# --------------------------------------------------------------------------------------------------- the same window
@pytest.fixture
def remembering(qtbot, worker, bright, tmp_path):
    """A window that remembers, with the bright picture open and the model loaded."""
    from umed_desktop.app import make_window

    made = make_window(tmp_path / "settings" / "desktop.json", "fake", worker)
    qtbot.addWidget(made)
    made.show()
    made.start_model()
    made.open_paths([bright])
    qtbot.waitUntil(lambda: made.session.image is not None and made.session.model_state == "ready", timeout=SOON)
    yield made
    made.close()


def saved(window) -> bool:
    return not window.memory.autosave.is_dirty


def test_a_study_brings_its_conversations_when_it_is_opened_again(qtbot, remembering, bright, tmp_path, worker):
    from umed_desktop.app import make_window

    ask(qtbot, remembering, "what is bright?")
    (ref,) = remembering.session.boxes()
    remembering.session.judge(ref, "accepted")
    remembering.close()
    again = make_window(tmp_path / "settings" / "desktop.json", "fake", worker)
    qtbot.addWidget(again)
    again.show()
    again.memory.restore()
    QApplication.processEvents()
    assert again.session.series == ()  # it ended as it should: nothing is opened by itself
    again.open_paths([bright])
    qtbot.waitUntil(lambda: bool(again.session.exchanges()), timeout=SOON)
    card = only_card(again)
    assert card.exchange.question == "what is bright?"
    assert again.parts.findings.table.topLevelItem(0).text(1) == "Accepted"
    click_piece(qtbot, card, "kidney")  # where the model looked came back, too
    assert "50%</b> on the image" in again.parts.viewer.attention.text()
    ask(qtbot, again, "how large?")
    assert again.session.exchanges()[-1].text.startswith("Answer 2:")  # and the model is told of it
    again.close()


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal")
@pytest.mark.parametrize("delay_s", ["0.2"])
def test_a_model_killed_in_an_answer_keeps_its_words_and_the_chat_goes_on(qtbot, remembering):
    ask(qtbot, remembering, "what is bright?")
    ask(qtbot, remembering, "how large?", wait=False)
    session = remembering.session
    qtbot.waitUntil(lambda: len(session.exchanges()) == 2 and len(session.exchanges()[1].text) > 10, timeout=SOON)
    os.kill(remembering.engine._process.processId(), signal.SIGKILL)
    qtbot.waitUntil(lambda: session.model_state == "lost", timeout=SOON)
    first, cut = session.exchanges()
    assert (first.state, cut.state) == ("done", "failed")
    assert len(cut.text) > 10  # what it had written stays
    notice = remembering.parts.notice
    assert notice.action.text() == "Restart model"
    assert notice.message.text() and "\n" not in notice.message.text()
    qtbot.waitUntil(lambda: saved(remembering), timeout=SOON)
    kept = remembering.memory.store.load_study(session.study)
    assert [(exchange.question, exchange.text) for exchange in kept.exchanges] == [
        ("what is bright?", first.text),
        ("how large?", cut.text),
    ]
    qtbot.mouseClick(notice.action, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.model_state == "ready", timeout=SOON)
    ask(qtbot, remembering, "and where?")
    assert session.exchanges()[-1].state == "done"
    assert session.exchanges()[-1].text.startswith("Answer 2:")  # it was told what was answered in full


def test_a_full_disk_is_said_once_and_tried_again_until_it_is_not(qtbot, remembering, monkeypatch):
    monkeypatch.setattr("umed_desktop.recovery.autosave.AGAIN_MS", 100)
    sync = os.fsync

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    ask(qtbot, remembering, "what is bright?")
    notice = remembering.parts.notice
    qtbot.waitUntil(lambda: "not saved" in notice.message.text(), timeout=SOON)
    assert "No space left" in notice.message.text()
    assert "tries again" in notice.hint.text()
    assert not saved(remembering)
    notice.hide()
    qtbot.wait(400)
    assert not notice.isVisible()  # several tries later it is still not said again
    monkeypatch.setattr("os.fsync", sync)
    qtbot.waitUntil(lambda: saved(remembering), timeout=SOON)
    assert "saved again" in notice.message.text()
    kept = remembering.memory.store.load_study(remembering.session.study)
    assert [exchange.question for exchange in kept.exchanges] == ["what is bright?"]


def test_a_window_that_cannot_save_closes_only_when_asked_twice(qtbot, remembering, monkeypatch):
    with monkeypatch.context() as patch:

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("os.fsync", full)
        ask(qtbot, remembering, "what is bright?")
        assert not remembering.close()
        assert remembering.isVisible()
        assert "Close the window again" in remembering.parts.notice.hint.text()
        assert remembering.close()


def test_it_is_tried_again_within_seconds():
    assert AGAIN_MS <= 10_000


def test_a_damaged_record_is_put_aside_and_told(qtbot, bright, tmp_path, worker):
    from umed_desktop.app import make_window

    store = SessionStore(tmp_path / "sessions")
    path = store.study_file(str(bright))
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"schema": "umed-study/1"')
    window = make_window(tmp_path / "desktop.json", "fake", worker)
    qtbot.addWidget(window)
    window.show()
    window.open_paths([bright])
    qtbot.waitUntil(lambda: "could not be read" in window.parts.notice.message.text(), timeout=SOON)
    assert path.with_suffix(".damaged.json").exists()
    window.session.draw_box(NormalizedBox(0, 0, 0.5, 0.5), "new")
    qtbot.waitUntil(lambda: saved(window), timeout=SOON)
    assert [drawn.label for drawn in store.load_study(str(bright)).marks.drawn] == ["new"]
    window.close()


# --------------------------------------------------------------------------------------------------------- the files
TEXT = "A stone at [bbox_start] 0.5, 0.25, 0.25, 0.5 [bbox_end]."
BOX = NormalizedBox(0.5, 0.25, 0.25, 0.5)
FULL = StudyState(
    study="1.2.3",
    shown=2,
    conversations=(Conversation(1, "1.2.3"), Conversation(2, "1.2.3", "kidney")),
    exchanges=(
        Exchange(
            id=7, series="a.dcm", frame=3, question="Wo? 哪里?", conversation=2, window=Window(40, 400, "abdomen"),
            state="done", text=TEXT, model="umed-mini", model_sha256="ab" * 32, asked_at="2026-11-22T12:00:00+00:00",
            deltas=(TextDelta(7, 0, TEXT, 0, len(TEXT), (AttentionRow(1, 2, (0.25, 0.5), 1),)),),
            boxes=(LabelledBox("stone", BOX, 11, len(TEXT) - 1),), seconds=1.5, token_count=1,
        ),
    ),
    marks=Marks(
        of=((BoxRef(7, 0), Mark("accepted", "cyst", BOX, (Deed("Accepted.", "2026-11-22T12:01:00+00:00"),))),),
        drawn=(Drawn(BoxRef(0, 0), "a.dcm", 3, "mass", BOX),),
        deleted=frozenset({BoxRef(7, 1)}),
    ),
)  # fmt: skip


def test_what_is_stored_is_read_back_whole():
    assert decode_study(encode_study(FULL)) == FULL


def test_an_answer_that_was_being_written_is_read_back_as_stopped():
    running = replace(FULL, exchanges=(replace(FULL.exchanges[0], state="streaming"),))
    assert decode_study(encode_study(running)).exchanges[0].state == "stopped"


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[1]", encode_study(FULL)[:-9], encode_study(FULL).replace(b"umed-study/1", b"umed-study/9"),
     encode_study(FULL).replace(b'"conversation":2', b'"conversation":5'), b"\xff\xfe"],
)  # fmt: skip
def test_anything_else_is_refused(content: bytes):
    with pytest.raises(ValueError):
        decode_study(content)


def test_a_store_names_no_patient_and_is_for_its_person_alone(tmp_path):
    store = SessionStore(tmp_path / "sessions")
    store.save_study(FULL)
    (path,) = (tmp_path / "sessions" / "studies").iterdir()
    assert "1.2.3" not in path.name
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    assert store.load_study("1.2.3") == FULL
    assert store.load_study("1.2.4") is None


def test_a_failed_save_leaves_the_last_good_one(tmp_path, monkeypatch):
    store = SessionStore(tmp_path)
    store.save_study(FULL)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError):
        store.save_study(StudyState("1.2.3", 0, (), (), Marks()))
    assert store.load_study("1.2.3") == FULL


def test_a_record_that_cannot_be_read_is_said_with_where_it_went(tmp_path):
    store = SessionStore(tmp_path)
    store.save_study(FULL)
    store.study_file("1.2.3").write_bytes(b"{")
    with pytest.raises(DataError, match="could not be read") as told:
        store.load_study("1.2.3")
    assert ".damaged.json" in told.value.hint
    assert store.load_study("1.2.3") is None


def test_what_a_running_window_has_open_is_nobody_elses(tmp_path):
    store = SessionStore(tmp_path)
    store.save_open(OpenState(("a",), "a", 1))
    assert store.left_open() is None
    store.forget_open()
    assert list(tmp_path.glob("open-*.json")) == []


def test_what_a_dead_window_had_open_is_told_once(tmp_path):
    import msgspec

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = OpenState(("a", "b"), "a", 4, pid=ended.pid, started=1.0)
    (tmp_path / f"open-{ended.pid}.json").write_bytes(msgspec.json.encode(left))
    (tmp_path / "open-7.json").write_text("{")
    store = SessionStore(tmp_path)
    assert store.left_open() == left
    assert store.left_open() is None


def test_what_brings_the_window_down_each_time_is_not_opened_for_ever(qtbot, bright, tmp_path, worker):
    import msgspec

    from umed_desktop.app import make_window

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = OpenState((str(bright),), tries=2, pid=ended.pid, started=1.0)
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / f"open-{ended.pid}.json").write_bytes(msgspec.json.encode(left))
    window = make_window(tmp_path / "desktop.json", "fake", worker)
    qtbot.addWidget(window)
    window.show()
    window.memory.restore()
    qtbot.waitUntil(lambda: "ended 3 times while bright.png" in window.parts.notice.message.text(), timeout=SOON)
    assert window.session.series == ()
    window.close()


def test_words_said_before_the_older_ones_were_read_stand_after_them():
    from umed_desktop.session.session import Session

    session = Session()
    later = replace(FULL.exchanges[0], asked_at="2026-11-23T08:00:00+00:00")
    session.bring_back(replace(FULL, exchanges=(later,)))
    session.bring_back(FULL)
    state = session.study_state("1.2.3")
    assert [(exchange.id, exchange.asked_at[8:10]) for exchange in state.exchanges] == [(2, "22"), (1, "23")]
    assert [drawn.ref for drawn in state.marks.drawn] == [BoxRef(0, 0), BoxRef(0, 1)]
    assert {ref for ref, _ in state.marks.of} == {BoxRef(1, 0), BoxRef(2, 0)}
