"""PPO's arithmetic: worked by hand, against a second implementation, and by its properties."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from umed_core.training.ppo_math import (
    chosen_logprobs,
    combined_advantages,
    gae,
    masked_whiten,
    ppo_loss,
    terminal_rewards,
)

NONE = torch.zeros(0, dtype=torch.long)
MASK = torch.tensor([[True, True, True], [True, False, False]])


def test_gae_by_hand():
    """gamma .5, lambda .5, values 1 2, rewards 0 4: d1 = 4 - 2 = 2; d0 = 0 + .5*2 - 1 = 0; A0 = 0 + .25*2 = .5."""
    advantages, returns = gae(
        torch.tensor([[0.0, 4.0]]), torch.tensor([[1.0, 2.0]]), torch.tensor([[True, True]]), 0.5, 0.5
    )
    torch.testing.assert_close(advantages, torch.tensor([[0.5, 2.0]]))
    torch.testing.assert_close(returns, torch.tensor([[1.5, 4.0]]))


def test_with_lambda_one_the_return_is_the_discounted_sum_whatever_the_values():
    rewards = torch.tensor([[1.0, 0.0, 2.0]])
    _, returns = gae(rewards, torch.randn(1, 3), torch.ones(1, 3, dtype=torch.bool), 0.9, 1.0)
    torch.testing.assert_close(returns, torch.tensor([[1 + 0.81 * 2, 0.9 * 2, 2.0]]))


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_gae_is_the_sum_of_discounted_errors_and_padding_changes_nothing(seed: int, gamma: float, lam: float):
    generator = torch.Generator().manual_seed(seed)
    rewards, values = (torch.randn(1, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    full = torch.ones(1, 5, dtype=torch.bool)
    advantages, _ = gae(rewards, values, full, gamma, lam)
    following = torch.cat([values[0, 1:], values.new_zeros(1)])
    errors = rewards[0] + gamma * following - values[0]
    for t in range(5):
        expected = sum((gamma * lam) ** k * errors[t + k] for k in range(5 - t))
        assert advantages[0, t].item() == pytest.approx(float(expected), abs=1e-9)
    junk = torch.full((1, 2), 99.0, dtype=torch.float64)
    longer = torch.cat([full, torch.zeros(1, 2, dtype=torch.bool)], dim=1)
    padded, _ = gae(torch.cat([rewards, junk], 1), torch.cat([values, junk], 1), longer, gamma, lam)
    torch.testing.assert_close(padded[:, :5], advantages)
    assert (padded[:, 5:] == 0).all()


def test_the_score_is_paid_at_the_last_token_and_kl_at_every_one():
    rewards = terminal_rewards(torch.tensor([1.0, 2.0]), torch.full((2, 3), -1.0), torch.full((2, 3), -1.5), MASK, 0.1)
    torch.testing.assert_close(rewards, torch.tensor([[-0.05, -0.05, 0.95], [1.95, 0.0, 0.0]]))


def test_an_answer_without_a_token_is_paid_nothing():
    nothing = torch.zeros(1, 2, dtype=torch.bool)
    assert (terminal_rewards(torch.ones(1), torch.zeros(1, 2), torch.zeros(1, 2), nothing, 0.1) == 0).all()


def test_whitened_values_have_mean_0_and_variance_1_over_the_mask():
    whitened = masked_whiten(torch.tensor([[1.0, 2.0, 3.0], [6.0, 50.0, 50.0]]), MASK)
    chosen = whitened[MASK]
    assert chosen.mean().item() == pytest.approx(0, abs=1e-6)
    assert (chosen**2).mean().item() == pytest.approx(1, abs=1e-5)
    assert (whitened[~MASK] == 0).all()


def test_grounding_moves_every_token_of_a_candidate_by_what_it_has_above_the_mean():
    """c1 .5, g 2 and 0: mean 1, so +.5 and -.5; a constant g moves nothing."""
    flat = torch.zeros(2, 3)
    moved = combined_advantages(flat, torch.tensor([2.0, 0.0]), MASK, 0.5, "advantage")
    torch.testing.assert_close(moved, torch.tensor([[0.5, 0.5, 0.5], [-0.5, 0.0, 0.0]]))
    assert (combined_advantages(flat, torch.tensor([3.0, 3.0]), MASK, 0.5, "advantage") == 0).all()


def test_unwhitened_advantages_keep_the_unit_of_the_judges_scores():
    """A .2 and .1 over an answer of three tokens and one of one; c1 .5 on g 1 and 0 adds +.25 and -.25."""
    own = torch.tensor([[0.2, 0.2, 0.2], [0.1, 7.0, 7.0]])
    moved = combined_advantages(own, torch.tensor([1.0, 0.0]), MASK, 0.5, "advantage", whiten=False)
    torch.testing.assert_close(moved, torch.tensor([[0.45, 0.45, 0.45], [-0.15, 0.0, 0.0]]))
    paid_last = combined_advantages(own, torch.tensor([1.0, 0.0]), MASK, 0.5, "reward", whiten=False)
    torch.testing.assert_close(paid_last, own * MASK)


def loss_of(logprobs: torch.Tensor, advantages: torch.Tensor, **over: torch.Tensor):
    zeros = torch.zeros_like(advantages)
    mask = torch.ones_like(advantages, dtype=torch.bool)
    given_values = {"values": zeros, "old_values": zeros, "returns": zeros, "entropy": zeros} | over
    return ppo_loss(
        logprobs, zeros, advantages, given_values["values"], given_values["old_values"], given_values["returns"],
        given_values["entropy"], mask, clip_range=0.2, c2=0.5, c3=0.01,
    )  # fmt: skip


def test_the_clipped_objective_by_hand():
    """rho 1.5 with A 1 is clipped to 1.2; rho .5 with A -1 is clipped to .8: the loss is -(1.2 - .8) / 2."""
    logprobs = torch.tensor([[math.log(1.5), math.log(0.5)]])
    loss = loss_of(logprobs, torch.tensor([[1.0, -1.0]]))
    assert loss.policy == pytest.approx(-(1.2 - 0.8) / 2)
    assert loss.clip_share == 1.0
    assert loss.mean_ratio == pytest.approx(1.0)


def test_a_clipped_token_pushes_no_further():
    logprobs = torch.tensor([[math.log(1.5), 0.0]], requires_grad=True)
    loss_of(logprobs, torch.tensor([[1.0, 1.0]])).total.backward()
    torch.testing.assert_close(logprobs.grad, torch.tensor([[0.0, -0.5]]))


def test_value_and_entropy_terms_by_hand():
    """V 1 where the return is 0: the clipped value .2 has the smaller error, so 1 counts: .5 * 1; c2 halves it."""
    ones = torch.ones(1, 1)
    loss = loss_of(torch.zeros(1, 1), torch.zeros(1, 1), values=ones, entropy=2 * ones)
    assert loss.value == pytest.approx(0.5)
    assert loss.total.item() == pytest.approx(0.5 * 0.5 - 0.01 * 2)


def test_as_printed_the_combined_reward_has_no_gradient_through_sampling():
    """Eq. 11 adds c1 r_t to the objective: the gradient with and without it is the same number for number."""
    logprobs = torch.randn(2, 3, requires_grad=True)
    advantages = torch.randn(2, 3)
    rewards = torch.rand(2)
    gradients = []
    for c1 in (0.0, 0.5):
        objective = -loss_of(logprobs, advantages).total + c1 * rewards.mean()
        gradients.append(torch.autograd.grad(objective, logprobs)[0])
    assert torch.equal(*gradients)


def test_logprobs_and_entropy_equal_torch_s_own_in_blocks_and_backward():
    hidden = torch.randn(7, 5, requires_grad=True)
    head = torch.nn.Linear(5, 11)
    tokens = torch.randint(0, 11, (7,))
    logprobs, entropy = chosen_logprobs(hidden, head, tokens, 0.9, NONE, rows_at_once=3)
    law = torch.distributions.Categorical(logits=head(hidden) / 0.9)
    torch.testing.assert_close(logprobs, law.log_prob(tokens))
    torch.testing.assert_close(entropy, law.entropy())
    for wanted in (hidden, head.weight):
        ours = torch.autograd.grad(logprobs.sum() + entropy.sum(), wanted, retain_graph=True)[0]
        theirs = torch.autograd.grad(law.log_prob(tokens).sum() + law.entropy().sum(), wanted, retain_graph=True)[0]
        torch.testing.assert_close(ours, theirs)


def test_a_suppressed_token_has_no_share_and_spoils_no_entropy():
    logits = torch.zeros(1, 3, requires_grad=True)
    logprobs, entropy = chosen_logprobs(logits, torch.nn.Identity(), torch.tensor([0]), 1.0, torch.tensor([2]))
    assert logprobs.item() == pytest.approx(math.log(1 / 2))
    assert entropy.item() == pytest.approx(math.log(2))
    (logprobs + entropy).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_no_token_at_all_is_no_error():
    logprobs, entropy = chosen_logprobs(
        torch.zeros(0, 3), torch.nn.Identity(), torch.zeros(0, dtype=torch.long), 1.0, NONE
    )
    assert logprobs.shape == entropy.shape == (0,)
