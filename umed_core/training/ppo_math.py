"""PPO's arithmetic, pure and batched over candidates: from rewards to advantages, from advantages to the loss.

Shapes throughout: (K, T) for K candidate answers of at most T tokens; `mask` (K, T) is True from an answer's first token
through its first end token. Sources: Schulman et al. 2017 (PPO), 2016 (GAE); the paper's Eq. 5-7 and 11 as METHOD.md
reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

__all__ = [
    "PpoLoss",
    "RewardPath",
    "chosen_logprobs",
    "combined_advantages",
    "gae",
    "masked_mean",
    "masked_whiten",
    "ppo_loss",
    "terminal_rewards",
]

RewardPath: TypeAlias = Literal["advantage", "reward", "printed"]
"""How the grounding rewards g reach theta: added to the advantage of every response token (ours), paid at the last token
(then GAE), or as a constant in the objective, where they have no gradient (Eq. 11 as printed)."""


@dataclass(frozen=True)
class PpoLoss:
    """`total` carries the gradient; the rest are numbers for the log."""

    total: Tensor
    policy: float
    value: float
    entropy: float
    clip_share: float
    approximate_kl: float
    mean_ratio: float


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens of the mask; 0 where the mask is empty. Shapes: (K, T), (K, T) -> ()."""
    return (values * mask).sum() / mask.sum().clamp(min=1)


def masked_whiten(values: Tensor, mask: Tensor, epsilon: float = 1e-8) -> Tensor:
    """Zero mean and unit variance over the mask, 0 outside it. Fewer than two tokens are only centred."""
    centred = (values - masked_mean(values, mask)) * mask
    if int(mask.sum()) < 2:
        return centred
    return centred * torch.rsqrt(masked_mean(centred**2, mask) + epsilon)


def chosen_logprobs(
    hidden: Tensor,
    head: Callable[[Tensor], Tensor],
    tokens: Tensor,
    temperature: float,
    suppressed: Tensor,
    rows_at_once: int = 1024,
) -> tuple[Tensor, Tensor]:
    """Log-probability of each chosen token and the entropy of its distribution, both differentiable, in fp32.

    The distribution is the sampler's: `head`'s logits over `temperature`, the `suppressed` token ids left out. Blocks of
    rows go through the head and are recomputed backward, so no (N, V) logits are ever kept.
    Shapes: hidden (N, D), tokens (N,), suppressed (S,) ids -> (N,), (N,).
    """
    empty = hidden.new_zeros(0, dtype=torch.float32)
    logprobs, entropies = [empty], [empty]
    for rows, chosen in zip(hidden.split(rows_at_once), tokens.split(rows_at_once), strict=True):
        one, other = checkpoint(_block_logprobs, rows, head, chosen, temperature, suppressed, use_reentrant=False)
        logprobs.append(one)
        entropies.append(other)
    return torch.cat(logprobs), torch.cat(entropies)


def _block_logprobs(
    hidden: Tensor, head: Callable[[Tensor], Tensor], tokens: Tensor, temperature: float, suppressed: Tensor
) -> tuple[Tensor, Tensor]:
    logits = head(hidden).float() / temperature
    logp = functional.log_softmax(logits.index_fill(1, suppressed, float("-inf")), dim=-1)
    # A suppressed token has probability 0, and p log p is 0 there, not nan.
    entropy = -(logp.exp() * logp.masked_fill(logp == float("-inf"), 0.0)).sum(dim=-1)
    return logp.gather(1, tokens[:, None]).squeeze(1), entropy


def terminal_rewards(scores: Tensor, logprobs: Tensor, ref_logprobs: Tensor, mask: Tensor, kl_coef: float) -> Tensor:
    """-kl_coef (logp - logp_ref) at every response token, plus the answer's score at its last one.

    Shapes: scores (K,), logprobs and ref_logprobs (K, T) -> (K, T). An answer without a token gets nothing.
    """
    rewards = -kl_coef * (logprobs - ref_logprobs) * mask
    return rewards + scores[:, None] * _last_token(mask)


def gae(rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, gae_lambda: float) -> tuple[Tensor, Tensor]:
    """Advantages and returns, 0 outside the mask; the value after an answer's last token is 0.

    Shapes: (K, T) each -> (K, T), (K, T). Source: Schulman et al. 2016, Eq. 16; the paper's Q = r + gamma V(s') (Eq. 5-7).
    """
    mask_f = mask.to(values.dtype)
    values = values * mask_f
    advantages = torch.zeros_like(values)
    carried = torch.zeros_like(values[:, 0])
    following = torch.zeros_like(carried)
    for t in range(values.shape[1] - 1, -1, -1):
        error = rewards[:, t] + gamma * following - values[:, t]
        carried = (error + gamma * gae_lambda * carried) * mask_f[:, t]
        advantages[:, t] = carried
        following = values[:, t]
    return advantages, advantages + values


def combined_advantages(
    advantages: Tensor, grounding: Tensor, mask: Tensor, c1: float, path: RewardPath, whiten: bool = True
) -> Tensor:
    """A~ = A + c1 (g - mean of g over the candidates), on every response token, for `advantage`; else A.

    A is whitened over the mask, or left in the rewards' own unit, where c1 weighs like with like.
    Shapes: advantages (K, T), grounding (K,) -> (K, T). For `reward`, g is in the rewards already (see terminal_rewards).
    Source: Eq. 11, read as METHOD.md says.
    """
    own = masked_whiten(advantages, mask) if whiten else advantages * mask
    if path != "advantage":
        return own
    return own + c1 * (grounding - grounding.mean())[:, None] * mask


def ppo_loss(
    logprobs: Tensor, old_logprobs: Tensor, advantages: Tensor, values: Tensor, old_values: Tensor, returns: Tensor,
    entropy: Tensor, mask: Tensor, *, clip_range: float, c2: float, c3: float,
) -> PpoLoss:  # fmt: skip
    """-mean(min(rho A, clip(rho) A)) + c2/2 mean((V - R)^2, clipped) - c3 mean entropy, means over the mask.

    Shapes: all (K, T). Source: Eq. 11 without the combined reward, which is in `advantages`; Schulman et al. 2017, Eq. 7, 9.
    """
    difference = (logprobs - old_logprobs) * mask
    ratio = difference.exp()
    clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
    policy = -masked_mean(torch.minimum(ratio * advantages, clipped * advantages), mask)
    near = old_values + (values - old_values).clamp(-clip_range, clip_range)
    value = 0.5 * masked_mean(torch.maximum((values - returns) ** 2, (near - returns) ** 2), mask)
    spread = masked_mean(entropy, mask)
    with torch.no_grad():
        clip_share = masked_mean(((ratio - 1).abs() > clip_range).float(), mask).item()
        approximate_kl = masked_mean(ratio - 1 - difference, mask).item()  # Schulman's k3: never negative
        mean_ratio = masked_mean(ratio, mask).item()
    total = policy + c2 * value - c3 * spread
    return PpoLoss(total, policy.item(), value.item(), spread.item(), clip_share, approximate_kl, mean_ratio)


def _last_token(mask: Tensor) -> Tensor:
    """1.0 at each answer's last token, (K, T); all zeros for an answer without one."""
    after = functional.pad(mask[:, 1:], (0, 1), value=False)
    return (mask & ~after).to(torch.float32)
