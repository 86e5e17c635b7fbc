"""From what several reviewers said of a record to its status.

The rule, in this order:
    1. An adjudicator's judgement decides.
    2. The verdict of more than half of the readers decides; without one the record is disputed.
    3. Where that verdict is "correct", more than half of the readers must also have written the same correction: the
       same classes, boxes of mean matched IoU >= 0.75, and nine tenths of the words. Otherwise the record is disputed.
    4. The correction that most others agree with stands, as its reviewer wrote it.
So one reader decides alone, two must agree, and of three two suffice.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from umed_core.geometry import NormalizedBox, mean_matched_iou
from umed_core.mau.review.events import RecordReviews, ReviewEvent, findings_after, turns_after
from umed_core.prompts import parse_boxes
from umed_core.records import Finding, MauRecord, Turn

__all__ = ["STATUSES", "Ruling", "Status", "corrected_record", "rule", "same_findings", "word_likeness"]

Status: TypeAlias = Literal["unreviewed", "accepted", "corrected", "rejected", "disputed"]
STATUSES: tuple[Status, ...] = ("unreviewed", "accepted", "corrected", "rejected", "disputed")

SAME_BOX_IOU = 0.75
SAME_WORDS = 0.9
"""Two corrections that reach both say the same (our choice: a redrawn box of a small finding varies by a few pixels)."""

_STATUS_OF: dict[str, Status] = {"accept": "accepted", "correct": "corrected", "reject": "rejected"}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A record's status, why, and the judgement whose correction stands (None unless corrected)."""

    status: Status
    reason: str
    correction: ReviewEvent | None = None
    adjudicated: bool = False


def rule(record: MauRecord, reviews: RecordReviews) -> Ruling:
    """The status of `record`, by the rule at the head of this file; the order of the readers plays no part."""
    if reviews.adjudication is not None:
        return replace(_decided(reviews.adjudication, "adjudicated"), adjudicated=True)
    if not reviews.readers:
        return Ruling("unreviewed", "nobody has judged it")
    votes = Counter(event.verdict for event in reviews.readers.values())
    verdict, most = votes.most_common(1)[0]
    count = ", ".join(f"{votes[v]} {v}" for v in ("accept", "correct", "reject") if votes[v])
    if 2 * most <= len(reviews.readers):
        return Ruling("disputed", f"no majority: {count}")
    winners = [reviews.readers[name] for name in sorted(reviews.readers) if reviews.readers[name].verdict == verdict]
    if verdict != "correct":
        return _decided(winners[0], count)
    central, agreeing = _most_central(record, winners)
    if 2 * agreeing <= len(reviews.readers):
        return Ruling("disputed", f"the corrections differ: {count}")
    return _decided(central, count)


def corrected_record(record: MauRecord, correction: ReviewEvent) -> MauRecord:
    """The record with a reviewer's correction in place."""
    return replace(record, turns=turns_after(correction, record), findings=findings_after(correction, record))


def same_findings(first: Sequence[Finding], second: Sequence[Finding]) -> bool:
    """Whether both name the same classes, each as often, and their boxes of each class agree."""
    by_class = _boxes_by_class(first), _boxes_by_class(second)
    if by_class[0].keys() != by_class[1].keys():
        return False
    pairs = ((boxes, by_class[1][label]) for label, boxes in by_class[0].items())
    return all(len(a) == len(b) and mean_matched_iou(a, b) >= SAME_BOX_IOU for a, b in pairs)


def word_likeness(first: Sequence[Turn], second: Sequence[Turn]) -> float:
    """Likeness 0..1 of two conversations word by word, boxes and case aside; 0 for different speakers."""
    if [turn.role for turn in first] != [turn.role for turn in second]:
        return 0.0
    words = [[word for turn in turns for word in _words(turn.text)] for turns in (first, second)]
    # Sorted, because the matcher's ratio may depend on the order of its arguments.
    shorter, longer = sorted(words)
    return difflib.SequenceMatcher(None, shorter, longer, autojunk=False).ratio()


def _decided(event: ReviewEvent, reason: str) -> Ruling:
    return Ruling(_STATUS_OF[event.verdict], reason, event if event.verdict == "correct" else None)


def _most_central(record: MauRecord, corrections: Sequence[ReviewEvent]) -> tuple[ReviewEvent, int]:
    """The correction that says the same as most, and how many those are with itself; of equals the one nearest to all."""

    def standing(event: ReviewEvent) -> tuple[int, float]:
        pairs = [_likeness(record, event, other) for other in corrections]
        return sum(same for same, _ in pairs), round(sum(nearness for _, nearness in pairs), 9)

    central = max(corrections, key=standing)
    return central, standing(central)[0]


def _likeness(record: MauRecord, a: ReviewEvent, b: ReviewEvent) -> tuple[bool, float]:
    """Whether two corrections say the same, and how near they are: IoU of their boxes plus likeness of their words."""
    findings = findings_after(a, record), findings_after(b, record)
    words = word_likeness(turns_after(a, record), turns_after(b, record))
    overlap = mean_matched_iou([f.box for f in findings[0]], [f.box for f in findings[1]])
    return same_findings(*findings) and words >= SAME_WORDS, overlap + words


def _boxes_by_class(findings: Sequence[Finding]) -> Mapping[str, list[NormalizedBox]]:
    by_class: dict[str, list[NormalizedBox]] = {}
    for finding in findings:
        by_class.setdefault(finding.label.lower(), []).append(finding.box)
    return by_class


def _words(text: str) -> list[str]:
    for parsed in reversed(parse_boxes(text)):
        text = f"{text[: parsed.start]} {text[parsed.end :]}"
    return ["".join(filter(str.isalnum, word)) for word in text.lower().split() if any(map(str.isalnum, word))]
