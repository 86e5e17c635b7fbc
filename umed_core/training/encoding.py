"""A conversation to token ids, labels on the response alone, and which tokens spell a box or a class.

Works for any fast tokenizer whose chat template writes the answers unchanged. Image placeholders stand before the
first answer, so that a processor which expands them only shifts what is computed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import ConfigError
from umed_core.geometry import NormalizedBox, iou
from umed_core.prompts import parse_boxes
from umed_core.records import Finding, Turn

__all__ = ["IGNORED", "NO_BOX", "EncodedText", "as_messages", "encode_text", "template_pieces"]

IGNORED = -100
NO_BOX = -1
MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for a turn's text where only the template's own is wanted."""


@dataclass(frozen=True)
class EncodedText:
    """Shapes: all (T,). `labels[t]` is the id that position t-1 must predict, or IGNORED; `box_of[t]` the index of the
    finding whose coordinate token t spells, or NO_BOX; `names_class[t]` whether it spells a finding's class."""

    input_ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    box_of: NDArray[np.int64]
    names_class: NDArray[np.bool_]


def as_messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns in the form of transformers' chat templates, the image at the head of the first."""
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(turns):
        content = [{"type": "text", "text": turn.text}]
        messages.append({"role": turn.role, "content": [{"type": "image"}, *content] if number == 0 else content})
    return messages


def template_pieces(render: Callable[[Sequence[Turn]], str], turns: Sequence[Turn]) -> tuple[str, ...]:
    """What the chat template writes before, between and after the texts of `turns`; one piece more than turns."""
    return tuple(render([replace(turn, text=MARK) for turn in turns]).split(MARK))


def encode_text(
    tokenizer: Any,
    rendered: str,
    turns: Sequence[Turn],
    findings: Sequence[Finding],
    pieces: Sequence[str] = (),
) -> EncodedText:
    """Token ids of a rendered conversation whose assistant turns are the response.

    `pieces` of the template tell where each turn stands; without them the first place that fits is taken, which may be
    wrong for an answer as short as "A". Raises: ConfigError when the template changed a text, so that its tokens
    can't be told.
    """
    encoded = tokenizer(rendered, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.asarray(encoded["input_ids"], dtype=np.int64)
    starts = np.asarray([start for start, _ in encoded["offset_mapping"]])
    ends = np.asarray([end for _, end in encoded["offset_mapping"]])
    labels = np.full(ids.shape, IGNORED, dtype=np.int64)
    box_of = np.full(ids.shape, NO_BOX, dtype=np.int64)
    names_class = np.zeros(ids.shape, dtype=bool)
    for turn, place in zip(turns, _places(rendered, turns, pieces), strict=True):
        end = place + len(turn.text)
        if turn.role == "assistant":
            # Overlap, not containment: many tokenizers write the space before an answer into its first token.
            inside = np.flatnonzero((ends > place) & (starts < end) & (ends > starts))
            if inside.size:
                # The token after the answer ends the turn; it must be learnt too.
                last = min(int(inside[-1]) + 1, ids.size - 1)
                response = np.arange(inside[0], last + 1)
                labels[response] = ids[response]
            for parsed in parse_boxes(turn.text):
                number = _nearest(parsed.box, findings)
                spelt = (starts >= place + parsed.start) & (ends <= place + parsed.end) & (ends > starts)
                digits = np.array([bool(re.search(r"\d", rendered[s:e])) for s, e in zip(starts, ends, strict=True)])
                box_of[spelt & digits] = number
            for label in {finding.label for finding in findings}:
                for hit in re.finditer(re.escape(label), turn.text):
                    names_class |= (ends > place + hit.start()) & (starts < place + hit.end()) & (labels != IGNORED)
    return EncodedText(ids, labels, box_of, names_class)


def _places(rendered: str, turns: Sequence[Turn], pieces: Sequence[str]) -> list[int]:
    """The character at which each turn's text begins."""
    places, end = [], 0
    for number, turn in enumerate(turns):
        place = end + len(pieces[number]) if pieces else rendered.find(turn.text, end)
        if place < 0 or not rendered.startswith(turn.text, place):
            raise ConfigError(
                "The model's chat template rewrites the text of a turn.", "Use a template that keeps it as it is."
            )
        places.append(place)
        end = place + len(turn.text)
    return places


def _nearest(box: NormalizedBox, findings: Sequence[Finding]) -> int:
    overlaps = [iou(box, finding.box) for finding in findings]
    return int(np.argmax(overlaps)) if overlaps and max(overlaps) > 0 else NO_BOX
