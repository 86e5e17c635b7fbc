"""What one query brought before an update, and the figures of an update's experiences that METHOD.md asks to be logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from umed_core.prompts import parse_boxes
from umed_core.training.aar_batches import Query
from umed_core.training.rollout import Candidates, Vocabulary

__all__ = ["Experience", "of_all_processes", "reward_metrics", "value_metrics"]


@dataclass(frozen=True)
class Experience:
    """One query and its candidates, before the update. `query` is None where another process drew, and learns, them.

    Shapes: logprobs, ref_logprobs, values (K, T), 0 outside the mask; class_tokens (K, T) bool; rewards and grounding (K,).
    """

    query: Query | None
    candidates: Candidates
    texts: tuple[str, ...]
    class_tokens: Tensor
    logprobs: Tensor
    ref_logprobs: Tensor
    values: Tensor
    r_llm: Tensor
    r_loc: Tensor
    r_att: Tensor
    grounding: Tensor

    def paid(self, candidate: int) -> dict[str, float]:
        """The rewards of one candidate by name."""
        return {name: float(getattr(self, name)[candidate]) for name in ("r_llm", "r_loc", "r_att")}


def of_all_processes(experiences: Sequence[Experience], accelerator: Accelerator) -> list[Experience]:
    """The whole update's, in the order of its queries; images and prompts stay where they are."""
    if accelerator.num_processes == 1:
        return list(experiences)
    own, count = accelerator.process_index * len(experiences), len(experiences)
    told = gather_object([_on(replace(e, query=None), torch.device("cpu")) for e in experiences])
    told = [_on(e, accelerator.device) for e in told]
    return [*told[:own], *experiences, *told[own + count :]]


def reward_metrics(experiences: Sequence[Experience], vocabulary: Vocabulary) -> dict[str, float]:
    """Means over the update's candidates, and shares of its queries."""
    ended = [
        float(torch.isin(row[used], vocabulary.end_ids).any())
        for e in experiences
        for row, used in zip(e.candidates.tokens, e.candidates.mask, strict=True)
    ]
    log_ratio = torch.cat([(e.logprobs - e.ref_logprobs)[e.candidates.mask] for e in experiences])
    texts = [text for e in experiences for text in e.texts]
    return {
        **{name: _mean([getattr(e, name).mean() for e in experiences]) for name in ("r_llm", "r_loc", "r_att")},
        "grounding": _mean([e.grounding.mean() for e in experiences]),
        "zero_max_loc_share": _mean([e.r_loc.max() == 0 for e in experiences]),
        "zero_max_att_share": _mean([e.r_att.max() == 0 for e in experiences]),
        "zero_variance_share": _mean([_is_flat(e.grounding) and _is_flat(e.r_llm) for e in experiences]),
        "parsable_share": _mean([bool(parse_boxes(text)) for text in texts]),
        "class_tokens": _mean([e.class_tokens.sum(dim=1).float().mean() for e in experiences]),
        "answer_tokens": _mean([e.candidates.mask.sum(dim=1).float().mean() for e in experiences]),
        "ended_share": _mean(ended),
        "kl": float(log_ratio.mean()),
        # Schulman's k3 of the same KL: never negative, and less noisy.
        "kl_k3": float(((-log_ratio).exp() - 1 + log_ratio).mean()),
    }


def value_metrics(experiences: Sequence[Experience], returns: Sequence[Tensor]) -> dict[str, float]:
    """How well the critic foresaw the returns: 1 exactly, 0 no better than their mean."""
    wanted = torch.cat([one[e.candidates.mask] for one, e in zip(returns, experiences, strict=True)])
    told = torch.cat([e.values[e.candidates.mask] for e in experiences])
    spread = float(wanted.var(correction=0))
    unexplained = float((wanted - told).var(correction=0))
    return {
        "mean_return": float(wanted.mean()),
        "explained_variance": 1 - unexplained / spread if spread > 0 else 0.0,
    }


def _on(e: Experience, device: torch.device) -> Experience:
    """The experience with all its tensors on `device`."""
    tensors = {f.name: getattr(e, f.name).to(device) for f in fields(e) if isinstance(getattr(e, f.name), Tensor)}
    return replace(e, candidates=Candidates(e.candidates.tokens.to(device), e.candidates.mask.to(device)), **tensors)


def _is_flat(rewards: Tensor) -> bool:
    return bool(rewards.max() == rewards.min())


def _mean(values: Sequence[Tensor | float]) -> float:
    return sum(float(value) for value in values) / len(values)
