"""The answers given so far, one JSON line each, written as they come: a run that was stopped goes on where it was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec

from umed_core.errors import StorageError
from umed_core.records import read_jsonl

__all__ = ["AnswerKey", "AnswerStore", "GivenAnswer"]

AnswerKey: TypeAlias = tuple[str, str, str, str, str]
"""Dataset, image, question, the model's hash, and how it was decoded: an answer holds for exactly these."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What one model answered to one question about one image. `decoding` spells the options that change an answer."""

    dataset: str
    image: str
    question: str
    model_sha256: str
    decoding: str
    text: str
    seconds: float

    @property
    def key(self) -> AnswerKey:
        return self.dataset, self.image, self.question, self.model_sha256, self.decoding


class AnswerStore:
    """A JSONL file of GivenAnswers that only grows; of two answers with one key the later holds.

    Raises: DataError for a file that holds anything else; StorageError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[AnswerKey, GivenAnswer] = {}
        if path.exists():
            _drop_torn_line(path)
            self._answers = {answer.key: answer for answer in read_jsonl(path, GivenAnswer)}

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, key: AnswerKey) -> GivenAnswer | None:
        """The answer under `key`, or None if it was not given yet."""
        return self._answers.get(key)

    def add(self, answer: GivenAnswer) -> None:
        """Keeps one more answer, on disk before this returns. Raises: StorageError."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as out:
                out.write(msgspec.json.encode(answer) + b"\n")
        except OSError as problem:
            raise StorageError(
                f"Could not write {self._path}: {problem.strerror or problem}.",
                "Free some space or choose another folder; the answers so far are kept.",
            ) from problem
        self._answers[answer.key] = answer


def _drop_torn_line(path: Path) -> None:
    """Cuts off a last line without its newline: the program died while it wrote it."""
    try:
        with path.open("r+b") as file:
            content = file.read()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                file.truncate(whole)
                os.fsync(file.fileno())
    except OSError as problem:
        raise StorageError(
            f"Could not open {path}: {problem.strerror or problem}.", "Choose a folder that you may write to."
        ) from problem
