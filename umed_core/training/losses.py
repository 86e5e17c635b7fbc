"""Stage 1's losses: cross-entropy on the response (Eq. 1-2), and the four parts that umed-mini's recipe adds.

All are sums or means over what they are given; the loop divides by the counts of the whole batch, so that gradient
accumulation equals one large batch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from umed_core.vlm.medvint.connector import cell_centers

__all__ = [
    "attention_on_box",
    "box_share",
    "center_bell",
    "coordinate_targets",
    "dense_loss",
    "expected_boxes",
    "giou",
    "largest_per_image",
    "token_losses",
]


def coordinate_targets(sigma: float, bins: int = 1001) -> Tensor:
    """Soft targets, (bins, bins): row k is a Gaussian of width `sigma` bins around bin k, summing to 1."""
    index = torch.arange(bins, dtype=torch.float32)
    if sigma <= 0:
        return torch.eye(bins)
    return functional.softmax(-((index[None, :] - index[:, None]) ** 2) / (2 * sigma**2), dim=-1)


def token_losses(logits: Tensor, labels: Tensor, bin_of: Tensor, coordinate_ids: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of each labelled token, with soft targets on coordinate tokens.

    Shapes: logits (N, V), labels (N,); bin_of (V,) the coordinate bin that a token spells or -1; coordinate_ids
        (1001,); targets (1001, 1001) -> (N,).
    Source: Eq. 1-2.
    """
    logp = functional.log_softmax(logits.float(), dim=-1)
    losses = -logp.gather(1, labels[:, None]).squeeze(1)
    bins = bin_of[labels]
    spelt = bins >= 0
    if not bool(spelt.any()):
        return losses
    soft = -(targets[bins[spelt]] * logp[spelt][:, coordinate_ids]).sum(dim=-1)
    return losses.masked_scatter(spelt, soft)


def expected_boxes(logits: Tensor, coordinate_ids: Tensor) -> Tensor:
    """Mean coordinate under each token's distribution, in fours. Shapes: logits (4 N, V) -> (N, 4) xywh."""
    weights = functional.softmax(logits[:, coordinate_ids].float(), dim=-1)
    values = torch.linspace(0, 1, coordinate_ids.numel(), device=logits.device)
    return (weights @ values).view(-1, 4)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of corner boxes, -1..1. Shapes: (N, 4) x0, y0, x1, y1 -> (N,). Source: Rezatofighi et al. 2019."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    overlap = (high - low).clamp(min=0).prod(dim=1)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=1e-6).prod(dim=1)
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(dim=1) for box in (a, b)]
    union = (areas[0] + areas[1] - overlap).clamp(min=1e-6)
    return overlap / union - (hull - union) / hull


def dense_loss(heat: Tensor, distances: Tensor, boxes: Tensor, owners: Tensor, grid: tuple[int, int]) -> Tensor:
    """Penalty-reduced focal loss on the heat map plus GIoU and relative L1 near the centres; a sum over true boxes.

    Shapes: heat (B, P), distances (B, P, 4), boxes (N, 4) xywh in 0..1, owners (N,) index of each box's image.
    Source: CenterNet (Zhou et al. 2019) for the heat map, FCOS (Tian et al. 2019) for the distances.
    """
    rows, columns = grid
    y, x = torch.meshgrid((torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij")
    cell_x, cell_y = x.reshape(1, -1).to(heat.device), y.reshape(1, -1).to(heat.device)
    center = boxes[:, :2] + boxes[:, 2:] / 2
    bell = center_bell(boxes, grid)
    holder = (center[:, 1] * rows).long().clamp(0, rows - 1) * columns + (center[:, 0] * columns).long().clamp(
        0, columns - 1
    )
    target = largest_per_image(bell, owners, len(heat))
    positive = torch.zeros_like(heat, dtype=torch.bool)
    positive[owners, holder] = True
    p = torch.sigmoid(heat)
    log_p, log_not = functional.logsigmoid(heat), functional.logsigmoid(-heat)
    focal = torch.where(positive, -((1 - p) ** 2) * log_p, -((1 - target) ** 4) * p**2 * log_not).sum()
    # Box terms at the cells near each centre, weighted by the bell.
    weight = bell * (bell > 0.1)
    weight[torch.arange(len(boxes)), holder] = 1.0
    box_index, cell_index = weight.nonzero(as_tuple=True)
    weight = weight[box_index, cell_index]
    weight = weight / torch.zeros(len(boxes), device=heat.device).index_add_(0, box_index, weight)[box_index]
    near = distances[owners[box_index], cell_index]
    at = torch.stack([cell_x[0, cell_index], cell_y[0, cell_index]], dim=1)
    predicted = torch.cat([at - near[:, :2], at + near[:, 2:]], dim=1)
    true = torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)[box_index]
    size = (true[:, 2:] - true[:, :2]).clamp(min=0.01).repeat(1, 2)
    relative = ((predicted - true).abs() / size).mean(dim=1).clamp(max=10)
    return focal + (weight * (1 - giou(predicted, true) + 0.5 * relative)).sum()


def center_bell(boxes: Tensor, grid: tuple[int, int]) -> Tensor:
    """A Gaussian over the cells around each box's centre, 1 at the centre, a sixth of the box wide but at least half a
    cell. Shapes: boxes (N, 4) xywh in 0..1 -> (N, P) row-major."""
    rows, columns = grid
    center = boxes[:, :2] + boxes[:, 2:] / 2
    # A box narrower than a cell still heats the cell that holds its centre.
    spread = torch.maximum(boxes[:, 2:] / 6, torch.tensor([0.5 / columns, 0.5 / rows], device=boxes.device))
    offset = (cell_centers(rows, columns, boxes.device)[None] - center[:, None]) / spread[:, None]
    return torch.exp(-0.5 * (offset**2).sum(dim=-1))


def box_share(boxes: Tensor, grid: tuple[int, int]) -> Tensor:
    """Covered fraction of each cell of the grid, 0..1. Shapes: boxes (N, 4) xywh in 0..1 -> (N, P) row-major."""
    rows, columns = grid
    x0 = torch.arange(columns, device=boxes.device) / columns
    y0 = torch.arange(rows, device=boxes.device) / rows
    across = torch.minimum(boxes[:, None, 0] + boxes[:, None, 2], x0 + 1 / columns) - torch.maximum(
        boxes[:, None, 0], x0
    )
    down = torch.minimum(boxes[:, None, 1] + boxes[:, None, 3], y0 + 1 / rows) - torch.maximum(boxes[:, None, 1], y0)
    covered = (down.clamp(min=0) * rows)[:, :, None] * (across.clamp(min=0) * columns)[:, None, :]
    return covered.flatten(1).clamp(max=1)


def largest_per_image(values: Tensor, owners: Tensor, images: int) -> Tensor:
    """Element-wise maximum of the rows that belong to each image, 0 where none does. Shapes: (N, P), (N,) -> (images, P)."""
    largest = values.new_zeros(images, values.shape[1])
    for row, owner in zip(values, owners.tolist(), strict=True):
        largest[owner] = torch.maximum(largest[owner], row)
    return largest


def attention_on_box(rows: Tensor, share: Tensor) -> Tensor:
    """-log of the attention that each token puts on its box, relative to what a box of that coverage can hold.

    Shapes: rows (N, P) attention on the image's cells, summing to at most 1; share (N, P) covered fractions or a bell
        around the box's centre -> (N,).
    A stone covers a small part of one cell; its coverage is scaled so that the fullest cell counts as 1.
    Source: Eq. 9's direct gradient, denominator `all_keys` where the rows come from a softmax over all keys.
    """
    scaled = share / share.amax(dim=1, keepdim=True).clamp(min=1e-6)
    return -torch.log((rows * scaled).sum(dim=1).clamp(min=math.exp(-12)))
