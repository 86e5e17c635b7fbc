"""What a review found, in figures: how many records have which status, and how far reviewers agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from umed_core.geometry import mean_matched_iou
from umed_core.mau.review.agreement import Figure, cohen_kappa_figure, fleiss_kappa_figure, mean_figure
from umed_core.mau.review.consensus import Ruling, rule
from umed_core.mau.review.events import RecordReviews, ReviewEvent, findings_after, reviews_by_record
from umed_core.mau.review.folder import ReviewFolder
from umed_core.records import MauRecord

__all__ = ["PairAgreement", "ReviewReport", "anonymous", "box_overlap", "report_lines", "review_figures", "rulings"]

VERDICTS = ("accept", "correct", "reject")


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two readings of the same records: by two reviewers, or by one at two times (then both names are the same).

    `same` is the share of equal verdicts. `box_iou` is over the records that neither rejects and where one has a box;
    `redrawn` counts those among them in which one of the two changed the boxes: all others are 1 by themselves.
    """

    first: str
    second: str
    same: Figure
    kappa: Figure
    box_iou: Figure
    redrawn: int


@dataclass(frozen=True, slots=True)
class ReviewReport:
    """A dataset's review. `outdated` counts judgements of records or pictures that have changed since: they don't count.

    `fleiss` is over records with two or more readers. `rereads` compare each reviewer's blind second reading with the
    reviewer's own first.
    """

    records: int
    unreviewed: int
    accepted: int
    corrected: int
    rejected: int
    disputed: int
    adjudicated: int
    outdated: int
    reviewers: tuple[str, ...]
    readers_per_record: dict[int, int]
    fleiss: Figure
    pairs: tuple[PairAgreement, ...]
    rereads: tuple[PairAgreement, ...]


def review_figures(folder: ReviewFolder, events: Sequence[ReviewEvent], seed: int = 0) -> ReviewReport:
    """The figures of everything that stands; intervals are seeded and resample patients. Raises: DataError; MissingFile."""
    reviews = reviews_by_record(events, folder.shown_sha256)
    ruled = rulings(folder, reviews)
    statuses = Counter(ruling.status for ruling in ruled.values())
    names = sorted({name for said in reviews.values() for name in said.readers})
    return ReviewReport(
        records=len(folder.places),
        unreviewed=len(folder.places) - len(ruled) + statuses["unreviewed"],
        accepted=statuses["accepted"],
        corrected=statuses["corrected"],
        rejected=statuses["rejected"],
        disputed=statuses["disputed"],
        adjudicated=sum(ruling.adjudicated for ruling in ruled.values()),
        outdated=sum(event.seen_sha256 != folder.shown_sha256(event.record) for event in events),
        reviewers=tuple(names),
        readers_per_record=dict(sorted(Counter(len(said.readers) for said in reviews.values()).items())),
        fleiss=_fleiss(folder, reviews, seed),
        pairs=tuple(_pairs(folder, reviews, names, seed)),
        rereads=tuple(_rereads(folder, reviews, names, seed)),
    )


def rulings(folder: ReviewFolder, reviews: Mapping[str, RecordReviews]) -> dict[str, Ruling]:
    """The status of each record that somebody has judged, by its id, in the dataset's order."""
    names = [name for name in folder.places if name in reviews]
    records = zip(names, folder.records(names), strict=True)
    return {name: rule(record, reviews[name]) for name, record in records}


def anonymous(figures: ReviewReport) -> ReviewReport:
    """The figures with "reviewer 1", "reviewer 2", ... for names, as a dataset may publish them."""
    number = {name: f"reviewer {place}" for place, name in enumerate(figures.reviewers, 1)}

    def renamed(pairs: Sequence[PairAgreement]) -> tuple[PairAgreement, ...]:
        return tuple(replace(pair, first=number[pair.first], second=number[pair.second]) for pair in pairs)

    return replace(
        figures,
        reviewers=tuple(number.values()),
        pairs=renamed(figures.pairs),
        rereads=renamed(figures.rereads),
    )


def report_lines(figures: ReviewReport) -> list[str]:
    """The figures for people, a line each."""
    f = figures
    lines = [
        f"{f.records} records: {f.accepted} accepted, {f.corrected} corrected, {f.rejected} rejected, "
        f"{f.disputed} disputed ({f.adjudicated} settled by an adjudicator), {f.unreviewed} not reviewed"
    ]
    if f.readers_per_record:
        read = ", ".join(f"{count} by {readers}" for readers, count in f.readers_per_record.items())
        lines.append(f"reviewers: {', '.join(f.reviewers)}; records read: {read}")
    if f.outdated:
        lines.append(f"{f.outdated} judgements don't count: their record or picture has changed since, or is gone")
    lines += [line for pair in f.pairs for line in _pair_lines(f"{pair.first} and {pair.second}", pair)]
    if len(f.reviewers) > 2:
        lines.append(f"all reviewers: Fleiss' kappa {_spelled(f.fleiss)}")
    lines += [line for pair in f.rereads for line in _pair_lines(f"{pair.first}, read twice", pair)]
    if f.reviewers and not f.pairs:
        lines.append("agreement: no record has two readers yet")
    return lines


def box_overlap(record: MauRecord, a: ReviewEvent, b: ReviewEvent) -> list[float]:
    """The mean matched IoU of two reviewers' boxes, as one value; none where one rejects, or where neither has a box."""
    if "reject" in (a.verdict, b.verdict):
        return []
    boxes = [[finding.box for finding in findings_after(event, record)] for event in (a, b)]
    return [mean_matched_iou(*boxes)] if any(boxes) else []


def _pairs(
    folder: ReviewFolder, reviews: Mapping[str, RecordReviews], names: Sequence[str], seed: int
) -> Iterator[PairAgreement]:
    for a, b in combinations(names, 2):
        both = [
            (name, said.readers[a], said.readers[b]) for name, said in sorted(reviews.items()) if {a, b} <= set(said.readers)
        ]  # fmt: skip
        if both:
            yield _agreement(folder, a, b, both, seed)


def _rereads(
    folder: ReviewFolder, reviews: Mapping[str, RecordReviews], names: Sequence[str], seed: int
) -> Iterator[PairAgreement]:
    for reader in names:
        twice = [
            (name, said.readers[reader], said.rereads[reader])
            for name, said in sorted(reviews.items())
            if reader in said.rereads and not said.readers[reader].blind
        ]
        if twice:
            yield _agreement(folder, reader, reader, twice, seed)


def _agreement(
    folder: ReviewFolder, first: str, second: str, readings: Sequence[tuple[str, ReviewEvent, ReviewEvent]], seed: int
) -> PairAgreement:
    groups = [folder.places[name].group for name, _, _ in readings]
    by_first = [VERDICTS.index(event.verdict) for _, event, _ in readings]
    by_second = [VERDICTS.index(event.verdict) for _, _, event in readings]
    records = folder.records([name for name, _, _ in readings])
    overlaps = [(box_overlap(record, a, b), a, b) for record, (_, a, b) in zip(records, readings, strict=True)]
    values = [(value, group) for (found, _, _), group in zip(overlaps, groups, strict=True) for value in found]
    return PairAgreement(
        first,
        second,
        mean_figure([float(x == y) for x, y in zip(by_first, by_second, strict=True)], groups, seed),
        cohen_kappa_figure(by_first, by_second, groups, len(VERDICTS), seed),
        mean_figure([value for value, _ in values], [group for _, group in values], seed),
        sum(a.findings is not None or b.findings is not None for found, a, b in overlaps if found),
    )


def _fleiss(folder: ReviewFolder, reviews: Mapping[str, RecordReviews], seed: int) -> Figure:
    names = sorted(reviews)
    votes = np.zeros((len(names), len(VERDICTS)), dtype=np.int64)
    for row, name in enumerate(names):
        for event in reviews[name].readers.values():
            votes[row, VERDICTS.index(event.verdict)] += 1
    return fleiss_kappa_figure(votes, [folder.places[name].group for name in names], seed)


def _pair_lines(who: str, pair: PairAgreement) -> list[str]:
    return [
        f"{who}: Cohen's kappa {_spelled(pair.kappa)}; the same verdict {_spelled(pair.same)}",
        f"{who}: mean box IoU {_spelled(pair.box_iou)}, {pair.redrawn} of them redrawn",
    ]


def _spelled(figure: Figure) -> str:
    if figure.value is None:
        why = "one and the same verdict throughout" if figure.count else "nothing to compare"
        return f"undefined ({why}, {figure.count} records)"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}] over {figure.count} records"
