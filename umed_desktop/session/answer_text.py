"""How an answer is shown: its words, each with the characters of the answer it stands for, and its boxes as marks.

Offsets are half-open ranges of the answer as the model wrote it, the ranges of TextDelta and LabelledBox.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from umed_core.prompts import BOX_END, BOX_START
from umed_core.vlm.messages import LabelledBox

__all__ = ["Piece", "PieceKind", "pieces_of", "sentence_around"]

PieceKind: TypeAlias = Literal["word", "gap", "box", "unfinished", "unusable"]

_BOX_TEXT = re.compile(re.escape(BOX_START) + r".*?(?:" + re.escape(BOX_END) + r"|$)", re.DOTALL)
_WORD = re.compile(r"\w+(?:[-'’/.]\w+)*")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$)|\n+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters start..end of an answer, shown as `shown`; `box` is the index of the box it stands for, -1 for none."""

    kind: PieceKind
    start: int
    end: int
    shown: str
    box: int = -1


def pieces_of(text: str, boxes: Sequence[LabelledBox]) -> tuple[Piece, ...]:
    """The whole answer in pieces, in order and without gaps between them.

    A box's text becomes one piece: numbered from 1, "locating" while it is being written, or "unusable box".
    """
    numbers = {(box.start, box.end): index for index, box in enumerate(boxes)}
    found: list[Piece] = []
    done = 0
    for spelled in _BOX_TEXT.finditer(text):
        found += _words(text, done, spelled.start())
        start, end = spelled.span()
        if (start, end) in numbers:
            index = numbers[start, end]
            found.append(Piece("box", start, end, f"box {index + 1}", index))
        elif spelled.group().endswith(BOX_END):
            found.append(Piece("unusable", start, end, "unusable box"))
        else:
            found.append(Piece("unfinished", start, end, "locating"))
        done = end
    return (*found, *_words(text, done, len(text)))


def sentence_around(text: str, offset: int) -> tuple[int, int]:
    """The range of the sentence that holds the character at `offset`; points inside a box's numbers end none."""
    plain = _BOX_TEXT.sub(lambda spelled: "x" * len(spelled.group()), text)
    start, end = 0, len(text)
    for stop in _SENTENCE_END.finditer(plain):
        if stop.end() <= offset:
            start = stop.end()
        else:
            end = stop.end()
            break
    while start < end and text[start].isspace():
        start += 1
    return start, end


def _words(text: str, start: int, end: int) -> list[Piece]:
    found: list[Piece] = []
    done = start
    for word in _WORD.finditer(text, start, end):
        if word.start() > done:
            found.append(Piece("gap", done, word.start(), text[done : word.start()]))
        found.append(Piece("word", word.start(), word.end(), word.group()))
        done = word.end()
    if done < end:
        found.append(Piece("gap", done, end, text[done:end]))
    return found
