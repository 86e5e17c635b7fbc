"""What came of each question: one outcome an image, kept for each test set beside the run that answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from umed_core.errors import DataError
from umed_core.evaluation.answers import AnswerStore
from umed_core.evaluation.asking import ask_through, model_id
from umed_core.evaluation.evaluate import EvalConfig, ModelId, evaluate, write_report
from umed_core.evaluation.metrics import is_false_alarm, score_answer
from umed_core.evaluation.sets import EvalSet
from umed_core.experiments.recipe import EvaluationConfig
from umed_core.mau.split import Split
from umed_core.prompts import CLASS_SYNONYMS
from umed_core.records import MauRecord, read_jsonl, write_atomic
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.messages import AskOptions

__all__ = [
    "BEFORE",
    "AskedSet",
    "Outcome",
    "as_eval_set",
    "ask_sets",
    "injected_file",
    "outcomes_key",
    "read_outcomes",
    "write_outcomes",
]

BEFORE = "before"
"""In place of a level: is the class named before the box? `parsable`: is there a box at all?"""


class Outcome(msgspec.Struct, frozen=True):
    """One answer. `named` and `iou` are of images with findings, `alarm` of those without."""

    image: str
    group: str
    is_normal: bool
    named: bool
    iou: float
    parsable: bool
    alarm: bool


class AskedSet(msgspec.Struct, frozen=True):
    """A test set to ask about: its records on disk, relative to `folder`, and where its outcomes go."""

    name: str
    folder: str
    records: str
    key: str
    out: str


class _Kept(msgspec.Struct, frozen=True):
    key: str
    outcomes: tuple[Outcome, ...]


def outcomes_key(run_key: str, records_digest: str, asking: EvaluationConfig) -> str:
    """Changes with the model, the images and the way of asking."""
    asked = {
        name: value
        for name, value in msgspec.to_builtins(asking).items()
        if name not in ("limit", "device", "timeout_s")
    }
    return hashlib.sha256(json.dumps([run_key, records_digest, asked], sort_keys=True).encode()).hexdigest()


def read_outcomes(path: Path, key: str) -> tuple[Outcome, ...] | None:
    """The outcomes that a run with this key left, or None where they are still to come."""
    if not path.is_file():
        return None
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except msgspec.MsgspecError:
        return None  # of another version of umed: the answers are kept, and are scored again
    return kept.outcomes if kept.key == key else None


def write_outcomes(path: Path, key: str, outcomes: Sequence[Outcome]) -> None:
    """Raises: StorageError."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(_Kept(key, tuple(outcomes))), indent=1))


def injected_file(asked: AskedSet, place: str) -> Path:
    """Where the outcomes with an injected box lie: `place` is a level, or BEFORE."""
    out = Path(asked.out)
    return out.with_name(f"{out.stem}@{place}.json")


def ask_sets(
    model: Path, sets: Sequence[AskedSet], asking: EvaluationConfig, answers: Path,
    progress: Callable[[int, int], None],
) -> None:  # fmt: skip
    """Asks the model about every image of the sets, through its worker as `umed eval` does, and writes the outcomes.

    Answers are kept as they come: what was stopped goes on. `progress` gets (done, total) images.
    Raises: what `evaluate` raises, and what `progress` does.
    """
    read = {asked.name: as_eval_set(asked) for asked in sets}
    classes = _classes(record for one in read.values() for record in one.records)
    options = AskOptions(max_new_tokens=asking.max_new_tokens, grammar=asking.grammar, attention="none")
    config = EvalConfig(question=asking.question)
    total, before = sum(len(one.records) for one in read.values()), 0
    with WorkerClient() as client:
        loaded = client.load(model, asking.device)
        identity, ask = model_id(loaded, options), ask_through(client, loaded, options, asking.timeout_s)
        for asked in sets:
            one = read[asked.name]

            def step(done: int, _total: int, _image: str, before: int = before) -> None:
                progress(before + done, total)

            # Each set by itself: two may hold the same image, and a store tells answers apart by dataset and image.
            store = AnswerStore(answers)
            report = evaluate([one], config, identity, ask, store, step)
            if report.unasked:
                raise DataError(f"{report.unasked[0].image} of {asked.name} cannot be read.", report.unasked[0].reason)
            write_report(report, Path(asked.out).with_suffix(".report.json"))
            outcomes = tuple(
                _outcome(record, _text(store, record, config, identity), classes) for record in one.records
            )
            write_outcomes(Path(asked.out), asked.key, outcomes)
            before += len(one.records)
    progress(total, total)


def as_eval_set(asked: AskedSet) -> EvalSet:
    """The test set as an evaluation takes it, all of it on the test side. Raises: MissingFile, DataError."""
    records = tuple(read_jsonl(Path(asked.records), MauRecord))
    return EvalSet(asked.name, Path(asked.folder), Split((), records, 1.0, 0))


def _text(store: AnswerStore, record: MauRecord, config: EvalConfig, model: ModelId) -> str:
    given = store.get((record.dataset, record.image, config.question, model.sha256, model.decoding))
    assert given is not None, "evaluate leaves an answer for every image that could be read"
    return given.text


def _classes(records: Iterable[MauRecord]) -> list[str]:
    return sorted({finding.label for record in records for finding in record.findings} | set(CLASS_SYNONYMS))


def _outcome(record: MauRecord, text: str, classes: Sequence[str]) -> Outcome:
    """One answer's scores, by the measures of `umed eval`."""
    if not record.findings:
        alarm = is_false_alarm(text, classes)
        return Outcome(record.image, record.group, True, False, 0.0, False, alarm)
    score = score_answer(text, record.findings)
    return Outcome(record.image, record.group, False, score.named, score.first_iou, score.box_count > 0, False)
