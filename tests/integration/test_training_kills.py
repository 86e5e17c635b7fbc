"""Fifty kill -9s at random moments: every run goes on and ends with the weights of one that nobody disturbed, bit for bit.

Three ways to die, all seeded: at a moment by the clock; at a random file operation below the run folder (making, renaming
and removing checkpoints, metrics, the final model); and with half of a checkpoint's file written.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from safetensors.torch import load_file

from tests import tiny_aar, tiny_sft, tiny_vlm
from umed_core.training import checkpoint, policy
from umed_core.training.aar import train_aar
from umed_core.training.sft import train_sft

KILLS = 30
"""A stage."""

WAYS = ("clock", "operation", "file")

OPERATIONS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree")
"""Of Python's audit events."""

FORK = multiprocessing.get_context("fork") if sys.platform == "linux" else None

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    pytest.mark.skipif(FORK is None, reason="forks processes that it kills"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_operation(number: int, folder: Path) -> None:
    """The process dies before its `number`-th operation on a file of `folder`."""
    left = [number]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in OPERATIONS and isinstance(arguments[0], str | os.PathLike) and str(folder) in str(arguments[0]):
            left[0] -= 1
            if not left[0]:
                die()

    sys.addaudithook(watch)


def die_in_file(number: int) -> None:
    """The process dies with half of its `number`-th tensor file written."""
    whole, left = checkpoint.save_file, [number]

    def half(tensors: dict[str, torch.Tensor], path: Path) -> None:
        whole(tensors, path)
        left[0] -= 1
        if not left[0]:
            os.truncate(path, path.stat().st_size // 2)
            die()

    checkpoint.save_file = half


def child(train, config, way: str, number: int, started) -> None:
    policy.TOKENIZER_TEXTS = 300
    if way == "operation":
        die_at_operation(number, Path(config.run.out))
    elif way == "file":
        die_in_file(number)
    started.set()
    train(config, lambda report: None)


def run_once(train, config, way: str, number: int, delay_s: float) -> bool:
    """Whether the run was killed before its end."""
    started = FORK.Event()
    process = FORK.Process(target=child, args=(train, config, way, number, started))
    process.start()
    assert started.wait(60)
    if way == "clock":
        time.sleep(delay_s)
        process.kill()
    process.join(300)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def leavings(folder: Path) -> dict[str, torch.Tensor]:
    """Every tensor of the final model and of the last checkpoint."""
    last = max((folder / "checkpoints").glob("step-*"))
    files = [folder / "model" / "model.safetensors", last / "model.safetensors", last / "optimizer.safetensors"]
    return {f"{file.parent.name}/{file.name}/{k}": tensor for file in files for k, tensor in load_file(file).items()}


def metrics(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "tokens_per_s"} for line in lines]


def disturb(train, config_at, tmp_path: Path, seed: int) -> Counter[str]:
    """Runs, killed again and again, until KILLS were counted; each is compared with the undisturbed one."""
    whole = tmp_path / "whole"
    assert not run_once(train, config_at(whole), "", 0, 0)
    begun = time.monotonic()
    assert not run_once(train, config_at(tmp_path / "timed"), "", 0, 0)
    seconds = time.monotonic() - begun
    expected, lines = leavings(whole), metrics(whole)
    draw, killed, tries, runs = random.Random(seed), Counter(), 0, 0
    while killed.total() < KILLS:
        run, died = tmp_path / f"run-{runs}", True
        while died:
            way = WAYS[tries % len(WAYS)]
            number = draw.randint(1, 60) if way == "operation" else draw.randint(1, 4)
            died = run_once(train, config_at(run), way, number, draw.uniform(0, seconds))
            killed[way] += died
            tries += 1
        runs += 1
        found = leavings(run)
        assert found.keys() == expected.keys() and metrics(run) == lines
        assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
        shutil.rmtree(run)
    return killed


def test_instruction_tuning_outlives_kills(tmp_path, capsys):
    tiny_sft.write_box_set(tmp_path / "polyps", 12)

    def config_at(out):
        optimizer = {"learning_rate": 1e-3, "batch_size": 2, "micro_batch_size": 2, "steps": 6}
        return tiny_sft.tiny_config(tmp_path, out, optimizer=optimizer, run={"checkpoint_every": 1})

    tell(disturb(train_sft, config_at, tmp_path, seed=1), "SFT", capsys)


def test_rewarding_outlives_kills(tmp_path, capsys):
    init = tiny_vlm.save_medvint(tmp_path / "init", "grid")

    def config_at(out):
        return tiny_aar.tiny_config(
            init, out, optimizer={"learning_rate": 1e-3, "batch_size": 2, "steps": 6}, run={"checkpoint_every": 1}
        )

    tell(disturb(train_aar, config_at, tmp_path, seed=2), "AAR", capsys)


def tell(killed: Counter[str], stage: str, capsys) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{stage}: {killed.total()} kills outlived, {dict(killed)}\n")
    assert killed.total() >= KILLS and min(killed[way] for way in WAYS) >= 5
