"""What a person made of the boxes: verdicts, other classes, other places, boxes of their own. Frozen values, free of Qt.

A model's box is never changed: the person's word lies beside it, with its time, and can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from umed_core.geometry import NormalizedBox
from umed_desktop.session.conversation import BoxRef, Exchange

__all__ = [
    "BY_HAND",
    "Deed",
    "Drawn",
    "Found",
    "FoundStatus",
    "Mark",
    "Marks",
    "Verdict",
    "findings_of",
    "moved_series",
    "next_drawn",
    "renamed",
    "together",
    "with_box",
    "with_drawn",
    "with_label",
    "with_verdict",
    "without_exchanges",
    "without_finding",
]

Verdict: TypeAlias = Literal["open", "accepted", "rejected"]
FoundStatus: TypeAlias = Literal["open", "accepted", "edited", "rejected", "added"]
"""The words of umed_core.exporting.reading.FindingStatus."""

BY_HAND = 0
"""The exchange of a BoxRef that no model wrote."""

_NO_CLASS = "no class"


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did to a finding, in a sentence; `at` is UTC in ISO 8601."""

    words: str
    at: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's word on one box; `label` and `box` are None where what was first written or drawn stands."""

    verdict: Verdict = "open"
    label: str | None = None
    box: NormalizedBox | None = None
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A box that a person added to one frame of one series."""

    ref: BoxRef
    series: str
    frame: int
    label: str
    box: NormalizedBox


@dataclass(frozen=True, slots=True)
class Marks:
    """Everything that a person did to the findings and exchanges of one study, and can undo.

    A deleted finding leaves every list; a model's one still counts as rejected where an export counts those.
    """

    of: tuple[tuple[BoxRef, Mark], ...] = ()
    drawn: tuple[Drawn, ...] = ()
    deleted: frozenset[BoxRef] = frozenset()
    removed: frozenset[int] = frozenset()

    def mark(self, ref: BoxRef) -> Mark:
        return next((mark for known, mark in self.of if known == ref), Mark())


@dataclass(frozen=True, slots=True)
class Found:
    """A finding as it stands now. `exchange` is the answer that it comes from, None for one that was drawn by hand."""

    ref: BoxRef
    series: str
    frame: int
    label: str
    box: NormalizedBox
    status: FoundStatus
    exchange: Exchange | None = None
    deeds: tuple[Deed, ...] = ()
    is_deleted: bool = False


def findings_of(exchanges: Iterable[Exchange], marks: Marks, deleted: bool = False) -> tuple[Found, ...]:
    """The findings of these answers, and those drawn by hand, with what the person made of each.

    `deleted` has the deleted boxes of models as well, as rejected.
    """
    found = [
        _found(exchange, index, marks)
        for exchange in exchanges
        if exchange.id not in marks.removed
        for index in range(len(exchange.boxes))
    ]
    kept = [finding for finding in found if deleted or not finding.is_deleted]
    return (*kept, *(_by_hand(drawn, marks) for drawn in marks.drawn if drawn.ref not in marks.deleted))


def _found(exchange: Exchange, index: int, marks: Marks) -> Found:
    ref, written = BoxRef(exchange.id, index), exchange.boxes[index]
    mark, is_deleted = marks.mark(ref), BoxRef(exchange.id, index) in marks.deleted
    label = written.label if mark.label is None else mark.label
    box = written.box if mark.box is None else mark.box
    status: FoundStatus = mark.verdict
    if is_deleted:
        status = "rejected"
    elif mark.verdict != "rejected" and (label, box) != (written.label, written.box):
        status = "edited"
    on = exchange.image_of(written)
    return Found(ref, on.series, on.frame, label, box, status, exchange, mark.deeds, is_deleted)


def _by_hand(drawn: Drawn, marks: Marks) -> Found:
    mark = marks.mark(drawn.ref)
    label = drawn.label if mark.label is None else mark.label
    box = drawn.box if mark.box is None else mark.box
    status: FoundStatus = "rejected" if mark.verdict == "rejected" else "added"
    return Found(drawn.ref, drawn.series, drawn.frame, label, box, status, None, mark.deeds)


# ---------------------------------------------------------------------------------------------- what a person does
def with_verdict(marks: Marks, ref: BoxRef, verdict: Verdict, at: str) -> Marks:
    words = {"accepted": "Accepted.", "rejected": "Rejected.", "open": "Verdict taken back."}[verdict]
    mark = marks.mark(ref)
    return marks if mark.verdict == verdict else _with(marks, ref, replace(mark, verdict=verdict), words, at)


def with_label(marks: Marks, finding: Found, label: str, at: str) -> Marks:
    wanted = " ".join(label.split())
    if wanted == finding.label:
        return marks
    words = f"Class changed from {_named(finding.label)} to {_named(wanted)}."
    return _with(marks, finding.ref, replace(marks.mark(finding.ref), label=wanted), words, at)


def with_box(marks: Marks, finding: Found, box: NormalizedBox, at: str, size: tuple[int, int]) -> Marks:
    """Another place; `size` (width, height) of the image puts it in words in pixels."""
    if box == finding.box:
        return marks
    words = f"Box changed from {_corners(finding.box, size)} to {_corners(box, size)}."
    return _with(marks, finding.ref, replace(marks.mark(finding.ref), box=box), words, at)


def with_drawn(marks: Marks, drawn: Drawn, at: str) -> Marks:
    return replace(_with(marks, drawn.ref, Mark(), "Drawn by hand.", at), drawn=(*marks.drawn, drawn))


def without_finding(marks: Marks, ref: BoxRef) -> Marks:
    return replace(marks, deleted=marks.deleted | {ref})


def without_exchanges(marks: Marks, ids: Iterable[int]) -> Marks:
    return replace(marks, removed=marks.removed | set(ids))


def next_drawn(marks: Marks) -> BoxRef:
    """A name for the next box that is drawn by hand; a deleted one's is never given again."""
    return BoxRef(BY_HAND, max((drawn.ref.index for drawn in marks.drawn), default=-1) + 1)


def moved_series(marks: Marks, old: str, new: str, by_frames: int) -> Marks:
    """The same marks, after a series got another name and its frames other numbers."""
    moved = [
        replace(drawn, series=new, frame=drawn.frame + by_frames) if drawn.series == old else drawn
        for drawn in marks.drawn
    ]
    return replace(marks, drawn=tuple(moved))


def renamed(marks: Marks, exchanges: Mapping[int, int]) -> Marks:
    """Marks of exchanges that were given other numbers, old to new; those of exchanges that are not there are dropped."""

    def name(ref: BoxRef) -> BoxRef | None:
        number = BY_HAND if ref.exchange == BY_HAND else exchanges.get(ref.exchange)
        return None if number is None else BoxRef(number, ref.index)

    of = tuple((ref, mark) for old, mark in marks.of if (ref := name(old)) is not None)
    deleted = frozenset(ref for old in marks.deleted if (ref := name(old)) is not None)
    return Marks(of, marks.drawn, deleted)


def together(kept: Marks, now: Marks) -> Marks:
    """Both; boxes that are drawn by hand now are numbered after the kept ones."""
    first = max((drawn.ref.index for drawn in kept.drawn), default=-1) + 1

    def later(ref: BoxRef) -> BoxRef:
        return BoxRef(BY_HAND, ref.index + first) if ref.exchange == BY_HAND else ref

    return Marks(
        (*kept.of, *((later(ref), mark) for ref, mark in now.of)),
        (*kept.drawn, *(replace(drawn, ref=later(drawn.ref)) for drawn in now.drawn)),
        kept.deleted | frozenset(later(ref) for ref in now.deleted),
        now.removed,
    )


def _with(marks: Marks, ref: BoxRef, mark: Mark, words: str, at: str) -> Marks:
    told = replace(mark, deeds=(*mark.deeds, Deed(words, at)))
    return replace(marks, of=(*(pair for pair in marks.of if pair[0] != ref), (ref, told)))


def _named(label: str) -> str:
    return f"“{label}”" if label else _NO_CLASS


def _corners(box: NormalizedBox, size: Sequence[int]) -> str:
    pixels = box.pixels(size[0], size[1])
    return f"({pixels.x0:.0f}, {pixels.y0:.0f})–({pixels.x1:.0f}, {pixels.y1:.0f}) px"
