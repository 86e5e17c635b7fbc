"""A reviewer's correction: what it changes, whether it may enter the dataset, and the text form it is written in."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.mau.validate import faults_of
from umed_core.mau.wording import coarse_place
from umed_core.prompts import format_box
from umed_core.records import Finding, MauRecord, Turn

__all__ = ["Correction", "correction_faults", "form_of", "read_form", "with_boxes_followed"]

_FIELD = re.compile(r"^(finding|user|assistant|comment):[ \t]?(.*)$")
_HOW = (
    "# Change what is wrong, then save and close. Lines that start with # don't count; an empty form cancels.",
    "# finding: CLASS | x, y, w, h   (fractions of the image from its top left corner; several lines, or none)",
    "# A box that you change here is changed in the answer too. A line that goes on is indented by two spaces.",
)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a reviewer wants changed: `turns` empty and `findings` None leave the record's own."""

    turns: tuple[Turn, ...] = ()
    findings: tuple[Finding, ...] | None = None
    comment: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.turns and self.findings is None and not self.comment


def correction_faults(record: MauRecord, turns: Sequence[Turn], findings: Sequence[Finding] | None) -> tuple[str, ...]:
    """What keeps a correction from the dataset, by the rules that teachers' answers must keep; empty where nothing does."""
    new_turns = tuple(turns) or record.turns
    new_findings = record.findings if findings is None else tuple(findings)
    if (new_turns, new_findings) == (record.turns, record.findings):
        return ("Nothing is changed; to leave a record as it is, accept it.",)
    boxes = [f"The box of the {f.label} is no x, y, w, h within 0..1." for f in new_findings if not f.box.is_valid()]
    nameless = ["A finding has no class."] if any(not f.label.strip() for f in new_findings) else []
    words = faults_of(new_turns, new_findings) if new_turns and not boxes else ()
    return (*boxes, *nameless, *words, *_stale_words(record.findings, new_findings, new_turns))


def with_boxes_followed(record: MauRecord, correction: Correction) -> Correction:
    """The correction with each moved box moved in the conversation too, so that a box is written in one place only.

    Follows where the findings are as many as before, each of its old class; a box that is not found in the text is
    left to `correction_faults` to tell. What is unchanged becomes "as it was".
    """
    turns = correction.turns or record.turns
    findings = correction.findings
    if findings is not None and [f.label for f in findings] == [f.label for f in record.findings]:
        moved = {
            format_box(old.box): format_box(new.box)
            for old, new in zip(record.findings, findings, strict=True)
            if old.box != new.box
        }
        turns = tuple(replace(turn, text=_replaced(turn.text, moved)) for turn in turns)
    return Correction(
        () if turns == record.turns else turns, None if findings == record.findings else findings, correction.comment
    )


def form_of(record: MauRecord, faults: Sequence[str] = ()) -> str:
    """The record as a text form; `faults` of the last attempt stand at its head."""
    lines = [*_HOW, *(f"# Not yet: {fault}" for fault in faults)]
    lines += [f"finding: {f.label} | {_numbers(f.box)}" for f in record.findings] or ["finding: none"]
    for turn in record.turns:
        first, *rest = turn.text.split("\n")
        lines += [f"{turn.role}: {first}", *(f"  {line}" for line in rest)]
    return "\n".join([*lines, "comment:", ""])


def read_form(text: str) -> Correction:
    """The fields that a filled form holds; a kind of field that it lacks stays as it was. `finding: none` clears findings.

    Raises: DataError that names the first line which does not fit.
    """
    fields: list[tuple[str, str, int]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            continue
        if found := _FIELD.match(line):
            fields.append((found[1], found[2], number))
        elif fields:
            kind, content, start = fields[-1]
            fields[-1] = (kind, f"{content}\n{line.removeprefix('  ')}", start)
        elif line.strip():
            raise DataError(
                f"Line {number} of the form belongs to no field: {line!r}.", "Start it with assistant: or so."
            )
    cleaned = [(kind, content.strip(), number) for kind, content, number in fields]
    findings = [(content, number) for kind, content, number in cleaned if kind == "finding"]
    return Correction(
        tuple(Turn(kind, content) for kind, content, _ in cleaned if kind in ("user", "assistant")),
        _findings(findings) if findings else None,
        "\n".join(content for kind, content, _ in cleaned if kind == "comment" and content),
    )


def _stale_words(old: Sequence[Finding], new: Sequence[Finding], turns: Sequence[Turn]) -> tuple[str, ...]:
    """Words for a place or a size that were true of a box before it was moved and are true of none now."""
    answers = " ".join(turn.text for turn in turns if turn.role == "assistant")
    faults: list[str] = []
    for place in dict.fromkeys(coarse_place(finding.box) for finding in old):
        if not any(coarse_place(finding.box) == place for finding in new) and _says_place(answers, place):
            faults.append(f'The answer still says "{place}", where no box lies now.')
    for side, of in (("w", "width"), ("h", "height")):
        now = {round(getattr(finding.box, side) * 100) for finding in new}
        for percent in dict.fromkeys(round(getattr(finding.box, side) * 100) for finding in old):
            if percent not in now and re.search(rf"\b{percent}% of (?:the|its) {of}", answers):
                faults.append(f'The answer still says "{percent}% of the {of}", which is no box\'s size now.')
    return tuple(faults)


def _says_place(text: str, place: str) -> bool:
    """Whether `text` names the place itself: "upper left part" does not name the "left part"."""
    return re.search(rf"(?<!upper )(?<!lower )\b{place}\b", text) is not None


def _findings(written: Sequence[tuple[str, int]]) -> tuple[Finding, ...]:
    if [content.lower() for content, _ in written] == ["none"]:
        return ()
    return tuple(_finding(content, number) for content, number in written)


def _finding(written: str, number: int) -> Finding:
    label, bar, numbers = written.rpartition("|")
    try:
        values = [float(value) for value in numbers.split(",")]
    except ValueError:
        values = []
    if not bar or len(values) != 4 or not all(map(math.isfinite, values)):
        raise DataError(
            f"Line {number} of the form is no finding: {written!r}.", "Write it as: polyp | 0.10, 0.20, 0.30, 0.40"
        )
    return Finding(label.strip(), NormalizedBox(*values))


def _numbers(box: NormalizedBox) -> str:
    # As many digits as bring the same number back, so that an untouched box stays untouched.
    return ", ".join(repr(float(value)) for value in (box.x, box.y, box.w, box.h))


def _replaced(text: str, moved: dict[str, str]) -> str:
    """All at once, so that of two boxes that change places neither is moved twice."""
    if not moved:
        return text
    return re.sub("|".join(map(re.escape, moved)), lambda found: moved[found[0]], text)
