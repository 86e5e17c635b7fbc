"""Two models on one study, without Qt: what is asked, what came how fast, and what both agree on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.desktop.comparing import RIGHT, both_answer, say
from umed_core.errors import InputError, WorkerCrashed
from umed_core.images.medical_image import MedicalImage
from umed_core.images.volume import Series, Study
from umed_core.vlm.messages import Answer, Loaded, TextDelta
from umed_desktop.compare.comparison import Comparison
from umed_desktop.compare.presenting import (
    SIDE_COLORS,
    agreement_rows,
    agreement_words,
    drawn_boxes,
    question_words,
    speed_words,
)
from umed_desktop.session.conversation import BoxRef
from umed_desktop.session.opening import Listing
from umed_desktop.session.session import Session


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def comparison(clock: Clock) -> Comparison:
    """Two loaded models on a stack of three frames of 4 x 4 pixels."""
    session = Session()
    session.show_listing(Listing((Study("s", (Series("1", (Path("a.dcm"),), "CT", frame_count=3),)),)))
    session.choose(0)
    session.show_image("a.dcm", MedicalImage(np.zeros((3, 4, 4), np.uint8), "a.dcm"))
    made = Comparison(session, clock)
    made.model_loaded("A", Loaded("one", "a" * 64, "fake", "CPU", 10, 0.0, classes=("polyp",)))
    made.model_loaded("B", Loaded("two", "b" * 64, "fake", "CPU", 20, 0.0, classes=("polyp",)))
    return made


# ---------------------------------------------------------------------------------------------------------------- asking
def test_one_question_goes_to_both_with_one_image(comparison: Comparison):
    asks, picture = comparison.ask(" Where? ")
    assert [turn.text for ask in asks.values() for turn in ask.turns] == ["Where?", "Where?"]
    assert {ask.image_ids for ask in asks.values()} == {(picture.image_id,)}


def test_its_exchanges_never_have_the_number_of_a_studys(comparison: Comparison):
    first, _ = comparison.ask("Where?")
    say(comparison, "A", "Here.")
    say(comparison, "B", "There.")
    second, _ = comparison.ask("And now?")
    numbers = [ask.ask_id for ask in (*first.values(), *second.values())]
    assert len(set(numbers)) == 4
    assert max(numbers) < 0


def test_the_study_hears_nothing_of_it(comparison: Comparison):
    both_answer(comparison)
    assert comparison.session.exchanges() == ()
    assert comparison.session.findings() == ()


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(comparison: Comparison, question: str):
    with pytest.raises(InputError, match="empty"):
        comparison.ask(question)


def test_a_second_question_waits_for_both(comparison: Comparison):
    comparison.ask("Where?")
    say(comparison, "A", "Here.")
    with pytest.raises(InputError, match="still answering"):
        comparison.ask("Really?")


def test_without_an_image_nothing_is_asked(comparison: Comparison):
    with pytest.raises(InputError, match="No whole series"):
        Comparison(Session()).ask("Where?")


def test_a_model_that_dies_ends_its_own_answer_alone(comparison: Comparison):
    comparison.ask("Where?")
    comparison.model_lost("B", WorkerCrashed("It died.", "Restart it."))
    say(comparison, "A", "Here.")
    assert (comparison.sides["A"].exchange.state, comparison.sides["B"].exchange.state) == ("done", "failed")
    assert comparison.sides["B"].state == "lost"
    assert comparison.agreement() is None


def test_the_answer_of_a_model_that_was_replaced_goes(comparison: Comparison):
    both_answer(comparison)
    comparison.model_loading("A")
    comparison.model_loaded("A", Loaded("one", "a" * 64, "fake", "CPU", 10, 0.0))
    assert comparison.agreement() is not None  # the same model again
    comparison.model_loaded("A", Loaded("three", "c" * 64, "fake", "CPU", 10, 0.0))
    assert comparison.sides["A"].exchange is None
    assert comparison.asked is comparison.sides["B"].exchange
    assert {box.text for box in drawn_boxes(comparison, "A")} == {"B1  polyp"}


def test_stop_ends_both_and_what_comes_later_changes_nothing(comparison: Comparison):
    asks, _ = comparison.ask("Where?")
    assert comparison.stop() == {name: ask.ask_id for name, ask in asks.items()}
    comparison.receive("A", TextDelta(asks["A"].ask_id, 0, "late", 0, 4))
    assert [side.exchange.state for side in comparison.sides.values()] == ["stopped", "stopped"]
    assert comparison.sides["A"].exchange.text == ""
    assert comparison.stop() == {}


# ------------------------------------------------------------------------------------------------------------- measuring
def test_the_first_token_after_two_seconds_and_then_four_a_second(comparison: Comparison, clock: Clock):
    asks, _ = comparison.ask("Where?")
    clock.now += 2.0
    for index in range(5):  # the first at 2 s, four more in one second
        comparison.receive("A", TextDelta(asks["A"].ask_id, index, "x", index, index + 1))
        clock.now += 0.25
    side = comparison.sides["A"]
    assert side.first_token_s == pytest.approx(2.0)
    assert side.tokens_per_s == pytest.approx(4.0)
    comparison.receive("A", Answer(asks["A"].ask_id, "xxxxx", (), 3.0, 5))
    assert speed_words(comparison.sides["A"]) == "first token 2.00 s · 4.0 tokens/s · 5 tokens"


def test_tokens_that_arrive_in_a_bunch_tell_no_rate(comparison: Comparison, clock: Clock):
    asks, _ = comparison.ask("Where?")
    for index in range(4):  # they waited for the window: 0.09 s say nothing of the model
        comparison.receive("A", TextDelta(asks["A"].ask_id, index, "x", index, index + 1))
        clock.now += 0.03125
    assert comparison.sides["A"].tokens_per_s is None
    comparison.receive("A", TextDelta(asks["A"].ask_id, 4, "x", 4, 5))
    assert comparison.sides["A"].tokens_per_s == pytest.approx(32.0)


def test_a_single_token_has_no_rate(comparison: Comparison):
    comparison.ask("Where?")
    say(comparison, "A", "Here.")
    assert comparison.sides["A"].tokens_per_s is None
    assert comparison.sides["B"].first_token_s is None


def test_what_both_agree_on_is_one_line(comparison: Comparison):
    both_answer(comparison)
    assert agreement_words(comparison) == (
        "Both name: polyp · only A: – · only B: nodule · IoU of matched boxes: 0.33 · unmatched: A 0, B 0"
    ).replace("unmatched: A 0, B 0", "unmatched:\u00a0A\u00a00,\u00a0B\u00a00")
    (row,) = agreement_rows(comparison)
    assert (row.a, row.b, row.iou) == ("A1  polyp", "B1  polyp", "0.33")


def test_a_box_lights_its_partner(comparison: Comparison):
    both_answer(comparison)
    a, b = (BoxRef(comparison.sides[name].exchange.id, 0) for name in ("A", "B"))
    comparison.point_at(b)
    assert comparison.lit() == {a, b}
    comparison.point_at(None)
    assert comparison.lit() == frozenset()


def test_each_view_shows_its_own_boxes_and_the_others_faintly(comparison: Comparison):
    both_answer(comparison)
    on_a = {box.text: box for box in drawn_boxes(comparison, "A")}
    assert (on_a["A1  polyp"].faint, on_a["B1  polyp"].faint) == (False, True)
    assert (on_a["A1  polyp"].dashed, on_a["B1  polyp"].dashed) == (False, True)
    assert on_a["A1  polyp"].color == SIDE_COLORS["A"] != on_a["B1  polyp"].color
    assert {box.text: box.faint for box in drawn_boxes(comparison, "B")} == {"A1  polyp": True, "B1  polyp": False}


def test_on_another_slice_no_box_is_drawn(comparison: Comparison):
    both_answer(comparison)
    comparison.session.show_frame(1)
    assert drawn_boxes(comparison, "A") == ()
    comparison.session.show_frame(0)
    assert len(drawn_boxes(comparison, "A")) == 2


def test_the_question_says_which_slice_it_was_about(comparison: Comparison):
    assert question_words(comparison) == ""
    comparison.ask("Where\nis it?")
    assert question_words(comparison) == "Slice 1 · Where is it?"
    comparison.session.show_frame(2)
    assert question_words(comparison) == "Slice 1, not the one shown · Where is it?"
    other = Series("2", (Path("b.dcm"),), "CT")
    comparison.session.show_listing(Listing((Study("t", (other,)),)))
    comparison.session.choose(0)
    assert question_words(comparison) == "Another image, not the one shown · Where is it?"


def test_only_the_lit_pair_is_drawn_lit(comparison: Comparison):
    both_answer(comparison)
    comparison.point_at(BoxRef(comparison.sides["A"].exchange.id, 0))
    assert [box.lit for box in drawn_boxes(comparison, "A", comparison.lit())] == [True, True]
    assert [box.lit for box in drawn_boxes(comparison, "A")] == [False, False]  # as it is exported


def test_a_kept_answer_is_the_studys_with_its_own_model(comparison: Comparison):
    both_answer(comparison)
    session = comparison.session
    session.receive(Loaded("one", "a" * 64, "fake", "CPU", 10, 0.0))
    session.keep(comparison.kept("B"))
    (kept,) = session.exchanges()
    assert (kept.id, kept.model, kept.model_sha256, kept.question) == (1, "two", "b" * 64, "Where?")
    (found,) = session.findings()
    assert (found.label, found.box) == ("polyp", RIGHT)


def test_an_answer_about_another_series_is_not_kept(comparison: Comparison):
    both_answer(comparison)
    with pytest.raises(InputError, match="another series"):
        comparison.session.keep(replace(comparison.kept("A"), series="other.dcm"))
    assert comparison.session.exchanges() == ()


def test_nothing_is_kept_before_there_is_an_answer(comparison: Comparison):
    comparison.ask("Where?")
    with pytest.raises(InputError, match="has not answered"):
        comparison.kept("A")
