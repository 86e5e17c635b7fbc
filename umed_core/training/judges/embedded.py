"""The judge that needs no download: compares what an answer claims with what the reference claims, by rules one can read.

score = soundness x truth x coverage, each in 0..1. Soundness: is it an answer at all. Truth: 1 less what contradicts the
reference (class, normal or not, side, numbers, facts denied). Coverage: the share of the reference's claims it makes.
It reads claims and not meaning; figures of what it misses are in benchmarks/judge_validation.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from umed_core.mau.knowledge import CLASSES, KNOWLEDGE
from umed_core.training.judges.lexicon import NEAR_CLASSES
from umed_core.training.judges.reading import Claims, Reader
from umed_core.training.judges.soundness import soundness

__all__ = ["EMBEDDED_VERSION", "EmbeddedJudge", "coverage", "truth"]

EMBEDDED_VERSION = "1"
"""Goes up with any change that changes a score."""

WRONG_CLASS, WRONG_STATE, WRONG_SIDE, WRONG_NUMBER, WRONG_FACT, DENIED_TOPIC = 0.15, 0.1, 0.4, 0.4, 0.35, 0.6
"""What is left of the score after each contradiction; our choice, so that a wrong class or state earns next to nothing."""

_OPPOSITES = (("left", "right"), ("upper", "lower"))


class EmbeddedJudge:
    """Implements Judge. `classes` are those that images of the dataset may show."""

    is_remote = False

    def __init__(self, classes: Sequence[str] = CLASSES) -> None:
        self._reader = Reader(classes)
        self._rarity = _rarity(self._reader)
        self._number_of_classes = len(classes)

    @property
    def identity(self) -> str:
        return f"embedded version={EMBEDDED_VERSION} classes={self._number_of_classes}"

    def score(self, question: str, reference: str, answers: Sequence[str]) -> list[float]:
        expected = self._reader.read(reference, question)
        about = self._reader.read(question).asserted
        return [
            soundness(answer, question, reference) * self._agreement(expected, answer, question, about)
            for answer in answers
        ]

    def close(self) -> None:
        """Nothing is held."""

    def _agreement(self, expected: Claims, answer: str, question: str, about: frozenset[str]) -> float:
        told = self._reader.read(answer, question)
        return truth(expected, told) * coverage(expected, told, about, self._rarity)


def truth(expected: Claims, told: Claims) -> float:
    """1 where nothing told contradicts what is expected; each kind of contradiction takes its share. 0..1."""
    return (
        _classes_agree(expected, told)
        * _state_agrees(expected, told)
        * _places_agree(expected, told)
        * _numbers_agree(expected, told)
        * _facts_agree(expected, told)
    )


def coverage(expected: Claims, told: Claims, about: frozenset[str], rarity: dict[str, float]) -> float:
    """The weighted share of what is expected that is told, 0..1; 0 where nothing is expected.

    `about` are the classes that the question names; `rarity` weighs content words.
    """
    is_finding = _is_finding(expected)
    words = expected.facts | expected.denied_facts
    facts = _fact_overlap(expected, told, rarity)
    parts: list[tuple[float, float]] = []
    if expected.asserted:
        share = _class_share(expected, told)
        if not is_finding and not told.asserted:
            # A follow-up answer may say "it": what it tells shows what it is about, more so where the question names it.
            share = max(share, min(0.9 if about & expected.asserted else 0.7, 2 * facts))
        parts.append((4.0 if is_finding else 1.5, share))
    elif expected.says_normal:
        parts.append((4.0, float(told.says_normal)))
    if is_finding and expected.places:
        parts.append((1.5, len(expected.places & told.places) / len(expected.places)))
    if expected.numbers:
        parts.append((2.0, _number_share(expected, told)))
    if words:
        # Few words are chance; many are the answer itself.
        parts.append((5.0 * len(words) / (len(words) + 3), facts))
    total = sum(weight for weight, _ in parts)
    return sum(weight * share for weight, share in parts) / total if total else 0.0


# --------------------------------------------------------------------------------------------------- contradictions


def _classes_agree(expected: Claims, told: Claims) -> float:
    """Denying a true class or asserting a false one; a neighbour is no contradiction, a list of all classes a grave one."""
    if expected.asserted & told.denied - told.asserted:
        # A follow-up denies something of its class: "you cannot catch pneumonia".
        return WRONG_CLASS if _is_finding(expected) else DENIED_TOPIC
    if told.asserted & (expected.denied - expected.asserted):
        return WRONG_CLASS
    undecided = bool(expected.asserted & told.denied & told.asserted)
    known = expected.asserted | expected.mentioned
    others = {label for label in told.asserted - known if not _is_near(label, expected.asserted)}
    if not expected.asserted and not expected.says_normal:
        others = set()  # A reference without a class leaves open which one it is.
    if not others:
        guesses = len(told.mentioned - known)
        return (0.3 if undecided else 1.0) * min(1.0, 3 / max(guesses, 1))
    # The true class among others is worth something, by how many others there are.
    right = len(told.asserted & expected.asserted)
    return max(WRONG_CLASS, right / (right + 2 * len(others))) if len(others) < 3 else WRONG_CLASS / 2


def _state_agrees(expected: Claims, told: Claims) -> float:
    """Normal against abnormal; saying both is half a contradiction."""
    if expected.says_normal and not expected.says_abnormal and not expected.asserted:
        if told.asserted or told.has_box or (told.says_abnormal and not told.says_normal):
            return WRONG_STATE
        return 0.5 if told.says_abnormal else 1.0
    if (expected.says_abnormal or expected.asserted) and told.says_normal and not expected.says_normal:
        return 0.5 if told.says_abnormal or told.asserted & expected.asserted else WRONG_STATE
    return 1.0


def _places_agree(expected: Claims, told: Claims) -> float:
    """Each axis by itself: the other side is wrong, both sides are half wrong."""
    left = 1.0
    for pair in _OPPOSITES:
        want, have = expected.places & set(pair), told.places & set(pair)
        if want and have and not want & have:
            left *= WRONG_SIDE
        elif len(have) == 2 and len(want) == 1:
            left *= (1 + WRONG_SIDE) / 2
    if expected.places == {"central"} and told.places and "central" not in told.places:
        left *= WRONG_SIDE
    return left


def _numbers_agree(expected: Claims, told: Claims) -> float:
    return WRONG_NUMBER if expected.numbers and told.numbers and not _number_share(expected, told) else 1.0


def _facts_agree(expected: Claims, told: Claims) -> float:
    """Words told the other way round: "is contagious" for "is not contagious"."""
    denied_wrongly = (told.denied_facts - told.facts) & (expected.facts - expected.denied_facts)
    told_wrongly = (told.facts - told.denied_facts) & (expected.denied_facts - expected.facts)
    wrong, words = len(denied_wrongly | told_wrongly), len(expected.facts | expected.denied_facts)
    if wrong:
        return max(WRONG_FACT, 1 - 3 * wrong / words)
    # What the reference does not speak of may be true; a denial of it is a little less likely to be.
    return 0.9 if told.denied_facts - expected.denied_facts else 1.0


# --------------------------------------------------------------------------------------------------------- coverage


def _class_share(expected: Claims, told: Claims) -> float:
    """The share of expected classes told, a neighbour at half."""
    near = (0.5 if _is_near(label, told.asserted) else 0.0 for label in expected.asserted - told.asserted)
    return (len(expected.asserted & told.asserted) + sum(near)) / len(expected.asserted)


def _number_share(expected: Claims, told: Claims) -> float:
    """The share of expected numbers that the answer has, within a fifth."""
    close = [any(abs(n - m) <= 0.2 * max(n, m) + 0.5 for m in told.numbers) for n in expected.numbers]
    return sum(close) / len(close)


def _fact_overlap(expected: Claims, told: Claims, rarity: dict[str, float]) -> float:
    """F-measure of content words by rarity, recall counting twice: a fuller answer is no worse for its length."""
    common = _weight((expected.facts & told.facts) | (expected.denied_facts & told.denied_facts), rarity)
    if not common:
        return 0.0
    recall = common / _weight(expected.facts | expected.denied_facts, rarity)
    precision = common / _weight(told.facts | told.denied_facts, rarity)
    return 5 * precision * recall / (4 * precision + recall)


def _is_finding(expected: Claims) -> bool:
    """Whether the reference tells of this image, and not of a class in general."""
    return expected.has_box or bool(expected.places) or expected.says_abnormal


def _weight(words: Iterable[str], rarity: dict[str, float]) -> float:
    return sum(rarity.get(word, rarity[""]) for word in words)


def _is_near(label: str, others: frozenset[str]) -> bool:
    return any(label in family and family & others for family in NEAR_CLASSES)


def _rarity(reader: Reader) -> dict[str, float]:
    """Inverse document frequency over the facts that umed knows; "" holds that of an unknown word, their median."""
    texts = [
        wording
        for known in KNOWLEDGE.values()
        for wordings in (known.definition, known.symptoms, known.diagnosis, known.next_steps, known.danger)
        for wording in wordings
    ]
    counts: Counter[str] = Counter()
    for text in texts:
        claims = reader.read(text)
        counts.update(claims.facts | claims.denied_facts)
    rarity = {word: math.log((1 + len(texts)) / (1 + count)) for word, count in counts.items()}
    ranked = sorted(rarity.values())
    return {**rarity, "": ranked[len(ranked) // 2]}
