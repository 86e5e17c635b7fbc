"""The critic: what relevance is still to come, read from the policy's last hidden state at each response token.

It stands beside the policy and not on it: states come detached, so that learning values never moves the policy, and it
computes in fp32 whatever the policy's precision.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ValueHead"]


class ValueHead(nn.Module):
    """Two layers on the normalised state. It says 0 until its first update."""

    def __init__(self, hidden_size: int, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(hidden_size, width)
        self.tell = nn.Linear(width, 1)
        nn.init.zeros_(self.tell.weight)
        nn.init.zeros_(self.tell.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Shapes: hidden (..., D) in any precision -> (...) float32."""
        with torch.autocast(hidden.device.type, enabled=False):
            states = hidden.detach().float()
            # States of a language model are far from unit scale, each model's in its own way.
            return self.tell(functional.silu(self.read(functional.layer_norm(states, states.shape[-1:])))).squeeze(-1)
