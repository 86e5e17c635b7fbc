"""One reviewer's sitting in the window: the open dataset, the record on show, and the draft of it. Free of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from umed_core.errors import DataError
from umed_core.images.sandbox import start_decoder
from umed_core.mau.review.apply import AppliedReview, apply_reviews
from umed_core.mau.review.figures import ReviewReport, review_figures
from umed_core.mau.review.folder import ReviewFolder
from umed_core.mau.review.log import LOG_NAME, ReviewLog
from umed_core.mau.review.session import ReviewSession, SessionPlan
from umed_core.records import MauRecord
from umed_desktop.pages.review.draft import Draft, correction_of, draft_of
from umed_desktop.words import translate

__all__ = ["Sitting", "agreement", "apply", "open_sitting"]


@dataclass(eq=False)
class Sitting:
    """Every judgement is on disk when its method returns; the draft is not, until it is saved as a correction."""

    folder: ReviewFolder
    session: ReviewSession
    record: MauRecord | None = None
    draft: Draft = Draft((), ())  # noqa: RUF009 - frozen

    def show_next(self) -> None:
        """The record that is to be judged now; None where all are."""
        self.record = self.session.current if self.session.left else None
        self.draft = Draft((), ()) if self.record is None else draft_of(self.record)

    @property
    def is_changed(self) -> bool:
        return self.record is not None and self.draft != draft_of(self.record)

    @property
    def picture(self) -> Path:
        assert self.record is not None
        return self.folder.picture(self.record.image)

    def accept(self, comment: str) -> None:
        """Raises: DataError where the draft differs from the record; StorageError."""
        self._refuse_changed("accept")
        self.session.accept(comment)
        self.show_next()

    def reject(self, comment: str) -> None:
        """Raises: StorageError."""
        self.session.reject(comment)
        self.show_next()

    def correct(self, comment: str) -> None:
        """Saves the draft. Raises: DataError for one with a fault; StorageError."""
        assert self.record is not None
        self.session.correct(correction_of(self.record, self.draft, comment))
        self.show_next()

    def skip(self) -> None:
        """Raises: DataError where the draft differs from the record."""
        self._refuse_changed("skip")
        self.session.skip()
        self.show_next()

    def undo(self) -> str:
        """Takes the last judgement back and shows its record; says which it was. Raises: DataError; StorageError."""
        taken = self.session.undo()
        self.show_next()
        return translate("Sitting", "Taken back: {verdict} of {record}.").format(
            verdict=translate("Verdicts", taken.verdict), record=taken.record
        )

    def _refuse_changed(self, deed: str) -> None:
        if self.is_changed:
            raise DataError(
                translate("Sitting", "You have changed this record; to {deed} it would lose that.").format(
                    deed=translate("Verdicts", deed)
                ),
                translate("Sitting", "Save it with C, or revert it first."),
            )


def open_sitting(folder: Path, plan: SessionPlan) -> Sitting:
    """Raises: MissingFile; DataError; ConfigError for a name that is none; StorageError."""
    start_decoder()  # by the time that the log is read, it is there for the first picture
    opened = ReviewFolder(folder)
    sitting = Sitting(opened, ReviewSession(opened, ReviewLog(folder / LOG_NAME), plan))
    sitting.show_next()
    return sitting


def agreement(folder: Path) -> ReviewReport:
    """The figures of all that stands in the folder's log now. Raises: as `open_sitting`."""
    opened = ReviewFolder(folder)
    return review_figures(opened, ReviewLog(folder / LOG_NAME).events)


def apply(folder: Path, out: Path, keep_unreviewed: bool) -> AppliedReview:
    """Writes the dataset that the review leaves. Raises: as `apply_reviews`."""
    return apply_reviews(ReviewFolder(folder), ReviewLog(folder / LOG_NAME).events, out, keep_unreviewed)
