"""Annotated images in, a report out: ask, keep each answer, score them beside two controls that should fail."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from umed_core import __version__
from umed_core.errors import ConfigError, DataError, InputError, MissingFile
from umed_core.evaluation.answers import AnswerKey, AnswerStore, GivenAnswer
from umed_core.evaluation.metrics import (
    AbnormalScores,
    JudgedAnswer,
    NormalScores,
    mean_box,
    score_abnormal,
    score_normal,
)
from umed_core.evaluation.samples import NORMAL_PHANTOMS, Part, Sample, limited, normal_phantoms, part_of, samples_of
from umed_core.evaluation.sets import EvalSet
from umed_core.geometry import NormalizedBox
from umed_core.mau.split import split_manifest
from umed_core.prompts import CLASS_SYNONYMS, DEFAULT_QUESTION
from umed_core.records import MauRecord, Prediction, write_atomic

__all__ = [
    "AskModel",
    "EvalConfig",
    "ModelId",
    "Progress",
    "Report",
    "SetScores",
    "UnaskedImage",
    "evaluate",
    "read_report",
    "write_report",
]

AskModel: TypeAlias = Callable[[NDArray[np.uint8], str, str], Prediction]
"""Answers a question about display pixels: (pixels, image name, question) -> Prediction."""

Progress: TypeAlias = Callable[[int, int, str], None]
"""Called before each image that is asked about: how many of how many are done, and which comes."""


@dataclass(frozen=True, slots=True)
class EvalConfig:
    """What is asked, of which part. `limit` keeps so many images of each set, 0 all; `phantoms` adds normal ones."""

    question: str = DEFAULT_QUESTION
    part: Part = "test"
    test_share: float = 0.2
    seed: int = 0
    limit: int = 0
    phantoms: int = 0


@dataclass(frozen=True, slots=True)
class ModelId:
    """The model that answers and the options that change its answers, spelled out."""

    name: str
    sha256: str
    decoding: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class UnaskedImage:
    """An image that could not be opened, and why; it is in no figure."""

    dataset: str
    image: str
    reason: str


@dataclass(frozen=True, slots=True)
class SetScores:
    """One dataset's row: its images with findings, its images without, each None where the set has no such image."""

    dataset: str
    abnormal: AbnormalScores | None
    normal: NormalScores | None
    seconds_per_answer: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a reader needs to judge and to repeat a measurement; `brought_splits` names sets that came split."""

    model: ModelId
    config: EvalConfig
    sets: tuple[SetScores, ...]
    splits: dict[str, dict[str, str | int | float]]
    refused_rows: dict[str, int]
    unasked: tuple[UnaskedImage, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    brought_splits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """One dataset's samples, and the box of its second control."""

    dataset: str
    samples: tuple[Sample, ...]
    center: NormalizedBox


def evaluate(
    sets: Sequence[EvalSet],
    config: EvalConfig,
    model: ModelId,
    ask: AskModel,
    store: AnswerStore,
    progress: Progress,
) -> Report:
    """Asks about every sample that `store` has no answer for, and scores them all.

    Raises: ConfigError; DataError without a sample; whatever `ask` raises, the answers so far being kept.
    """
    questions = list(_questions(sets, config))
    if not any(question.samples for question in questions):
        raise DataError(
            "There is no image to ask about.", "Name a set with --data, or a greater part of it with --split."
        )
    unasked = _ask_all(
        [sample for question in questions for sample in question.samples], config, model, ask, store, progress
    )
    classes = sorted(
        {f.label for eval_set in sets for record in eval_set.records for f in record.findings} | set(CLASS_SYNONYMS)
    )
    return Report(
        model=model,
        config=config,
        sets=tuple(_score(question, config, model, store, classes) for question in questions if question.samples),
        splits={s.name: split_manifest(s.split) for s in sets},
        refused_rows={s.name: s.refused for s in sets},
        unasked=tuple(unasked),
        versions=_versions(),
        brought_splits=tuple(s.name for s in sets if s.brings_split),
    )


def write_report(report: Report, path: Path) -> None:
    """As indented JSON, whole or not at all. Raises: StorageError."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def read_report(path: Path) -> Report:
    """Raises: MissingFile; DataError for a file that is no report."""
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", "Run `umed eval` to write a report.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise DataError(f"{path} is no report: {problem}.", "Run `umed eval` again.") from problem


def _questions(sets: Sequence[EvalSet], config: EvalConfig) -> Iterator[_Question]:
    names = [eval_set.name for eval_set in sets]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ConfigError(f"Two sets are called {repeated[0]!r}.", "Give each --data a name of its own.")
    for eval_set in sets:
        chosen = limited(part_of(eval_set.split, config.part), config.limit)
        center = mean_box([finding.box for record in eval_set.split.train for finding in record.findings])
        yield _Question(eval_set.name, tuple(samples_of(eval_set, chosen)), center)
    yield _Question(NORMAL_PHANTOMS, tuple(normal_phantoms(config.phantoms)), mean_box([]))


def _ask_all(
    samples: Sequence[Sample],
    config: EvalConfig,
    model: ModelId,
    ask: AskModel,
    store: AnswerStore,
    progress: Progress,
) -> list[UnaskedImage]:
    unasked = []
    waiting = [sample for sample in samples if store.get(_key(sample.record, config, model)) is None]
    for done, sample in enumerate(waiting):
        record = sample.record
        progress(done, len(waiting), record.image)
        try:
            pixels = sample.pixels()
        except InputError as problem:
            unasked.append(UnaskedImage(record.dataset, record.image, str(problem)))
            continue
        given = ask(pixels, record.image, config.question)
        store.add(GivenAnswer(*_key(record, config, model), given.text, given.seconds))
    return unasked


def _key(record: MauRecord, config: EvalConfig, model: ModelId) -> AnswerKey:
    # A dataset that is built anew may give a picture's number to another picture.
    picture = record.provenance.get("image_sha256", "")
    image = f"{record.image}#{picture}" if picture else record.image
    return record.dataset, image, config.question, model.sha256, model.decoding


def _score(
    question: _Question, config: EvalConfig, model: ModelId, store: AnswerStore, classes: Sequence[str]
) -> SetScores:
    abnormal: list[JudgedAnswer] = []
    normal: list[JudgedAnswer] = []
    seconds: list[float] = []
    for record in (sample.record for sample in question.samples):
        given = store.get(_key(record, config, model))
        if given is not None:
            (abnormal if record.findings else normal).append(JudgedAnswer(given.text, record.findings, record.group))
            seconds.append(given.seconds)
    return SetScores(
        dataset=question.dataset,
        abnormal=score_abnormal(abnormal, question.center, config.seed) if abnormal else None,
        normal=score_normal(normal, classes) if normal else None,
        seconds_per_answer=sum(seconds) / len(seconds) if seconds else 0.0,
    )


def _versions() -> dict[str, str]:
    return {"umed": __version__, "python": platform.python_version(), "machine": platform.machine()}
