"""What the build asks of a teacher: explain a known finding, then put it in question-and-answer form (paper, Fig. 2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from umed_core.records import Finding, Turn

__all__ = ["Stage", "Teacher", "TeacherReply", "TeacherRequest", "Tokens"]

Stage: TypeAlias = Literal["diagnosis", "reflection"]


@dataclass(frozen=True, slots=True)
class TeacherRequest:
    """One question to a teacher about one case; `key` is the content hash under which its answer is stored.

    `case_id` is the dataset's own name of the case ("kidneystone/000123") and holds no identifier. `messages` are the
    rendered prompt, the last one the user's. `image` is the cleaned copy that may leave the machine. `attempt` counts
    from 0; a later one tells the teacher what was wrong with the answer before it.
    """

    key: str
    case_id: str
    stage: Stage
    attempt: int
    messages: tuple[Turn, ...]
    image: Path
    findings: tuple[Finding, ...]
    modality: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """What was paid for, as the teacher counts it; zeros for one that costs nothing."""

    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class TeacherReply:
    """A teacher's words; empty text with `refusal` set where it declined to answer."""

    text: str
    refusal: str = ""
    tokens: Tokens = field(default_factory=Tokens)


class Teacher(Protocol):
    """Anything that answers requests, several at a time."""

    @property
    def identity(self) -> str:
        """Everything that changes an answer, in one line without secrets: kind, model, sampling, server's host."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether answering sends the image to another machine, which needs the person's consent."""
        ...

    async def answer(self, request: TeacherRequest) -> TeacherReply:
        """The reply to one request. Raises: TeacherBusy to try again later; TeacherError that a retry will not mend."""
        ...

    async def close(self) -> None:
        """Lets go of connections and processes."""
        ...
