"""A checkpoint holds all that the next update depends on: weights, moments, rates."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")

from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from umed_core.errors import StorageError, TrainingError
from umed_core.training import checkpoint as checkpoints
from umed_core.training.checkpoint import TrainingState, load_checkpoint, save_checkpoint, snapshot
from umed_core.training.run import RunFolder


class Run:
    """Two linear layers under AdamW whose rate falls each step."""

    def __init__(self, seed: int, width: int = 3) -> None:
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(width, 4), nn.Tanh(), nn.Linear(4, 1))
        self.modules = {"model": self.model}
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=0.1)
        self.scheduler = LambdaLR(self.optimizer, lambda step: 1 / (1 + step))

    def update(self) -> list[float]:
        self.model(torch.ones(5, self.model[0].in_features)).square().mean().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.scheduler.step()
        return torch.cat([p.detach().flatten() for p in self.model.parameters()]).tolist()

    def save(self, folder, step):
        save_checkpoint(folder, snapshot(self.modules, self.optimizer), self.scheduler, TrainingState(step))

    def load(self, folder):
        return load_checkpoint(folder, self.modules, self.optimizer, self.scheduler)


def test_what_follows_a_resume_is_what_would_have_followed(tmp_path):
    run = Run(seed=0)
    for _ in range(3):
        run.update()
    run.save(tmp_path, 3)
    expected = [run.update() for _ in range(3)]
    resumed = Run(seed=99)
    assert resumed.load(tmp_path) == TrainingState(3)
    assert [resumed.update() for _ in range(3)] == expected


def test_the_next_update_has_the_rate_that_it_would_have_had(tmp_path):
    """1 / (1 + 3) of 0.1; a scheduler alone would leave the first rate until its next step."""
    run = Run(seed=0)
    for _ in range(3):
        run.update()
    run.save(tmp_path, 3)
    resumed = Run(seed=0)
    resumed.load(tmp_path)
    assert [group["lr"] for group in resumed.optimizer.param_groups] == [pytest.approx(0.025)]


def test_another_models_checkpoint_is_refused(tmp_path):
    run = Run(seed=0)
    run.update()
    run.save(tmp_path, 1)
    other = Run(seed=0)
    other.modules = {"policy": other.model}
    with pytest.raises(TrainingError, match="other parameters"):
        other.load(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["missing", "torn"])
def test_a_damaged_checkpoint_is_an_error_with_a_way_out(tmp_path, name, damage):
    run = Run(seed=0)
    run.update()
    run.save(tmp_path, 1)
    if damage == "missing":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:5])
    with pytest.raises(TrainingError, match="damaged") as caught:
        Run(seed=0).load(tmp_path)
    assert "checkpoint before" in caught.value.hint


def test_no_pickle_is_written(tmp_path):
    run = Run(seed=0)
    run.update()
    run.save(tmp_path, 1)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model.safetensors", "optimizer.safetensors", "state.json"]
    assert json.loads((tmp_path / "state.json").read_text())["step"] == 1


def test_a_disk_that_is_full_for_safetensors_is_a_storage_error(tmp_path, monkeypatch):
    """safetensors raises an error of its own, which is no OSError."""
    from safetensors import SafetensorError

    run, folder = Run(seed=0), RunFolder(tmp_path)
    run.update()
    with folder.new_checkpoint(1) as path:
        run.save(path, 1)

    def full(tensors, path):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(StorageError, match="step 2"), folder.new_checkpoint(2) as path:
        run.save(path, 2)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000001"]
    Run(seed=1).load(folder.latest_checkpoint())


def test_a_resume_keeps_the_order_of_memory_that_fused_adamw_takes_for_granted(tmp_path):
    """Without it torch's kernel pairs each weight with another weight's moments, and says nothing."""

    def run_of(seed: int, fused: bool | None) -> Run:
        run = Run(seed)
        torch.manual_seed(seed)
        run.model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(3, 1))
        run.model.to(memory_format=torch.channels_last)
        run.modules = {"model": run.model}
        run.optimizer = torch.optim.AdamW(run.model.parameters(), lr=0.1, fused=fused)
        run.scheduler = LambdaLR(run.optimizer, lambda step: 1 / (1 + step))
        return run

    def update(run: Run, step: int) -> None:
        pixels = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(step))
        run.model(pixels).square().mean().backward()
        run.optimizer.step()
        run.optimizer.zero_grad()

    plain, fused = run_of(0, None), run_of(0, True)
    for step in range(3):
        update(plain, step)
        update(fused, step)
    fused.save(tmp_path, 3)
    resumed = run_of(99, True)
    resumed.load(tmp_path)
    for run in (plain, resumed):
        for group in run.optimizer.param_groups:
            group["lr"] = 0.1
        for step in range(3, 6):
            update(run, step)
    assert torch.allclose(resumed.model[0].weight, plain.model[0].weight, atol=1e-6)
