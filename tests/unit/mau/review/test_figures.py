"""Counts and agreement of a small review, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.unit.mau.review.review_cases import image_name, write_folder
from umed_core.mau.review.corrections import read_form, with_boxes_followed
from umed_core.mau.review.events import ReviewEvent, reviews_by_record
from umed_core.mau.review.figures import ReviewReport, anonymous, report_lines, review_figures, rulings
from umed_core.mau.review.folder import ReviewFolder


@pytest.fixture
def folder(tmp_path: Path) -> ReviewFolder:
    return ReviewFolder(write_folder(tmp_path / "mau"))


def said(folder: ReviewFolder, reviewer: str, verdicts: str, blind: bool = False) -> list[ReviewEvent]:
    """Judgements of records 0, 1, ...: a accepts, r rejects, c moves the box by a tenth, - says nothing."""
    events = []
    for number, verdict in enumerate(verdicts):
        name = image_name(number)
        event = ReviewEvent(
            name, reviewer, "2026-01-01T00:00:00+00:00", "accept", folder.shown_sha256(name), blind=blind
        )  # fmt: skip
        if verdict == "r":
            event = replace(event, verdict="reject")
        elif verdict == "c":
            moved = with_boxes_followed(folder.record(name), read_form("finding: polyp | .3,.2,.4,.4"))
            event = replace(event, verdict="correct", turns=moved.turns, findings=moved.findings)
        if verdict != "-":
            events.append(event)
    return events


def test_nothing_was_reviewed(folder):
    figures = review_figures(folder, [])
    assert (figures.records, figures.unreviewed, figures.reviewers, figures.pairs) == (6, 6, (), ())
    assert report_lines(figures) == [
        "6 records: 0 accepted, 0 corrected, 0 rejected, 0 disputed (0 settled by an adjudicator), 6 not reviewed"
    ]


def test_two_reviewers_by_hand(folder):
    # Records 0-4; both accept 0, 1; both correct 2 alike; 3 is accept / reject; both reject 4; 5 nobody.
    figures = review_figures(folder, said(folder, "anna", "aacar") + said(folder, "ben", "aacrr"))
    assert (figures.accepted, figures.corrected, figures.rejected, figures.disputed, figures.unreviewed) == (
        2,
        1,
        1,
        1,
        1,
    )
    assert figures.readers_per_record == {2: 5}
    (pair,) = figures.pairs
    # Equal on 4 of 5; by chance 3/5 * 2/5 + 1/5 * 1/5 + 1/5 * 2/5 = 9/25; (20 - 9) / (25 - 9) = 11/16.
    assert pair.same.value == pytest.approx(0.8)
    assert pair.kappa.value == pytest.approx(11 / 16)
    # Boxes are compared on 0, 1, 2, where they are the same; on 2 both redrew.
    assert (pair.box_iou.value, pair.box_iou.count, pair.redrawn) == (1.0, 3, 1)


def test_a_box_that_only_one_moves(folder):
    figures = review_figures(folder, said(folder, "anna", "c") + said(folder, "ben", "a"))
    # .4 x .4 against the same a tenth to the right: .3 of .5 in width.
    assert figures.pairs[0].box_iou.value == pytest.approx(0.6)
    assert figures.disputed == 1


def test_an_image_without_boxes_says_nothing_of_box_overlap(folder):
    events = said(folder, "anna", "-----a") + said(folder, "ben", "-----a")
    pair = review_figures(folder, events).pairs[0]
    assert (pair.box_iou.value, pair.box_iou.count) == (None, 0)
    assert pair.kappa.value is None and pair.same.value == 1.0
    assert any(
        "undefined (one and the same verdict throughout" in line
        for line in report_lines(review_figures(folder, events))
    )


def test_three_reviewers_have_three_pairs_and_one_fleiss(folder):
    events = said(folder, "anna", "aar") + said(folder, "ben", "arr") + said(folder, "chris", "aar")
    figures = review_figures(folder, events)
    assert [(pair.first, pair.second) for pair in figures.pairs] == [
        ("anna", "ben"),
        ("anna", "chris"),
        ("ben", "chris"),
    ]
    # Pairs that agree: 1, 1/3, 1: mean 7/9. Accept has 5 of 9 votes, reject 4: by chance 41/81. (63 - 41) / (81 - 41).
    assert figures.fleiss.value == pytest.approx(22 / 40)
    assert any(line.startswith("all reviewers: Fleiss' kappa 0.55") for line in report_lines(figures))


def test_a_reviewer_is_held_against_the_own_first_reading(folder):
    events = (
        said(folder, "anna", "aara") + said(folder, "anna", "aarr", blind=True) + said(folder, "ben", "a", blind=True)
    )
    figures = review_figures(folder, events)
    (again,) = figures.rereads
    assert (again.first, again.second, again.same.value, again.same.count) == ("anna", "anna", 0.75, 4)
    # 3 of 4; by chance 3/4 * 2/4 + 1/4 * 2/4 = 1/2.
    assert again.kappa.value == pytest.approx(0.5)
    assert figures.accepted == 3  # the first readings stand


def test_judgements_of_what_has_changed_are_counted_and_do_not_count(folder):
    events = said(folder, "anna", "aa")
    figures = review_figures(folder, [replace(events[0], seen_sha256="f" * 64), events[1]])
    assert (figures.outdated, figures.accepted) == (1, 1)
    assert any("1 judgements don't count" in line for line in report_lines(figures))


def test_published_figures_name_nobody_and_read_back(folder):
    events = said(folder, "anna", "aac") + said(folder, "ben", "arc") + said(folder, "anna", "ac", blind=True)
    encoded = msgspec.json.encode(anonymous(review_figures(folder, events)))
    assert b"anna" not in encoded and b"ben" not in encoded
    read = msgspec.json.decode(encoded, type=ReviewReport)
    assert (read.pairs[0].first, read.pairs[0].second) == ("reviewer 1", "reviewer 2")
    assert read == anonymous(review_figures(folder, events))


def test_rulings_come_in_the_order_of_the_dataset(folder):
    reviews = reviews_by_record(reversed(said(folder, "anna", "arc")), folder.shown_sha256)
    assert {name: ruling.status for name, ruling in rulings(folder, reviews).items()} == {
        image_name(0): "accepted",
        image_name(1): "rejected",
        image_name(2): "corrected",
    }
    assert list(rulings(folder, reviews)) == [image_name(number) for number in range(3)]
