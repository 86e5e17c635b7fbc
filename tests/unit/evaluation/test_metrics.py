"""Each measure on answers whose score is worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.evaluation.metrics import (
    JudgedAnswer,
    is_false_alarm,
    mean_box,
    names_affirmatively,
    score_abnormal,
    score_answer,
    score_normal,
    shuffled_iou,
)
from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box
from umed_core.records import Finding

LEFT, RIGHT = NormalizedBox(0.0, 0.0, 0.5, 1.0), NormalizedBox(0.5, 0.0, 0.5, 1.0)
MIDDLE = NormalizedBox(0.25, 0.0, 0.5, 1.0)
POLYP_LEFT, POLYP_RIGHT = Finding("polyp", LEFT), Finding("polyp", RIGHT)
BOXES = st.builds(
    lambda x, y, w, h: NormalizedBox(x / 1000, y / 1000, w / 1000, h / 1000),
    *(st.integers(0, 499), st.integers(0, 499), st.integers(1, 500), st.integers(1, 500)),
)


def test_the_true_box_and_class_score_one() -> None:
    score = score_answer(f"A polyp at {format_box(LEFT)}.", [POLYP_LEFT])
    assert (score.named, score.box_count, score.first_iou, score.matched_iou) == (True, 1, 1.0, 1.0)


def test_a_box_half_beside_the_truth_overlaps_a_third() -> None:
    """Left and middle half share a quarter of the image and cover three quarters."""
    assert score_answer(format_box(MIDDLE), [POLYP_LEFT]).first_iou == pytest.approx(1 / 3)


def test_only_the_first_box_counts_against_the_true_box_it_overlaps_most() -> None:
    score = score_answer(f"{format_box(MIDDLE)} and {format_box(RIGHT)}", [POLYP_LEFT, POLYP_RIGHT])
    assert score.first_iou == pytest.approx(1 / 3)
    assert score.matched_iou == pytest.approx((1 / 3 + 1) / 2)


def test_a_missing_box_counts_zero() -> None:
    score = score_answer("A polyp on the left.", [POLYP_LEFT])
    assert (score.named, score.box_count, score.first_iou, score.matched_iou) == (True, 0, 0.0, 0.0)


def test_a_box_off_the_image_is_no_box() -> None:
    score = score_answer("[bbox_start] 0.8, 0.1, 0.4, 0.1 [bbox_end]", [POLYP_LEFT])
    assert (score.box_count, score.first_iou) == (0, 0.0)


def test_the_wrong_class_is_not_named_and_synonyms_are() -> None:
    assert not score_answer("A kidney stone.", [POLYP_LEFT]).named
    assert score_answer("A renal calculus.", [Finding("kidney stone", LEFT)]).named
    assert not score_answer("Polypectomy scar.", [POLYP_LEFT]).named


def test_a_set_of_three_by_hand() -> None:
    answers = [
        JudgedAnswer(f"polyp {format_box(LEFT)}", (POLYP_LEFT,), "a"),
        JudgedAnswer(f"stone {format_box(MIDDLE)}", (POLYP_LEFT,), "b"),
        JudgedAnswer("polyp", (POLYP_RIGHT,), "c"),
    ]
    scores = score_abnormal(answers, MIDDLE, seed=0)
    assert scores.accuracy.value == pytest.approx(2 / 3)
    assert scores.mean_iou.value == pytest.approx((1 + 1 / 3 + 0) / 3)
    assert scores.over_half.value == pytest.approx(1 / 3)
    assert scores.parsable.value == pytest.approx(2 / 3)
    assert scores.center_iou == pytest.approx(1 / 3)
    assert scores.mean_iou.low <= scores.mean_iou.value <= scores.mean_iou.high


def test_an_empty_set_scores_nothing() -> None:
    scores = score_abnormal([], LEFT, seed=0)
    assert (scores.accuracy.count, scores.mean_iou.value, scores.shuffled_iou, scores.center_iou) == (0, 0, 0, 0)


def test_shuffled_truths_take_the_score_away() -> None:
    """Two images, left and right, each answered rightly: the other one's truth never overlaps."""
    answers = [JudgedAnswer(format_box(f.box), (f,), g) for f, g in ((POLYP_LEFT, "a"), (POLYP_RIGHT, "b"))]
    assert score_abnormal(answers, LEFT, seed=0).mean_iou.value == 1
    assert shuffled_iou(answers, seed=0) == 0


def test_a_model_that_always_says_one_box_is_found_out_by_the_shuffle() -> None:
    answers = [JudgedAnswer(format_box(LEFT), (POLYP_LEFT,), str(k)) for k in range(5)]
    assert shuffled_iou(answers, seed=0) == 1


def test_images_of_one_group_are_never_shuffled_onto_each_other() -> None:
    assert shuffled_iou([JudgedAnswer(format_box(LEFT), (POLYP_LEFT,), "a")] * 5, seed=0) == 0


@given(BOXES, st.lists(BOXES, min_size=1, max_size=3))
def test_the_first_box_of_a_single_box_answer_scores_at_least_its_match(box: NormalizedBox, truths) -> None:
    score = score_answer(format_box(box), [Finding("polyp", truth) for truth in truths])
    assert 0 <= score.matched_iou <= score.first_iou + 1e-9 <= 1 + 1e-9
    if len(truths) == 1:
        assert score.matched_iou == pytest.approx(score.first_iou)


CLASSES = ("polyp", "kidney stone", "pulmonary tuberculosis")


@pytest.mark.parametrize(
    "text",
    [
        "No abnormality is seen.",
        "No polyp is seen.",
        "There is no evidence of a polyp, kidney stone or tuberculosis.",
        "Normal colon without polyps.",
        "A polyp is not visible.",
        "Polyps are absent; the mucosa is normal.",
        "There isn't any polyp.",
        "Negative for TB.",
        "",
    ],
)
def test_a_denial_is_no_false_alarm(text: str) -> None:
    assert not is_false_alarm(text, CLASSES)


@pytest.mark.parametrize(
    "text",
    [
        "A polyp is seen.",
        "No kidney stone, but there is a polyp.",
        "The picture is not sharp. There is a polyp.",
        "Findings of active TB.",
        f"Nothing. {format_box(LEFT)}",
        "A polyp; it is not large.",
        "No kidney stone, and there is a polyp.",
    ],
)
def test_a_claim_on_a_normal_image_is_a_false_alarm(text: str) -> None:
    assert is_false_alarm(text, CLASSES)


def test_a_class_is_denied_by_its_own_clause_only() -> None:
    text = "There is no kidney stone but a polyp at [bbox_start] 0.1, 0.1, 0.1, 0.1 [bbox_end]."
    assert names_affirmatively(text, "polyp")
    assert not names_affirmatively(text, "kidney stone")


def test_the_false_alarm_share_counts_answers() -> None:
    answers = [JudgedAnswer(text, (), str(k)) for k, text in enumerate(["No polyp.", "A polyp.", "Normal.", "Normal."])]
    assert score_normal(answers, CLASSES).false_alarms.value == 0.25


def test_the_mean_box_has_the_mean_centre_and_size() -> None:
    box = mean_box([NormalizedBox(0.0, 0.0, 0.2, 0.4), NormalizedBox(0.6, 0.6, 0.4, 0.2)])
    assert (box.x, box.y, box.w, box.h) == pytest.approx((0.3, 0.3, 0.3, 0.3))
    assert mean_box([]) == NormalizedBox(0.0, 0.0, 1.0, 1.0)
