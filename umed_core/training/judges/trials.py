"""Trials of a judge: a reference, an answer that says the same, and one that does not; which one scores higher?

Seeded, over every class of `knowledge`, images without a finding, first answers and follow-ups. The words are those of
`wording`, so they tell whether a judge reads claims, not whether it reads free text: benchmarks/judge_free_text.jsonl
is for that.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from umed_core.evaluation.intervals import Estimate, wilson_share
from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES, noun_phrase
from umed_core.mau.phrases import NORMAL_ANSWERS, NORMAL_TOPICS, SIZE, TOPICS
from umed_core.mau.wording import coarse_place, image_words, write_conversation
from umed_core.records import Finding
from umed_core.training.judges.judge import Judge

__all__ = ["Trial", "compare", "make_trials", "share_ranked"]

NORMAL_SHARE = 0.2
FIRST_ANSWER = "first answer"


@dataclass(frozen=True, slots=True)
class Trial:
    """`good` should outscore `bad`, whose `flaw` is of a kind: "shuffled", "contradictory" or "degenerate"."""

    question: str
    reference: str
    good: str
    bad: str
    kind: str
    flaw: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One turn about one image, told twice. `label` is "" for an image without a finding."""

    label: str
    place: str
    modality: str
    topic: str
    question: str
    reference: str
    paraphrase: str


def make_trials(cases: int, seed: int) -> Iterator[Trial]:
    """Every trial of `cases` seeded cases: a shuffled, some contradictory and some degenerate answers for each."""
    rng = random.Random(seed)
    drawn: list[_Case] = []
    while len(drawn) < cases:
        drawn += _told_twice(CLASSES[len(drawn) % len(CLASSES)], rng)[: cases - len(drawn)]
    for case in drawn:
        yield _trial(case, _shuffled(case, drawn, rng), "shuffled", "another case's answer")
        for flaw, bad in _contradictory(case, rng):
            yield _trial(case, bad, "contradictory", flaw)
        for flaw, bad in _degenerate(case, rng):
            yield _trial(case, bad, "degenerate", flaw)


def compare(judge: Judge, trials: Iterable[Trial]) -> list[tuple[Trial, float, float]]:
    """Each trial with the scores of its good and its bad answer; trials of one case are asked for together."""
    scored: list[tuple[Trial, float, float]] = []
    for (question, reference), group in groupby(trials, key=lambda trial: (trial.question, trial.reference)):
        together = list(group)
        texts = list(dict.fromkeys(text for trial in together for text in (trial.good, trial.bad)))
        scores = dict(zip(texts, judge.score(question, reference, texts), strict=True))
        scored += [(trial, scores[trial.good], scores[trial.bad]) for trial in together]
    return scored


def share_ranked(
    scored: Sequence[tuple[Trial, float, float]], name: Callable[[Trial], str] = lambda trial: trial.kind
) -> dict[str, Estimate]:
    """By name, the share of trials whose good answer scored higher, with its Wilson interval; a tie is a failure."""
    names = sorted({name(trial) for trial, _, _ in scored})
    return {
        each: wilson_share(
            sum(good > bad for trial, good, bad in scored if name(trial) == each),
            sum(name(trial) == each for trial, _, _ in scored),
        )
        for each in names
    }


def _trial(case: _Case, bad: str, kind: str, flaw: str) -> Trial:
    return Trial(case.question, case.reference, case.paraphrase, bad, kind, flaw)


# -------------------------------------------------------------------------------------------- the same, told twice


def _told_twice(label: str, rng: random.Random) -> list[_Case]:
    """A first answer and a follow-up about one image, each with another wording of it; none where there is no other."""
    modality = _modality(label)
    box = NormalizedBox(rng.uniform(0, 0.6), rng.uniform(0, 0.6), rng.uniform(0.05, 0.4), rng.uniform(0.05, 0.4))
    findings = () if rng.random() < NORMAL_SHARE else (Finding(label, box),)
    told = _turns(findings, modality, rng)
    again = _turns(findings, modality, rng)
    topics = [FIRST_ANSWER, *rng.sample([topic for topic in told if topic != FIRST_ANSWER], 1)]
    pairs = ((topic, *told[topic], _reworded(told[topic][1], again[topic][1])) for topic in topics)
    name, place = (label, coarse_place(box)) if findings else ("", "")
    return [
        _Case(name, place, modality, topic, question, answer, other)
        for topic, question, answer, other in pairs
        if other != answer
    ]


def _turns(findings: tuple[Finding, ...], modality: str, rng: random.Random) -> dict[str, tuple[str, str]]:
    """Question and answer by topic."""
    turns = write_conversation(findings, modality, rng, follow_ups=len(TOPICS))
    pairs = [(turns[n].text, turns[n + 1].text) for n in range(0, len(turns), 2)]
    label = findings[0].label if findings else ""
    return {FIRST_ANSWER: pairs[0], **{_topic(question, label): (question, answer) for question, answer in pairs[1:]}}


def _topic(question: str, label: str) -> str:
    if not label:
        return str(next(n for n, topic in enumerate(NORMAL_TOPICS) if question in topic.questions))
    asked = ((topic, {q.format(noun=noun_phrase(label), label=label) for q in topic.named}) for topic in TOPICS)
    return next(t.fact or ("size" if t is SIZE else "where") for t, named in asked if question in named | {*t.pronoun})


_OPENING = re.compile(r"(?:Yes|That is not seen)\. ")
_OTHER_WORDS = (
    ("may cause", "can bring on"),
    ("is examined with", "is looked into by"),
    ("is seen on", "shows on"),
    ("such as", "for example"),
    ("is treated by", "is managed by"),
    ("is compared with", "is held against"),
    ("confirms", "establishes"),
    ("is confirmed by", "is proven by"),
    ("often", "frequently"),
    ("usually", "mostly"),
    ("sometimes", "at times"),
    ("causes", "brings on"),
    ("means that", "says that"),
    ("an area of", "a part of"),
    ("is not contagious", "cannot be passed on"),
    ("calls for", "requires"),
    ("may come with", "can be accompanied by"),
)


def _reworded(answer: str, other: str) -> str:
    """`other` with the opening of `answer`, which belongs to the question; where the two are alike, with other words."""
    opening = _OPENING.match(answer)
    body = (opening[0] if opening else "") + _OPENING.sub("", other, count=1)
    if body == answer:
        for phrase, instead in _OTHER_WORDS:
            body = body.replace(phrase, instead)
    return body


def _modality(label: str) -> str:
    if label == "polyp":
        return "endoscopy"
    return "CT" if label == "kidney stone" or label.endswith(" lesion") else "DX"


# ----------------------------------------------------------------------------------------------------- bad answers


def _shuffled(case: _Case, cases: Sequence[_Case], rng: random.Random) -> str:
    """What was said of another image: every other time about the same topic."""
    others = [other for other in cases if other.label != case.label]
    alike = [other for other in others if other.topic == case.topic]
    return rng.choice(alike if alike and rng.random() < 0.5 else others).paraphrase


def _contradictory(case: _Case, rng: random.Random) -> Iterator[tuple[str, str]]:
    if not case.label:
        yield "abnormal for normal", _first_answer(rng.choice(CLASSES), rng)
        return
    yield "normal for abnormal", rng.choice(NORMAL_ANSWERS).format(image=image_words(case.modality))
    other = rng.choice([c for c in CLASSES if _modality(c) == _modality(case.label) != "endoscopy"] or [*CLASSES])
    if other != case.label and case.label in case.paraphrase.lower():
        yield "wrong class", _renamed(case.paraphrase, case.label, other)
    if case.topic in (FIRST_ANSWER, "where"):
        yield "negated", rng.choice(_DENIALS).format(noun=noun_phrase(case.label), label=case.label, place=case.place)
        yield "wrong side", case.paraphrase.replace(case.place, _other_side(case.place))
    elif case.topic == "size":
        yield "wrong number", re.sub(r"\d+", lambda n: str((int(n[0]) + 41) % 83), case.paraphrase)
    elif (denied := _negated(case.paraphrase)) != case.paraphrase:
        yield "negated fact", denied


_DENIALS = (
    "There is no {label} in the {place} of the image.",
    "I see no {label} here.",
    "The {place} of the image shows no {label}.",
    "This does not look like {noun}.",
    "No sign of {noun} is seen in the {place} of the image.",
)
_NEGATIONS = (
    (r"\b(is|are|can) (?:not|seldom|not usually)\b|\bcannot\b", lambda m: m[1] or "can"),
    (r"\bcauses no\b", lambda _: "causes many"),
    (r"\bmay cause\b|\bcauses?\b|\bmay come with\b|\bmay be\b", lambda _: "never comes with"),
    (r"\bis (\w+ed|found|shown|seen|kept)\b", lambda m: f"is never {m[1]}"),
    (r"\b(is|are|means|needs|can)\b", lambda m: f"{m[1]} not"),
)  # fmt: skip


def _negated(text: str) -> str:
    """The text with its first statement turned round."""
    for pattern, instead in _NEGATIONS:
        turned = re.sub(pattern, instead, text, count=1)
        if turned != text:
            return turned
    return text


def _other_side(place: str) -> str:
    if place == "central part":
        return "upper left part"
    swap = {"left": "right", "right": "left", "upper": "lower", "lower": "upper"}
    return " ".join(swap.get(word, word) for word in place.split())


def _renamed(text: str, label: str, other: str) -> str:
    """The same sentence about another class."""
    for old, new in ((noun_phrase(label), noun_phrase(other)), (label, other)):
        text = text.replace(old, new).replace(old.capitalize(), new.capitalize())
    return text


def _first_answer(label: str, rng: random.Random) -> str:
    box = NormalizedBox(rng.uniform(0, 0.6), rng.uniform(0, 0.6), 0.2, 0.2)
    return write_conversation((Finding(label, box),), _modality(label), rng, follow_ups=0)[1].text


def _degenerate(case: _Case, rng: random.Random) -> Iterator[tuple[str, str]]:
    label = case.label or "normal"
    words = re.findall(r"\w+", case.reference)
    yield "empty", ""
    yield "one word over and over", " ".join([label] * rng.randint(3, 30))
    yield "question echoed", case.question
    yield "all classes", "This may be " + ", ".join(rng.sample(CLASSES, len(CLASSES))) + "."
    yield "a phrase in a loop", " ".join(" ".join(words[:4]) for _ in range(8))
    yield "keywords", " ".join(rng.sample(words, min(len(words), 5)))
    yield "says both", f"There is {noun_phrase(case.label or 'polyp')}. There is no {case.label or 'polyp'}."
    yield "generic", "The image should be reviewed by a medical professional for a definitive diagnosis."
