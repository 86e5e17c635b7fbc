"""What may enter the dataset: each rule with a sentence that breaks it, and none that breaks them all by chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.mau.knowledge import CLASSES
from umed_core.mau.validate import faults_of
from umed_core.mau.wording import write_conversation
from umed_core.prompts import format_box
from umed_core.records import Finding, Turn

POLYP = Finding("polyp", NormalizedBox(0.2, 0.1, 0.4, 0.6))
BOX = "[bbox_start] 0.200, 0.100, 0.400, 0.600 [bbox_end]"
QUESTION = Turn("user", "What is abnormal here?")


def faults(answer: str, *findings: Finding) -> tuple[str, ...]:
    return faults_of((QUESTION, Turn("assistant", answer)), findings or (POLYP,))


def test_detection_then_box_then_class_has_no_fault():
    assert faults(f"An abnormality is seen at {BOX}. It looks like a polyp.") == ()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("An abnormality is seen in the colon. It looks like a polyp.", "lacks the box"),
        ("An abnormality is seen at [bbox_start] 0.2, 0.1, 1.4, 0.6 [bbox_end]. It is a polyp.", "not x, y, w, h"),
        ("An abnormality is seen at [bbox_start] 0.2 0.1 0.4 0.6 [bbox_end]. It is a polyp.", "not x, y, w, h"),
        ("An abnormality is seen at [bbox_start] 0.2, 0.1, 0.6, 0.7 [bbox_end]. A polyp.", "none of those given"),
        (f"An abnormality is seen at {BOX}. It may be benign or not.", "does not name the class: polyp"),
        (f"The polyp is seen at {BOX}.", "order is detection, box, class"),
        (f"{BOX} is what I would call a polyp.", "Nothing before the first box"),
        (f"An abnormality is seen at {BOX}, a polyp with a kidney stone.", "also says kidney stone"),
        (f"I'm sorry, I can't help with medical images. {BOX} polyp", "declines"),
        ("A polyp.", "shorter than 20"),
        (f"An abnormality is seen at {BOX}: a polyp. " + "It should be removed. " * 100, "longer than"),
    ],
)
def test_each_rule_says_what_is_wrong(answer: str, reason: str):
    assert any(reason in fault for fault in faults(answer)), faults(answer)


@pytest.mark.parametrize(
    "answer",
    [
        # Fig. 7 of the paper ends so: what else to rule out is no second diagnosis.
        f"A finding is marked at {BOX}, a polyp. Further tests rule out a kidney stone.",
        f"An abnormal area lies at {BOX}: a polyp, not a kidney stone.",
    ],
)
def test_a_class_that_is_denied_is_no_contradiction(answer: str):
    assert faults(answer) == ()


def test_the_true_class_may_contain_the_name_of_another():
    lung_mass = Finding("lung mass", POLYP.box)
    assert faults(f"An abnormal area lies at {BOX}: a lung mass.", lung_mass) == ()


def test_two_findings_need_both_boxes_and_both_classes():
    stone = Finding("kidney stone", NormalizedBox(0.7, 0.7, 0.05, 0.05))
    both = f"Abnormal areas lie at {BOX}, a polyp, and at {format_box(stone.box)}, a kidney stone."
    assert faults(both, POLYP, stone) == ()
    assert len(faults(f"An abnormal area lies at {BOX}: a polyp.", POLYP, stone)) == 2


def test_a_box_may_differ_by_a_hundredth_and_no_more():
    near = "[bbox_start] 0.210, 0.090, 0.410, 0.600 [bbox_end]"
    far = "[bbox_start] 0.211, 0.100, 0.400, 0.600 [bbox_end]"
    assert faults(f"An abnormality is seen at {near}. It is a polyp.") == ()
    assert any("none of those given" in fault for fault in faults(f"An abnormality is seen at {far}. It is a polyp."))


def test_a_follow_up_may_not_move_the_box():
    start = (QUESTION, Turn("assistant", f"An abnormality is seen at {BOX}. It looks like a polyp."))
    moved = (
        Turn("user", "Where exactly?"),
        Turn("assistant", "It lies at [bbox_start] 0.5, 0.5, 0.1, 0.1 [bbox_end]."),
    )
    assert any("none of those given" in fault for fault in faults_of(start + moved, (POLYP,)))


def test_a_normal_image_gets_no_box_and_is_said_to_be_normal():
    def normal(answer: str) -> tuple[str, ...]:
        return faults_of((QUESTION, Turn("assistant", answer)), ())

    assert normal("No abnormality is seen in this image.") == ()
    assert any("gives a box" in fault for fault in normal(f"There is no abnormality at {BOX}."))
    assert any("does not say so" in fault for fault in normal("This is a picture of the colon."))


@pytest.mark.parametrize(
    "turns",
    [(), (QUESTION,), (Turn("assistant", "It is a polyp."), QUESTION), (QUESTION, QUESTION, QUESTION, QUESTION)],
)
def test_a_conversation_is_questions_with_answers(turns: tuple[Turn, ...]):
    assert faults_of(turns, (POLYP,)) == ("The conversation is not made of questions, each with its answer.",)


def boxes() -> st.SearchStrategy[NormalizedBox]:
    def make(x: float, y: float, w: float, h: float) -> NormalizedBox:
        return NormalizedBox(x * (1 - w), y * (1 - h), w, h)

    side = st.floats(0.002, 0.9)
    return st.builds(make, st.floats(0, 1), st.floats(0, 1), side, side)


@given(
    st.lists(st.builds(Finding, st.sampled_from((*CLASSES, "blue spot")), boxes()), max_size=5),
    st.integers(0, 2**32),
)
def test_what_the_template_writes_is_never_faulty(findings: list[Finding], seed: int):
    turns = write_conversation(tuple(findings), "CT", random.Random(seed), 2)
    assert faults_of(turns, findings) == ()


@given(boxes(), st.sampled_from(CLASSES), st.integers(0, 2**32))
def test_a_box_that_is_swapped_to_corners_is_caught(box: NormalizedBox, label: str, seed: int):
    """xyxy in place of xywh is the bug that the paper's prompt invites; only a box at the origin reads the same."""
    corners = NormalizedBox(box.x, box.y, box.x + box.w, box.y + box.h)
    if max(box.x, box.y) <= 0.02:
        return
    turns = write_conversation((Finding(label, box),), "CT", random.Random(seed), 0)
    swapped = tuple(Turn(turn.role, turn.text.replace(format_box(box), format_box(corners))) for turn in turns)
    assert faults_of(swapped, (Finding(label, box),)) != ()
