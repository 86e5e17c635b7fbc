"""Abnormal-aware rewards as pure functions: localisation (Eq. 8), vision relevance (Eq. 9), and their sum (Eq. 10).

The judge's relevance reward is in `judges`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from umed_core.geometry import NormalizedBox, mean_matched_iou
from umed_core.prompts import BOX_START, parse_boxes
from umed_core.records import Finding

__all__ = ["Denominator", "grounding", "localisation", "over_maximum", "vision_relevance"]

Denominator: TypeAlias = Literal["image", "all_keys", "printed"]
"""Of Eq. 9: attention on all image patches (ours), on everything the token sees, or on the box itself, as printed."""


def localisation(answers: Sequence[str], findings: Sequence[Finding]) -> Tensor:
    """IoU of the answer's boxes with the true ones, in 0..1; several boxes: mean of the best one-to-one match.

    No box, or none that can be read: 0. Boxes on either side without a partner count 0; so does any box where none is true,
    readable or only begun, while no box where none is true is right and counts 1. Shapes: K answers -> (K,). Source: Eq. 8.
    """
    truths = [finding.box for finding in findings]
    return torch.tensor([_agreement(answer, truths) for answer in answers], dtype=torch.float32)


def vision_relevance(
    rows: Tensor, box_share: Tensor, class_tokens: Tensor, denominator: Denominator = "image"
) -> Tensor:
    """Share of image attention that the class tokens put on the true box, mean over those tokens; differentiable.

    Shapes: rows (K, T, P) attention of T response tokens on P image patches, mean over heads and layers (for `all_keys`:
        of a softmax over all keys); box_share (P,) covered fraction of each patch, 0..1; class_tokens (K, T) bool.
    Returns: (K,) in 0..1; 0 where a response has no class token. `printed`: the number of class tokens.
    Source: Eq. 9, with the denominator over all image patches (as printed it is constant: see METHOD.md).
    """
    count = class_tokens.sum(dim=1)
    if denominator == "printed":
        return count.to(rows.dtype)
    on_box = (rows * box_share).sum(dim=-1)
    share = on_box if denominator == "all_keys" else on_box / rows.sum(dim=-1).clamp(min=torch.finfo(rows.dtype).tiny)
    # where, not a product: a row outside the mask may hold anything, and nan * 0 is nan, backward too.
    return torch.where(class_tokens, share, 0.0).sum(dim=1) / count.clamp(min=1)


def over_maximum(rewards: Tensor, floor: float = 0.0) -> Tensor:
    """Each candidate's reward over the largest of its query; 0 where that is 0.

    `floor` is the least denominator: above 0, a query whose best box has IoU .01 does not pay 1. Shapes: (K,) -> (K,).
    Source: Eq. 10.
    """
    highest = rewards.max().clamp(min=floor)
    return torch.where(highest > 0, rewards / highest.clamp(min=torch.finfo(rewards.dtype).tiny), 0.0)


def grounding(r_loc: Tensor, r_att: Tensor, floor: float = 0.0) -> Tensor:
    """g = r_loc / max + r_att / max over a query's candidates, in 0..2. Shapes: (K,), (K,) -> (K,). Source: Eq. 10."""
    return over_maximum(r_loc, floor) + over_maximum(r_att, floor)


def _agreement(answer: str, truths: Sequence[NormalizedBox]) -> float:
    if not truths:
        return 0.0 if BOX_START in answer else 1.0  # a box that cannot be read claims a finding as well
    written = [parsed.box for parsed in parse_boxes(answer)]
    return mean_matched_iou(written, truths) if written else 0.0
