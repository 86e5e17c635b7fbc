"""The rewards, by numbers that a person can check."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from umed_core.geometry import NormalizedBox
from umed_core.records import Finding
from umed_core.training.rewards import grounding, localisation, over_maximum, vision_relevance

LEFT = Finding("polyp", NormalizedBox(0.0, 0.0, 0.4, 1.0))
RIGHT = Finding("polyp", NormalizedBox(0.6, 0.0, 0.4, 1.0))
ON_LEFT = "It is at [bbox_start] 0.000, 0.000, 0.400, 1.000 [bbox_end]."
HALF_OF_LEFT = "It is at [bbox_start] 0.000, 0.000, 0.200, 1.000 [bbox_end]."
ON_RIGHT = "It is at [bbox_start] 0.600, 0.000, 0.400, 1.000 [bbox_end]."
ONE_TOKEN = torch.tensor([[True]])


def test_localisation_is_the_iou_of_the_box():
    answers = [ON_LEFT, HALF_OF_LEFT, ON_RIGHT, "There is a polyp.", "[bbox_start] 0.1, 0.1, 0, 0 [bbox_end]"]
    torch.testing.assert_close(localisation(answers, [LEFT]), torch.tensor([1.0, 0.5, 0.0, 0.0, 0.0]))


def test_boxes_without_a_partner_count_nothing():
    """Two true boxes: one found of two is 1/2; both are 1; and a second box where one is true is 1/2 as well."""
    torch.testing.assert_close(localisation([ON_LEFT, ON_RIGHT + ON_LEFT], [LEFT, RIGHT]), torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(localisation([ON_LEFT + ON_RIGHT], [LEFT]), torch.tensor([0.5]))


def test_on_a_normal_image_only_no_box_is_right():
    torch.testing.assert_close(localisation(["No abnormality.", ON_LEFT], []), torch.tensor([1.0, 0.0]))


@pytest.mark.parametrize(
    "claim", ["[bbox_start] 0.49, 0.4, 0.96, 0.05 [bbox_end]", "[bbox_start] 0.4, 0.4", "[bbox_start]"]
)
def test_a_claim_whose_box_cannot_be_read_is_not_silence(claim: str):
    """It paid 1 on normal images, and 9 to 40 % of the candidates there were of this kind."""
    assert localisation([f"A lesion is seen at {claim}."], []).tolist() == [0.0]


def test_corners_in_place_of_sizes_score_what_they_say():
    """xywh .6 0 1 1 leaves the image: it is no box, not a box read as corners."""
    torch.testing.assert_close(localisation(["[bbox_start] 0.6, 0, 1, 1 [bbox_end]"], [RIGHT]), torch.tensor([0.0]))


def test_half_of_the_attention_on_the_box_scores_one_half():
    rows = torch.tensor([[[0.1, 0.1, 0.2]]])  # one response, one token, three patches: .2 of .4 on the box
    share = torch.tensor([0.0, 0.0, 1.0])
    assert vision_relevance(rows, share, ONE_TOKEN).item() == pytest.approx(0.5)
    assert vision_relevance(rows, share, ONE_TOKEN, "all_keys").item() == pytest.approx(0.2)


def test_a_patch_counts_by_its_covered_part():
    rows = torch.tensor([[[0.5, 0.5]]])
    assert vision_relevance(rows, torch.tensor([0.5, 0.25]), ONE_TOKEN).item() == pytest.approx(0.375)


def test_only_class_tokens_count_and_none_scores_nothing():
    rows = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
    share = torch.tensor([1.0, 0.0])
    class_tokens = torch.tensor([[True, True], [False, False]])
    torch.testing.assert_close(vision_relevance(rows, share, class_tokens), torch.tensor([0.5, 0.0]))


def test_as_printed_it_counts_how_often_the_disease_is_named():
    rows = torch.rand(2, 3, 4)
    class_tokens = torch.tensor([[True, True, True], [True, False, False]])
    torch.testing.assert_close(vision_relevance(rows, torch.rand(4), class_tokens, "printed"), torch.tensor([3.0, 1.0]))


def test_a_row_outside_the_mask_may_be_nan_and_the_gradient_stays_clean():
    rows = torch.tensor([[[0.2, 0.8], [float("nan"), float("nan")]]], requires_grad=True)
    value = vision_relevance(rows, torch.tensor([1.0, 0.0]), torch.tensor([[True, False]]))
    value.sum().backward()
    assert value.item() == pytest.approx(0.2)
    assert torch.isfinite(rows.grad[0, 0]).all()


def test_the_direct_gradient_is_that_of_finite_differences():
    rows = torch.rand(2, 3, 5, dtype=torch.float64, requires_grad=True)
    class_tokens = torch.tensor([[True, False, True], [False, True, False]])
    share = torch.rand(5, dtype=torch.float64)
    for denominator in ("image", "all_keys"):
        assert torch.autograd.gradcheck(lambda r: vision_relevance(r, share, class_tokens, denominator), (rows,))  # noqa: B023


def test_each_reward_is_divided_by_the_best_of_its_query():
    torch.testing.assert_close(over_maximum(torch.tensor([0.2, 0.4, 0.0])), torch.tensor([0.5, 1.0, 0.0]))


def test_nought_over_nought_is_nought():
    torch.testing.assert_close(over_maximum(torch.zeros(3)), torch.zeros(3))


def test_a_floor_keeps_a_poor_best_from_becoming_one():
    torch.testing.assert_close(over_maximum(torch.tensor([0.01, 0.0]), floor=0.1), torch.tensor([0.1, 0.0]))


def test_grounding_is_the_sum_of_both_parts():
    g = grounding(torch.tensor([0.5, 0.25]), torch.tensor([0.1, 0.2]))
    torch.testing.assert_close(g, torch.tensor([1.5, 1.5]))


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8), st.floats(0, 0.5))
def test_a_share_of_the_maximum_keeps_order_and_lies_in_0_1(values: list[float], floor: float):
    rewards = torch.tensor(values)
    shares = over_maximum(rewards, floor)
    assert ((shares >= 0) & (shares <= 1)).all()
    order = rewards.argsort()
    assert (shares[order].diff() >= 0).all()
