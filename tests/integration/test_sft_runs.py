"""Stage 1 end to end on tiny sets: a stop, a kill, a full disk or a bad sample never costs the run."""

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

from safetensors.torch import load_file

from tests import tiny_vlm
from tests.tiny_sft import tiny_config, write_box_set
from umed_core.errors import (
    Cancelled,
    ConfigError,
    CorruptImage,
    MissingFile,
    MissingModel,
    StorageError,
    TrainingError,
)
from umed_core.training import bookkeeping, policy, sft
from umed_core.training.bookkeeping import schedule, total_steps
from umed_core.training.run import RunFolder
from umed_core.training.sft import train_sft
from umed_core.vlm.families import load_model

PAPER = {"coordinate_sigma": 0.0, "coordinate_giou_weight": 0.0, "dense_weight": 0.0, "attention_weight": 0.0}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    write_box_set(folder / "polyps", 12)
    return folder


@pytest.fixture(autouse=True)
def _few_texts(monkeypatch):
    """A tokenizer from 300 texts takes a tenth of the time."""
    monkeypatch.setattr(policy, "TOKENIZER_TEXTS", 300)


def silent(report):
    pass


def weights(folder: Path):
    return load_file(folder / "model" / "model.safetensors")


def metrics(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def assert_equal_runs(one: Path, other: Path) -> None:
    """Bit for bit: the final weights and every metric of every step."""
    assert metrics(one) == metrics(other)
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def whole(root, tmp_path_factory) -> Path:
    """A run that nobody stopped."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(policy, "TOKENIZER_TEXTS", 300)
        out = tmp_path_factory.mktemp("whole") / "run"
        train_sft(tiny_config(root, out), silent)
    return out


def test_a_run_leaves_a_model_that_loads_and_a_readable_trail(whole):
    model, processor = load_model(whole / "model")
    assert model.config.image_size == 64 and processor.image_seq_length == 16
    assert [line["step"] for line in metrics(whole)] == [1, 2, 3, 4]
    assert {"words", "coordinates", "spelt_giou", "dense", "attention", "loss", "grad_norm", "learning_rate"} < set(
        metrics(whole)[0]
    )
    assert metrics(whole)[-1]["learning_rate"] == 0
    split = json.loads((whole / "split.json").read_text())["polyps"]
    assert split["train_images"] + split["test_images"] == 12
    assert sorted(path.name for path in (whole / "checkpoints").iterdir()) == ["step-000002", "step-000004"]
    assert list((whole / "tensorboard").iterdir())


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(root, whole, tmp_path, stop_at):
    config = tiny_config(root, tmp_path / "run")
    seen = []
    with pytest.raises(Cancelled, match=f"after step {stop_at} of 4"):
        train_sft(config, lambda report: seen.append(report.step), lambda: len(seen) == stop_at)
    assert not (tmp_path / "run" / "model").exists()
    train_sft(config, silent)
    assert_equal_runs(tmp_path / "run", whole)


def test_dropout_draws_the_same_after_a_resume_with_a_worker(root, tmp_path):
    """Starting a DataLoader's workers would draw from the generator that the checkpoint restored."""
    changes = {
        "model": {"lora": {"rank": 2, "dropout": 0.5}},
        "data": {"workers": 1},
        "loss": PAPER,
        "optimizer": {"steps": 3, "batch_size": 2, "micro_batch_size": 2},
    }
    train_sft(tiny_config(root, tmp_path / "whole", **changes), silent)
    stopped = tiny_config(root, tmp_path / "stopped", **changes)
    with pytest.raises(Cancelled):
        train_sft(stopped, silent, lambda: True)
    train_sft(stopped, silent)
    assert_equal_runs(tmp_path / "stopped", tmp_path / "whole")


def test_a_finished_run_is_not_run_again(root, whole):
    before = metrics(whole)
    steps = []
    assert train_sft(tiny_config(root, whole), lambda report: steps.append(report.step)) == whole / "model"
    assert steps == [] and metrics(whole) == before


def test_metrics_of_a_run_that_died_before_its_first_checkpoint_are_not_doubled(root, tmp_path):
    config = tiny_config(root, tmp_path / "run", run={"checkpoint_every": 100})
    with pytest.raises(ZeroDivisionError):
        train_sft(config, lambda report: 1 // (3 - report.step))
    train_sft(config, silent)
    assert [line["step"] for line in metrics(tmp_path / "run")] == [1, 2, 3, 4]


def _killed_at(config, step: int) -> None:
    policy.TOKENIZER_TEXTS = 300

    def kill(report):
        if report.step == step:
            os.kill(os.getpid(), signal.SIGKILL)

    train_sft(config, kill)


@pytest.mark.skipif(sys.platform != "linux", reason="forks a process that it kills")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_kill_9_costs_the_steps_since_the_checkpoint_and_nothing_else(root, whole, tmp_path):
    config = tiny_config(root, tmp_path / "run")
    child = multiprocessing.get_context("fork").Process(target=_killed_at, args=(config, 3))
    child.start()
    child.join(100)
    assert child.exitcode == -signal.SIGKILL
    assert (tmp_path / "run/checkpoints/step-000002").is_dir() and not (tmp_path / "run/model").exists()
    seen = []
    train_sft(config, lambda report: seen.append(report.step))
    assert seen == [3, 4]
    assert_equal_runs(tmp_path / "run", whole)


def test_four_passes_of_two_samples_are_one_of_eight(root, tmp_path):
    """The means are over the whole batch, whatever the micro-batches."""
    runs = {}
    for micro in (2, 8):
        optimizer = {"batch_size": 8, "micro_batch_size": micro, "steps": 2, "learning_rate": 1e-3}
        train_sft(tiny_config(root, tmp_path / str(micro), optimizer=optimizer), silent)
        runs[micro] = metrics(tmp_path / str(micro))
    for small, large in zip(runs[2], runs[8], strict=True):
        # Of the first step exactly one update's worth of rounding; Adam magnifies it from then on.
        tolerance = 1e-6 if small["step"] == 1 else 1e-4
        assert small == pytest.approx(large, rel=tolerance, abs=tolerance)


def test_eight_samples_are_learnt_by_heart(root, tmp_path):
    """Without augmentation, the loss of words falls from the logarithm of the vocabulary to near nothing."""
    changes = {
        "data": {
            "sources": [{"name": "polyps", "kind": "box_set", "path": "polyps", "augment": False}],
            "test_share": 0.3,
            "follow_ups": 0,
        },
        "optimizer": {"learning_rate": 1e-2, "batch_size": 8, "micro_batch_size": 8, "steps": 40},
        "loss": PAPER,
        "run": {"log_every": 1, "checkpoint_every": 1000},
    }
    train_sft(tiny_config(root, tmp_path / "run", **changes), silent)
    losses = [line["words"] for line in metrics(tmp_path / "run")]
    assert losses[0] > 6
    assert sum(losses[-5:]) / 5 < 0.35 * losses[0]


def test_a_loss_that_is_no_number_stops_the_run_and_the_last_checkpoint_is_good(root, whole, tmp_path, monkeypatch):
    config = tiny_config(root, tmp_path / "run")
    update, calls = sft._update, []

    def poisoned(micro_batches, policy, *rest):
        calls.append(1)
        if len(calls) == 4:
            with torch.no_grad():
                next(policy.model.parameters()).fill_(float("nan"))
        return update(micro_batches, policy, *rest)

    monkeypatch.setattr(sft, "_update", poisoned)
    with pytest.raises(TrainingError, match="step 4 is no number"):
        train_sft(config, silent)
    assert [line["step"] for line in metrics(tmp_path / "run")] == [1, 2, 3]
    saved = load_file(tmp_path / "run/checkpoints/step-000002/model.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in saved.values())
    monkeypatch.setattr(sft, "_update", update)
    train_sft(config, silent)
    assert_equal_runs(tmp_path / "run", whole)


def test_a_gradient_that_is_no_number_stops_the_run_before_it_is_saved(root, tmp_path, monkeypatch):
    """The loss may still be a number then; the weights after the update are not."""

    def broken(parameters, accelerator):
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.fill_(float("nan"))

    monkeypatch.setattr(sft, "sum_gradients", broken)
    with pytest.raises(TrainingError, match="step 1 is no number"):
        train_sft(tiny_config(root, tmp_path / "run", run={"checkpoint_every": 1}), silent)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_full_disk_stops_the_run_and_the_last_checkpoint_is_good(root, whole, tmp_path, monkeypatch):
    config = tiny_config(root, tmp_path / "run")
    save = sft.save_checkpoint

    def full(folder, state, scheduler, at):
        if at.step == 4:
            (folder / "model.safetensors").write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(folder, state, scheduler, at)

    monkeypatch.setattr(sft, "save_checkpoint", full)
    with pytest.raises(StorageError, match="step 4: No space left") as caught:
        train_sft(config, silent)
    assert "resumes" in caught.value.hint
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000002"]
    monkeypatch.setattr(sft, "save_checkpoint", save)
    train_sft(config, silent)
    assert_equal_runs(tmp_path / "run", whole)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_torn_image_is_named_and_no_traceback_of_a_worker_comes_along(tmp_path, workers):
    write_box_set(tmp_path / "polyps", 4)
    for path in (tmp_path / "polyps" / "images").iterdir():
        path.write_bytes(path.read_bytes()[:60])
    config = tiny_config(tmp_path, tmp_path / "run", data={"workers": workers})
    with pytest.raises(CorruptImage) as caught:
        train_sft(config, silent)
    assert ".png" in caught.value.message and "Traceback" not in str(caught.value) and caught.value.hint


@pytest.mark.parametrize("save", [tiny_vlm.save_llava, tiny_vlm.save_qwen, tiny_vlm.save_idefics])
def test_any_family_is_trained_through_its_own_processor(root, tmp_path, save):
    save(tmp_path / "init")
    changes = {
        "model": {"init": str(tmp_path / "init"), "lora": {"rank": 2}},
        "data": {"max_text_tokens": 400, "follow_ups": 0},
        "optimizer": {"batch_size": 2, "micro_batch_size": 1, "steps": 2, "learning_rate": 1e-2},
        "loss": {**PAPER, "coordinate_weight": 1.0},
    }
    model = train_sft(tiny_config(root, tmp_path / "run", **changes), silent)
    assert len(metrics(tmp_path / "run")) == 2
    before, after = load_file(tmp_path / "init/model.safetensors"), load_file(model / "model.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed and not any("vision" in name or "visual" in name for name in changed)
    load_model(model)


def test_losses_that_only_umed_mini_has_are_refused_elsewhere(root, tmp_path):
    tiny_vlm.save_llava(tmp_path / "init")
    config = tiny_config(root, tmp_path / "run", model={"init": str(tmp_path / "init")}, loss={"attention_weight": 0.0})
    with pytest.raises(ConfigError, match="umed-mini"):
        train_sft(config, silent)


def test_a_batch_that_cannot_be_cut_is_refused(root, tmp_path):
    config = tiny_config(root, tmp_path / "run", optimizer={"batch_size": 4, "micro_batch_size": 3, "steps": 1})
    with pytest.raises(ConfigError, match="can't be cut"):
        train_sft(config, silent)


@pytest.mark.parametrize("slip", ["no data", "no model"])
def test_a_wrong_path_is_said_and_does_not_claim_the_run_folder(root, whole, tmp_path, slip):
    wrong = {"data": {"root": str(tmp_path)}} if slip == "no data" else {"model": {"init": str(tmp_path / "nowhere")}}
    with pytest.raises(MissingFile if slip == "no data" else MissingModel):
        train_sft(tiny_config(root, tmp_path / "run", **wrong), silent)
    train_sft(tiny_config(root, tmp_path / "run"), silent)
    assert_equal_runs(tmp_path / "run", whole)


def test_another_recipe_finds_the_folder_taken(root, whole):
    before = metrics(whole)
    with pytest.raises(TrainingError, match="another recipe"):
        train_sft(tiny_config(root, whole, optimizer={"steps": 5}), silent)
    assert metrics(whole) == before


# ---- how long, how fast


def test_a_folder_that_another_process_trains_in_is_left_alone(root, tmp_path):
    out = tmp_path / "run"
    with RunFolder(out).claimed(), pytest.raises(TrainingError, match=f"trained in by process {os.getpid()}"):
        train_sft(tiny_config(root, out), silent)
    assert [path.name for path in out.iterdir()] == ["in_use.lock"]


def test_the_papers_run_is_four_times_37_steps(monkeypatch, root, tmp_path):
    monkeypatch.setattr(bookkeeping, "real_samples", lambda data: 4653)
    optimizer = {"batch_size": 128, "epochs": 4.0, "steps": 0}
    assert total_steps(tiny_config(root, tmp_path, optimizer=optimizer)) == 148


def test_an_epoch_of_phantoms_has_no_end(root, tmp_path):
    sources = [{"name": "p", "kind": "phantoms", "phantom_kind": "ct"}]
    with pytest.raises(ConfigError, match=r"optimizer\.steps|without number"):
        total_steps(tiny_config(root, tmp_path, data={"sources": sources}, optimizer={"steps": 0}))


def test_the_rate_by_hand(root, tmp_path):
    linear = tiny_config(root, tmp_path, optimizer={"warmup_share": 0.0}).optimizer
    assert [schedule(step, 4, linear) for step in range(5)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    cosine = tiny_config(root, tmp_path, optimizer={"warmup_share": 0.5, "schedule": "cosine"}).optimizer
    assert [schedule(step, 4, cosine) for step in range(5)] == pytest.approx([0.5, 1.0, 1.0, 0.5, 0.0])
