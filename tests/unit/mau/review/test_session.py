"""One reviewer's sitting on a small folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.mau.review.review_cases import MOVED, image_name, ticking, write_folder
from umed_core.errors import ConfigError, DataError
from umed_core.mau.review.corrections import Correction, read_form, with_boxes_followed
from umed_core.mau.review.folder import ReviewFolder
from umed_core.mau.review.log import ReviewLog
from umed_core.mau.review.session import ReviewSession, SessionPlan, utc_now
from umed_core.records import Finding


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mau")


def sit(data: Path, reviewer: str = "anna", **plan: object) -> ReviewSession:
    return ReviewSession(
        ReviewFolder(data), ReviewLog(data / "reviews.jsonl"), SessionPlan(reviewer, **plan), ticking()
    )  # fmt: skip


def test_each_judgement_is_kept_at_once_and_a_new_sitting_goes_on(data):
    session = sit(data)
    seen = [session.current.image]
    event = session.accept("fine")
    assert ReviewLog(data / "reviews.jsonl").events == (event,)
    assert (event.record, event.verdict, event.comment, event.reviewer) == (seen[0], "accept", "fine", "anna")
    seen.append(session.current.image)
    session.reject()
    assert (session.judged, session.left) == (2, 4)
    again = sit(data)
    assert again.left == 4
    assert again.current.image not in seen


def test_everybody_reads_in_the_same_order_and_readers_see_no_verdicts(data):
    anna = sit(data, sample=3)
    shown = []
    while anna.left:
        shown.append(anna.current.image)
        anna.reject()
    ben = sit(data, "ben", sample=3)
    assert ben.opinions == {}
    for expected in shown:
        assert ben.current.image == expected
        ben.accept()
    with pytest.raises(DataError, match="has been judged"):
        _ = ben.current


def test_a_skipped_record_comes_again_next_time(data):
    session = sit(data)
    skipped = session.current.image
    session.skip()
    assert session.current.image != skipped
    assert sit(data).current.image == skipped


def test_taking_back_shows_the_record_again_also_from_an_earlier_sitting(data):
    session = sit(data)
    first = session.accept()
    session.reject()
    session.undo()
    again = sit(data)
    taken = again.undo()
    assert (taken, again.current.image, again.left) == (first, first.record, 6)
    with pytest.raises(DataError, match="no judgement of yours"):
        again.undo()
    assert len(ReviewLog(data / "reviews.jsonl").events) == 4


def test_of_a_record_judged_twice_the_last_word_is_taken_back_first(data):
    session = sit(data)
    first, second = session.accept(), session.accept()
    changed_mind = replace(first, verdict="reject")
    ReviewLog(data / "reviews.jsonl").append(changed_mind)
    assert sit(data).undo() == changed_mind
    assert sit(data).undo() == second
    assert sit(data).undo() == first


def test_a_correction_must_hold_and_is_kept_as_what_changed(data):
    session = sit(data)
    while not session.current.findings:
        session.skip()
    record = session.current
    with pytest.raises(DataError):
        session.correct(Correction(findings=(Finding("polyp", MOVED),)))
    assert session.current == record
    event = session.correct(with_boxes_followed(record, read_form("finding: polyp | .5,.5,.4,.4\ncomment: moved")))
    assert (event.findings, event.comment) == ((Finding("polyp", MOVED),), "moved")
    assert "0.500, 0.500, 0.400, 0.400" in event.turns[1].text


def test_a_blind_reading_is_marked_and_shows_judged_records_only(data):
    first = sit(data)
    judged = {first.accept().record for _ in range(4)}
    blind = sit(data, mode="blind", sample=3)
    assert blind.left == 3 and blind.opinions == {}
    event = blind.reject()
    assert event.blind and event.record in judged


def test_an_adjudicator_sees_what_was_said_and_settles_it(data):
    anna, ben = sit(data, sample=2), sit(data, "ben", sample=2)
    disputed = anna.accept().record
    ben.reject("blurred")
    anna.accept()
    ben.accept()
    assert sit(data, "anna", mode="adjudicate").left == 0
    chris = sit(data, "chris", mode="adjudicate")
    assert (chris.current.image, chris.left) == (disputed, 1)
    assert {name: event.comment for name, event in chris.opinions.items()} == {"anna": "", "ben": "blurred"}
    assert chris.accept().adjudicates
    assert sit(data, "dora", mode="adjudicate").left == 0


def test_a_changed_picture_is_to_be_judged_anew(data):
    session = sit(data)
    changed = session.accept().record
    (data / changed).write_bytes((data / image_name(5 if changed != image_name(5) else 4)).read_bytes())
    assert sit(data).left == 6


def test_a_record_without_its_picture_cannot_be_judged(data):
    session = sit(data)
    (data / session.current.image).unlink()
    with pytest.raises(DataError, match="missing"):
        session.accept()
    session.skip()
    session.accept()


@pytest.mark.parametrize("name", ["", "  ", "an\nna", "x" * 81, "a\x1b[2J"])
def test_a_name_that_is_none(data, name):
    with pytest.raises(ConfigError, match="reviewer's name"):
        sit(data, name)


def test_the_clock_is_utc():
    assert utc_now().endswith("+00:00")
