"""What stage 2 asks of a judge: how well an answer fits the reference (METHOD.md, relevance r_LLM)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["Judge"]


class Judge(Protocol):
    """Scores answers to one question against a reference."""

    @property
    def identity(self) -> str:
        """Everything that changes a score, in one line without secrets."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether question, reference and answers (never the image) go to another machine."""
        ...

    def score(self, question: str, reference: str, answers: Sequence[str]) -> list[float]:
        """One score in 0..1 for each answer, in order. Raises: TrainingError where the judge cannot go on."""
        ...

    def close(self) -> None:
        """Lets go of connections and memory."""
        ...
