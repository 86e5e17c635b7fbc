"""One reviewer's sitting: what is shown next, what is kept, what is taken back. Knows no screen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from umed_core.errors import ConfigError, DataError
from umed_core.mau.review.corrections import Correction, correction_faults
from umed_core.mau.review.events import Lane, RecordReviews, ReviewEvent, Verdict, reviews_by_record
from umed_core.mau.review.figures import rulings
from umed_core.mau.review.folder import ReviewFolder
from umed_core.mau.review.log import ReviewLog
from umed_core.mau.review.queue import blind_queue, dispute_queue, first_reading_queue
from umed_core.records import MauRecord

__all__ = ["Mode", "ReviewSession", "SessionPlan", "utc_now"]

Mode: TypeAlias = Literal["read", "blind", "adjudicate"]
_LANE: dict[Mode, Lane] = {"read": "open", "blind": "blind", "adjudicate": "adjudication"}
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """Who reviews what: `sample` limits to so many records, 0 to none; see `queue` for what each mode shows."""

    reviewer: str
    mode: Mode = "read"
    sample: int = 0
    seed: int = 0


def utc_now() -> str:
    """Now, in UTC as ISO 8601 to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class ReviewSession:
    """Shows one record after another and keeps each judgement at once.

    No reader sees another's verdict, so that every agreement is between independent readings; an adjudicator sees all.
    Raises: ConfigError for a name that is none; whatever folder and log raise.
    """

    def __init__(
        self, folder: ReviewFolder, log: ReviewLog, plan: SessionPlan, clock: Callable[[], str] = utc_now
    ) -> None:
        name = plan.reviewer.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise ConfigError(
                f"{plan.reviewer!r} is no reviewer's name.", f"Use up to {LONGEST_NAME} plain characters, such as anna."
            )
        self._folder, self._log, self._plan, self._clock = folder, log, plan, clock
        self.reviewer = name
        self._reviews = reviews_by_record(log.events, folder.shown_sha256)
        self._queue = deque(self._queued())
        self._judged = 0

    @property
    def left(self) -> int:
        """Records still to judge, the current one included."""
        return len(self._queue)

    @property
    def judged(self) -> int:
        """Records judged in this sitting."""
        return self._judged

    @property
    def current(self) -> MauRecord:
        """The record to show now. Raises: DataError where none is left."""
        if not self._queue:
            raise DataError("Every record of this review has been judged.", "See `umed review DATASET --report`.")
        return self._folder.record(self._queue[0])

    @property
    def opinions(self) -> dict[str, ReviewEvent]:
        """What readers said about the current record, for an adjudicator; nothing for anyone else."""
        if self._plan.mode != "adjudicate" or not self._queue:
            return {}
        return dict(self._reviews.get(self._queue[0], RecordReviews()).readers)

    def accept(self, comment: str = "") -> ReviewEvent:
        """Keeps the current record as it is and goes on. Raises: StorageError."""
        return self._judge("accept", Correction(comment=comment))

    def reject(self, comment: str = "") -> ReviewEvent:
        """Drops the current record and goes on. Raises: StorageError."""
        return self._judge("reject", Correction(comment=comment))

    def correct(self, correction: Correction) -> ReviewEvent:
        """Corrects the current record and goes on. Raises: DataError for a correction with a fault; StorageError."""
        if faults := correction_faults(self.current, correction.turns, correction.findings):
            raise DataError(faults[0], "Change it, or reject the record.")
        return self._judge("correct", correction)

    def skip(self) -> None:
        """Leaves the current record for another sitting; nothing is kept of it."""
        self._queue.popleft()

    def undo(self) -> ReviewEvent:
        """Takes back the reviewer's last judgement of this mode, be it of an earlier sitting, and shows that record again.

        Returns: what was taken back. Raises: DataError where there is none; StorageError.
        """
        standing: list[ReviewEvent] = []
        for event in self._log.events:
            if (event.reviewer, event.lane) != (self.reviewer, _LANE[self._plan.mode]) or not self._holds(event):
                continue
            if event.verdict != "withdraw":
                standing.append(event)
                continue
            mine = [place for place, said in enumerate(standing) if said.record == event.record]
            if mine:
                del standing[mine[-1]]
        if not standing:
            raise DataError("There is no judgement of yours to take back.", "")
        self._log.append(self._event(standing[-1].record, "withdraw", Correction()))
        self._judged = max(0, self._judged - 1)
        if standing[-1].record in self._queue:
            self._queue.remove(standing[-1].record)
        self._queue.appendleft(standing[-1].record)
        return standing[-1]

    def _judge(self, verdict: Verdict, correction: Correction) -> ReviewEvent:
        event = self._event(self.current.image, verdict, correction)
        self._log.append(event)
        self._queue.popleft()
        self._judged += 1
        return event

    def _event(self, record: str, verdict: Verdict, correction: Correction) -> ReviewEvent:
        seen = self._folder.shown_sha256(record)
        if not seen:
            raise DataError(f"The picture {record} is missing or unreadable.", "Skip it, and rebuild the dataset.")
        return ReviewEvent(
            record,
            self.reviewer,
            self._clock(),
            verdict,
            seen,
            correction.turns,
            correction.findings,
            correction.comment,
            blind=self._plan.mode == "blind",
            adjudicates=self._plan.mode == "adjudicate",
        )

    def _holds(self, event: ReviewEvent) -> bool:
        return event.seen_sha256 == self._folder.shown_sha256(event.record)

    def _queued(self) -> list[str]:
        plan = self._plan
        if plan.mode == "blind":
            return blind_queue(self._reviews, self.reviewer, plan.seed, plan.sample)
        if plan.mode == "adjudicate":
            ruled = rulings(self._folder, self._reviews)
            disputed = [name for name, ruling in ruled.items() if ruling.status == "disputed"]
            return dispute_queue(disputed, self._reviews, self.reviewer, plan.seed)[: plan.sample or None]
        return first_reading_queue(self._folder.places, self._reviews, self.reviewer, plan.seed, plan.sample)
