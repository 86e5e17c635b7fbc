"""Conversations say what the annotations say, in the paper's order, and nothing else."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES
from umed_core.mau.phrases import NORMAL_TOPICS, TOPICS
from umed_core.mau.wording import MAX_BOXES, QUESTIONS, all_texts, coarse_place, image_words, write_conversation
from umed_core.prompts import DEFAULT_QUESTION, class_named, format_box, labelled_boxes, parse_boxes
from umed_core.records import Finding, Turn

SMALL = NormalizedBox(0.1, 0.1, 0.1, 0.1)
LARGE = NormalizedBox(0.5, 0.5, 0.4, 0.4)
MIDDLE = NormalizedBox(0.3, 0.3, 0.2, 0.2)


@st.composite
def findings(draw: st.DrawFn, most: int = 5) -> tuple[Finding, ...]:
    """One or more findings of any class; every box is on the image and at least 0.01 wide and high."""
    found = []
    for _ in range(draw(st.integers(1, most))):
        w, h = draw(st.floats(0.01, 1.0)), draw(st.floats(0.01, 1.0))
        box = NormalizedBox(draw(st.floats(0, 1)) * (1 - w), draw(st.floats(0, 1)) * (1 - h), w, h)
        found.append(Finding(draw(st.sampled_from(CLASSES)), box))
    return tuple(found)


MODALITIES = st.sampled_from(["CT", "DX", "ES", "endoscopy", "X-ray", "", "XYZ"])


def talk(*found: Finding, seed: int = 0, follow_ups: int = 0, modality: str = "CT") -> tuple[Turn, ...]:
    return write_conversation(found, modality, random.Random(seed), follow_ups)


def answers(turns: tuple[Turn, ...]) -> list[str]:
    return [turn.text for turn in turns if turn.role == "assistant"]


def test_there_are_forty_questions_and_the_default_is_one():
    assert len(set(QUESTIONS)) == len(QUESTIONS) >= 40
    assert QUESTIONS[0] == DEFAULT_QUESTION


def test_every_topic_has_ten_questions_and_half_of_them_name_the_class():
    for topic in TOPICS:
        assert len(topic.named) >= 5 and len(topic.pronoun) >= 5
        assert all("{noun}" in q or "{label}" in q for q in topic.named)
        assert not any("{" in q for q in topic.pronoun)
    assert all(len(topic.questions) >= 10 for topic in NORMAL_TOPICS)


def test_a_quarter_of_the_conversations_open_with_the_default_question():
    opened = Counter(talk(Finding("polyp", SMALL), seed=s, modality="ES")[0].text for s in range(2000))
    assert opened[DEFAULT_QUESTION] / 2000 == pytest.approx(0.25, abs=0.04)
    assert set(QUESTIONS) <= set(opened)


def test_the_largest_box_comes_first_and_three_are_written():
    found = [Finding("polyp", box) for box in (SMALL, LARGE, MIDDLE, NormalizedBox(0, 0, 0.05, 0.05))]
    boxes = [parsed.box for parsed in parse_boxes(talk(*found)[1].text)]
    assert boxes == [LARGE, MIDDLE, SMALL]


def test_a_second_box_of_the_class_is_a_further_one():
    text = talk(Finding("polyp", SMALL), Finding("polyp", LARGE))[1].text
    assert text.endswith(f"A further one lies at {format_box(SMALL)}.")


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0.1, 0.1, "upper left part"),
        (0.5, 0.1, "upper middle part"),
        (0.9, 0.5, "right part"),
        (0.5, 0.5, "central part"),
        (0.1, 0.5, "left part"),
        (0.9, 0.9, "lower right part"),
        (0.5, 0.9, "lower middle part"),
    ],
)
def test_places_follow_the_box_centre_on_a_grid_of_thirds(x: float, y: float, place: str):
    assert coarse_place(NormalizedBox(x - 0.05, y - 0.05, 0.1, 0.1)) == place


def test_the_place_is_before_the_box_and_the_class_after_it():
    for seed in range(200):
        text = talk(Finding("kidney stone", SMALL), seed=seed)[1].text
        (parsed,) = parse_boxes(text)
        assert "upper left part of the image" in text[: parsed.start]
        assert "kidney stone" in text[parsed.end :]
        assert not class_named(text[: parsed.start], "kidney stone")


@given(findings(), MODALITIES, st.integers(0, 2**32), st.integers(0, 9))
def test_a_conversation_says_what_the_annotations_say(
    found: tuple[Finding, ...], modality: str, seed: int, follow_ups: int
):
    turns = write_conversation(found, modality, random.Random(seed), follow_ups)
    assert turns == write_conversation(found, modality, random.Random(seed), follow_ups)
    assert [turn.role for turn in turns] == ["user", "assistant"] * (1 + min(follow_ups, len(TOPICS)))
    largest = sorted(found, key=lambda f: -f.box.area)[:MAX_BOXES]
    read = labelled_boxes(turns[1].text, CLASSES)
    assert [label for label, _ in read] == [finding.label for finding in largest]
    for (_, box), finding in zip(read, largest, strict=True):
        assert format_box(box) == format_box(finding.box)
    for turn in turns:
        assert "{" not in turn.text and "}" not in turn.text
        assert len(turn.text.split()) <= 60
        if turn.role == "assistant":
            assert class_named(turn.text, largest[0].label)
            assert labelled_boxes(turn.text, CLASSES) in ([], read)


@given(st.sampled_from(CLASSES), st.integers(1, 5), st.integers(0, 2**32))
def test_a_first_answer_about_one_class_is_short(label: str, count: int, seed: int):
    _, answer = write_conversation((Finding(label, SMALL),) * count, "ES", random.Random(seed), 0)
    assert len(answer.text.removeprefix("That is not seen. ").removeprefix("Yes. ").split()) <= 45


@given(MODALITIES, st.integers(0, 2**32), st.integers(0, 5))
def test_a_normal_answer_names_no_class_and_draws_no_box(modality: str, seed: int, follow_ups: int):
    turns = write_conversation((), modality, random.Random(seed), follow_ups)
    assert len(turns) == 2 + 2 * min(follow_ups, len(NORMAL_TOPICS))
    for text in answers(turns):
        assert "bbox" not in text
        assert [label for label in CLASSES if class_named(text, label)] == []
        assert len(text.split()) <= 60


def test_a_class_that_is_not_there_is_answered_no_and_not_named_in_the_answer():
    denied = 0
    for seed in range(1000):
        question, answer = talk(Finding("kidney stone", SMALL), seed=seed)
        asked = [label for label in CLASSES if class_named(question.text, label)]
        if answer.text.startswith("That is not seen. "):
            denied += 1
            assert len(asked) == 1 and not class_named(answer.text, asked[0])
        else:
            assert asked in ([], ["kidney stone"])
            assert answer.text.startswith("Yes. ") == bool(asked)
    assert denied == pytest.approx(50, abs=25)


def test_the_size_is_told_in_percent_of_the_image():
    said = " ".join(t for s in range(40) for t in answers(talk(Finding("polyp", MIDDLE), seed=s, follow_ups=7)))
    assert "about 20% of the" in said
    tiny = " ".join(answers(talk(Finding("polyp", NormalizedBox(0.1, 0.1, 0.004, 0.3)), follow_ups=7)))
    assert "less than 1% of the" in tiny and "about 30% of" in tiny


def test_a_hair_thin_box_is_still_written_with_area():
    text = talk(Finding("fracture", NormalizedBox(0.9997, 0.2, 0.0003, 0.2)), modality="DX")[1].text
    assert len(parse_boxes(text)) == 1


@pytest.mark.parametrize("box", [NormalizedBox(1.2, 0.1, 0.1, 0.1), NormalizedBox(0.1, 0.1, 0.0, 0.1)])
def test_a_box_off_the_image_is_an_error_that_names_the_finding(box: NormalizedBox):
    with pytest.raises(DataError, match="polyp"):
        talk(Finding("polyp", box))


def test_a_class_without_facts_is_asked_only_for_its_place_and_size():
    turns = talk(Finding("unheard-of thing", LARGE), follow_ups=7)
    assert len(turns) == 2 + 2 * 2
    assert all("unheard-of thing" in text for text in answers(turns))


def test_modalities_are_called_by_plain_words():
    assert [image_words(m) for m in ("CT", "DX", "es", "")] == [
        "CT image",
        "X-ray image",
        "endoscopic image",
        "medical image",
    ]


def test_tokenizer_texts_are_counted_repeatable_and_cover_every_class_and_question():
    texts = list(all_texts(seed=7, count=6000))
    assert len(texts) == 6000
    assert texts == list(all_texts(seed=7, count=6000))
    assert texts[-50:] != list(all_texts(seed=8, count=6000))[-50:]
    assert set(QUESTIONS) <= set(texts)
    assert all(any(class_named(text, label) for text in texts) for label in CLASSES)
    assert len(list(all_texts(seed=7, count=3))) == 3
