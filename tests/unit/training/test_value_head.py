"""The critic: silent at first, able to learn, and never a weight on the policy."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")

from umed_core.training.value_head import ValueHead


def test_the_critic_says_nothing_at_first_and_never_moves_the_policy():
    head = ValueHead(8, 4)
    states = torch.randn(2, 3, 8, requires_grad=True)
    assert head(states).shape == (2, 3) and (head(states) == 0).all()
    head(states).sum().backward()
    assert states.grad is None and head.tell.bias.grad.item() == 6
    assert head(states.bfloat16()).dtype == torch.float32


def test_a_critic_learns_a_value_that_the_state_tells():
    torch.manual_seed(0)
    head, states = ValueHead(8, 16), torch.randn(64, 8)
    wanted = torch.sign(states[:, 0])
    optimizer = torch.optim.Adam(head.parameters(), 1e-2)
    for _ in range(200):
        optimizer.zero_grad()
        loss = (head(states) - wanted).square().mean()
        loss.backward()
        optimizer.step()
    assert loss < 0.2
