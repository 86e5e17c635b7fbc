"""The talk with the teacher about one case, replayed from what was answered so far: diagnosis, reflection, corrections.

`next_step` is a pure walk over stored answers: it returns the next request that has no answer yet, or how the talk
ended. A build asks what is open, stores what comes, and walks again; so a killed build needs no state of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias

import msgspec

from umed_core.errors import DataError
from umed_core.mau.build_store import NamedCase, Picture
from umed_core.mau.teacher import Stage, TeacherReply, TeacherRequest
from umed_core.mau.validate import faults_of
from umed_core.prompts import (
    TEACHER_PROMPTS_VERSION,
    correction_prompt,
    diagnosis_prompt,
    parse_conversation,
    reflection_prompt,
)
from umed_core.records import Turn

__all__ = ["Ended", "Talk", "next_step"]

AnswerOf: TypeAlias = Callable[[str], TeacherReply | None]


@dataclass(frozen=True, slots=True)
class Talk:
    """What a talk is about, with whom, and how many times a faulty answer may be mended."""

    named: NamedCase
    picture: Picture
    picture_path: Path
    teacher: str
    corrections: int

    @property
    def image_name(self) -> str:
        """Of the picture in the dataset: images/<dataset>/000123.png."""
        return f"images/{self.named.case_id}{self.picture.suffix}"


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished talk: the conversation for the dataset, or the faults that remained after the last correction."""

    turns: tuple[Turn, ...]
    faults: tuple[str, ...]
    corrections: int


@dataclass(frozen=True, slots=True)
class _Settled:
    reply: TeacherReply
    faults: tuple[str, ...]
    attempts: int


def next_step(talk: Talk, answer_of: AnswerOf) -> TeacherRequest | Ended:
    """The first request of this talk that has no answer yet, or how it ended (paper, Fig. 2)."""
    case = talk.named.case
    diagnosis = _settle(
        talk, "diagnosis", diagnosis_prompt(case.findings, case.modality), _faults_of_diagnosis, answer_of
    )
    if isinstance(diagnosis, TeacherRequest):
        return diagnosis
    if diagnosis.faults:
        return Ended((), diagnosis.faults, diagnosis.attempts)

    prompt = reflection_prompt(case.findings, case.modality, diagnosis.reply.text)
    reflection = _settle(talk, "reflection", prompt, lambda reply: _faults_of_reflection(reply, talk), answer_of)
    if isinstance(reflection, TeacherRequest):
        return reflection
    attempts = diagnosis.attempts + reflection.attempts
    if reflection.faults:
        return Ended((), reflection.faults, attempts)
    return Ended(parse_conversation(reflection.reply.text), (), attempts)


def _settle(
    talk: Talk,
    stage: Stage,
    messages: tuple[Turn, ...],
    judge: Callable[[TeacherReply], tuple[str, ...]],
    answer_of: AnswerOf,
) -> TeacherRequest | _Settled:
    """Walks one stage: the answer without fault, the last faulty one, or the request that is still open."""
    for attempt in count():
        request = _request(talk, stage, attempt, messages)
        reply = answer_of(request.key)
        if reply is None:
            return request
        faults = judge(reply)
        if not faults or attempt == talk.corrections:
            return _Settled(reply, faults, attempt)
        messages = correction_prompt(messages, reply.text, " ".join(faults))
    raise AssertionError("count() has no end")


def _request(talk: Talk, stage: Stage, attempt: int, messages: tuple[Turn, ...]) -> TeacherRequest:
    asked = (talk.teacher, TEACHER_PROMPTS_VERSION, stage, attempt, talk.picture.sha256, messages)
    key = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()
    case = talk.named.case
    return TeacherRequest(
        key, talk.named.case_id, stage, attempt, messages, talk.picture_path, case.findings, case.modality
    )


def _faults_of_diagnosis(reply: TeacherReply) -> tuple[str, ...]:
    if reply.refusal:
        return (f"The teacher declined: {reply.refusal}",)
    return () if reply.text.strip() else ("The teacher's explanation is empty.",)


def _faults_of_reflection(reply: TeacherReply, talk: Talk) -> tuple[str, ...]:
    if reply.refusal:
        return (f"The teacher declined: {reply.refusal}",)
    try:
        turns = parse_conversation(reply.text)
    except DataError as error:
        return (error.message,)
    return faults_of(turns, talk.named.case.findings)
