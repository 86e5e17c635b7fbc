"""Two processes train as one does: same losses, same weights, files from the first alone."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from safetensors.torch import load_file

from tests.tiny_sft import tiny_config, write_box_set
from umed_core.training import policy
from umed_core.training.processes import sum_gradients, summed
from umed_core.training.sft import train_sft

TRAIN = """
import json, os, pathlib, sys
import msgspec
from umed_core.config import SftConfig
from umed_core.training import policy, run, sft

rank = os.environ["RANK"]
if rank != "0":
    # A second process that writes anything of a run fails the test.
    def refuse(*args, **kwargs):
        raise AssertionError(f"process {rank} wrote a file")
    for name in ("log", "open", "forget_after", "new_checkpoint"):
        setattr(run.RunFolder, name, refuse)
    sft.save_policy = sft.SummaryWriter = refuse
policy.TOKENIZER_TEXTS = 300
config = msgspec.json.decode(pathlib.Path(sys.argv[1]).read_bytes(), type=SftConfig)
sft.train_sft(config, lambda report: None)
print("ended", rank, flush=True)
"""


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.platform == "win32", reason="gloo by the launcher")
def test_two_processes_are_one(tmp_path: Path, program_environment, monkeypatch):
    """Also where one process's samples hold no box: counts and gradients are those of the whole batch."""
    monkeypatch.setattr(policy, "TOKENIZER_TEXTS", 300)
    write_box_set(tmp_path / "polyps", 12)
    normal = {"name": "n", "kind": "phantoms", "phantom_kind": "endoscopy", "normal_share": 1.0, "share": 1.0}
    changes = {
        "data": {"sources": [{"name": "polyps", "kind": "box_set", "path": "polyps", "share": 1.0}, normal]},
        "optimizer": {"batch_size": 4, "micro_batch_size": 1, "steps": 3, "learning_rate": 1e-3},
    }
    train_sft(tiny_config(tmp_path, tmp_path / "one", **changes), lambda report: None)

    recipe = tmp_path / "two.json"
    recipe.write_bytes(msgspec.json.encode(tiny_config(tmp_path, tmp_path / "two", **changes)))
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    # On CPUs `accelerate launch` starts one process; its own launcher for GPUs is torch's, as here.
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_addr", "127.0.0.1",
        "--master_port", str(free_port()), str(script), str(recipe),
    ]  # fmt: skip
    environment = {**program_environment, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ended 0" in done.stdout and "ended 1" in done.stdout, "the launcher must have started two processes"

    def lines(name):
        return [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]

    for one, two in zip(lines("one"), lines("two"), strict=True):
        assert two == pytest.approx(one, rel=1e-4, abs=1e-4)
    first, second = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    for name in first:
        torch.testing.assert_close(second[name], first[name], atol=2e-3, rtol=1e-3)


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
