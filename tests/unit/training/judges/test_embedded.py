"""The judge that compares claims: facts by hand, then what may never happen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.mau.knowledge import CLASSES
from umed_core.mau.wording import all_texts
from umed_core.training.judges.embedded import EmbeddedJudge

JUDGE = EmbeddedJudge()
QUESTION = "What is abnormal in this image, and where is it?"
BOX = "[bbox_start] 0.100, 0.100, 0.200, 0.200 [bbox_end]"
FINDING = f"There is an abnormality in the upper left part of the image at {BOX}: pneumonia."
NORMAL = "No abnormality is seen in this X-ray image."


def score(answer: str, reference: str = FINDING, question: str = QUESTION) -> float:
    return JUDGE.score(question, reference, [answer])[0]


def test_the_reference_itself_scores_1():
    assert score(FINDING) == pytest.approx(1)
    assert score(NORMAL, NORMAL) == pytest.approx(1)


def test_other_words_for_the_same_finding_score_as_much():
    assert score(f"In the top left region, {BOX}, I see what is most likely pneumonia.") == pytest.approx(1)


def test_place_and_class_have_their_shares_of_a_finding():
    # Class weighs 4, two places 1.5 together.
    assert score("This image shows an abnormal area that is most likely pneumonia.") == pytest.approx(4 / 5.5)
    assert score("This image shows an abnormal area in the upper left part.") == pytest.approx(1.5 / 5.5)
    assert score("This image shows pneumonia in the upper part.") == pytest.approx((4 + 0.75) / 5.5)


@pytest.mark.parametrize(
    ("answer", "at_most"),
    [
        (f"There is an abnormality in the upper left part of the image at {BOX}: a fracture.", 0.1),
        (f"There is no pneumonia in the upper left part of the image at {BOX}.", 0.16),
        (f"There is an abnormality in the upper right part of the image at {BOX}: pneumonia.", 0.4),
        ("There is an abnormality in the lower right part of the image: pneumonia.", 0.16),
        (NORMAL, 0.05),
        ("There is pneumonia. There is no pneumonia.", 0.3),
        (f"In the upper left part of the image there may be {', '.join(CLASSES)}.", 0.1),
        (f"In the upper left and the lower right part of the image there is pneumonia at {BOX}.", 0.5),
        ("The image should be reviewed by a professional.", 0.0),
    ],
)
def test_a_contradiction_costs_most_of_the_score(answer, at_most):
    assert score(answer) <= at_most + 1e-9


def test_a_finding_on_a_normal_image_is_a_contradiction():
    assert score(FINDING, NORMAL) == 0
    assert score("I see no abnormality.", NORMAL) == pytest.approx(1)
    assert score(f"No abnormality is seen at {BOX}.", NORMAL) <= 0.1


def test_readers_neighbours_earn_half():
    near = f"There is an abnormality in the upper left part of the image at {BOX}: consolidation."
    assert score(near) == pytest.approx((4 * 0.5 + 1.5) / 5.5)


def test_a_fact_turned_round_scores_less_than_the_fact():
    reference = "A kidney stone is not contagious; blocked urine with fever is an emergency."
    told = "It cannot be passed on, but fever with blocked urine is an emergency."
    turned = "It can be passed on, but fever with blocked urine is an emergency."
    right, wrong = JUDGE.score("Is it contagious?", reference, [told, turned])
    assert right > 0.8 > 0.5 > wrong


def test_numbers_count_within_a_fifth():
    reference = "The box of the polyp takes up about 30% of the image's width and about 20% of its height."
    answers = [f"The polyp covers about {w}% of the width and {h}% of the height." for w, h in ((31, 19), (3, 2))]
    close, far = JUDGE.score("How large is it?", reference, answers)
    assert close > 3 * far


def test_answers_do_not_influence_one_another():
    answers = [FINDING, NORMAL, "", "polyp polyp polyp"]
    assert JUDGE.score(QUESTION, FINDING, answers) == [score(answer) for answer in answers]
    assert JUDGE.score(QUESTION, FINDING, []) == []


def test_a_judge_names_what_it_is():
    assert JUDGE.identity == "embedded version=1 classes=27"
    assert not JUDGE.is_remote


TEXTS = st.one_of(st.text(max_size=120), st.sampled_from(list(all_texts(seed=5, count=200))))


@given(TEXTS, TEXTS, TEXTS)
def test_scores_stay_within_0_and_1(question, reference, answer):
    assert 0 <= score(answer, reference, question) <= 1


@given(st.sampled_from(CLASSES), st.sampled_from(CLASSES), st.sampled_from(["upper left", "lower right"]))
def test_naming_another_class_never_pays(true, named, place):
    reference = f"There is an abnormality in the {place} part of the image at {BOX}: {true}."
    answer = f"There is an abnormality in the {place} part of the image at {BOX}: {named}."
    alike = JUDGE._reader.read(reference).asserted == JUDGE._reader.read(answer).asserted
    assert (score(answer, reference) > 0.9) == alike
