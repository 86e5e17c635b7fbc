"""Experiments end to end: the smoke size by the command line, a box written into an answer, and `umed eval`'s opinion."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")
pytest.importorskip("matplotlib", reason="needs the [experiments] extra")

from tests import tiny_vlm
from tests.tiny_aar import SAVERS
from tests.tiny_sft import write_box_set
from umed_core.evaluation.samples import samples_of
from umed_core.evaluation.sets import of_box_set
from umed_core.experiments import injection
from umed_core.experiments.injection import inject
from umed_core.experiments.jobs import InjectJob
from umed_core.experiments.outcomes import BEFORE, AskedSet, ask_sets, injected_file, read_outcomes
from umed_core.experiments.recipe import EvaluationConfig
from umed_core.geometry import best_match
from umed_core.mau.box_sets import read_box_set
from umed_core.prompts import DEFAULT_QUESTION, format_box, parse_boxes
from umed_core.records import Turn, write_jsonl
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.messages import Answer, AskOptions

ASKING = EvaluationConfig(max_new_tokens=24, device="cpu")


def umed(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "umed_cli", *arguments], env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def polyps(tmp_path_factory) -> Path:
    return write_box_set(tmp_path_factory.mktemp("sets") / "polyps", 6)


@pytest.fixture
def asked(polyps, tmp_path) -> AskedSet:
    """All polyps as a test set."""
    write_jsonl(tmp_path / "test.jsonl", read_box_set(polyps, "polyps").records)
    return AskedSet("polyps", str(polyps), str(tmp_path / "test.jsonl"), "key", str(tmp_path / "eval" / "polyps.json"))


def test_outcomes_are_those_of_umed_eval(asked, polyps, tmp_path, program_environment):
    model = tiny_vlm.save_medvint(tmp_path / "model", "grid")
    ask_sets(model, [asked], ASKING, tmp_path / "answers.jsonl", lambda done, total: None)
    outcomes = read_outcomes(Path(asked.out), "key")
    ran = umed(
        "eval", "--data", f"polyps={polyps}", "--model", str(model), "--split", "all", "--no-grammar", "--device", "cpu",
        "--max-new-tokens", "24", "--out", str(tmp_path / "eval"), environment=program_environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (scores,) = json.loads((tmp_path / "eval" / "report.json").read_text())["sets"]
    assert scores["abnormal"]["accuracy"]["value"] == sum(outcome.named for outcome in outcomes) / 6
    assert scores["abnormal"]["mean_iou"]["value"] == pytest.approx(sum(outcome.iou for outcome in outcomes) / 6)
    assert scores["abnormal"]["parsable"]["value"] == sum(outcome.parsable for outcome in outcomes) / 6


def asked_about(model: Path, polyps: Path, longest: int):
    """A model as Figure 3 holds it, with its inputs for the first polyp."""
    box_set = of_box_set(read_box_set(polyps, "polyps"), 0.0, 0)
    sample = samples_of(box_set, box_set.split.train)[0]
    writer = injection._open(model, "cpu", longest)
    return writer, injection._inputs(writer, sample.record, sample.pixels(), DEFAULT_QUESTION), sample.pixels()


NOTHING = torch.zeros(1, 0, dtype=torch.long)


@pytest.mark.parametrize("family", list(SAVERS))
def test_the_own_answer_is_the_one_that_transformers_generates(family, polyps, tmp_path):
    writer, inputs, _ = asked_about(SAVERS[family](tmp_path / "model"), polyps, 12)
    (own,) = injection._complete(writer, inputs, NOTHING)
    suppressed = writer.vocabulary.suppressed.tolist()
    generated = writer.policy.model.generate(**inputs, max_new_tokens=12, do_sample=False, suppress_tokens=suppressed)
    assert own == generated[0, inputs["input_ids"].shape[1] :].tolist()[: len(own)] and own


def test_the_own_answer_is_the_one_that_an_evaluation_gets(polyps, tmp_path):
    model = tiny_vlm.save_medvint(tmp_path / "model", "grid")
    writer, inputs, pixels = asked_about(model, polyps, 12)
    with WorkerClient() as client:
        client.load(model, "cpu")
        options = AskOptions(max_new_tokens=12, grammar=False, attention="none")
        events = list(client.ask(pixels, [Turn("user", DEFAULT_QUESTION)], options))
    answer = next(event.text for event in events if isinstance(event, Answer))
    assert writer.decode(injection._complete(writer, inputs, NOTHING)[0]).strip() == answer.strip() != ""


@pytest.mark.parametrize("family", list(SAVERS))
def test_a_box_can_be_spelt_into_an_answer_of_every_family(family, tmp_path):
    writer = injection._open(SAVERS[family](tmp_path / "model"), "cpu", 12)
    tokenizer = writer.policy.processor.tokenizer
    text = "There is a kidney stone at [bbox_start] 0.125, 0.250, 0.500, 0.375 [bbox_end]."
    own = tokenizer(text, add_special_tokens=False)["input_ids"]
    box = parse_boxes("[bbox_start] 0.500, 0.375, 0.125, 0.250 [bbox_end]")[0].box
    spelt = writer.decode(
        injection._spelt(writer, own, writer.decode(own), parse_boxes(writer.decode(own))[0].start, box)
    )
    assert spelt.strip() == f"There is a kidney stone at {format_box(box)}"


def test_a_continuation_is_the_one_that_each_beginning_has_by_itself(polyps, tmp_path):
    writer, inputs, _ = asked_about(tiny_vlm.save_medvint(tmp_path / "model", "grid"), polyps, 10)
    given = torch.tensor([[30, 31, 32], [40, 41, 42]])
    together = injection._complete(writer, inputs, given)
    assert together == [injection._complete(writer, inputs, row[None])[0] for row in given]
    # Without a cache: the next token of the whole text.
    ids = torch.cat([inputs["input_ids"], given[:1]], dim=1)
    with torch.no_grad():
        logits = writer.policy.model(**{**inputs, "input_ids": ids}).logits[0, -1]
    logits[writer.vocabulary.suppressed] = float("-inf")
    first = int(logits.argmax())
    assert together[0][:1] == ([] if first in writer.vocabulary.end_ids.tolist() else [first])


def test_levels_reach_the_outcomes(asked, tmp_path, monkeypatch):
    """A model that says whether the box fits: named above IoU .5, and never before the box."""
    model = tiny_vlm.save_medvint(tmp_path / "model", "grid")
    spoken = "The abnormality at [bbox_start] 0.125, 0.250, 0.500, 0.375 [bbox_end]."
    truths = {}

    def complete(writer, inputs, given):
        tokenizer = writer.policy.processor.tokenizer
        if not given.shape[1]:
            return [tokenizer(spoken, add_special_tokens=False)["input_ids"]]
        boxes = [parse_boxes(writer.decode(row.tolist()))[0].box for row in given]
        fits = [best_match(box, truths["now"]) > 0.5 for box in boxes]
        return [
            tokenizer(" is a kidney stone" if fit else " is no", add_special_tokens=False)["input_ids"] for fit in fits
        ]

    def score(text, findings):
        return scored(text.replace("kidney stone", "polyp"), findings)

    scored = injection.score_answer
    read = injection._inputs
    monkeypatch.setattr(injection, "score_answer", score)
    monkeypatch.setattr(injection, "_complete", complete)

    def inputs(writer, record, pixels, question):
        truths["now"] = [finding.box for finding in record.findings]
        return read(writer, record, pixels, question)

    monkeypatch.setattr(injection, "_inputs", inputs)
    done = []
    inject(InjectJob(str(model), (asked,), (0.0, 0.4, 0.6, 1.0), ASKING, 0), lambda *at: done.append(at))
    assert done[-1] == (6, 6)
    named = {}
    for level in (0.0, 0.4, 0.6, 1.0):
        outcomes = read_outcomes(injected_file(asked, str(level)), "key")
        assert [outcome.iou for outcome in outcomes] == pytest.approx([level] * 6, abs=0.02)
        named[level] = sum(outcome.named for outcome in outcomes)
    assert named == {0.0: 0, 0.4: 0, 0.6: 6, 1.0: 6}
    before = read_outcomes(injected_file(asked, BEFORE), "key")
    assert all(outcome.parsable and not outcome.named for outcome in before)


def test_an_answer_without_a_box_stands_as_it_is(asked, tmp_path):
    model = tiny_vlm.save_medvint(tmp_path / "model", "grid")  # random weights: nothing that reads as a box
    inject(InjectJob(str(model), (asked,), (0.5,), ASKING, 0), lambda done, total: None)
    for place in (BEFORE, "0.5"):
        assert not any(outcome.parsable for outcome in read_outcomes(injected_file(asked, place), "key"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_table_2_at_smoke_size_by_the_command_line(tmp_path, program_environment):
    arguments = ("experiment", "table2", "--size", "smoke", "--jobs", "2", "--out", str(tmp_path))
    ran = umed(*arguments, environment=program_environment)
    assert ran.returncode == 0, ran.stderr
    assert "Research use only" in ran.stdout and "phantom renal for KS" in ran.stdout
    reports = json.loads((tmp_path / "table2" / "report.json").read_text())
    assert [row["label"] for row in reports[0]["rows"]][-1] == "full (UMed)"
    assert (tmp_path / "table2" / "table2.png").stat().st_size > 10_000
    lines = (tmp_path / "times.jsonl").read_text().splitlines()
    began = time.monotonic()
    again = umed(*arguments, environment=program_environment)
    assert again.returncode == 0 and time.monotonic() - began < 60
    assert (tmp_path / "times.jsonl").read_text().splitlines() == lines  # nothing was run again
    other = umed(*arguments, "--set", "stage_one.optimizer.steps=5", environment=program_environment)
    assert other.returncode == 8 and "another recipe" in other.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child")
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, program_environment):
    command = [sys.executable, "-m", "umed_cli", "experiment", "table8", "--size", "smoke", "--out", str(tmp_path)]
    running = subprocess.Popen(command, env=program_environment, stderr=subprocess.PIPE, text=True)
    seen = ""
    while "done: base-seed0\n" not in seen:
        seen += running.stderr.readline()
    os.kill(running.pid, signal.SIGINT)
    _, rest = running.communicate(timeout=300)
    assert running.returncode == 130 and "goes on from here" in rest
    base = (tmp_path / "runs" / "base-seed0" / "arm.json").read_bytes()
    ran = subprocess.run(command, env=program_environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "runs" / "base-seed0" / "arm.json").read_bytes() == base
    assert "Table 8" in ran.stdout


def test_a_plan_is_told_and_nothing_is_trained(tmp_path, program_environment):
    ran = umed(
        "experiment", "table6", "--size", "smoke", "--out", str(tmp_path), "--dry-run", environment=program_environment
    )
    assert ran.returncode == 0, ran.stderr
    assert "no-vrr-seed0: to train, 4 images; to ask" in ran.stdout and "not known before" in ran.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["table3", "--size", "smoke"], 4, "no experiment table3"),
        (["table2", "--size", "huge"], 3, "no size huge"),
        (["table2", "--size", "mini", "--set", "root=nowhere"], 3, "does not exist"),
        (["table2", "--size", "smoke", "--set", "seeds=none"], 4, "seeds"),
    ],
)
def test_a_wrong_option_is_one_line_and_a_hint(arguments, code, said, tmp_path, program_environment):
    small = ["--set", "columns.0.phantoms=6", "--set", "columns.3.phantoms=6"] if "mini" in arguments else []
    ran = umed("experiment", *arguments, *small, "--out", str(tmp_path), environment=program_environment)
    assert ran.returncode == code and said in ran.stderr and "hint:" in ran.stderr
    assert "Traceback" not in ran.stderr
