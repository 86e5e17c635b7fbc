"""Whether a text is an answer at all: loops, lists of keywords, the question sent back, endless talk.

A policy that is trained on a judge finds whatever the judge overlooks; these are the known ways out.
"""

from __future__ import annotations

import re
from collections import Counter

from umed_core.training.judges.lexicon import FUNCTION_WORDS
from umed_core.training.judges.reading import without_boxes

__all__ = ["soundness"]

_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?|\d+(?:\.\d+)?%?")
_NO_LETTER = re.compile(r"[\d\W_](?<!\s)")
HANGING_WORDS = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "from",
        "by",
        "with",
        "into",
        "for",
        "as",
        "than",
        "and",
        "or",
        "but",
        "nor",
        "is",
        "are",
        "was",
        "were",
    )
)
"""Words that no sentence of a report ends with."""

LONGEST_FREE = 160
"""Words that any answer may have; the paper's longest samples have about 130."""


def soundness(answer: str, question: str, reference: str) -> float:
    """0..1: 1 for ordinary prose, 0 for nothing, a loop or an echo of the question."""
    text = without_boxes(answer)
    words = _WORD.findall(text)
    if not words:
        return 0.0
    return (
        _unrepeated(words)
        * _spoken(words)
        * _readable(text)
        * _own_words(words, _WORD.findall(without_boxes(question)))
        * _finished(text)
        * min(1.0, (LONGEST_FREE + len(_WORD.findall(reference))) / len(words))
    )


def _unrepeated(words: list[str]) -> float:
    """1 up to a fifth of repeated triples of words, 0 from three fifths on; the same word over and over counts too."""
    triples = list(zip(words, words[1:], words[2:], strict=False))
    loops = 1 - len(set(triples)) / len(triples) if triples else 0.0
    content = [word for word in words if word not in FUNCTION_WORDS]
    commonest = Counter(content).most_common(1)[0][1] if content else 0
    # One word in three may be the class; a fourth "polyp" among ten words is stuffing.
    stuffing = max(0, commonest - max(2, len(words) // 6)) / len(words)
    return _falling(loops, 0.2, 0.6) * _falling(stuffing, 0.0, 0.3)


def _spoken(words: list[str]) -> float:
    """Sentences hold function words (about two in five); a list of keywords holds none. Short answers may do without."""
    share = sum(word in FUNCTION_WORDS for word in words) / len(words)
    if len(words) < 5:
        return 1.0 if share else 0.8
    return 0.2 + 0.8 * min(1.0, share / 0.2)


def _readable(text: str) -> float:
    """Letters make up most of a text; punctuation and digits without end do not."""
    return min(1.0, (1 - len(_NO_LETTER.findall(text)) / len(text)) / 0.7)


def _own_words(words: list[str], question: list[str]) -> float:
    """An answer made of the question's words says nothing; a short one may repeat a few."""
    if not question:
        return 1.0
    new = [word for word in words if word not in set(question)]
    # Order does not matter: a shuffled question is an echo as well.
    return 1.0 if len(new) >= 2 or len(words) < 4 else 0.1 + 0.3 * len(new)


def _finished(text: str) -> float:
    """An answer states something and ends: one of questions alone does not, and one cut off or a list does it less."""
    ends = re.findall(r"[.!?]+(?!\d)", text)
    if ends and all("?" in end for end in ends):
        return 0.3
    last = re.search(r"([\w']+)\W*$", text)
    hangs = last is not None and last[1] in HANGING_WORDS
    return (0.6 if hangs else 1.0) * (1.0 if ends or len(text.split()) < 4 else 0.7)


def _falling(value: float, start: float, end: float) -> float:
    """1 up to `start`, 0 from `end` on, straight between."""
    return min(1.0, max(0.0, (end - value) / (end - start)))
