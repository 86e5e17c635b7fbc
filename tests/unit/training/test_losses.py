"""Stage 1's losses against numbers worked out by hand, and against torch's own or another way to compute them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="needs the [train] extra")

from umed_core.geometry import NormalizedBox, iou
from umed_core.training.losses import (
    attention_on_box,
    box_share,
    coordinate_targets,
    dense_loss,
    expected_boxes,
    giou,
    largest_per_image,
    token_losses,
)

NO_BINS = torch.full((4,), -1)
NO_IDS = torch.tensor([], dtype=torch.long)

sides = st.floats(0.02, 0.6)
places = st.floats(0.0, 0.4)
boxes_on_the_image = st.builds(NormalizedBox, places, places, sides, sides)


def corners(box: NormalizedBox) -> list[float]:
    return [box.x, box.y, box.x + box.w, box.y + box.h]


# ---- cross-entropy on the response's tokens


def test_four_equal_logits_cost_the_logarithm_of_four():
    losses = token_losses(torch.zeros(2, 4), torch.tensor([0, 3]), NO_BINS, NO_IDS, coordinate_targets(0))
    assert losses.tolist() == pytest.approx([math.log(4)] * 2)


def test_without_soft_targets_it_is_the_papers_cross_entropy():
    """Sigma 0 is one-hot: also a token that spells a coordinate costs what Eq. 1 says."""
    torch.manual_seed(0)
    ids = torch.arange(5, 1006)  # a vocabulary of 1,010 tokens, the coordinates from id 5 on
    bins = torch.full((1010,), -1)
    bins[ids] = torch.arange(1001)
    logits, labels = torch.randn(6, 1010), torch.tensor([0, 5, 6, 505, 1005, 1009])
    losses = token_losses(logits, labels, bins, ids, coordinate_targets(0))
    torch.testing.assert_close(losses, torch.nn.functional.cross_entropy(logits, labels, reduction="none"))


def test_soft_targets_are_torchs_cross_entropy_with_probabilities():
    torch.manual_seed(1)
    ids = torch.tensor([3, 1, 4])  # three bins, in no order of their ids
    bins = torch.tensor([-1, 1, -1, 0, 2])
    targets = coordinate_targets(0.7, bins=3)
    logits, labels = torch.randn(5, 5), torch.tensor([3, 1, 4, 0, 2])
    probabilities = torch.zeros(5, 5)
    for row, label in enumerate(labels.tolist()):
        if bins[label] >= 0:
            probabilities[row, ids] = targets[bins[label]]
        else:
            probabilities[row, label] = 1
    expected = torch.nn.functional.cross_entropy(logits, probabilities, reduction="none")
    torch.testing.assert_close(token_losses(logits, labels, bins, ids, targets), expected)


def test_a_soft_target_by_hand():
    """Sigma 1 over three bins: weights 1, exp(-1/2), exp(-2) around bin 0."""
    weights = [1, math.exp(-0.5), math.exp(-2)]
    row = coordinate_targets(1.0, bins=3)[0]
    assert row.tolist() == pytest.approx([w / sum(weights) for w in weights])


@given(st.floats(0.3, 40), st.integers(2, 60))
def test_soft_targets_are_probabilities_that_peak_on_their_bin(sigma: float, bins: int):
    targets = coordinate_targets(sigma, bins)
    assert targets.sum(dim=1).tolist() == pytest.approx([1.0] * bins, abs=1e-5)
    assert targets.argmax(dim=1).tolist() == list(range(bins))


def test_the_gradient_reaches_every_label_once():
    logits = torch.zeros(2, 5, requires_grad=True)
    bins = torch.tensor([-1, 1, -1, 0, 2])
    token_losses(logits, torch.tensor([0, 1]), bins, torch.tensor([3, 1, 4]), coordinate_targets(0, 3)).sum().backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([-0.8, 0.2, 0.2, 0.2, 0.2])
    assert logits.grad[1].tolist() == pytest.approx([0.2, -0.8, 0.2, 0.2, 0.2])


# ---- boxes


def test_coordinate_logits_spell_their_mean_box():
    """All weight on one bin is that coordinate; half on 0.2 and half on 0.4 is 0.3."""
    logits = torch.full((4, 11), -100.0)
    for row, bins in enumerate([(1,), (2, 4), (5,), (10,)]):
        logits[row, list(bins)] = 0.0
    assert expected_boxes(logits, torch.arange(11))[0].tolist() == pytest.approx([0.1, 0.3, 0.5, 1.0], abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], 1.0),
        ([0, 0, 1, 1], [1, 0, 2, 1], 0.0),  # they touch: no overlap, and the hull is full
        ([0, 0, 1, 1], [2, 0, 3, 1], -1 / 3),  # hull 3, union 2
        ([0, 0, 2, 2], [1, 1, 3, 3], 1 / 7 - 2 / 9),  # overlap 1, union 7, hull 9
        ([0, 0, 4, 4], [1, 1, 3, 3], 4 / 16),  # one inside the other: GIoU is IoU
    ],
)
def test_giou_by_hand(a: list[float], b: list[float], expected: float):
    assert giou(torch.tensor([a]).float(), torch.tensor([b]).float()).item() == pytest.approx(expected, abs=1e-6)


@given(boxes_on_the_image, boxes_on_the_image)
def test_giou_is_iou_less_the_empty_share_of_the_hull(a: NormalizedBox, b: NormalizedBox):
    x0, y0 = min(a.x, b.x), min(a.y, b.y)
    hull = (max(a.x + a.w, b.x + b.w) - x0) * (max(a.y + a.h, b.y + b.h) - y0)
    overlap = iou(a, b)
    union = (a.area + b.area) / (1 + overlap)
    expected = overlap - (hull - union) / hull
    both = giou(torch.tensor([corners(a), corners(b)]), torch.tensor([corners(b), corners(a)]))
    assert both.tolist() == pytest.approx([expected] * 2, abs=1e-4)
    assert -1 <= both[0] <= overlap + 1e-5


# ---- what a box covers, and the attention on it


def test_a_box_of_half_a_cell_covers_half_of_it():
    shares = box_share(torch.tensor([[0.5, 0.0, 0.25, 0.5], [0.25, 0.25, 0.5, 0.5]]), (2, 2))
    assert shares.tolist() == [[0, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]]


@given(boxes_on_the_image, st.integers(1, 9), st.integers(1, 9))
def test_the_covered_cells_add_up_to_the_boxs_area(box: NormalizedBox, rows: int, columns: int):
    share = box_share(torch.tensor([[box.x, box.y, box.w, box.h]], dtype=torch.float64), (rows, columns))
    assert share.sum().item() == pytest.approx(box.area * rows * columns, rel=1e-5)
    assert share.min() >= 0 and share.max() <= 1


def test_all_attention_on_the_box_costs_nothing_and_half_of_it_the_logarithm_of_two():
    rows = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.5, 0.0]])
    share = torch.tensor([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    assert attention_on_box(rows, share).tolist() == pytest.approx([0.0, math.log(2)])


def test_a_stone_in_a_corner_of_one_cell_can_be_looked_at_fully():
    assert attention_on_box(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 0.04]])).item() == pytest.approx(0.0)


def test_no_attention_on_the_box_has_a_finite_cost():
    assert attention_on_box(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])).item() == pytest.approx(12.0)


def test_the_largest_value_of_each_image():
    values = torch.tensor([[0.1, 0.9], [0.5, 0.2], [0.3, 0.3]])
    assert largest_per_image(values, torch.tensor([0, 0, 2]), 3).flatten().tolist() == pytest.approx(
        [0.5, 0.9, 0.0, 0.0, 0.3, 0.3]
    )


# ---- heat and box of each cell

BOX = torch.tensor([[0.25, 0.25, 0.5, 0.5]])
OWNER = torch.tensor([0])


def perfect(boxes, grid):
    """Heat and distances that say exactly where one box is."""
    rows, columns = grid
    y, x = torch.meshgrid((torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij")
    at = torch.stack([x.flatten(), y.flatten()], dim=1)
    low, high = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    center = ((low + high) / 2)[0]
    holder = int(center[1] * rows) * columns + int(center[0] * columns)
    heat = torch.full((1, rows * columns), -20.0)
    heat[0, holder] = 20.0
    return heat, torch.cat([at - low, high - at], dim=1)[None]


def test_a_perfect_prediction_costs_next_to_nothing():
    heat, distances = perfect(BOX, (4, 4))
    assert dense_loss(heat, distances, BOX, OWNER, (4, 4)).item() == pytest.approx(0.0, abs=1e-5)


def test_each_flaw_costs():
    heat, distances = perfect(BOX, (4, 4))
    for worse in [(-heat, distances), (torch.zeros_like(heat), distances), (heat, distances * 1.5), (heat, -distances)]:
        assert dense_loss(*worse, BOX, OWNER, (4, 4)).item() > 0.1


def test_a_box_of_half_the_size_by_hand():
    """One cell, box 0..1, predicted 0.25..0.75: GIoU 1/4, each edge off by 1/4: 3/4 + 1/2 * 1/4."""
    box, quarter = torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.full((1, 1, 4), 0.25)
    loss = dense_loss(torch.tensor([[30.0]]), quarter, box, OWNER, (1, 1))
    assert loss.item() == pytest.approx(0.75 + 0.125, abs=1e-5)


def test_the_loss_of_two_images_is_the_sum_of_theirs():
    torch.manual_seed(2)
    heat, distances = torch.randn(2, 16), torch.rand(2, 16, 4)
    boxes = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.4, 0.1]])
    both = dense_loss(heat, distances, boxes, torch.tensor([0, 1]), (4, 4))
    each = [dense_loss(heat[i : i + 1], distances[i : i + 1], boxes[i : i + 1], OWNER, (4, 4)) for i in (0, 1)]
    assert both.item() == pytest.approx(sum(e.item() for e in each), rel=1e-5)
