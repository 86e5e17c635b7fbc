"""Which records a reviewer is shown, in which order: seeded, the same for everyone, whatever the order of the files.

Everyone's sample of N is the same N records, so that reviewers overlap and their agreement can be measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from umed_core.mau.review.events import RecordReviews

__all__ = ["BLIND_SHARE", "blind_queue", "dispute_queue", "first_reading_queue"]

BLIND_SHARE = 0.1
"""Share of what has been reviewed that is read again blind, where no number is asked for."""

_NOBODY = RecordReviews()


def first_reading_queue(
    records: Iterable[str], reviews: Mapping[str, RecordReviews], reviewer: str, seed: int, sample: int = 0
) -> list[str]:
    """Records that `reviewer` has not judged, those first that nobody has; `sample` keeps to the first N of all, 0 all."""
    chosen = sorted(records, key=lambda record: _draw(record, f"order-{seed}"))[: sample or None]
    waiting = [record for record in chosen if reviewer not in reviews.get(record, _NOBODY).readers]
    return sorted(waiting, key=lambda record: bool(reviews.get(record, _NOBODY).readers))


def blind_queue(
    reviews: Mapping[str, RecordReviews], reviewer: str, seed: int, sample: int = 0, share: float = BLIND_SHARE
) -> list[str]:
    """Records that somebody - `reviewer` or another - has judged, drawn to be read again without sight of it.

    A record is drawn by its own hash, so that the sample only grows as more is reviewed. `sample` draws N instead.
    """
    judged = [record for record, said in reviews.items() if said.readers]
    ordered = sorted(judged, key=lambda record: _draw(record, f"blind-{seed}"))
    drawn = ordered[:sample] if sample else [r for r in ordered if _draw(r, f"blind-{seed}") < share * 2**64]
    return [record for record in drawn if reviewer not in reviews[record].rereads]


def dispute_queue(disputed: Iterable[str], reviews: Mapping[str, RecordReviews], reviewer: str, seed: int) -> list[str]:
    """Disputed records for an adjudicator: those that `reviewer` took no side in."""
    outside = [record for record in disputed if reviewer not in reviews.get(record, _NOBODY).readers]
    return sorted(outside, key=lambda record: _draw(record, f"order-{seed}"))


def _draw(record: str, key: str) -> int:
    return int.from_bytes(
        hashlib.blake2b(record.encode(), key=f"umed-{key}".encode()[:64], digest_size=8).digest(), "big"
    )
