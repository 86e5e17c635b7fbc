"""A run folder is never half written, and never takes another recipe's run for its own."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import msgspec
import pytest

from tests.tiny_sft import tiny_config
from umed_core.errors import StorageError, TrainingError
from umed_core.training.run import RunFolder


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
