"""Stage 2 end to end on tiny models: a stop, a kill, a full disk or a broken judge never costs the run."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from tests import tiny_vlm
from tests.tiny_aar import SAVERS, tiny_config
from umed_core.errors import Cancelled, ConfigError, StorageError, TrainingError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.training import aar
from umed_core.training.aar import train_aar
from umed_core.training.run import RunFolder
from umed_core.vlm.families import load_model

TIMED = ("tokens_per_s",)
"""Figures that depend on the clock."""


class StubJudge:
    """Pays by an answer's length, so that a model of random weights has something to learn."""

    identity, is_remote = "stub", False

    def score(self, question, reference, answers):
        return [min(len(answer), 40) / 40 for answer in answers]

    def close(self):
        pass


def silent(report):
    pass


def run(config, progress=silent, cancelled=lambda: False, judge=None):
    return train_aar(config, progress, cancelled, judge or StubJudge())


def metrics(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMED} for line in lines]


def weights(folder: Path):
    return load_file(folder / "model" / "model.safetensors")


def assert_equal_runs(one: Path, other: Path) -> None:
    """Bit for bit: the final weights and every metric of every step, and the critic and Adam's moments."""
    assert metrics(one) == metrics(other)
    for file in ("model/model", "checkpoints/step-000004/model", "checkpoints/step-000004/optimizer"):
        first, second = (load_file(folder / f"{file}.safetensors") for folder in (one, other))
        assert first.keys() == second.keys()
        assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def init(tmp_path_factory):
    return tiny_vlm.save_medvint(tmp_path_factory.mktemp("models") / "grid", "grid")


@pytest.fixture(scope="module")
def whole(init, tmp_path_factory) -> Path:
    """A run that nobody stopped."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run(tiny_config(init, out))
    return out


def test_a_run_leaves_a_model_that_loads_and_a_readable_trail(init, whole):
    load_model(whole / "model")
    lines = metrics(whole)
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert {
        "r_llm", "r_loc", "r_att", "grounding", "zero_max_loc_share", "zero_max_att_share", "zero_variance_share",
        "parsable_share", "kl", "kl_k3", "clip_share", "entropy", "explained_variance", "class_tokens", "mean_ratio",
        "first_ratio_error", "policy_loss", "value_loss", "loss", "grad_norm", "learning_rate", "ended_share",
    } < set(lines[0])  # fmt: skip
    assert all(line["first_ratio_error"] < 1e-3 for line in lines)
    assert lines[0]["kl"] == pytest.approx(0, abs=1e-6) and lines[-1]["kl_k3"] > 1e-6
    assert [path.name for path in sorted((whole / "samples").iterdir())] == [
        f"step-00000{step}-{number}.png" for step in (2, 4) for number in (1, 2)
    ]
    picture = Image.open(whole / "samples" / "step-000002-1.png")
    assert picture.text["Disclaimer"] == RESEARCH_USE_ONLY and picture.text["Question"]
    assert json.loads((whole / "split.json").read_text())["judge"] == "stub"
    before, after = load_file(init / "model.safetensors"), weights(whole)
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("stop_at", [1, 3])
def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(init, whole, tmp_path, stop_at):
    config = tiny_config(init, tmp_path / "run")
    seen = []
    with pytest.raises(Cancelled, match=f"after step {stop_at} of 4"):
        run(config, lambda report: seen.append(report.step), lambda: len(seen) == stop_at - 1)
    assert not (tmp_path / "run" / "model").exists()
    run(config)
    assert_equal_runs(tmp_path / "run", whole)


def test_adapters_and_workers_go_on_alike(init, tmp_path):
    changes = {"model": {"lora": {"rank": 2, "dropout": 0.5}}, "data": {"workers": 1}}
    run(tiny_config(init, tmp_path / "whole", **changes))
    stopped = tiny_config(init, tmp_path / "stopped", **changes)
    with pytest.raises(Cancelled):
        run(stopped, cancelled=lambda: True)
    run(stopped)
    assert_equal_runs(tmp_path / "stopped", tmp_path / "whole")


def test_a_finished_run_is_not_run_again(init, whole):
    before, steps = metrics(whole), []
    assert run(tiny_config(init, whole), lambda report: steps.append(report.step)) == whole / "model"
    assert steps == [] and metrics(whole) == before


def _killed_after(config, step):
    def die(report):
        if report.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    run(config, die)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_run_goes_on_as_if_it_had_never_been(init, whole, tmp_path):
    config = tiny_config(init, tmp_path / "run")
    child = multiprocessing.get_context("spawn").Process(target=_killed_after, args=(config, 3))
    child.start()
    child.join(100)
    assert child.exitcode == -signal.SIGKILL
    run(config)
    assert_equal_runs(tmp_path / "run", whole)


def test_another_stage_one_under_the_same_name_is_refused(tmp_path):
    first = tiny_vlm.save_medvint(tmp_path / "init", "grid")
    config = tiny_config(first, tmp_path / "run", optimizer={"steps": 2})
    with pytest.raises(Cancelled):
        run(config, cancelled=lambda: True)
    model, _ = tiny_vlm.medvint("grid", seed=1)
    model.save_pretrained(first)
    with pytest.raises(TrainingError, match="other weights"):
        run(config)


def test_a_folder_that_another_process_trains_in_is_left_alone(init, tmp_path):
    out = tmp_path / "run"
    with RunFolder(out).claimed(), pytest.raises(TrainingError, match=f"trained in by process {os.getpid()}"):
        run(tiny_config(init, out))
    assert [path.name for path in out.iterdir()] == ["in_use.lock"]


def test_a_reward_that_is_no_number_stops_the_run_and_the_last_checkpoint_is_good(init, whole, tmp_path):
    class Broken(StubJudge):
        calls = 0

        def score(self, question, reference, answers):
            self.calls += 1
            return [float("nan") if self.calls > 4 else score for score in super().score(question, reference, answers)]

    config = tiny_config(init, tmp_path / "run")
    with pytest.raises(TrainingError, match="reward of step 3 is no number"):
        run(config, judge=Broken())
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000002"]
    run(config)
    assert_equal_runs(tmp_path / "run", whole)


def test_an_unreachable_judge_stops_the_run_with_its_own_words_and_the_last_checkpoint_is_good(init, whole, tmp_path):
    class Gone(StubJudge):
        calls, closed = 0, False

        def score(self, question, reference, answers):
            self.calls += 1
            if self.calls > 4:
                raise TrainingError("The judge cannot go on: no answer.", "Start it.")
            return super().score(question, reference, answers)

        def close(self):
            self.closed = True

    judge, config = Gone(), tiny_config(init, tmp_path / "run")
    with pytest.raises(TrainingError, match="judge cannot go on"):
        run(config, judge=judge)
    assert judge.closed
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000002"]
    run(config)
    assert_equal_runs(tmp_path / "run", whole)


def test_a_gradient_that_is_no_number_is_never_taken(init, whole, tmp_path, monkeypatch):
    clip, calls = torch.nn.utils.clip_grad_norm_, []

    def poisoned(parameters, limit):
        calls.append(1)
        return torch.tensor(float("nan")) if len(calls) > 4 else clip(parameters, limit)

    config = tiny_config(init, tmp_path / "run")
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", poisoned)
    with pytest.raises(TrainingError, match="step 3 is no number"):
        run(config)
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", clip)
    run(config)
    assert_equal_runs(tmp_path / "run", whole)


def test_a_full_disk_stops_the_run_and_the_last_checkpoint_is_good(init, whole, tmp_path, monkeypatch):
    config = tiny_config(init, tmp_path / "run")
    save = aar.save_checkpoint

    def full(folder, state, scheduler, at):
        if at.step == 4:
            (folder / "model.safetensors").write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(folder, state, scheduler, at)

    monkeypatch.setattr(aar, "save_checkpoint", full)
    with pytest.raises(StorageError, match="step 4: No space left"):
        run(config)
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000002"]
    monkeypatch.setattr(aar, "save_checkpoint", save)
    run(config)
    assert_equal_runs(tmp_path / "run", whole)


def test_a_policy_that_went_too_far_ends_its_run_and_stays_ended(init, tmp_path):
    config = tiny_config(init, tmp_path / "run", ppo={"kl_limit": 1e-9})
    model = run(config)
    lines = metrics(tmp_path / "run")
    assert 1 < lines[-1]["step"] < 4 and lines[-1]["kl_k3"] > 1e-9
    before = weights(tmp_path / "run")
    assert run(config) == model and metrics(tmp_path / "run") == lines
    assert all(torch.equal(before[name], tensor) for name, tensor in weights(tmp_path / "run").items())


def test_a_reward_that_can_be_learned_is_learned_and_shuffled_it_is_not(init, tmp_path):
    """Paid for short answers, a random model writes shorter ones; with the same rewards dealt at random it does not."""

    class Brief(StubJudge):
        def score(self, question, reference, answers):
            return [max(0.0, 1 - len(answer) / 24) for answer in answers]

    def gain(out, shuffle):
        config = tiny_config(
            init, tmp_path / out,
            reward={"arm": "sft-ppo", "shuffle": shuffle},
            rollout={"candidates": 8, "max_new_tokens": 4, "temperature": 0.5},
            optimizer={"learning_rate": 1e-2, "batch_size": 2, "steps": 20},
            ppo={"kl_coef": 0.0, "c3": 0.0},
            run={"samples_every": 0, "checkpoint_every": 100},
        )  # fmt: skip
        run(config, judge=Brief())
        paid = [line["r_llm"] for line in metrics(tmp_path / out)]
        return sum(paid[-5:]) / 5 - sum(paid[:5]) / 5

    assert gain("paid", shuffle=False) > 0.3
    assert gain("shuffled", shuffle=True) < 0.15


@pytest.mark.parametrize("family", ["medvint-queries", "llava", "qwen2_5_vl", "idefics3"])
def test_any_family_is_rewarded_by_the_same_code(tmp_path, family):
    SAVERS[family](tmp_path / "init")
    changes = {
        "model": {"lora": {"rank": 2}},
        "optimizer": {"steps": 2, "batch_size": 1, "learning_rate": 1e-2},
        "ppo": {"vrr_gradient": 0.1},
    }
    model = run(tiny_config(tmp_path / "init", tmp_path / "run", **changes))
    lines = metrics(tmp_path / "run")
    assert len(lines) == 2 and lines[1]["first_ratio_error"] < 1e-3 and lines[1]["kl_k3"] > 1e-7
    before, after = load_file(tmp_path / "init/model.safetensors"), load_file(model / "model.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and not any("vision" in name or "visual" in name for name in changed)
    load_model(model)


def test_a_model_whose_image_tokens_cannot_be_placed_has_arms_without_vision_relevance(init, tmp_path, monkeypatch):
    from umed_core.training import aar_batches

    monkeypatch.setattr(aar_batches, "image_mosaics", lambda *args: ())
    with pytest.raises(ConfigError, match=r"not known"):
        run(tiny_config(init, tmp_path / "full"))
    run(tiny_config(init, tmp_path / "no-vrr", reward={"arm": "no-vrr"}, optimizer={"steps": 1}))


# ---- the command


def command(*arguments: str):
    from umed_cli.train import app

    return CliRunner().invoke(app, ["aar", *arguments])


def test_a_dry_run_tells_the_plan_and_writes_nothing(init, tmp_path):
    done = command(
        "--config", "smoke-aar", "--dry-run", "--set", f"model.init={init}", "--set", f"run.out={tmp_path / 'run'}"
    )
    assert done.exit_code == 0, done.output
    for word in ("model:", "updates: 4 of 2 queries x 4 candidates", "memory:", "time:", RESEARCH_USE_ONLY):
        assert word in done.output
    assert not (tmp_path / "run").exists()


def test_the_smoke_recipe_runs(tmp_path):
    done = command("--config", "smoke-aar", "--set", f"run.out={tmp_path / 'run'}", "--set", "optimizer.steps=2")
    assert done.exit_code == 0, done.output
    assert RESEARCH_USE_ONLY in done.output and (tmp_path / "run/model/model.safetensors").is_file()
    assert [line["step"] for line in metrics(tmp_path / "run")] == [1, 2]
