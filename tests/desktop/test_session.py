"""The session decides without Qt: questions, answers, boxes, attention, undo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from umed_core.errors import InputError, WorkerCrashed
from umed_core.geometry import NormalizedBox
from umed_core.images.medical_image import MedicalImage
from umed_core.images.volume import Series, Study
from umed_core.vlm.messages import Answer, AttentionRow, Failed, LabelledBox, Loaded, TextDelta
from umed_desktop.session.conversation import BoxRef
from umed_desktop.session.opening import Early, Listing
from umed_desktop.session.session import Change, Session

BOX = "[bbox_start] 0.5, 0.0, 0.5, 1.0 [bbox_end]"
TEXT = f"A stone at {BOX}."


@pytest.fixture
def session() -> Session:
    made = Session()
    series = Series("1", (Path("a.dcm"),), "CT", frame_count=3)
    made.show_listing(Listing((Study("s", (series,)),)))
    made.choose(0)
    made.show_image("a.dcm", MedicalImage(np.zeros((3, 4, 4), np.uint8), "a.dcm"))
    made.receive(Loaded("fake", "0", "fake", "CPU", 0, 0.0, classes=("stone",)))
    return made


def answered(session: Session, question: str = "Where?") -> int:
    """Asks and answers; the word `stone` looks with .1 left and .3 right of the middle."""
    ask, _ = session.ask(question)
    row = AttentionRow(1, 2, (0.1, 0.3))
    session.receive(TextDelta(ask.ask_id, 0, "A stone", 0, 7, (row,)))
    session.receive(TextDelta(ask.ask_id, 1, TEXT[7:], 7, len(TEXT)))
    box = LabelledBox("stone", NormalizedBox(0.5, 0, 0.5, 1), 11, 11 + len(BOX))
    session.receive(Answer(ask.ask_id, TEXT, (box,), 1.5, 2))
    return ask.ask_id


def test_the_answer_grows_and_is_done(session: Session):
    exchange = session.exchange(answered(session))
    assert (exchange.state, exchange.text, exchange.seconds) == ("done", TEXT, 1.5)


def test_the_box_is_there_before_the_answer_ends(session: Session):
    ask, _ = session.ask("Where?")
    session.receive(TextDelta(ask.ask_id, 0, TEXT, 0, len(TEXT)))
    assert session.exchange(ask.ask_id).boxes[0].label == "stone"


def test_a_second_question_tells_the_first(session: Session):
    answered(session)
    ask, _ = session.ask("How large?")
    assert [turn.text for turn in ask.turns] == ["Where?", TEXT, "How large?"]


def test_a_question_about_another_slice_starts_anew(session: Session):
    answered(session)
    session.show_frame(2)
    ask, _ = session.ask("And here?")
    assert [turn.text for turn in ask.turns] == ["And here?"]


def test_attention_inside_the_box_is_three_quarters(session: Session):
    number = answered(session)
    session.select_word(number, 2, 7)
    looked = session.attention()
    assert looked is not None
    assert looked.word == "stone"
    assert looked.on_image == pytest.approx(0.4)
    assert looked.in_box == pytest.approx(0.75)


def test_attention_is_of_the_slice_that_was_asked_about(session: Session):
    number = answered(session)
    session.select_word(number, 2, 7)
    session.show_frame(1)
    assert session.attention() is None
    session.select_word(number, 2, 7)
    assert session.frame == 0


def test_stop_keeps_what_was_written_and_hears_no_more(session: Session):
    ask, _ = session.ask("Where?")
    session.receive(TextDelta(ask.ask_id, 0, "A", 0, 1))
    assert session.stop() == ask.ask_id
    session.receive(TextDelta(ask.ask_id, 1, " stone", 1, 7))
    assert (session.exchange(ask.ask_id).state, session.exchange(ask.ask_id).text) == ("stopped", "A")
    assert session.stop() == 0


def test_a_crash_fails_the_running_answer_and_keeps_the_rest(session: Session):
    first = answered(session)
    ask, _ = session.ask("Again?")
    session.model_lost(WorkerCrashed("It died.", "Restart it."))
    assert session.exchange(ask.ask_id).state == "failed"
    assert session.exchange(first).text == TEXT
    session.receive(Loaded("fake", "0", "fake", "CPU", 0, 0.0))
    again, _ = session.ask("Again?")
    assert [turn.text for turn in again.turns] == ["Where?", TEXT, "Again?"]


def test_an_error_of_the_worker_is_the_answers_error(session: Session):
    ask, _ = session.ask("Where?")
    session.receive(Failed("UnusableModel", "Broken.", "Reinstall.", ask.ask_id))
    error = session.exchange(ask.ask_id).error
    assert error is not None and (error.code, error.hint) == ("UnusableModel", "Reinstall.")


def test_a_rejected_box_is_gone_until_undone(session: Session):
    ref = BoxRef(answered(session), 0)
    session.judge(ref, "rejected")
    assert session.visible_boxes() == ()
    assert session.undo_name == "Reject box"
    session.undo()
    assert session.visible_boxes() == (ref,)
    session.redo()
    assert session.visible_boxes() == ()


def test_an_accepted_box_stays_when_a_newer_answer_comes(session: Session):
    first = BoxRef(answered(session), 0)
    second = BoxRef(answered(session, "Again?"), 0)
    assert session.visible_boxes() == (second,)
    session.judge(first, "accepted")
    assert session.visible_boxes() == (first, second)


def test_ask_again_puts_the_new_answer_in_the_place_of_the_old(session: Session):
    old = answered(session)
    ask, _ = session.ask_again(old)
    assert [exchange.id for exchange in session.exchanges()] == [ask.ask_id]
    assert [turn.text for turn in ask.turns] == ["Where?"]


@pytest.mark.parametrize("question", ["", "   "])
def test_an_empty_question_is_refused(session: Session, question: str):
    with pytest.raises(InputError, match="empty"):
        session.ask(question)


def test_nothing_is_asked_without_an_image_or_while_answering(session: Session):
    with pytest.raises(InputError, match="No image"):
        Session().ask("Where?")
    session.ask("Where?")
    with pytest.raises(InputError, match="still answering"):
        session.ask("And?")


def test_an_image_that_comes_late_is_not_shown(session: Session):
    assert not session.show_image("b.dcm", MedicalImage(np.zeros((1, 4, 4), np.uint8), "b.dcm"))


def test_slices_end_where_the_series_ends(session: Session):
    heard: list[Change] = []
    session.subscribe(heard.append)
    session.show_frame(99)
    session.show_frame(99)
    assert session.frame == 2
    assert heard == [Change.FRAME]


# --------------------------------------------------------------------------------------------- an early first image
def early_session(*, place: int = 2) -> tuple[Session, tuple[Path, ...]]:
    """A session that shows the file at `place` of a series of four before that is listed, with an answer about it."""
    files = tuple(Path(f"{number}.dcm") for number in range(4))
    made = Session()
    alone = Series("1", (files[place],), "CT")
    made.show_early(Early(Study("s", (alone,)), MedicalImage(np.full((1, 4, 4), place, np.uint8), str(files[place]))))
    made.receive(Loaded("fake", "0", "fake", "CPU", 0, 0.0, classes=("stone",)))
    return made, files


def test_an_early_image_is_shown_and_can_be_asked_about():
    session, files = early_session()
    assert (session.is_early, session.key, session.frame) == (True, str(files[2]), 0)
    assert session.exchange(answered(session)).state == "done"


def test_the_listing_keeps_the_early_image_and_the_series_puts_it_in_its_place():
    session, files = early_session()
    number = answered(session)
    other, whole = Series("0", (Path("scout.dcm"),)), Series("1", files, "CT", frame_count=4)
    session.show_listing(Listing((Study("s", (other, whole)),)))
    assert (session.current, session.frame, session.is_early) == (1, 0, True)
    assert session.image is not None
    assert [e.id for e in session.exchanges()] == [number]
    assert session.visible_boxes() == (BoxRef(number, 0),)

    stack = np.arange(4, dtype=np.uint8)[:, None, None].repeat(4, 1).repeat(4, 2)
    session.show_image(session.key, MedicalImage(stack, "0.dcm"))
    assert (session.frame, session.is_early) == (2, False)
    assert session.image.pixels[session.frame].max() == 2
    assert session.exchange(number).frame == 2
    assert session.visible_boxes() == (BoxRef(number, 0),)


def test_an_answer_that_is_being_written_goes_on_in_its_new_place():
    session, files = early_session()
    ask, _ = session.ask("Where?")
    session.receive(TextDelta(ask.ask_id, 0, "A stone", 0, 7))
    session.show_listing(Listing((Study("s", (Series("1", files, "CT", frame_count=4),)),)))
    session.show_image(session.key, MedicalImage(np.zeros((4, 4, 4), np.uint8), "0.dcm"))
    session.receive(TextDelta(ask.ask_id, 1, TEXT[7:], 7, len(TEXT)))
    assert session.exchange(ask.ask_id).text == TEXT
    assert session.exchange(ask.ask_id).frame == session.frame == 2


def test_an_early_image_of_one_file_is_all_there_is():
    session, files = early_session()
    session.show_listing(Listing((Study("s", (Series("1", (files[2],)),)),)))
    assert (session.current, session.is_early) == (0, False)
    assert session.image is not None


def test_choosing_another_series_ends_the_early_image():
    session, files = early_session()
    session.show_listing(Listing((Study("s", (Series("0", (Path("scout.dcm"),)), Series("1", files))),)))
    session.choose(0)
    assert (session.is_early, session.image, session.key) == (False, None, "scout.dcm")


def test_a_listing_without_the_early_image_shows_nothing():
    session, _ = early_session()
    session.show_listing(Listing((Study("s", (Series("9", (Path("other.dcm"),)),)),)))
    assert (session.current, session.image, session.is_early) == (-1, None, False)
