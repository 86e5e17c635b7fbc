"""Several conversations about a study: each keeps its own, and a study keeps them while another is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from umed_core.errors import InputError
from umed_core.images.medical_image import MedicalImage
from umed_core.images.volume import Series, Study
from umed_core.vlm.messages import Answer, Loaded, TextDelta
from umed_desktop.session.opening import Listing
from umed_desktop.session.session import Session


@pytest.fixture
def session() -> Session:
    """Two studies; "a.dcm" and "b.dcm" are series of the first, "c.dcm" of the second. The first series is shown."""
    made = Session()
    one = Study("one", (Series("1", (Path("a.dcm"),), frame_count=3), Series("2", (Path("b.dcm"),), frame_count=3)))
    two = Study("two", (Series("3", (Path("c.dcm"),), frame_count=3),))
    made.show_listing(Listing((one, two)))
    show(made, "a.dcm")
    made.receive(Loaded("fake", "0" * 64, "fake", "CPU", 0, 0.0))
    return made


def show(session: Session, name: str) -> None:
    session.choose(session.index_of(name))
    session.show_image(name, MedicalImage(np.zeros((3, 4, 4), np.uint8), name))


def talk(session: Session, question: str) -> int:
    ask, _ = session.ask(question)
    session.receive(TextDelta(ask.ask_id, 0, "Yes.", 0, 4))
    session.receive(Answer(ask.ask_id, "Yes.", (), 1.0, 1))
    return ask.ask_id


def questions(session: Session) -> list[str]:
    return [exchange.question for exchange in session.exchanges()]


def titles(session: Session) -> list[str]:
    return [title for _, title in session.conversations()]


def test_the_first_question_begins_a_conversation_and_names_it(session: Session):
    assert session.conversations() == ()
    talk(session, "Is there a stone\nin the left kidney, and how large may it be?")
    assert titles(session) == ["Is there a stone in the left kidney, an…"]


def test_a_new_conversation_knows_nothing_of_the_old(session: Session):
    talk(session, "First?")
    session.new_conversation()
    assert questions(session) == []
    ask, _ = session.ask("Second?")
    assert [turn.text for turn in ask.turns] == ["Second?"]
    assert titles(session) == ["First?", "Second?"]


def test_two_new_ones_in_a_row_are_one(session: Session):
    session.new_conversation()
    session.new_conversation()
    assert titles(session) == ["New conversation"]


def test_an_empty_one_is_gone_when_it_is_left(session: Session):
    talk(session, "First?")
    first = session.conversation
    session.new_conversation()
    session.show_conversation(first)
    assert titles(session) == ["First?"]


def test_the_old_one_is_taken_up_where_it_was(session: Session):
    talk(session, "First?")
    first = session.conversation
    session.new_conversation()
    talk(session, "Second?")
    session.show_conversation(first)
    ask, _ = session.ask("And?")
    assert [turn.text for turn in ask.turns] == ["First?", "Yes.", "And?"]


def test_a_name_given_by_hand_stays_and_an_empty_one_is_the_first_question(session: Session):
    talk(session, "First?")
    session.rename_conversation(session.conversation, "  left   kidney ")
    assert titles(session) == ["left kidney"]
    session.rename_conversation(session.conversation, "")
    assert titles(session) == ["First?"]


def test_the_series_of_a_study_share_a_conversation_and_studies_do_not(session: Session):
    talk(session, "First?")
    show(session, "b.dcm")
    assert questions(session) == ["First?"]
    ask, _ = session.ask("And on this series?")
    assert [turn.text for turn in ask.turns] == ["And on this series?"]  # it sees another image
    session.stop()
    show(session, "c.dcm")
    assert (questions(session), titles(session)) == ([], [])
    show(session, "a.dcm")
    assert questions(session) == ["First?", "And on this series?"]


def test_a_deleted_conversation_comes_back_by_undo(session: Session):
    talk(session, "First?")
    first = session.conversation
    session.new_conversation()
    talk(session, "Second?")
    session.remove_conversation(session.conversation)
    assert (session.conversation, titles(session)) == (first, ["First?"])
    session.undo()
    assert titles(session) == ["First?", "Second?"]


def test_an_edited_question_takes_the_place_of_what_followed(session: Session):
    talk(session, "First?")
    second = talk(session, "Second?")
    talk(session, "Third?")
    ask, _ = session.ask_instead(second, "Better second?")
    assert questions(session) == ["First?", "Better second?"]
    assert [turn.text for turn in ask.turns] == ["First?", "Yes.", "Better second?"]
    session.stop()
    session.undo()
    assert questions(session) == ["First?", "Second?", "Third?", "Better second?"]


def test_an_edited_question_is_asked_about_its_own_slice(session: Session):
    first = talk(session, "First?")
    session.show_frame(2)
    ask, _ = session.ask_instead(first, "Better?")
    assert (session.frame, session.exchange(ask.ask_id).frame) == (0, 0)


@pytest.mark.parametrize("name", ["ask_again", "ask_instead"])
def test_a_question_about_another_series_is_not_asked_of_this_one(session: Session, name: str):
    first = talk(session, "First?")
    show(session, "b.dcm")
    with pytest.raises(InputError, match="another series"):
        session.ask_again(first) if name == "ask_again" else session.ask_instead(first, "Better?")
    assert questions(session) == ["First?"]


def test_each_study_undoes_its_own(session: Session):
    number = talk(session, "First?")
    session.remove(number)
    show(session, "c.dcm")
    assert session.undo_name == ""
    show(session, "a.dcm")
    assert session.undo_name == "Delete answer"


def test_a_slice_of_a_series_is_shown_as_soon_as_it_is_read(session: Session):
    session.choose(session.index_of("b.dcm"))
    session.go_to_frame(2)
    session.show_image("b.dcm", MedicalImage(np.zeros((1, 4, 4), np.uint8), "b.dcm"))
    assert session.frame == 0
    session.show_image("b.dcm", MedicalImage(np.zeros((3, 4, 4), np.uint8), "b.dcm"))
    assert session.frame == 2


def test_who_answered_is_on_record_even_if_the_model_was_still_loading(session: Session):
    session.model_loading()
    ask, _ = session.ask("First?")
    session.receive(Loaded("late", "f" * 64, "fake", "CPU", 0, 0.0))
    session.receive(Answer(ask.ask_id, "Yes.", (), 1.0, 1))
    assert (session.exchange(ask.ask_id).model, session.exchange(ask.ask_id).model_sha256) == ("late", "f" * 64)


def test_what_was_said_of_a_file_alone_is_about_its_slice_once_the_series_is_open(session: Session):
    files = tuple(Path(f"{n}.dcm") for n in range(4))
    session.show_listing(Listing((Study("three", (Series("9", (files[2],)),)),)))
    session.choose(0)
    session.show_image("2.dcm", MedicalImage(np.zeros((1, 4, 4), np.uint8), "2.dcm"))
    number = talk(session, "First?")
    session.show_listing(Listing((Study("three", (Series("9", files, frame_count=4),)),)))
    assert (session.exchange(number).series, session.exchange(number).frame) == ("0.dcm", 2)
