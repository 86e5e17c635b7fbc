"""What is wrong with a conversation about known findings: the checks between a teacher's words and the dataset.

The first answer must detect, then give the box, then name the class (paper, Fig. 2), and may not contradict what the
annotation says. A fault is one sentence that can be told to the teacher, which then tries again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES
from umed_core.mau.wording import MAX_BOXES
from umed_core.prompts import BOX_START, CLASS_SYNONYMS, class_named, format_box, parse_boxes
from umed_core.records import Finding, Turn

__all__ = ["BOX_TOLERANCE", "faults_of"]

BOX_TOLERANCE = 0.01
"""Largest difference of a written coordinate from the given one."""

ANSWER_CHARACTERS = (20, 1500)
QUESTION_CHARACTERS = (6, 400)

_REFUSAL = re.compile(
    r"\b(i'?m sorry|i am sorry|i apologi[sz]e|as an ai|i (?:can ?not|can't|am unable to|'m unable to|won't) "
    r"(?:help|assist|provide|diagnose|analy[sz]e|interpret|view|see|identify)|not able to (?:view|analy[sz]e|provide))",
    re.IGNORECASE,
)
_DETECTION = re.compile(
    r"abnormal|anomal|lesion|finding|suspicious|unusual|irregular|opacit|shadow|\b(?:seen|visible|identif\w+|detect\w*|"
    r"found|observed|noted|shows?|reveals?|located|lies?|marked|present|highlight\w*|there is|area|region|box)\b",
    re.IGNORECASE,
)
_UNCERTAIN_OR_DENIED = re.compile(
    r"\b(?:no|not|without|absent|absence|rather than|unlike|unlikely|rul\w+ out|exclud\w+|differential|may (?:also )?mimic|"
    r"instead of|neither|nor|risk of|lead\w* to|cause\w*|complicat\w*|associated with)\b",
    re.IGNORECASE,
)
_NORMAL = re.compile(r"\b(?:no|not|nothing|normal|without|unremarkable|healthy|free of|never|neither)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[*-])|\n+")

Check: TypeAlias = Callable[[str, Sequence[Finding]], str]
"""First answer and findings in; a fault, or "" where there is none."""


def faults_of(turns: Sequence[Turn], findings: Sequence[Finding]) -> tuple[str, ...]:
    """What keeps this conversation from the dataset, empty where nothing does; `findings` is what is known of the image."""
    if form := _form(turns):
        return (form,)
    answers = [turn.text for turn in turns[1::2]]
    checks = ABNORMAL_CHECKS if findings else NORMAL_CHECKS
    faults = [check(answers[0], findings) for check in checks]
    faults += [_length(turn) for turn in turns]
    faults += [
        check(answer, findings) for answer in answers[1:] for check in (_no_refusal, _readable_boxes, _true_boxes)
    ]
    return tuple(dict.fromkeys(fault for fault in faults if fault))


def _form(turns: Sequence[Turn]) -> str:
    roles = [turn.role for turn in turns]
    if not turns or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        return "The conversation is not made of questions, each with its answer."
    return ""


def _length(turn: Turn) -> str:
    least, most = QUESTION_CHARACTERS if turn.role == "user" else ANSWER_CHARACTERS
    what = "question" if turn.role == "user" else "answer"
    if len(turn.text.strip()) < least:
        return f"The {what} is shorter than {least} characters."
    return f"The {what} is longer than {most} characters." if len(turn.text) > most else ""


def _no_refusal(answer: str, _: Sequence[Finding]) -> str:
    return "The answer declines to answer." if _REFUSAL.search(answer) else ""


def _readable_boxes(answer: str, _: Sequence[Finding]) -> str:
    written = answer.count(BOX_START)
    read = len(parse_boxes(answer))
    return f"{written - read} of {written} boxes are not x, y, w, h in 0..1." if read != written else ""


def _true_boxes(answer: str, findings: Sequence[Finding]) -> str:
    """Every box that is written is one that was given."""
    for parsed in parse_boxes(answer):
        if not any(_is_same(parsed.box, finding.box) for finding in findings):
            return f"The box {format_box(parsed.box)} is none of those given (x, y, w, h within {BOX_TOLERANCE})."
    return ""


def _all_boxes(answer: str, findings: Sequence[Finding]) -> str:
    """Each of the largest findings has its box in the first answer."""
    written = [parsed.box for parsed in parse_boxes(answer)]
    for finding in _told(findings):
        if not any(_is_same(box, finding.box) for box in written):
            return f"The first answer lacks the box {format_box(finding.box)} of the {finding.label}."
    return ""


def _classes_named(answer: str, findings: Sequence[Finding]) -> str:
    missing = [label for label in dict.fromkeys(f.label for f in _told(findings)) if not class_named(answer, label)]
    return f"The first answer does not name the class: {missing[0]}." if missing else ""


def _order(answer: str, findings: Sequence[Finding]) -> str:
    """Detection, then box, then class."""
    boxes = parse_boxes(answer)
    if not boxes:
        return ""  # _all_boxes says so
    before, after = answer[: boxes[0].start], answer[boxes[0].start :]
    if not _DETECTION.search(before):
        return "Nothing before the first box says that something abnormal is seen."
    named_before = [f.label for f in findings if class_named(before, f.label)]
    if named_before or not any(class_named(after, f.label) for f in findings):
        return "The class is not named after the first box; the order is detection, box, class."
    return ""


def _no_other_class(answer: str, findings: Sequence[Finding]) -> str:
    """No second class beside a box or in the sentence that names the true one, unless it is denied or a consequence."""
    spellings = {s.lower() for finding in findings for s in _spellings(finding.label)}
    others = [label for label in CLASSES if not spellings & {s.lower() for s in _spellings(label)}]
    for sentence in _diagnosing_sentences(answer, findings):
        if _UNCERTAIN_OR_DENIED.search(sentence):
            continue
        rest = _without(sentence, spellings)
        for label in others:
            if class_named(rest, label):
                return f"The first answer also says {label}, which is not what was given."
    return ""


def _no_box(answer: str, _: Sequence[Finding]) -> str:
    return "The image has no abnormality, but the answer gives a box." if BOX_START in answer else ""


def _says_normal(answer: str, _: Sequence[Finding]) -> str:
    return "" if _NORMAL.search(answer) else "The image has no abnormality, and the answer does not say so."


def _diagnosing_sentences(answer: str, findings: Sequence[Finding]) -> list[str]:
    sentences = [sentence for sentence in _SENTENCE_END.split(answer) if sentence]
    return [s for s in sentences if BOX_START in s or any(class_named(s, f.label) for f in findings)]


def _without(sentence: str, spellings: set[str]) -> str:
    """The sentence less the true classes: "lung mass" must not count as naming "mass"."""
    for spelling in sorted(spellings, key=len, reverse=True):
        sentence = re.sub(rf"\b{re.escape(spelling)}\b", " ", sentence, flags=re.IGNORECASE)
    return sentence


def _spellings(label: str) -> tuple[str, ...]:
    return CLASS_SYNONYMS.get(label.lower(), (label,))


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that a first answer speaks of: the largest ones."""
    return sorted(findings, key=lambda finding: -finding.box.area)[:MAX_BOXES]


def _is_same(a: NormalizedBox, b: NormalizedBox) -> bool:
    # A box on the page has three decimals: half a thousandth is rounding, not error.
    return max(abs(a.x - b.x), abs(a.y - b.y), abs(a.w - b.w), abs(a.h - b.h)) <= BOX_TOLERANCE + 0.0005


ABNORMAL_CHECKS: tuple[Check, ...] = (
    _no_refusal,
    _readable_boxes,
    _true_boxes,
    _all_boxes,
    _classes_named,
    _order,
    _no_other_class,
)
NORMAL_CHECKS: tuple[Check, ...] = (_no_refusal, _no_box, _says_normal)
