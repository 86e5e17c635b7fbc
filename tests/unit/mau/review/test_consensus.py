"""The rule by which several judgements become one status."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.mau.review.consensus import corrected_record, rule, same_findings, word_likeness
from umed_core.mau.review.events import RecordReviews, ReviewEvent
from umed_core.prompts import format_box
from umed_core.records import Finding, MauRecord, Turn

BOX = NormalizedBox(0.2, 0.2, 0.4, 0.4)
NEAR = NormalizedBox(0.21, 0.2, 0.4, 0.4)  # overlaps BOX by .39 x .4 of .41 x .4: IoU .95
FAR = NormalizedBox(0.5, 0.5, 0.4, 0.4)


def conversation(box: NormalizedBox, end: str = "It is a polyp.") -> tuple[Turn, ...]:
    return Turn("user", "What is abnormal?"), Turn("assistant", f"An area at {format_box(box)} is raised. {end}")


RECORD = MauRecord("images/k/000001.png", "k", "k-0001", (Finding("polyp", BOX),), conversation(BOX))


def event(verdict: str, reviewer: str = "anna", **fields: object) -> ReviewEvent:
    return ReviewEvent(RECORD.image, reviewer, "2026-01-01T00:00:00+00:00", verdict, "0" * 64, **fields)


def moved(box: NormalizedBox, **fields: object) -> ReviewEvent:
    return event("correct", findings=(Finding("polyp", box),), turns=conversation(box), **fields)


def status(*events: ReviewEvent, adjudication: ReviewEvent | None = None) -> str:
    return rule(RECORD, RecordReviews(dict(zip("abcdefg", events, strict=False)), {}, adjudication)).status


@pytest.mark.parametrize(
    "verdicts, expected",
    [
        ("", "unreviewed"),
        ("a", "accepted"),
        ("r", "rejected"),
        ("aa", "accepted"),
        ("ar", "disputed"),
        ("aar", "accepted"),
        ("arr", "rejected"),
        ("acr", "disputed"),
        ("ac", "disputed"),
        ("aac", "accepted"),
        ("aacc", "disputed"),
        ("c", "corrected"),
        ("ccr", "corrected"),
    ],
)
def test_more_than_half_decide(verdicts, expected):
    said = {"a": event("accept"), "r": event("reject"), "c": moved(NEAR)}
    assert status(*(said[letter] for letter in verdicts)) == expected


def test_corrections_that_differ_are_disputed():
    assert status(moved(BOX), moved(NEAR)) == "corrected"
    assert status(moved(NEAR), moved(FAR)) == "disputed"
    renamed = event("correct", findings=(Finding("mass", NEAR),), turns=conversation(NEAR))
    assert status(moved(NEAR), renamed) == "disputed"
    other_words = event("correct", findings=(Finding("polyp", NEAR),), turns=conversation(NEAR, "Nothing else, sir."))
    assert status(moved(NEAR), other_words) == "disputed"


def test_two_of_three_corrections_that_agree_stand_as_one_of_them_wrote_it():
    ruling = rule(RECORD, RecordReviews({"a": moved(FAR), "b": moved(BOX), "c": moved(NEAR)}))
    assert ruling.status == "corrected"
    assert ruling.correction in (moved(BOX), moved(NEAR))


def test_the_adjudicator_decides_whatever_the_readers_say():
    assert status(event("accept"), event("accept"), adjudication=event("reject")) == "rejected"
    ruling = rule(RECORD, RecordReviews({"a": event("accept")}, {}, moved(FAR)))
    assert (ruling.status, ruling.adjudicated) == ("corrected", True)
    assert corrected_record(RECORD, ruling.correction).findings == (Finding("polyp", FAR),)


def test_a_correction_leaves_what_it_does_not_name():
    only_text = event("correct", turns=conversation(BOX, "A polyp, then."))
    assert corrected_record(RECORD, only_text).findings == RECORD.findings
    assert corrected_record(RECORD, only_text).turns == only_text.turns
    now_normal = event("correct", findings=())
    assert corrected_record(RECORD, now_normal).findings == ()
    assert corrected_record(RECORD, now_normal).turns == RECORD.turns


@given(st.lists(st.sampled_from([event("accept"), event("reject"), moved(BOX), moved(NEAR), moved(FAR)]), max_size=4))
def test_who_spoke_first_plays_no_part(events):
    named = list(zip("abcd", events, strict=False))
    rulings = {repr(rule(RECORD, RecordReviews(dict(order)))) for order in itertools.permutations(named)}
    assert len(rulings) == 1


def test_findings_are_the_same_whatever_their_order_and_case():
    a, b = Finding("polyp", BOX), Finding("mass", FAR)
    assert same_findings([a, b], [Finding("Mass", FAR), a])
    assert not same_findings([a], [a, a])
    assert not same_findings([a], [])
    assert same_findings([], [])


def test_words_are_compared_without_boxes_and_signs():
    assert word_likeness(conversation(BOX), conversation(FAR)) == 1.0
    assert word_likeness([Turn("user", "one two three four")], [Turn("user", "One, two; three!")]) == pytest.approx(
        6 / 7
    )
    assert word_likeness([Turn("user", "a")], [Turn("assistant", "a")]) == 0.0
