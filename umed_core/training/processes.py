"""Several processes as one: sums over all of them of counts, of losses and of gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from accelerate import Accelerator
from torch import nn

__all__ = ["sum_gradients", "summed"]


def summed(values: Mapping[str, float], accelerator: Accelerator) -> dict[str, float]:
    """Each value added up over the processes, which must all give the same names."""
    if accelerator.num_processes == 1:
        return dict(values)
    packed = torch.tensor(list(values.values()), dtype=torch.float64, device=accelerator.device)
    return dict(zip(values, accelerator.reduce(packed, "sum").tolist(), strict=True))


def sum_gradients(parameters: Iterable[nn.Parameter], accelerator: Accelerator) -> None:
    """Adds up what each process has gathered in `grad`, once an update.

    The sum, not DistributedDataParallel's mean: each process has divided its losses by the counts of the whole batch.
    A parameter without gradient in every process keeps none, so that the optimiser passes it over as with one process.
    """
    if accelerator.num_processes == 1:
        return
    own = [parameter for parameter in parameters if parameter.requires_grad]
    held = torch.tensor([float(p.grad is not None) for p in own], device=accelerator.device)
    for parameter, holders in zip(own, accelerator.reduce(held, "sum").tolist(), strict=True):
        if holders:
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = accelerator.reduce(gradient, "sum")
