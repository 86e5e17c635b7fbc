"""Asking about an image, or several, question after question, each with what was said before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umed_core.records import Turn
from umed_core.vlm.client import ANSWER_TIMEOUT_S, WorkerClient
from umed_core.vlm.messages import Answer, AskOptions, TextDelta

__all__ = ["Reply", "converse"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A question, its answer, and the pieces in which the answer came."""

    question: str
    answer: Answer
    deltas: tuple[TextDelta, ...]


def converse(
    client: WorkerClient,
    pixels: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    questions: Sequence[str],
    options: AskOptions,
    timeout_s: float = ANSWER_TIMEOUT_S,
) -> Iterator[TextDelta | Reply]:
    """The pieces of each answer as they come and, after the last piece of each, its Reply.

    Shapes: pixels (H, W) or (H, W, 3) display values, or several of them where the model takes several.
    Raises: as WorkerClient.ask.
    """
    turns: tuple[Turn, ...] = ()
    for question in questions:
        turns = (*turns, Turn("user", question))
        deltas: list[TextDelta] = []
        for event in client.ask(pixels, turns, options, timeout_s):
            if isinstance(event, TextDelta):
                deltas.append(event)
                yield event
            else:
                turns = (*turns, Turn("assistant", event.text))
                yield Reply(question, event, tuple(deltas))
