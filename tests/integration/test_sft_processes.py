"""Two processes train as one does: same losses, same weights, files from the first alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from safetensors.torch import load_file

from tests import tiny_vlm
from tests.integration.launched import FILES, metrics, train_in_two
from tests.tiny_sft import tiny_config, write_box_set
from umed_core.errors import ConfigError, DataError, TrainingError
from umed_core.training import policy, processes
from umed_core.training.processes import highest, open_accelerator, sum_gradients, summed, together
from umed_core.training.sft import train_sft

gloo = pytest.mark.skipif(sys.platform == "win32", reason="gloo by the launcher")


def silent(report):
    pass


def assert_alike(one: Path, other: Path) -> None:
    """Losses within 1e-4; weights within what Adam makes of that."""
    for line, same in zip(metrics(one), metrics(other), strict=True):
        assert same == pytest.approx(line, rel=1e-4, abs=1e-4)
    first, second = (load_file(run / "model" / "model.safetensors") for run in (one, other))
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(second[name], first[name], atol=2e-3, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@gloo
def test_two_processes_are_one(tmp_path: Path, program_environment, monkeypatch):
    """Also where one process's samples hold no box: counts and gradients are those of the whole batch."""
    monkeypatch.setattr(policy, "TOKENIZER_TEXTS", 300)
    write_box_set(tmp_path / "polyps", 12)
    normal = {"name": "n", "kind": "phantoms", "phantom_kind": "endoscopy", "normal_share": 1.0, "share": 1.0}
    changes = {
        "data": {"sources": [{"name": "polyps", "kind": "box_set", "path": "polyps", "share": 1.0}, normal]},
        "optimizer": {"batch_size": 4, "micro_batch_size": 1, "steps": 3, "learning_rate": 1e-3},
    }
    train_sft(tiny_config(tmp_path, tmp_path / "one", **changes), silent)
    two = tiny_config(tmp_path, tmp_path / "two", **changes)
    train_in_two("ddp.yaml", "sft", two, tmp_path, program_environment)
    assert_alike(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
@pytest.mark.timeout(3000)
@gloo
def test_a_model_in_parts_is_one_in_a_piece(tmp_path: Path, program_environment):
    """Frozen and trained weights, dropout, a stop and a resume: first in parts on two processes, then whole in one."""
    write_box_set(tmp_path / "polyps", 12)
    tiny_vlm.save_llava(tmp_path / "init")
    changes = {
        "model": {"init": str(tmp_path / "init"), "lora": {"rank": 2, "dropout": 0.5}},
        "data": {"max_text_tokens": 400, "follow_ups": 0},
        "optimizer": {"batch_size": 4, "micro_batch_size": 1, "steps": 4, "learning_rate": 1e-2},
        "loss": dict.fromkeys(("coordinate_sigma", "coordinate_giou_weight", "dense_weight", "attention_weight"), 0.0),
    }
    train_sft(tiny_config(tmp_path, tmp_path / "one", **changes), silent)
    parts = tiny_config(tmp_path, tmp_path / "parts", **changes)
    train_in_two("fsdp.yaml", "sft", parts, tmp_path, program_environment, stop_at=1)
    train_sft(parts, silent)
    assert_alike(tmp_path / "one", tmp_path / "parts")
    train_in_two(
        "fsdp.yaml", "sft", tiny_config(tmp_path, tmp_path / "whole", **changes), tmp_path, program_environment
    )
    assert_alike(tmp_path / "one", tmp_path / "whole")


def test_what_ships_for_the_launcher_is_what_accelerate_reads():
    from accelerate.commands.config.config_args import load_config_from_file

    for path in FILES.glob("*.yaml"):
        read = load_config_from_file(str(path))
        assert read.num_processes == 2 and read.mixed_precision == "no"
    assert yaml.safe_load((FILES / "fsdp.yaml").read_text())["fsdp_config"]["fsdp_version"] == 2
    assert {path.name for path in FILES.glob("*.yaml")} == {"ddp.yaml", "fsdp.yaml"}


class Pair:
    """What one of two processes sees of the other, which holds `other` for each thing reduced in turn."""

    num_processes = 2
    device = torch.device("cpu")

    def __init__(self, *other):
        self.other = list(other)

    def reduce(self, tensor, reduction):
        assert reduction == "sum"
        return tensor + self.other.pop(0)


class Alone:
    num_processes = 1


def test_sums_over_two_processes_by_hand():
    values = {"tokens": 3.0, "boxes": 1.0}
    assert summed(values, Pair(torch.tensor([4.0, 0.0]))) == {"tokens": 7.0, "boxes": 1.0}
    assert summed(values, Alone()) == values


def test_gradients_are_added_and_one_that_nobody_has_stays_absent():
    """Three parameters: both processes hold the first's gradient, only the other the second's, nobody the third's."""
    mine, theirs, nobodys = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
    mine.grad = torch.tensor([1.0, 2.0])
    flags, first, second = torch.tensor([1.0, 1.0, 0.0]), torch.tensor([10.0, 20.0]), torch.tensor([5.0, 5.0])
    sum_gradients([mine, theirs, nobodys], Pair(flags, first, second))
    assert mine.grad.tolist() == [11.0, 22.0] and theirs.grad.tolist() == [5.0, 5.0] and nobodys.grad is None
    sum_gradients([mine], Alone())
    assert mine.grad.tolist() == [11.0, 22.0]


# ---- what fails in one


class Told:
    """One of two processes, which hears what both have to say."""

    num_processes = 2


def hears(monkeypatch, *others):
    monkeypatch.setattr(processes, "gather_object", lambda own: [*own, *others])


def test_a_failure_of_the_other_process_is_raised_here_in_its_own_words(monkeypatch):
    hears(monkeypatch, ("DataError", "No image.", "Look again."))
    with pytest.raises(DataError, match="No image") as caught, together(Told()):
        pass
    assert caught.value.hint == "Look again."


def test_of_two_failures_the_first_process_has_its_say(monkeypatch):
    hears(monkeypatch, ("DataError", "No image.", ""))
    with pytest.raises(TrainingError, match="mine"), together(Told()):
        raise TrainingError("mine")


def test_without_a_failure_nothing_is_raised(monkeypatch):
    hears(monkeypatch, None)
    with together(Told()):
        pass
    with pytest.raises(TrainingError), together(Alone()):
        raise TrainingError("one process has nobody to tell")


def test_the_highest_value_is_of_all_and_never_hides_that_one_is_no_number():
    class Both(Pair):
        def gather(self, tensor):
            return torch.cat([tensor, *self.other])

    assert highest([0.1, 0.3], Both(torch.tensor([0.2]))) == pytest.approx(0.3)
    assert highest([0.1], Both(torch.tensor([0.2]))) == pytest.approx(0.2)
    nan = float("nan")
    assert highest([0.0, nan], Both(torch.tensor([0.2]))) != highest([0.0, nan], Both(torch.tensor([0.2])))


def test_processes_that_do_not_know_of_each_other_are_refused(monkeypatch):
    """A launcher that accelerate does not recognise would have each of them train, and write, alone."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "Accelerator", lambda **options: Alone())
    with pytest.raises(ConfigError, match="2 processes were started"):
        open_accelerator("fp32")


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="2 processes were started for 1 GPUs"):
        open_accelerator("fp32")


def test_a_loss_that_a_model_in_parts_cannot_have_is_refused(tmp_path, monkeypatch):
    from umed_core.training.sft import Objective

    monkeypatch.setattr(policy, "TOKENIZER_TEXTS", 300)
    config = tiny_config(tmp_path, tmp_path / "run")
    built = policy.load_policy(config.model, 0, wants_rows=False)
    Objective(built, config)
    with pytest.raises(ConfigError, match="dense_weight"):
        Objective(built, config, in_parts=True)
