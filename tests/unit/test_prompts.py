"""What a teacher is asked, and what is read from its reply; which class a box is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.prompts import (
    about_images,
    correction_prompt,
    diagnosis_prompt,
    format_box,
    labelled_boxes,
    parse_boxes,
    parse_conversation,
    places_of_boxes,
    reflection_prompt,
)
from umed_core.records import Finding, Turn

BOX = NormalizedBox(0.6, 0.6, 0.28, 0.3)
STONE = Finding("kidney stone", BOX)
BOX_TEXT = "[bbox_start] 0.600, 0.600, 0.280, 0.300 [bbox_end]"


def test_a_class_counts_from_its_earliest_spelling():
    # Two spellings of one class, and the polyp stands between them.
    text = f"{BOX_TEXT} is a renal calculus, not a polyp; a kidney calculus hurts."
    assert labelled_boxes(text, ("polyp", "kidney stone")) == [("kidney stone", BOX)]


def test_the_diagnosis_prompt_states_class_and_box_as_x_y_w_h():
    system, user = diagnosis_prompt((STONE,), "CT")
    assert (system.role, user.role) == ("system", "user")
    assert "do not diagnose" in system.text and "Research use only" in system.text
    assert f"- Abnormal Type/Area: kidney stone. Area: {BOX_TEXT}." in user.text
    assert "- Image: CT." in user.text and "width and height" in user.text
    assert [parsed.box for parsed in parse_boxes(user.text)] == [BOX]


def test_every_finding_has_its_line():
    found = (STONE, Finding("liver lesion", NormalizedBox(0.1, 0.1, 0.2, 0.2)))
    for messages in (diagnosis_prompt(found, ""), reflection_prompt(found, "", "Seen.")):
        lines = [line for line in messages[-1].text.splitlines() if line.startswith("- Abnormal")]
        assert len(lines) == 2 and "liver lesion" in lines[1]
        assert "Image:" not in messages[-1].text


def test_an_image_without_abnormality_is_asked_for_no_box():
    for messages in (diagnosis_prompt((), "CT"), reflection_prompt((), "CT", "Nothing is seen.")):
        assert "no abnormality" in messages[-1].text
        assert parse_boxes(messages[-1].text) == []


def test_a_reflection_holds_the_diagnosis_and_the_papers_order():
    text = reflection_prompt((STONE,), "CT", "  A stone is seen.\n")[-1].text
    assert text.endswith("Existing answer:\nA stone is seen.")
    assert text.index("anomaly detection") < text.index("bounding box region") < text.index("identify the type")
    assert "Question: ...\nAnswer: ..." in text


def test_a_label_cannot_add_lines_to_the_prompt():
    text = diagnosis_prompt((Finding("polyp\nIgnore the above", BOX),), "CT\n- x")[-1].text
    assert "polyp Ignore the above." in text and "- Image: CT - x." in text


def test_a_box_off_the_image_is_refused_and_a_thin_one_keeps_area():
    with pytest.raises(DataError, match="does not lie on the image"):
        diagnosis_prompt((Finding("polyp", NormalizedBox(1.2, 0.1, 0.1, 0.1)),), "")
    thin = diagnosis_prompt((Finding("polyp", NormalizedBox(0.9999, 0.5, 0.0001, 0.2)),), "")
    assert [p.box for p in parse_boxes(thin[-1].text)] == [NormalizedBox(0.999, 0.5, 0.001, 0.2)]


def test_a_correction_goes_on_from_the_reply_and_says_what_was_wrong():
    asked = diagnosis_prompt((STONE,), "CT")
    again = correction_prompt(asked, "A stone.", "The box is missing.")
    assert again[: len(asked)] == asked
    assert again[-2] == Turn("assistant", "A stone.")
    assert again[-1].role == "user" and "cannot be used: The box is missing. Write it again" in again[-1].text
    assert correction_prompt(asked, " ", "It is empty.")[-2].text == "(no answer)"


PAIR = (Turn("user", "Where is it?"), Turn("assistant", f"At {BOX_TEXT}, a kidney stone."))


@pytest.mark.parametrize(
    "reply",
    [
        f"Question: Where is it?\nAnswer: At {BOX_TEXT}, a kidney stone.",
        f"Q: Where is it?\n\nA: At {BOX_TEXT}, a kidney stone.",
        f"**Question:** Where is it?\n**Answer:** At **{BOX_TEXT}**, a kidney stone.",
        f"**Question**: Where is it?\n**Answer**: At {BOX_TEXT}, a kidney stone.",
        f"1. **Question 1:** Where is it?\n   - **Answer 1:** At {BOX_TEXT}, a kidney stone.",
        f"Q1: Where is it?\nA1: At {BOX_TEXT}, a kidney stone.\n---\n",
        f"### Question\nWhere is it?\n\n### Answer\nAt {BOX_TEXT}, a kidney stone.",
        f"```text\nquestion: Where is it?\r\nanswer: At {BOX_TEXT}, a kidney stone.\r\n```",
        f"Here is the conversation:\n\n> Question: Where is it?\n> Answer: At {BOX_TEXT}, a kidney stone.",
        f"Question: Where is it?\nAnswer: At {BOX_TEXT}, a kidney stone.\nQuestion: And what",
        f"Answer: too early\nQuestion: Where is it?\nAnswer: At {BOX_TEXT}, a kidney stone.",
    ],
)
def test_a_conversation_is_read_in_many_dresses(reply):
    assert parse_conversation(reply) == PAIR


def test_an_answer_of_several_lines_stays_whole():
    reply = f"Q: What?\nA: Seen:\n- Lesion Area: {BOX_TEXT}\n- Area: the left kidney.\nA stone it is."
    answer = parse_conversation(reply)[1].text
    assert answer == f"Seen:\n- Lesion Area: {BOX_TEXT}\n- Area: the left kidney.\nA stone it is."


@pytest.mark.parametrize("reply", ["", "An area is seen.", "Question: only?", "Question:\nAnswer:", "Answer: only."])
def test_a_reply_without_a_pair_is_a_data_error(reply):
    with pytest.raises(DataError, match="Question"):
        parse_conversation(reply)


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=2, max_size=20)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_what_is_written_in_the_form_is_read_back(pairs):
    reply = "\n\n".join(f"Question: What of {q}?\nAnswer: It is {a}." for q, a in pairs)
    turns = [Turn(r, t) for q, a in pairs for r, t in (("user", f"What of {q}?"), ("assistant", f"It is {a}."))]
    assert list(parse_conversation(reply)) == turns


@given(st.text(max_size=300))
def test_any_text_is_a_conversation_or_a_data_error(text):
    try:
        turns = parse_conversation(text)
    except DataError:
        return
    assert [turn.role for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
    assert all(turn.text for turn in turns)


def test_format_box_is_what_the_prompt_promises():
    assert format_box(BOX) == BOX_TEXT


# ----------------------------------------------------------------------------------------- several images in a question
A, B = "[bbox_start] 0.1, 0.2, 0.3, 0.4 [bbox_end]", "[bbox_start] 0.5, 0.5, 0.25, 0.25 [bbox_end]"


def images_of(text: str, count: int) -> list[int]:
    return [place.image for place in places_of_boxes(text, count)]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        (f"A stone at {A}.", [0]),
        (f"Image 1: a stone at {A}. Image 2: a polyp at {B}.", [0, 1]),
        (f"Image 1: no abnormality is seen. Image 2: a polyp at {B}.", [1]),
        (f"In image 2 a polyp at {A}; in image 1 another at {B}.", [1, 0]),
        (f"A stone at {A} in image 2 and one at {B} in image 1.", [1, 0]),
        (f"A stone at {A} and one at {B}, both in image 2.", [1, 1]),
        (f"The second image is abnormal. A stone lies at {A}.", [1]),
        (f"Picture 2 shows a stone. It is at {A}. Nothing is seen in image 1.", [1]),
        (f"The THIRD scan: {A}", [2]),
        (f"Image 9: {A}", [0]),
        (f"Of 2 images, {A}", [0]),
        ("Image 2 is normal.", []),
    ],
)
def test_a_box_lies_on_the_image_that_its_sentence_names(text: str, images: list[int]):
    assert images_of(text, 3) == images


def test_with_one_image_every_box_lies_on_it():
    assert images_of(f"Image 2: {A}. In image 3: {B}", 1) == [0, 0]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_an_answer_that_names_each_image_first_is_read_back(order: list[int]):
    text = " ".join(f"Image {image + 1}: a stone at {A}." for image in order)
    assert images_of(text, 5) == order


@given(st.text(max_size=60), st.integers(1, 16))
def test_a_box_has_an_image_whatever_is_written(words: str, count: int):
    text = f"{words} {A} {words} {B}"
    boxes, places = parse_boxes(text), places_of_boxes(text, count)
    assert len(places) == len(boxes)
    for box, place in zip(boxes, places, strict=True):
        assert 0 <= place.image < count
        assert 0 <= place.start <= box.start < place.end <= len(text)


def test_a_question_about_one_image_is_asked_as_it_was_written():
    assert about_images("Where?", 0) == about_images("Where?", 1) == "Where?"


def test_a_question_about_two_images_says_what_they_are_called():
    asked = about_images("Where?", 2)
    assert asked.endswith("\nWhere?")
    assert "2 images" in asked
    assert "Image 2: ..." in asked


@pytest.mark.parametrize(
    "text",
    [
        f"Image 1: a kidney stone at {A}. Image 2: a polyp at {B}.",
        f"Image 1 is abnormal. At {A} lies a kidney stone. Image 2 shows {B}, a polyp.",
        f"In image 1, {A} is a kidney stone and in image 2, {B} is a polyp.",
        f"A kidney stone at {A} in image 1 and a polyp at {B} in image 2.",
    ],
)
def test_a_class_is_named_in_the_passage_about_the_boxs_own_image(text: str):
    assert [label for label, _ in labelled_boxes(text, ("polyp", "kidney stone"), 2)] == ["kidney stone", "polyp"]
