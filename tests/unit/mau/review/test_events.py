"""What of all that was said still stands."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.mau.review.review_cases import polyp_record
from umed_core.mau.review.events import ReviewEvent, findings_after, reviews_by_record, turns_after
from umed_core.records import Turn

ACCEPT = ReviewEvent("images/a.png", "anna", "2026-01-01T00:00:00+00:00", "accept", "now")


def said(**fields: object) -> ReviewEvent:
    return replace(ACCEPT, **fields)


def standing(*events: ReviewEvent):
    return reviews_by_record(events, lambda record: "now")


def test_a_later_judgement_of_the_same_reviewer_supersedes_in_the_order_of_the_log():
    earlier_by_the_clock = said(verdict="reject", time="2025-01-01T00:00:00+00:00")
    assert standing(ACCEPT, earlier_by_the_clock)["images/a.png"].readers == {"anna": earlier_by_the_clock}


def test_reviewers_and_records_are_apart():
    ben, other = said(reviewer="ben", verdict="reject"), said(record="images/b.png")
    found = standing(ACCEPT, ben, other)
    assert found["images/a.png"].readers == {"anna": ACCEPT, "ben": ben}
    assert found["images/b.png"].readers == {"anna": other}


def test_taking_back_brings_the_one_before_back():
    reject, withdraw = said(verdict="reject"), said(verdict="withdraw")
    assert standing(ACCEPT, reject, withdraw)["images/a.png"].readers == {"anna": ACCEPT}
    assert standing(ACCEPT, reject, withdraw, withdraw) == {}
    assert standing(withdraw, ACCEPT)["images/a.png"].readers == {"anna": ACCEPT}


def test_a_judgement_of_something_else_under_the_same_name_does_not_count():
    assert standing(said(seen_sha256="before")) == {}
    assert reviews_by_record([said(seen_sha256="")], lambda record: "") == {}


def test_a_blind_reading_stands_beside_the_first_and_does_not_change_it():
    again = said(verdict="reject", blind=True)
    found = standing(ACCEPT, again)["images/a.png"]
    assert (found.readers, found.rereads) == ({"anna": ACCEPT}, {"anna": again})


def test_who_read_only_blind_is_a_reader_too():
    again = said(blind=True)
    assert standing(again)["images/a.png"].readers == {"anna": again}


def test_the_last_adjudication_in_the_log_holds():
    first, last = said(adjudicates=True), said(adjudicates=True, reviewer="ben", verdict="reject")
    assert standing(first, last)["images/a.png"].adjudication == last
    assert standing(last, first)["images/a.png"].adjudication == first
    assert standing(first)["images/a.png"].readers == {}


def test_what_a_correction_leaves_open_stays():
    record = polyp_record(0)
    turns = (Turn("user", "?"), Turn("assistant", "!"))
    assert turns_after(ACCEPT, record) == record.turns
    assert findings_after(ACCEPT, record) == record.findings
    assert turns_after(said(turns=turns), record) == turns
    assert findings_after(said(findings=()), record) == ()
