"""A record under a reviewer's hand: each change gives a new draft, and a moved box is moved in the answer too. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

from umed_core.geometry import NormalizedBox
from umed_core.mau.review.corrections import Correction, correction_faults, with_boxes_followed
from umed_core.prompts import format_box
from umed_core.records import Finding, MauRecord, Turn

__all__ = [
    "NEW_BOX",
    "Draft",
    "added",
    "correction_of",
    "draft_of",
    "faults_of_draft",
    "moved",
    "named",
    "said",
    "without",
]

NEW_BOX = NormalizedBox(0.4, 0.4, 0.2, 0.2)
"""Where a box appears that is added by key, to be moved from there."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Findings and conversation as they would be written."""

    findings: tuple[Finding, ...]
    turns: tuple[Turn, ...]


def draft_of(record: MauRecord) -> Draft:
    return Draft(record.findings, record.turns)


def moved(draft: Draft, index: int, box: NormalizedBox) -> Draft:
    """With finding `index` at `box`, there and wherever the answers spell its old place."""
    old = draft.findings[index]
    findings = _with(draft.findings, index, replace(old, box=box))
    before, after = format_box(old.box), format_box(box)
    turns = tuple(
        replace(turn, text=turn.text.replace(before, after)) if turn.role == "assistant" else turn
        for turn in draft.turns
    )
    return Draft(findings, turns)


def named(draft: Draft, index: int, label: str) -> Draft:
    """With another class; the words of the answer are the reviewer's to change."""
    return replace(draft, findings=_with(draft.findings, index, replace(draft.findings[index], label=label.strip())))


def added(draft: Draft, box: NormalizedBox = NEW_BOX) -> Draft:
    """With one more box, of the class of the last one."""
    label = draft.findings[-1].label if draft.findings else ""
    return replace(draft, findings=(*draft.findings, Finding(label, box)))


def without(draft: Draft, index: int) -> Draft:
    return replace(draft, findings=draft.findings[:index] + draft.findings[index + 1 :])


def said(draft: Draft, place: int, text: str) -> Draft:
    """With other words in the turn at `place`."""
    turns = list(draft.turns)
    turns[place] = replace(turns[place], text=text)
    return replace(draft, turns=tuple(turns))


def correction_of(record: MauRecord, draft: Draft, comment: str) -> Correction:
    """What the draft changes; what it leaves is "as it was"."""
    return with_boxes_followed(record, Correction(draft.turns, draft.findings, comment))


def faults_of_draft(record: MauRecord, draft: Draft) -> tuple[str, ...]:
    """What keeps the draft from the dataset; nothing for a record that is as it was."""
    if draft == draft_of(record):
        return ()
    correction = correction_of(record, draft, "")
    return correction_faults(record, correction.turns, correction.findings)


def _with(findings: tuple[Finding, ...], index: int, finding: Finding) -> tuple[Finding, ...]:
    return (*findings[:index], finding, *findings[index + 1 :])
