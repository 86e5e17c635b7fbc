"""Labels lie on the answers and their end token alone; which tokens spell a box or name a class."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("transformers", reason="needs the [train] extra")

from umed_core.errors import ConfigError
from umed_core.geometry import NormalizedBox
from umed_core.mau.wording import all_texts, write_conversation
from umed_core.prompts import format_box
from umed_core.records import Finding, Turn
from umed_core.training.encoding import IGNORED, NO_BOX, as_messages, encode_text, template_pieces
from umed_core.vlm.chat import render_chat
from umed_core.vlm.medvint.tokenizer import build_tokenizer

STONE = Finding("kidney stone", NormalizedBox(0.1, 0.2, 0.3, 0.4))
POLYP = Finding("polyp", NormalizedBox(0.6, 0.6, 0.2, 0.2))


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(all_texts(0, 300), vocab_size=500)


def rendered(turns):
    return render_chat(turns, 1, add_generation_prompt=False)


def spelt(tokenizer, ids, chosen):
    return tokenizer.decode(np.asarray(ids)[chosen])


def test_the_labels_spell_the_answers_and_their_end_tokens(tokenizer):
    turns = (
        Turn("user", "What is it?"),
        Turn("assistant", f"A stone at {format_box(STONE.box)}."),
        Turn("user", "Sure?"),
        Turn("assistant", "Yes."),
    )
    text = encode_text(tokenizer, rendered(turns), turns, (STONE,))
    labelled = text.labels != IGNORED
    assert spelt(tokenizer, text.input_ids, labelled) == f"{turns[1].text}<end>{turns[3].text}<end>"
    assert (text.labels[labelled] == text.input_ids[labelled]).all()
    assert spelt(tokenizer, text.input_ids, ~labelled) == (
        "<user><image>What is it?<end><assistant><user>Sure?<end><assistant>"
    )


@given(st.integers(0, 10_000), st.integers(0, 3))
def test_no_word_of_a_question_is_ever_learnt(tokenizer, seed, follow_ups):
    findings = (STONE, POLYP)[: seed % 3]
    turns = write_conversation(findings, "CT", random.Random(seed), follow_ups)
    text = encode_text(tokenizer, rendered(turns), turns, findings)
    answers = "".join(f"{turn.text}<end>" for turn in turns if turn.role == "assistant")
    assert spelt(tokenizer, text.input_ids, text.labels != IGNORED) == answers
    assert not text.names_class[text.labels == IGNORED].any()
    assert (text.box_of[text.labels == IGNORED] == NO_BOX).all()


def test_the_four_coordinates_of_each_box_know_their_finding(tokenizer):
    turns = (
        Turn("user", "Where?"),
        Turn("assistant", f"One at {format_box(POLYP.box)}, one at {format_box(STONE.box)}."),
    )
    text = encode_text(tokenizer, rendered(turns), turns, (STONE, POLYP))
    assert spelt(tokenizer, text.input_ids, text.box_of == 1) == " 0.600 0.600 0.200 0.200"
    assert spelt(tokenizer, text.input_ids, text.box_of == 0) == " 0.100 0.200 0.300 0.400"


def test_a_box_that_meets_no_finding_belongs_to_none(tokenizer):
    turns = (Turn("user", "Where?"), Turn("assistant", f"At {format_box(POLYP.box)}."))
    assert (encode_text(tokenizer, rendered(turns), turns, (STONE,)).box_of == NO_BOX).all()


def test_class_tokens_are_those_of_the_answer(tokenizer):
    turns = (Turn("user", "Is there a kidney stone?"), Turn("assistant", "Yes, a kidney stone, and one kidney stone."))
    text = encode_text(tokenizer, rendered(turns), turns, (STONE,))
    assert spelt(tokenizer, text.input_ids, text.names_class) == " kidney stone kidney stone"


def test_a_template_that_rewrites_an_answer_is_refused(tokenizer):
    turns = (Turn("user", "What is it?"), Turn("assistant", "A Stone."))
    with pytest.raises(ConfigError, match="rewrites the text"):
        encode_text(tokenizer, rendered(turns).lower(), turns, ())
    pieces = template_pieces(rendered, turns)
    with pytest.raises(ConfigError, match="rewrites the text"):
        encode_text(tokenizer, rendered(turns).replace("A Stone", "A  Stone"), turns, (), pieces)


def test_an_answer_of_one_letter_is_not_mistaken_for_a_part_of_the_template(tokenizer):
    """PMC-VQA's choices: "A" also begins the template's ASSISTANT."""

    def llava(turns):
        return "".join(f"{turn.role.upper()}: {turn.text} " for turn in turns)

    turns = (Turn("user", "Which? S or A"), Turn("assistant", "A"))
    text = encode_text(tokenizer, llava(turns), turns, (), template_pieces(llava, turns))
    first = int(np.flatnonzero(text.labels != IGNORED)[0])
    assert tokenizer.decode(text.input_ids[:first]) == "USER: Which? S or A ASSISTANT:"
    assert spelt(tokenizer, text.input_ids, text.labels != IGNORED).strip() == "A"


def test_pieces_and_texts_make_the_conversation():
    turns = (Turn("user", "Q"), Turn("assistant", "A"), Turn("user", "R"), Turn("assistant", "B"))
    pieces = template_pieces(rendered, turns)
    assert pieces == ("<user><image>", "<end><assistant>", "<end><user>", "<end><assistant>", "<end>")


def test_the_image_stands_at_the_head_of_the_first_message():
    messages = as_messages((Turn("user", "Q"), Turn("assistant", "A"), Turn("user", "R")))
    assert [[part["type"] for part in message["content"]] for message in messages] == [
        ["image", "text"], ["text"], ["text"],
    ]  # fmt: skip
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
