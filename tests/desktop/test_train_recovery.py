"""kill -9 of the trainer in the middle of a step, and of the window beside it: a run is found again and goes on bit for bit.

The trainer is the real one on phantoms (smoke-sft), held in an update by trainer_to_kill.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.desktop.page_desk import SOON, TRAINER, on_a_desk, override
from umed_core.training.run import RunFolder
from umed_desktop.pages import detached
from umed_desktop.pages.train.train_page import TrainPage
from umed_desktop.settings import Settings, load_settings

WINDOW = Path(__file__).with_name("training_window_to_kill.py")
LONG = 300_000
"""Milliseconds for a trainer that loads torch on a machine with other work."""

pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal"),
]


@pytest.fixture
def hold(monkeypatch):
    """Sets the update in which the next trainer stands still; 0 lets it run."""
    pytest.importorskip("torch", reason="needs the [train] extra")

    def hold(update: int) -> None:
        monkeypatch.setattr(
            detached, "umed_command", lambda arguments: [sys.executable, str(TRAINER), str(update), *arguments]
        )

    hold(0)
    return hold


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, program_environment) -> Path:
    """The run that nobody killed."""
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    sets = ["--set", "run.checkpoint_every=2", "--set", f"run.out={out}"]
    command = [sys.executable, str(TRAINER), "0", "train", "sft", "--config", "smoke-sft", *sets]
    done = subprocess.run(command, env=program_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


def assert_bit_for_bit(run: Path, other: Path) -> None:
    """Every line of the metrics, and every byte of model, last checkpoint and Adam's moments."""
    assert rows(run) == rows(other)
    for file in ("model/model", "checkpoints/step-000008/model", "checkpoints/step-000008/optimizer"):
        assert (run / f"{file}.safetensors").read_bytes() == (other / f"{file}.safetensors").read_bytes()


def rows(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def start(qtbot, page: TrainPage, folder: Path) -> None:
    page.form.choose("smoke-sft")
    override(page, "run.checkpoint_every", "2")
    page.form.out.set_text(str(folder))
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    assert page.form.fault.text() == ""


def resume(qtbot, page: TrainPage) -> None:
    assert (page.start.text(), page.start.isEnabled(), page.use.isEnabled()) == ("Resume", True, False)
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.watch.is_running, timeout=LONG)
    assert page.bar.state.text() == "run: done after 8 steps", page.log.toPlainText()
    assert page.run is not None and page.run.steps["loss"] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert page.use.isEnabled()


def test_a_trainer_killed_in_a_step_is_told_in_a_line_and_resumes_bit_for_bit(qtbot, hold, undisturbed, tmp_path):
    with on_a_desk(qtbot, TrainPage) as (page, _):
        hold(4)
        start(qtbot, page, tmp_path / "run")
        qtbot.waitUntil(lambda: page.run.last_step == 3 or not page.watch.is_running, timeout=LONG)
        assert page.watch.is_running, page.log.toPlainText()
        os.kill(page.watch.job.record.pid, signal.SIGKILL)
        qtbot.waitUntil(lambda: not page.watch.is_running, timeout=SOON)
        assert page.bar.state.text() == "run: cut off at step 3"
        assert page.bar.failure.text() == (
            "The process was ended by signal 9, perhaps for want of memory. Resume goes on from the checkpoint of step 2."
        )
        hold(0)
        resume(qtbot, page)  # at once: what the dead one held is nobody's
    assert_bit_for_bit(tmp_path / "run", undisturbed)


def test_a_killed_window_leaves_its_trainer_and_the_next_one_finds_it_running_or_cut_off(
    qtbot, hold, undisturbed, tmp_path, program_environment
):
    settings, run = tmp_path / "desktop.json", tmp_path / "run"
    environment = {**program_environment, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, str(WINDOW), str(settings), str(run), "4"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as window:
        line = window.stdout.readline()
        assert line, window.stderr.read()
        window.send_signal(signal.SIGKILL)
    told = json.loads(line)
    assert told["state"] == "run: running"
    try:
        remembered = load_settings(settings)
        assert remembered.run_folder == str(run)
        with on_a_desk(qtbot, TrainPage, remembered) as (page, _):
            assert page.bar.state.text() == "run: running"
            assert RunFolder(run).holder().pid == told["trainer"]
            assert page.run.steps["loss"] == [1, 2, 3]
            assert "loss <b>" in page.curves.words("Loss")
            assert (page.start.isEnabled(), page.pause.isEnabled()) == (False, True)
    finally:
        os.kill(told["trainer"], signal.SIGKILL)  # while no window looks
    from umed_desktop.app import make_window

    again = make_window(settings, "fake", [sys.executable, "-c", ""])
    qtbot.addWidget(again)
    again.show()
    again.show_page("train")
    page = again.parts.pages.page("train")
    qtbot.waitUntil(lambda: page.bar.state.text() == "run: cut off at step 3", timeout=SOON)
    assert page.bar.failure.text() == (
        "The process ended without saying why. Resume goes on from the checkpoint of step 2."
    )
    assert page.run.steps["loss"] == [1, 2, 3]
    resume(qtbot, page)
    again.close()
    assert_bit_for_bit(run, undisturbed)


def test_a_run_that_a_terminal_trains_is_followed_and_cannot_be_started_twice(
    qtbot, hold, tmp_path, program_environment
):
    run = tmp_path / "run"
    sets = ["--set", "run.checkpoint_every=2", "--set", f"run.out={run}"]
    command = [sys.executable, str(TRAINER), "4", "train", "sft", "--config", "smoke-sft", *sets]
    with subprocess.Popen(
        command, env=program_environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as trainer:
        try:
            qtbot.waitUntil(lambda: RunFolder(run).holder() is not None or trainer.poll() is not None, timeout=LONG)
            with on_a_desk(qtbot, TrainPage, Settings(run_folder=str(run))) as (page, _):
                followed = f"run: process {trainer.pid} trains it, started outside this window; step 3"
                qtbot.waitUntil(lambda: page.bar.state.text() == followed, timeout=LONG)
                assert (page.start.isEnabled(), page.pause.isEnabled()) == (False, False)
                trainer.kill()
                trainer.wait()
                qtbot.waitUntil(lambda: page.bar.state.text() == "run: written elsewhere", timeout=SOON)
                assert (page.start.text(), page.start.isEnabled()) == ("Resume", True)
        finally:
            trainer.kill()
