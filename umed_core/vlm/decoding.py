"""The decoding loop that every engine shares: pick a token, tell its text and where the model looked, go on.

An engine brings a `Stepper`; sampling, the box grammar, text that is whole characters only, and Stop are here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from umed_core.vlm.answer import located_boxes
from umed_core.vlm.box_grammar import LONGEST_BOX, BoxGrammar
from umed_core.vlm.messages import Answer, AskOptions, AttentionRow, TextDelta

__all__ = ["Step", "Stepper", "Vocabulary", "common_prefix", "decode_answer", "next_token"]


@dataclass(frozen=True)
class Step:
    """What the model says after a token. Shapes: logits (V,) of the next one; `attention` of the position that said so."""

    logits: NDArray[np.float32]
    attention: tuple[AttentionRow, ...] = ()


class Stepper(Protocol):
    """A model in the middle of an answer."""

    def step(self, token_id: int) -> Step:
        """Feeds one token and returns what follows it."""
        ...


@dataclass(frozen=True)
class Vocabulary:
    """What decoding needs of a tokenizer: ids to text, the ids that end a turn, those that may never be said."""

    decode: Callable[[Sequence[int]], str]
    end_ids: frozenset[int]
    banned_ids: tuple[int, ...]
    grammar: BoxGrammar | None


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """How many leading ids are the same."""
    length = min(len(a), len(b))
    same = np.asarray(a[:length]) == np.asarray(b[:length])
    return length if same.all() else int(np.argmin(same))


def next_token(logits: NDArray[np.float32], options: AskOptions, rng: np.random.Generator) -> int:
    """The likeliest token at temperature 0, else a draw from the smallest set that holds `top_p` of the probability."""
    if options.temperature <= 0:
        return int(np.argmax(logits))
    scaled = (logits - logits.max()) / options.temperature
    shares = np.exp(scaled, dtype=np.float64)
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    # The token that crosses top_p belongs to the set.
    kept = order[: int(np.searchsorted(np.cumsum(shares[order]), options.top_p)) + 1]
    return int(rng.choice(kept, p=shares[kept] / shares[kept].sum()))


def decode_answer(
    ask_id: int,
    first: Step,
    stepper: Stepper,
    vocabulary: Vocabulary,
    options: AskOptions,
    stopped: Callable[[], bool],
    classes: tuple[str, ...],
    started: float,
    reused_tokens: int,
    image_count: int = 1,
) -> Iterator[TextDelta | Answer]:
    """Streams the answer whose first token `first` predicts. `started` is a `time.perf_counter()`."""
    rng = np.random.default_rng(options.seed)
    grammar = vocabulary.grammar if options.grammar else None
    state = grammar.start() if grammar else None
    ids: list[int] = []
    told = ""
    step = first
    was_stopped = False
    for index in range(options.max_new_tokens):
        was_stopped = stopped()
        if was_stopped:
            break
        logits = step.logits.copy()
        logits[list(vocabulary.banned_ids)] = -np.inf
        if grammar is not None and state is not None:
            allowed = grammar.allowed(state)
            if allowed is not None:
                logits[~allowed] = -np.inf
        token = next_token(logits, options, rng)
        if grammar is not None and state is not None and options.max_new_tokens - index <= LONGEST_BOX:
            # A box begun now might not end in time.
            while state.phase == "outside" and grammar.advance(state, token).phase != "outside":
                logits[token] = -np.inf
                token = next_token(logits, options, rng)
        if token in vocabulary.end_ids:
            break
        ids.append(token)
        if grammar is not None and state is not None:
            state = grammar.advance(state, token)
        text = vocabulary.decode(ids)
        # A character that spans tokens decodes to U+FFFD until it is whole.
        piece = "" if text.endswith("\ufffd") else text[len(told) :]
        yield TextDelta(ask_id, index, piece, len(told), len(told) + len(piece), step.attention)
        told += piece
        step = stepper.step(token)
    yield Answer(
        ask_id,
        told,
        located_boxes(told, classes, image_count),
        time.perf_counter() - started,
        len(ids),
        was_stopped,
        reused_tokens,
    )
