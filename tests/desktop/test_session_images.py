"""The session decides without Qt: which images a question goes with, what is kept of them, and where its boxes lie."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from umed_core.errors import InputError
from umed_core.images.medical_image import MedicalImage, Window
from umed_core.images.volume import Series, Study
from umed_core.vlm.messages import Answer, AttentionRow, Loaded, TextDelta
from umed_core.vlm.protocol import image_id
from umed_desktop.recovery.stored import asked_image, decode_study, encode_study, stored_image
from umed_desktop.session.attaching import attached_from
from umed_desktop.session.conversation import AskedImage
from umed_desktop.session.opening import Early, Listing
from umed_desktop.session.session import Session

A, B = "[bbox_start] 0.5, 0.0, 0.5, 1.0 [bbox_end]", "[bbox_start] 0.0, 0.0, 0.25, 1.0 [bbox_end]"
TEXT = f"Image 1: a stone at {A}. Image 2: a polyp at {B}."
CT = Series("1", (Path("a0.dcm"), Path("a1.dcm"), Path("a2.dcm")), "CT", description="Abdomen", frame_count=3)
CHEST = Series("2", (Path("chest.png"),))
STUDIES = Listing((Study("s", (CT,)), Study("", (CHEST,))))
PIXELS = {
    "a0.dcm": np.arange(48, dtype=np.uint8).reshape(3, 4, 4),
    "chest.png": np.full((1, 2, 2), 7, np.uint8),
}


def show(session: Session, place: int) -> None:
    session.choose(place)
    session.show_image(session.key, MedicalImage(PIXELS[session.key], session.key))


@pytest.fixture
def session() -> Session:
    """The first slice of a CT on screen, a chest picture listed beside it; the model takes three images."""
    made = Session()
    made.show_listing(STUDIES)
    show(made, 0)
    made.receive(Loaded("fake", "0", "fake", "CPU", 0, 0.0, 3, ("stone", "polyp")))
    return made


def attach_both(session: Session) -> None:
    """Slice 3 of the CT, then the chest, which stays on screen."""
    session.show_frame(2)
    session.attach()
    show(session, 1)
    session.attach()


def answer(session: Session, number: int) -> None:
    """`stone` looks with .1 and .3 at the first image and with .2 at the second."""
    rows = (AttentionRow(1, 2, (0.1, 0.3)), AttentionRow(1, 1, (0.2,), image=1))
    session.receive(TextDelta(number, 0, TEXT[:16], 0, 16, rows))
    session.receive(TextDelta(number, 1, TEXT[16:], 16, len(TEXT), rows))
    session.receive(Answer(number, TEXT, session.exchange(number).boxes, 1.0, 2))


def test_the_question_goes_with_the_images_in_the_order_of_their_adding(session: Session):
    attach_both(session)
    ask, pictures = session.ask("Where?")
    assert ask.image_ids == (image_id(PIXELS["a0.dcm"][2]), image_id(PIXELS["chest.png"][0]))
    assert tuple(picture.image_id for picture in pictures) == ask.image_ids
    exchange = session.exchange(ask.ask_id)
    assert [(i.series, i.frame, i.study, i.title, i.file, i.frames) for i in exchange.images] == [
        ("a0.dcm", 2, "s", "Abdomen", "a2.dcm", 3),
        ("chest.png", 0, "chest.png", "chest.png", "chest.png", 1),
    ]
    assert (exchange.series, exchange.frame) == ("a0.dcm", 2)


@pytest.mark.parametrize(
    ("others", "title"),
    [
        ((), "Abdomen"),
        ((Series("2", (Path("b.dcm"),), description="Chest"),), "Abdomen"),
        ((Series("2", (Path("b.dcm"),), description="Abdomen", number="4"),), "Abdomen (3)"),
        ((Series("2", (Path("b.dcm"),), description="Abdomen", number="3"),), "a0.dcm"),
    ],
)
def test_a_series_is_called_so_that_it_is_told_from_others(others: tuple[Series, ...], title: str):
    session = Session()
    session.show_listing(Listing((Study("s", (replace(CT, number="3"), *others)),)))
    show(session, 0)
    session.attach()
    assert session.attached[0].image.title == title


def test_without_attached_images_the_question_is_about_the_frame_on_screen(session: Session):
    ask, pictures = session.ask("Where?")
    assert ask.image_ids == (pictures[0].image_id,) == (image_id(PIXELS["a0.dcm"][0]),)
    assert session.exchange(ask.ask_id).images == ()


def test_the_same_frame_is_attached_once(session: Session):
    session.attach()
    session.attach()
    assert len(session.attached) == 1
    assert session.why_not_attach() == "there"


def test_why_an_image_cannot_be_added(session: Session):
    assert session.why_not_attach() == ""
    for frame in range(3):
        session.show_frame(frame)
        session.attach()
    show(session, 1)
    assert session.why_not_attach() == "full"
    session.receive(Loaded("one", "0", "fake", "CPU", 0, 0.0))
    assert session.why_not_attach() == "takes one"
    session.model_loading()
    assert session.why_not_attach() == "no model"
    session.choose(0)
    assert session.why_not_attach() == "no image"


def test_more_images_than_the_model_takes_are_not_asked_about(session: Session):
    attach_both(session)
    session.receive(Loaded("one", "0", "fake", "CPU", 0, 0.0))
    with pytest.raises(InputError, match="one image at a time, and the question has 2"):
        session.ask("Where?")
    assert session.exchanges() == ()


def test_boxes_lie_where_their_sentences_say_and_each_study_lists_its_own(session: Session):
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    assert [(f.series, f.label) for f in session.findings()] == [("chest.png", "polyp")]
    show(session, 0)
    assert [(f.series, f.frame, f.label) for f in session.findings()] == [("a0.dcm", 2, "stone")]
    assert session.visible_boxes() == ()  # slice 1 is on screen, the box is on slice 3
    session.show_frame(2)
    assert len(session.visible_boxes()) == 1


def test_a_words_attention_has_a_share_on_each_image(session: Session):
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    session.select_word(ask.ask_id, 11, 16)
    looked = session.attention()
    assert looked is not None
    assert (looked.image, looked.shares) == (1, pytest.approx((0.4, 0.2)))
    assert looked.on_image == pytest.approx(0.2)
    show(session, 0)
    session.show_frame(2)
    looked = session.attention()
    assert looked is not None
    assert (looked.image, looked.on_image, looked.in_box) == (0, pytest.approx(0.4), pytest.approx(0.75))


def test_the_model_is_told_what_was_said_about_the_same_images(session: Session):
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    again, _ = session.ask("How large?")
    assert [turn.text for turn in again.turns] == ["Where?", TEXT, "How large?"]
    assert again.image_ids == ask.image_ids
    answer(session, again.ask_id)
    session.detach(0)
    alone, _ = session.ask("And this one alone?")
    assert [turn.text for turn in alone.turns] == ["And this one alone?"]


def test_asked_again_it_is_seen_through_the_window_of_then(session: Session):
    session.show_window(Window(20, 10))
    session.attach()
    show(session, 1)
    session.attach()
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    session.detach(1)
    session.detach(0)
    session.image_of = lambda key: MedicalImage(PIXELS[key], key)
    again, _ = session.ask_again(ask.ask_id)
    assert again.image_ids == ask.image_ids
    assert [one.image for one in session.attached] == list(session.exchange(again.ask_id).images)


def test_asked_again_without_its_series_in_memory_it_says_which_is_missing(session: Session):
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    session.detach(0)
    with pytest.raises(InputError, match="Abdomen is not at hand"):
        session.ask_again(ask.ask_id)
    assert len(session.exchanges()) == 1


def test_an_answer_kept_with_another_study_is_not_removed_from_here(session: Session):
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    show(session, 0)
    for deed in (session.remove, session.ask_again):
        with pytest.raises(InputError, match="kept with another study"):
            deed(ask.ask_id)
    assert len(session.exchanges()) == 1


def test_an_early_slice_is_known_by_its_place_once_the_rest_is_listed():
    session = Session()
    session.receive(Loaded("fake", "0", "fake", "CPU", 0, 0.0, 3))
    early = Series("1", (Path("a1.dcm"),), "CT")
    session.show_early(Early(Study("s", (early,)), MedicalImage(PIXELS["a0.dcm"][1:2], "a1.dcm")))
    session.attach()
    session.show_listing(STUDIES)
    session.show_image("a0.dcm", MedicalImage(PIXELS["a0.dcm"], "a0.dcm"))
    (one,) = session.attached
    assert (one.image.series, one.image.frame) == ("a0.dcm", 1)
    session.show_listing(Listing((Study("", (CHEST,)),)))
    assert session.attached == ()


def test_what_is_kept_names_every_image_and_comes_back(session: Session):
    session.show_window(Window(20, 10, "mine", "sigmoid"))
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    for study in ("s", "chest.png"):
        kept = decode_study(encode_study(session.study_state(study)))
        (exchange,) = kept.exchanges
        assert exchange.images == session.exchange(ask.ask_id).images
        assert [box.image for box in exchange.boxes] == [0, 1]


def test_kept_with_two_studies_a_question_comes_back_once(session: Session):
    attach_both(session)
    ask, _ = session.ask("Where?")
    answer(session, ask.ask_id)
    (polyp,) = session.boxes()
    session.judge(polyp, "rejected")
    states = [session.study_state(study) for study in ("s", "chest.png")]
    for order in (states, states[::-1]):
        fresh = Session()
        fresh.show_listing(STUDIES)
        for state in order:
            fresh.bring_back(state)
        show(fresh, 0)
        assert [exchange.question for exchange in fresh.exchanges()] == ["Where?"]
        assert [(f.label, f.status) for f in fresh.findings()] == [("stone", "open")]
        show(fresh, 1)
        assert [exchange.question for exchange in fresh.exchanges()] == ["Where?"]
        assert [(f.label, f.status) for f in fresh.findings()] == [("polyp", "rejected")]


def test_the_images_of_a_question_are_attached_again_as_they_were(session: Session):
    session.show_window(Window(10, 20, "own"))
    attach_both(session)
    lost = session.attached
    read = [attached_from(asked_image(stored_image(one.image)), volume(one.image)) for one in lost]
    for place in (1, 0):
        session.detach(place)
    session.reattach(read)
    assert [one.image for one in session.attached] == [one.image for one in lost]
    assert [one.pixels.tolist() for one in session.attached] == [one.pixels.tolist() for one in lost]


def test_what_is_not_listed_any_more_is_not_attached_again_and_what_a_person_added_stays(session: Session):
    attach_both(session)
    both = session.attached
    session.show_listing(Listing((Study("", (CHEST,)),)))
    session.detach(0)
    session.reattach(both)
    assert [one.image.series for one in session.attached] == ["chest.png"]
    session.reattach(both[:1])
    assert [one.image.series for one in session.attached] == ["chest.png"]


def test_a_frame_that_its_series_has_lost_is_not_at_hand(session: Session):
    attach_both(session)
    (slice_3, _) = session.attached
    with pytest.raises(InputError, match="Abdomen is not at hand"):
        attached_from(slice_3.image, MedicalImage(PIXELS["a0.dcm"][:2], "a0.dcm"))


def volume(asked: AskedImage) -> MedicalImage:
    return MedicalImage(PIXELS[asked.series], asked.series)


def test_a_record_of_before_there_were_several_images_is_read():
    session = Session()
    session.show_listing(STUDIES)
    show(session, 0)
    session.ask("Where?")
    state = session.study_state("s")
    old = encode_study(state).replace(b',"images":[]', b"")
    assert b"images" not in old
    (exchange,) = decode_study(old).exchanges
    assert exchange.places == (AskedImage("a0.dcm", 0),)
    assert replace(exchange, state="waiting") == state.exchanges[0]
