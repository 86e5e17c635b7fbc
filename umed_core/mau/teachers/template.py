"""The teacher that needs no model and no network: stated facts in our own wording, drawn by the request's key."""

from __future__ import annotations

import random
import re

from umed_core.mau.knowledge import KNOWLEDGE
from umed_core.mau.teacher import TeacherReply, TeacherRequest
from umed_core.mau.wording import write_conversation
from umed_core.records import Turn

__all__ = ["TemplateTeacher"]

WORDING_VERSION = "1"
"""Goes up when `wording`, `phrases` or `knowledge` change what is said."""

MOST_FOLLOW_UPS = 2


class TemplateTeacher:
    """Implements Teacher. Its answers depend on the request's case and nothing else: not on time, order or attempt."""

    @property
    def identity(self) -> str:
        return f"template wording={WORDING_VERSION}"

    @property
    def is_remote(self) -> bool:
        return False

    async def answer(self, request: TeacherRequest) -> TeacherReply:
        """Raises: DataError for a finding whose box does not lie on the image."""
        turns = _conversation(request)
        if request.stage == "diagnosis":
            facts = [fact for finding in request.findings[:1] for fact in _facts(finding.label)]
            return TeacherReply(" ".join([turns[1].text, *facts]))
        return TeacherReply("\n\n".join(_block(turn) for turn in turns))

    async def close(self) -> None:
        """Holds nothing."""


def _conversation(request: TeacherRequest) -> tuple[Turn, ...]:
    # By the case and not by the key: a diagnosis and its reflection then tell the same, and so does a second attempt.
    rng = random.Random(f"{WORDING_VERSION} {request.case_id}")
    return write_conversation(request.findings, request.modality, rng, rng.randint(0, MOST_FOLLOW_UPS))


def _facts(label: str) -> tuple[str, ...]:
    known = KNOWLEDGE.get(label)
    return (known.definition[0], known.diagnosis[0]) if known else ()


def _block(turn: Turn) -> str:
    words = re.sub(r"\s+", " ", turn.text)
    return f"{'Question' if turn.role == 'user' else 'Answer'}: {words}"
