"""A run folder is never half written, and never takes another recipe's run for its own."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.tiny_sft import tiny_config
from umed_core.config import AarConfig
from umed_core.errors import StorageError, TrainingError
from umed_core.training.run import Holder, RunFolder


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.open(tiny_config(tmp_path, tmp_path / "run"), {})
    return run


def write(folder: RunFolder, step: int) -> None:
    with folder.new_checkpoint(step) as path:
        (path / "weights").write_text(str(step))


def steps(folder: RunFolder) -> list[str]:
    return sorted(path.name for path in (folder.path / "checkpoints").iterdir())


def test_the_newest_two_checkpoints_are_kept(folder):
    assert folder.latest_checkpoint() is None
    for step in (5, 10, 15):
        write(folder, step)
    assert steps(folder) == ["step-000010", "step-000015"]
    assert folder.latest_checkpoint() == folder.path / "checkpoints" / "step-000015"


def test_the_newest_is_that_of_the_greatest_step_also_past_a_million(folder):
    write(folder, 999_999)
    write(folder, 1_000_000)
    write(folder, 1_000_001)
    assert folder.latest_checkpoint().name == "step-1000001"
    assert steps(folder) == ["step-1000000", "step-1000001"]


@pytest.mark.parametrize("failure", [RuntimeError("crash"), KeyboardInterrupt()])
def test_a_crash_while_writing_leaves_the_checkpoint_before(folder, failure):
    write(folder, 5)
    with pytest.raises(type(failure)), folder.new_checkpoint(10) as path:
        (path / "weights").write_text("half")
        raise failure
    assert steps(folder) == ["step-000005"]
    assert (folder.latest_checkpoint() / "weights").read_text() == "5"


def test_a_full_disk_is_said_and_leaves_the_checkpoint_before(folder):
    write(folder, 5)
    with pytest.raises(StorageError, match="checkpoint of step 10: No space left"), folder.new_checkpoint(10):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert steps(folder) == ["step-000005"]


def test_what_a_kill_left_half_written_is_no_checkpoint(folder):
    write(folder, 5)
    half = folder.path / "checkpoints" / ".step-000010.tmp"
    half.mkdir()
    (half / "weights").write_text("half")
    assert folder.latest_checkpoint().name == "step-000005"
    write(folder, 10)
    assert (folder.latest_checkpoint() / "weights").read_text() == "10" and not half.exists()


def test_another_recipe_is_refused_and_nothing_is_changed(folder, tmp_path):
    before = (folder.path / "config.json").read_bytes()
    other = tiny_config(tmp_path, tmp_path / "run", optimizer={"learning_rate": 0.5, "steps": 4})
    with pytest.raises(TrainingError, match="another recipe") as caught:
        folder.open(other, {})
    assert "run.out" in caught.value.hint
    assert (folder.path / "config.json").read_bytes() == before


def test_the_same_recipe_may_run_from_elsewhere_and_log_otherwise(folder, tmp_path):
    changed = {"out": "elsewhere", "threads": 2, "log_every": 3, "checkpoint_every": 7}
    folder.open(tiny_config(tmp_path, tmp_path / "run", run=changed), {})


def test_a_field_that_an_older_umed_did_not_know_counts_as_its_default(folder, tmp_path):
    known = folder.path / "config.json"
    recipe = json.loads(known.read_bytes())
    del recipe["model"]["frozen_stages"]
    known.write_text(json.dumps(recipe))
    folder.check(tiny_config(tmp_path, tmp_path / "run"))
    with pytest.raises(TrainingError):
        folder.check(tiny_config(tmp_path, tmp_path / "run", model={"frozen_stages": 2}))


@pytest.mark.parametrize("content", ["{", '{"model": 3}', '{"shoe": 1}'])
def test_a_folder_with_some_other_config_json_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(TrainingError):
        RunFolder(tmp_path).check(tiny_config(tmp_path, tmp_path))


def test_the_folder_holds_the_recipe_as_run(folder, tmp_path):
    config = tiny_config(tmp_path, tmp_path / "run")
    assert msgspec.json.decode((folder.path / "config.json").read_bytes(), type=type(config)) == config


def test_metrics_after_the_resumed_step_are_forgotten_and_a_torn_line_with_them(folder):
    for step in (1, 2, 3):
        folder.log(step, {"loss": 1.0 / step})
    with folder.metrics_file.open("a") as lines:
        lines.write('{"step": 4, "lo')
    folder.forget_after(2)
    assert [json.loads(line)["step"] for line in folder.metrics_file.read_text().splitlines()] == [1, 2]
    folder.forget_after(0)
    assert folder.metrics_file.read_text() == ""


def test_metrics_on_a_full_disk_are_a_storage_error(folder, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match=r"metrics\.jsonl: No space left"):
        folder.log(1, {"loss": 1.0})


# ------------------------------------------------------------------------------------------------------- one at a time
CLAIM = """
import os, sys, time
from pathlib import Path
from umed_core.training.run import RunFolder
with RunFolder(Path(sys.argv[1])).claimed():
    if sys.argv[2:] == ["with a child"] and not os.fork():
        sys.stdout.close()
        time.sleep(60)
        os._exit(0)
    print("claimed", flush=True)
    sys.stdin.read()
"""


@contextmanager
def claiming(path: Path, environment: dict[str, str], *how: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that trains in `path`, as far as anybody can tell, until it is told to end."""
    command = [sys.executable, "-c", CLAIM, str(path), *how]
    pipe = subprocess.PIPE
    # A session of its own, so that what it forked can be ended with it.
    process = subprocess.Popen(
        command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "claimed\n", process.stderr.read()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_second_process_is_refused_at_once_with_the_firsts_number(tmp_path, program_environment):
    run = RunFolder(tmp_path / "run")
    with claiming(run.path, program_environment) as other:
        assert run.holder() is not None and run.holder().pid == other.pid
        with pytest.raises(TrainingError, match=f"trained in by process {other.pid}\\.") as problem, run.claimed():
            pass
        assert "run.out" in problem.value.hint
        other.communicate("")
    assert run.holder() is None
    with run.claimed():
        assert run.holder().pid == os.getpid()


def test_so_is_the_same_process_a_second_time(tmp_path):
    run = RunFolder(tmp_path / "run")
    with run.claimed():
        with pytest.raises(TrainingError, match=str(os.getpid())), RunFolder(tmp_path / "run").claimed():
            pass
        assert run.holder() is not None  # the refused one has not ended the first one's claim
    with run.claimed():
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("how", [(), ("with a child",)])
def test_a_killed_process_holds_nothing_nor_does_what_it_left_behind(tmp_path, program_environment, how):
    run = RunFolder(tmp_path / "run")
    with claiming(run.path, program_environment, *how) as other:
        other.kill()
        other.wait(10)
        try:
            assert (run.path / "in_use.json").exists() and run.holder() is None
            with run.claimed():
                assert run.holder().pid == os.getpid()
        finally:
            if how:
                os.killpg(other.pid, signal.SIGKILL)


def test_a_number_that_the_system_gave_to_another_process_is_no_holder(tmp_path):
    run = RunFolder(tmp_path)
    mark = run.path / "in_use.json"
    mark.write_bytes(msgspec.json.encode(Holder(os.getpid(), 1.0)))
    assert run.holder() is None
    mark.write_bytes(b"{")
    assert run.holder() is None
    with run.claimed():
        assert run.holder().pid == os.getpid()


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"), RunFolder(tmp_path / "file" / "run").claimed():
        pass


def test_a_judge_may_be_given_more_time_at_a_resume(tmp_path):
    def config(**judge: object) -> AarConfig:
        return msgspec.convert(
            {"model": {"init": "m"}, "data": {"sources": []}, "judge": judge, "run": {"out": "r"}}, AarConfig
        )

    run = RunFolder(tmp_path / "run")
    run.open(config(timeout_s=1.0, tries=1), {})
    run.check(config(timeout_s=600.0, tries=9))
    with pytest.raises(TrainingError):
        run.check(config(kind="local", model="m"))
