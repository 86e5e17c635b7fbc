"""The measures of a grounded answer, each a pure function: of one answer, then of a set of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from umed_core.evaluation.intervals import Estimate, bootstrap_mean, wilson_share
from umed_core.geometry import NormalizedBox, best_match, mean_matched_iou
from umed_core.prompts import CLASS_SYNONYMS, class_named, parse_boxes
from umed_core.records import Finding

__all__ = [
    "AbnormalScores",
    "AnswerScore",
    "JudgedAnswer",
    "NormalScores",
    "is_false_alarm",
    "mean_box",
    "names_affirmatively",
    "score_abnormal",
    "score_answer",
    "score_normal",
    "shuffled_iou",
]

SHUFFLES = 20

_NEGATED_BEFORE = re.compile(
    r"\b(no|not|without|neither|nor|never|negative for|free of|free from|absence of|absent|exclud\w+|rule[sd]? out|"
    r"\w+n't|cannot)\b",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"^[^.;!?]*?\b(absent|excluded|ruled out|(is|are|was|were|be)\s+not\s+(\w+\s+)?"
    r"(seen|visible|present|identified|detected|found|evident|shown)|not\s+(seen|visible|present|identified|detected|found|evident))\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[;!?\n]|\.(?!\d)|\b(?:but|however|although|yet|there)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer's text beside the truth of its image; `group` is the patient."""

    text: str
    findings: tuple[Finding, ...]
    group: str


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """One answer to an image with findings.

    `named`: it names a class of the image. `first_iou`: its first box against the true box it overlaps most, 0 without
    a box. `matched_iou`: all boxes against all true ones, one to one, unmatched ones counting 0.
    """

    named: bool
    box_count: int
    first_iou: float
    matched_iou: float


@dataclass(frozen=True, slots=True)
class AbnormalScores:
    """A set of images with findings. `shuffled_iou` and `center_iou` are controls that a good model must leave behind.

    `shuffled_iou`: the same answers against the truths of other groups' images, 0 where the set has one group only.
    `center_iou`: one fixed box, the mean box of the training images, on every image.
    """

    accuracy: Estimate
    mean_iou: Estimate
    over_half: Estimate
    parsable: Estimate
    matched_iou: Estimate
    shuffled_iou: float
    center_iou: float


@dataclass(frozen=True, slots=True)
class NormalScores:
    """A set of images without a finding: the share of answers that claim one all the same."""

    false_alarms: Estimate


def score_answer(text: str, findings: Sequence[Finding]) -> AnswerScore:
    """Judges one answer to an image with `findings`. Source: the paper's ACC and IoU, Eq. 8."""
    boxes = [parsed.box for parsed in parse_boxes(text)]
    truths = [finding.box for finding in findings]
    return AnswerScore(
        named=any(class_named(text, label) for label in {finding.label for finding in findings}),
        box_count=len(boxes),
        first_iou=best_match(boxes[0], truths) if boxes else 0.0,
        matched_iou=mean_matched_iou(boxes, truths),
    )


def score_abnormal(answers: Sequence[JudgedAnswer], center: NormalizedBox, seed: int) -> AbnormalScores:
    """All measures of a set; `center` is the fixed box of the second control."""
    scores = [score_answer(answer.text, answer.findings) for answer in answers]
    groups = [answer.group for answer in answers]
    fixed = [best_match(center, [f.box for f in answer.findings]) for answer in answers]
    return AbnormalScores(
        accuracy=wilson_share(sum(score.named for score in scores), len(scores)),
        mean_iou=bootstrap_mean([score.first_iou for score in scores], groups, seed),
        over_half=wilson_share(sum(score.first_iou > 0.5 for score in scores), len(scores)),
        parsable=wilson_share(sum(score.box_count > 0 for score in scores), len(scores)),
        matched_iou=bootstrap_mean([score.matched_iou for score in scores], groups, seed),
        shuffled_iou=shuffled_iou(answers, seed),
        center_iou=sum(fixed) / len(fixed) if fixed else 0.0,
    )


def score_normal(answers: Sequence[JudgedAnswer], classes: Sequence[str]) -> NormalScores:
    """The false-alarm share of answers to images without a finding."""
    return NormalScores(wilson_share(sum(is_false_alarm(answer.text, classes) for answer in answers), len(answers)))


def is_false_alarm(text: str, classes: Sequence[str]) -> bool:
    """Whether an answer to a normal image claims a finding: any box, or any of `classes` named and not denied."""
    return bool(parse_boxes(text)) or any(names_affirmatively(text, label) for label in classes)


def names_affirmatively(text: str, label: str) -> bool:
    """Whether a class is named outside a denial: "no polyp is seen" denies it, "not large, but a polyp" does not.

    A denial reaches from its word to the end of its clause ("no polyp, stone or fracture").
    """
    for clause in _CLAUSE_END.split(text):
        for spelling in CLASS_SYNONYMS.get(label.lower(), (label,)):
            for named in re.finditer(rf"\b{re.escape(spelling)}\b", clause, re.IGNORECASE):
                denied = _NEGATED_BEFORE.search(clause[: named.start()]) or _NEGATED_AFTER.match(clause[named.end() :])
                if not denied:
                    return True
    return False


def shuffled_iou(answers: Sequence[JudgedAnswer], seed: int, shuffles: int = SHUFFLES) -> float:
    """Mean IoU of first boxes against the truths of other images: what knowing nothing of the image is worth.

    Each shuffle pairs every answer with the truth of one other image; pairs of one group are left out.
    """
    boxes = [next((parsed.box for parsed in parse_boxes(answer.text)), None) for answer in answers]
    generator = np.random.Generator(np.random.PCG64(seed))
    overlaps: list[float] = []
    for _ in range(shuffles if len(answers) > 1 else 0):
        order = generator.permutation(len(answers))
        for mine, other in zip(order.tolist(), np.roll(order, 1).tolist(), strict=True):
            if answers[mine].group != answers[other].group:
                box, truths = boxes[mine], [finding.box for finding in answers[other].findings]
                overlaps.append(best_match(box, truths) if box else 0.0)
    return sum(overlaps) / len(overlaps) if overlaps else 0.0


def mean_box(boxes: Sequence[NormalizedBox]) -> NormalizedBox:
    """The box with the mean centre and the mean size; the whole image where there is none."""
    if not boxes:
        return NormalizedBox(0.0, 0.0, 1.0, 1.0)
    x, y = np.mean([box.center for box in boxes], axis=0).tolist()
    w, h = np.mean([(box.w, box.h) for box in boxes], axis=0).tolist()
    return NormalizedBox(x - w / 2, y - h / 2, w, h)
