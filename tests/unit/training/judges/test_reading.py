"""What a text is taken to claim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.mau.knowledge import CLASSES, noun_phrase
from umed_core.training.judges.reading import Reader, without_boxes

READER = Reader()
BOX = "[bbox_start] 0.1, 0.2, 0.3, 0.4 [bbox_end]"


def test_a_finding_is_asserted_with_its_place_and_its_box_is_not_read_as_numbers():
    claims = READER.read(
        f"An abnormality is seen in the upper left part of the image, at {BOX}. It looks like a polyp."
    )
    assert claims.asserted == {"polyp"} and not claims.denied
    assert claims.places == {"upper", "left"} and claims.numbers == () and claims.has_box and claims.says_abnormal


@pytest.mark.parametrize(
    ("text", "asserted", "denied", "mentioned"),
    [
        ("There is a kidney stone.", {"kidney stone"}, set(), set()),
        ("There is no kidney stone.", set(), {"kidney stone"}, set()),
        ("No polyp, mass or nodule is seen.", set(), {"polyp", "mass", "nodule"}, set()),
        ("A pneumothorax is not seen.", set(), {"pneumothorax"}, set()),
        ("A pneumothorax can be excluded.", set(), {"pneumothorax"}, set()),
        ("This isn't pneumonia.", set(), {"pneumonia"}, set()),
        ("Pneumonia rather than edema.", {"pneumonia"}, {"edema"}, set()),
        ("A polyp, but no mass, is present.", {"polyp"}, {"mass"}, set()),
        ("Pleural thickening, which may be associated with fibrosis.", {"pleural thickening"}, set(), {"fibrosis"}),
        ("A CT should be done to rule out pneumonia.", set(), set(), {"pneumonia"}),
        ("A calculus in the left kidney.", {"kidney stone"}, set(), set()),
        ("The cardiac silhouette is clearly enlarged.", {"cardiomegaly"}, set(), set()),
        ("A lesion within the liver.", {"liver lesion"}, set(), set()),
        ("A pulmonary nodule.", {"nodule"}, set(), set()),
    ],
)  # fmt: skip
def test_a_class_is_asserted_denied_or_only_mentioned(text, asserted, denied, mentioned):
    claims = READER.read(text)
    assert (claims.asserted, claims.denied, claims.mentioned) == (asserted, denied, mentioned)


@pytest.mark.parametrize(
    ("text", "normal", "abnormal"),
    [
        ("No abnormality is seen in this CT image.", True, False),
        ("The scan is unremarkable.", True, False),
        ("The scan is not normal.", False, True),
        ("There is an abnormality on the left.", False, True),
        ("No abnormality is seen, but a model can miss findings.", True, False),
        ("There is no kidney lesion; a polyp is present.", False, False),
        ("The weather is mild.", False, False),
    ],
)
def test_normal_and_abnormal_are_told_apart(text, normal, abnormal):
    claims = READER.read(text)
    assert (claims.says_normal, claims.says_abnormal) == (normal, abnormal)


def test_a_short_yes_or_no_answers_the_question():
    assert READER.read("Yes.", "Is there a polyp in this image?").asserted == {"polyp"}
    assert READER.read("No.", "Is there a polyp in this image?").denied == {"polyp"}
    assert READER.read("No.", "Is this image normal?").says_abnormal
    assert READER.read("No.", "Is there anything wrong in this scan?").says_normal
    assert "contagious" in READER.read("No.", "Is it contagious?").denied_facts


def test_words_of_one_meaning_are_read_as_one_and_denial_ends_with_its_clause():
    claims = READER.read("It is not contagious; dyspnoea and haematuria are common.")
    assert claims.denied_facts == {"contagious"}
    assert {"breathlessness", "blood", "urine"} <= claims.facts
    assert READER.read("It cannot be passed on.").denied_facts == {"contagious"}
    assert "left" not in READER.read("A small one is often left alone.").places


def test_a_dataset_may_bring_classes_of_its_own():
    assert Reader(("dental caries",)).read("There is dental caries.").asserted == {"dental caries"}


@pytest.mark.parametrize("label", CLASSES)
def test_every_class_is_read_asserted_and_denied(label):
    # The two names of tuberculosis share their spellings; the first in the list stands for both.
    assert READER.read(f"There is {noun_phrase(label)} here.").asserted == {label}
    assert READER.read(f"There is no {label} here.").denied == {label}


def test_a_box_that_is_cut_off_is_taken_out():
    assert without_boxes(f"A Polyp at {BOX}, or [bbox_start] 0.1, 0.") == "a polyp at , or"


@given(st.text(max_size=200))
def test_any_text_is_read(text):
    claims = READER.read(text, "Is there a polyp?")
    assert not claims.mentioned & (claims.asserted | claims.denied)
