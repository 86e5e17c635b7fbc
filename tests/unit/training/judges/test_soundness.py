"""What is no answer at all."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.mau.knowledge import CLASSES
from umed_core.mau.wording import all_texts
from umed_core.training.judges.soundness import soundness

QUESTION = "What is abnormal in this image, and where is it?"
ANSWER = "There is an abnormality in the upper left part of the image: a polyp."


@pytest.mark.parametrize("answer", ["", "   ", "\n", "...", "[bbox_start] 0.1, 0.2, 0.3, 0.4 [bbox_end]"])
def test_an_answer_without_a_word_is_none(answer):
    assert soundness(answer, QUESTION, ANSWER) == 0


@pytest.mark.parametrize(
    "answer",
    [
        "polyp polyp polyp",
        "polyp " * 40,
        f"{ANSWER} " * 6,
        "the polyp is the polyp is the polyp is the polyp is the polyp is",
        QUESTION,
        "Where is it, and what is abnormal in this image?",
        ", ".join(CLASSES),
        "!!!! ???? #### 0 0 0 0 a",
        "polyp colon left upper growth mucosa bleeding biopsy colonoscopy",
    ],
)
def test_loops_lists_and_echoes_are_hardly_answers(answer):
    assert soundness(answer, QUESTION, ANSWER) < 0.35


def test_an_answer_cut_off_is_worth_less_than_a_whole_one():
    assert soundness("There is an abnormality in the upper left part of the", QUESTION, ANSWER) < 0.5
    assert soundness(ANSWER, QUESTION, ANSWER) == 1


def test_endless_talk_is_worth_less():
    rng = random.Random(0)
    words = [f"{rng.choice(('the', 'a', 'of', 'is'))} word{rng.randrange(10**6)}" for _ in range(400)]
    assert soundness(" ".join(words) + ".", QUESTION, ANSWER) < 0.5


def test_the_templates_own_answers_are_sound():
    texts = [text for text in all_texts(seed=3, count=600) if text.endswith((".", "]")) and "?" not in text]
    assert len(texts) > 300
    assert sum(soundness(text, "Why?", text) for text in texts) / len(texts) > 0.97


@given(st.text(max_size=300), st.text(max_size=60), st.text(max_size=60))
def test_soundness_stays_within_0_and_1(answer, question, reference):
    assert 0 <= soundness(answer, question, reference) <= 1
