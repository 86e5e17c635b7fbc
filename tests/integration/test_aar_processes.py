"""Two processes reward a model as one does: same draws, same losses and rewards; and what stops one stops both."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from safetensors.torch import load_file

from tests import tiny_vlm
from tests.integration.launched import FILES, launch, metrics, train_in_two
from tests.tiny_aar import tiny_config
from umed_core.config import load_aar_config
from umed_core.errors import ConfigError
from umed_core.training.aar import train_aar
from umed_core.training.aar_batches import PromptReader, query_batches
from umed_core.training.experience import Experience, of_all_processes
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.learner import build_learner
from umed_core.training.policy import load_policy
from umed_core.training.processes import open_accelerator
from umed_core.training.rollout import Candidates

RECIPE = FILES.parent / "recipes" / "smoke-aar.toml"
gloo = pytest.mark.skipif(sys.platform == "win32", reason="gloo by the launcher")

NORMALS = {"name": "phantoms", "kind": "phantoms", "phantom_kind": "endoscopy", "normal_share": 0.5}
CHANGES = {
    # Where nothing is to be found, an answer without a box is paid: random weights must earn something.
    "data": {"sources": [NORMALS]},
    # Of the minibatches of three candidates, some lie with one process alone.
    # A low rate: Adam gives an element whose gradient is nothing but rounding a whole step, and at 1e-3 two orders of
    # summing in one process are further apart than 1e-4 after an update's eight steps.
    "optimizer": {
        "learning_rate": 1e-5,
        "value_learning_rate": 1e-5,
        "batch_size": 4,
        "micro_batch_size": 1,
        "steps": 4,
    },
    "ppo": {"epochs": 2, "minibatch_size": 3},
    "rollout": {"candidates": 3, "max_new_tokens": 8, "top_p": 1.0},
}


class Brief(EmbeddedJudge):
    """Pays for short answers."""

    def score(self, question, reference, answers):
        return [1 / (1 + len(answer)) for answer in answers]


@pytest.fixture(scope="module")
def init(tmp_path_factory):
    return tiny_vlm.save_medvint(tmp_path_factory.mktemp("models") / "grid", "grid")


def silent(report):
    pass


def assert_alike(one: Path, other: Path, init: Path) -> None:
    """Losses, rewards and every other figure within 1e-4; both ended in one place, by a hundredth of the way there."""
    assert len(metrics(one)) == 4
    for line, same in zip(metrics(one), metrics(other), strict=True):
        assert same == pytest.approx(line, rel=1e-4, abs=1e-4)
    begun = load_file(init / "model.safetensors")
    first, second = (load_file(run / "model" / "model.safetensors") for run in (one, other))
    way = sum(float((first[name] - begun[name]).square().sum()) for name in begun) ** 0.5
    apart = sum(float((first[name] - second[name]).square().sum()) for name in begun) ** 0.5
    assert way > 1e-4 and apart < 0.01 * way


@pytest.mark.slow
@pytest.mark.timeout(3000)
@gloo
def test_two_processes_are_one_and_a_run_goes_on_in_either_number(init, tmp_path, program_environment):
    train_aar(tiny_config(init, tmp_path / "one", **CHANGES), silent, judge=Brief())
    assert all(line["r_llm"] > 0 and line["policy_loss"] for line in metrics(tmp_path / "one"))
    assert any(line["r_loc"] > 0 for line in metrics(tmp_path / "one"))
    train_in_two("ddp.yaml", "aar", tiny_config(init, tmp_path / "two", **CHANGES), tmp_path, program_environment)
    assert_alike(tmp_path / "one", tmp_path / "two", init)
    mixed = tiny_config(init, tmp_path / "mixed", **CHANGES)
    train_in_two("ddp.yaml", "aar", mixed, tmp_path, program_environment, stop_at=1)
    # What is asked for after update 1 is heard in update 2.
    assert [path.name for path in (tmp_path / "mixed" / "checkpoints").iterdir()] == ["step-000002"]
    train_aar(mixed, silent, judge=Brief())
    assert_alike(tmp_path / "one", tmp_path / "mixed", init)


BROKEN = """
import os, sys
from umed_cli.main import main
from umed_core.errors import TrainingError
from umed_core.training import aar
from umed_core.training.judges.embedded import EmbeddedJudge

class Gone(EmbeddedJudge):
    answers = 0
    def score(self, question, reference, answers):
        self.answers += 1
        if self.answers == 3 and os.environ["RANK"] == breaks:  # each process has one query an update
            raise TrainingError("The judge cannot go on: no answer.", "Start it.")
        return super().score(question, reference, answers)

aar.open_judge = lambda config: Gone()
breaks = sys.argv.pop()
main()
"""


@pytest.mark.slow
@pytest.mark.timeout(3000)
@gloo
@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_judge_that_one_process_lost_stops_both_with_one_line(init, tmp_path, program_environment, rank):
    def overrides(out):
        return [f"model.init={init}", f"run.out={tmp_path / out}", "run.checkpoint_every=2"]

    script = tmp_path / "umed.py"
    script.write_text(BROKEN)
    command = [str(script), "train", "aar", "--config", "smoke-aar"]
    for override in overrides("run"):
        command += ["--set", override]
    done = launch("ddp.yaml", [*command, rank], program_environment)
    said = done.stdout + done.stderr
    assert done.returncode != 0 and said.count("The judge cannot go on: no answer.") == 1
    # The launcher has a traceback of its own to tell; the processes have none.
    assert 'umed_core/training/aar.py", line' not in said and "exitcode  : 8" in said
    assert [path.name for path in (tmp_path / "run/checkpoints").iterdir()] == ["step-000002"]
    for out in ("run", "whole"):
        train_aar(load_aar_config(RECIPE, overrides(out)), silent)
    assert_alike(tmp_path / "run", tmp_path / "whole", init)


class One:
    """What one of several processes knows of itself, and the device."""

    device = torch.device("cpu")

    def __init__(self, index, count):
        self.process_index, self.num_processes = index, count


def test_the_processes_queries_are_in_a_row_those_of_one(init, tmp_path):
    config = tiny_config(init, tmp_path, optimizer={"batch_size": 4, "steps": 2})
    policy = load_policy(config.model, 0, wants_rows=True)

    def asked(accelerator, start=0):
        updates = query_batches(config, policy, PromptReader(policy), 2, start, accelerator)
        return [[(query.question, query.pixels.tobytes()) for query in update] for update in updates]

    alone = asked(open_accelerator("fp32"))
    first, second = asked(One(0, 2)), asked(One(1, 2))
    assert [[*a, *b] for a, b in zip(first, second, strict=True)] == alone
    assert len(first[0]) == 2 and asked(One(1, 2), start=1) == second[1:]


def test_queries_that_the_processes_cannot_share_are_refused(init, tmp_path):
    with pytest.raises(ConfigError, match="2 queries an update can't be shared by 3 processes"):
        build_learner(tiny_config(init, tmp_path), One(0, 3))


def test_a_model_in_parts_is_not_for_this_stage(init, tmp_path, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    with pytest.raises(ConfigError, match="FSDP"):
        build_learner(tiny_config(init, tmp_path), One(0, 2))


def experience(mark: float, query: object) -> Experience:
    tokens = torch.full((2, 3), int(mark))
    nothing = torch.zeros(2)
    return Experience(
        query, Candidates(tokens, tokens > 0), (f"answer {mark}", ""), tokens > 0, *[tokens.float()] * 3,
        torch.full((2,), mark), nothing, nothing, nothing,
    )  # fmt: skip


def test_everyones_experiences_come_in_the_queries_order_and_others_without_query(monkeypatch):
    """The second of two processes with two queries each: 1, 2 are the other's, 3, 4 its own."""
    from umed_core.training import experience as module

    def gathered(own):
        assert all(e.query is None for e in own), "images and prompts stay where they are"
        return [experience(1, None), experience(2, None), *own]

    monkeypatch.setattr(module, "gather_object", gathered)
    found = of_all_processes([experience(3, "mine"), experience(4, "mine too")], One(1, 2))
    assert [float(e.r_llm[0]) for e in found] == [1, 2, 3, 4]
    assert [e.query for e in found] == [None, None, "mine", "mine too"]
