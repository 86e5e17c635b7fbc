"""A training stage in two processes, started by `accelerate launch` with one of the files that ship."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec

FILES = Path(__file__).resolve().parents[2] / "assets" / "umed_assets" / "accelerate"

TRAIN = """
import os, pathlib, sys
import msgspec
from umed_core.config import AarConfig, SftConfig
from umed_core.errors import Cancelled
from umed_core.training import aar, policy, run, sft
from umed_core.training.judges.embedded import EmbeddedJudge

stage, recipe, stop_at = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
if os.environ["RANK"] != "0":
    # A second process that writes anything of a run fails the test.
    def refuse(*args, **kwargs):
        raise AssertionError("the second process wrote a file")
    for name in ("claimed", "log", "open", "forget_after", "new_checkpoint"):
        setattr(run.RunFolder, name, refuse)
    sft.save_policy = aar.save_policy = aar.save_samples = aar.write_atomic = refuse
policy.TOKENIZER_TEXTS = 300
class Brief(EmbeddedJudge):
    def score(self, question, reference, answers):
        return [1 / (1 + len(answer)) for answer in answers]

aar.open_judge = lambda config: Brief()
train, kind = {"sft": (sft.train_sft, SftConfig), "aar": (aar.train_aar, AarConfig)}[stage]
seen = []
try:
    train(msgspec.json.decode(recipe.read_bytes(), type=kind), lambda r: seen.append(r.step), lambda: stop_at in seen)
    print(f"ended {os.environ['RANK']}", flush=True)
except Cancelled:
    print(f"stopped {os.environ['RANK']}", flush=True)
"""


def launch(
    file: str, arguments: list[str], environment: dict[str, str], timeout_s: float = 1500
) -> subprocess.CompletedProcess[str]:
    """Two processes of `python arguments`, on the processor."""
    command = [
        sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", "--config_file", str(FILES / file),
        "--num_processes", "2", *arguments,
    ]  # fmt: skip
    environment = {**environment, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    launcher = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        said = launcher.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        launcher.terminate()  # and with it what it started; killed, it would leave that behind
        launcher.communicate()
        raise
    return subprocess.CompletedProcess(command, launcher.returncode, *said)


def train_in_two(
    file: str, stage: str, config: msgspec.Struct, folder: Path, environment: dict[str, str], stop_at: int = 0
) -> None:
    """Both processes run the stage to its end, or through `stop_at`; only the first may write."""
    recipe, script = folder / f"{stage}.json", folder / "train.py"
    recipe.write_bytes(msgspec.json.encode(config))
    script.write_text(TRAIN)
    done = launch(file, [str(script), stage, str(recipe), str(stop_at)], environment)
    assert done.returncode == 0, done.stderr[-3000:]
    word = "stopped" if stop_at else "ended"
    assert f"{word} 0" in done.stdout and f"{word} 1" in done.stdout, "the launcher must have started two processes"


def metrics(run: Path) -> list[dict[str, float]]:
    """The lines of metrics.jsonl, less what depends on the clock."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "tokens_per_s"} for line in lines]
