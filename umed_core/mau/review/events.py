"""What a reviewer said about a record as it was shown, and what of all that was said still stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from umed_core.records import Finding, MauRecord, Turn

__all__ = ["Lane", "RecordReviews", "ReviewEvent", "Verdict", "findings_after", "reviews_by_record", "turns_after"]

Verdict: TypeAlias = Literal["accept", "correct", "reject", "withdraw"]
Lane: TypeAlias = Literal["open", "blind", "adjudication"]


@dataclass(frozen=True, slots=True)
class ReviewEvent:
    """One judgement. `record` is the record's image path, its id; `time` is UTC in ISO 8601.

    `turns` empty and `findings` None mean "as they were"; `findings` empty says that nothing abnormal is there.
    `seen_sha256` is the hash of record and picture as shown: a judgement holds for exactly these. "withdraw" takes back
    the reviewer's last judgement of that record in the same lane, so that the one before it stands again. `blind` marks
    the repeated reading of a sample, made without sight of any earlier verdict; `adjudicates` one that settles a dispute.
    """

    record: str
    reviewer: str
    time: str
    verdict: Verdict
    seen_sha256: str
    turns: tuple[Turn, ...] = ()
    findings: tuple[Finding, ...] | None = None
    comment: str = ""
    blind: bool = False
    adjudicates: bool = False

    @property
    def lane(self) -> Lane:
        """Judgements supersede each other within a lane only, so that a repeated reading can be held against the first."""
        return "adjudication" if self.adjudicates else "blind" if self.blind else "open"


@dataclass(frozen=True, slots=True)
class RecordReviews:
    """What stands about one record. `readers` and `rereads` (the blind lane) are by reviewer's name.

    A reviewer who has read the record only in the blind lane is among the `readers` with that reading.
    """

    readers: Mapping[str, ReviewEvent] = field(default_factory=dict)
    rereads: Mapping[str, ReviewEvent] = field(default_factory=dict)
    adjudication: ReviewEvent | None = None


def reviews_by_record(events: Iterable[ReviewEvent], shown_sha256: Callable[[str], str]) -> dict[str, RecordReviews]:
    """What stands about each record that has a standing judgement; later events supersede earlier ones of their lane.

    `shown_sha256` gives the hash of a record as it is now ("" for one that is gone): judgements of another state of it
    don't count. "Later" is the order of the log, since clocks of two machines differ.
    """
    said: dict[str, dict[tuple[Lane, str], list[tuple[int, ReviewEvent]]]] = defaultdict(lambda: defaultdict(list))
    for place, event in enumerate(events):
        if not event.seen_sha256 or event.seen_sha256 != shown_sha256(event.record):
            continue
        stack = said[event.record][event.lane, event.reviewer]
        if event.verdict != "withdraw":
            stack.append((place, event))
        elif stack:
            stack.pop()
    standing = {
        record: {key: stack[-1] for key, stack in stacks.items() if stack} for record, stacks in said.items()
    }  # fmt: skip
    return {record: _reviews(last) for record, last in standing.items() if last}


def turns_after(event: ReviewEvent, record: MauRecord) -> tuple[Turn, ...]:
    """The conversation as the reviewer leaves it."""
    return event.turns or record.turns


def findings_after(event: ReviewEvent, record: MauRecord) -> tuple[Finding, ...]:
    """The findings as the reviewer leaves them."""
    return record.findings if event.findings is None else event.findings


def _reviews(last: Mapping[tuple[Lane, str], tuple[int, ReviewEvent]]) -> RecordReviews:
    def lane(wanted: Lane) -> dict[str, tuple[int, ReviewEvent]]:
        return {reviewer: placed for (lane, reviewer), placed in last.items() if lane == wanted}

    opened = {reviewer: event for reviewer, (_, event) in lane("open").items()}
    rereads = {reviewer: event for reviewer, (_, event) in lane("blind").items()}
    adjudications = sorted(lane("adjudication").values(), key=lambda placed: placed[0])
    return RecordReviews({**rereads, **opened}, rereads, adjudications[-1][1] if adjudications else None)
