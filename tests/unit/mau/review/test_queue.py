"""Who is shown what, in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from umed_core.mau.review.events import RecordReviews, ReviewEvent
from umed_core.mau.review.queue import blind_queue, dispute_queue, first_reading_queue

RECORDS = [f"images/{number:06d}.png" for number in range(200)]


def read_by(*names: str, again: tuple[str, ...] = ()) -> RecordReviews:
    event = ReviewEvent("", "", "", "accept", "")
    return RecordReviews(dict.fromkeys(names, event), dict.fromkeys(again, event))


@given(st.permutations(RECORDS[:8]), st.integers(0, 3))
def test_the_order_depends_on_seed_and_names_only(records, seed):
    assert first_reading_queue(records, {}, "anna", seed) == first_reading_queue(RECORDS[:8], {}, "anna", seed)


def test_another_seed_is_another_order():
    assert first_reading_queue(RECORDS, {}, "anna", 0) != first_reading_queue(RECORDS, {}, "anna", 1)


def test_unread_records_come_first_and_own_ones_not_again():
    reviews = {RECORDS[0]: read_by("ben"), RECORDS[1]: read_by("anna"), RECORDS[2]: read_by("anna", "ben")}
    queue = first_reading_queue(RECORDS[:6], reviews, "anna", 0)
    assert set(queue[:3]) == set(RECORDS[3:6])
    assert queue[3:] == [RECORDS[0]]


def test_a_sample_is_the_same_records_for_everyone_at_any_time():
    sample = first_reading_queue(RECORDS, {}, "anna", 7, sample=20)
    reviews = {record: read_by("anna") for record in sample[:12]}
    assert set(first_reading_queue(RECORDS, reviews, "ben", 7, sample=20)) == set(sample)
    assert set(first_reading_queue(RECORDS, reviews, "anna", 7, sample=20)) == set(sample[12:])


def test_a_blind_reading_shows_what_was_judged_by_anyone_and_each_once():
    reviews = {record: read_by("anna") for record in RECORDS[:50]} | {
        record: read_by("ben") for record in RECORDS[50:90]
    }
    queue = blind_queue(reviews, "anna", 0, sample=10)
    assert len(queue) == 10 and set(queue) <= set(RECORDS[:90])
    done = reviews | {record: read_by("anna", again=("anna",)) for record in queue[:4]}
    assert blind_queue(done, "anna", 0, sample=10) == queue[4:]
    assert blind_queue(done, "ben", 0, sample=10) == queue


def test_without_a_number_a_tenth_is_read_again_and_the_draw_only_grows():
    reviews = {record: read_by("anna") for record in RECORDS}
    some = blind_queue(dict(list(reviews.items())[:100]), "anna", 0)
    every = blind_queue(reviews, "anna", 0)
    assert set(some) <= set(every)
    assert 10 <= len(every) <= 32  # 20 expected of 200; three standard deviations of 4.2 either way
    assert every == blind_queue(reviews, "anna", 0, sample=len(every))
    assert blind_queue(reviews, "anna", 0, share=1.0) == blind_queue(reviews, "anna", 0, sample=200)


def test_nobody_adjudicates_a_dispute_they_took_a_side_in():
    reviews = {RECORDS[0]: read_by("anna", "ben"), RECORDS[1]: read_by("ben", "chris")}
    assert dispute_queue(RECORDS[:2], reviews, "anna", 0) == [RECORDS[1]]
    assert set(dispute_queue(RECORDS[:2], reviews, "dora", 0)) == set(RECORDS[:2])
