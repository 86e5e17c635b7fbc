"""Several processes as one: sums over all of them of counts, of losses and of gradients, and a failure that all share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from umed_core.errors import ConfigError, UmedError, error_from_code

__all__ = ["highest", "open_accelerator", "sum_gradients", "summed", "together"]


def open_accelerator(precision: Literal["fp32", "bf16"]) -> Accelerator:
    """This process among those that a launcher started: on its GPU, or on the processor where there is none.

    Raises: ConfigError for more processes than GPUs, or where accelerate does not join those that were started.
    """
    launched, here = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if here > 1 and torch.accelerator.is_available() and here > torch.accelerator.device_count():
        raise ConfigError(
            f"{here} processes were started for {torch.accelerator.device_count()} GPUs.",
            "Give `accelerate launch` --num_processes with the number of GPUs.",
        )
    # Without a GPU accelerate joins the processes only when it is told so; each would be the first, and write.
    on_processor = launched > 1 and not torch.accelerator.is_available()
    accelerator = Accelerator(cpu=on_processor, mixed_precision="bf16" if precision == "bf16" else "no")
    if accelerator.num_processes != launched:
        raise ConfigError(
            f"{launched} processes were started, and accelerate joins {accelerator.num_processes}.",
            "Start them with `accelerate launch --config_file` and one of umed's two files: see docs/TRAINING.md.",
        )
    return accelerator


@contextmanager
def together(accelerator: Accelerator) -> Iterator[None]:
    """What fails inside the block in one process fails in all, with the words of the first that has any.

    Every process must enter, and nothing inside may wait for another. Raises: the UmedError.
    """
    if accelerator.num_processes == 1:
        yield
        return
    problem: UmedError | None = None
    try:
        yield
    except UmedError as caught:
        problem = caught
    told = gather_object([(problem.code, problem.message, problem.hint) if problem else None])
    for code, message, hint in filter(None, told):
        raise error_from_code(code, message, hint) from problem


def summed(values: Mapping[str, float], accelerator: Accelerator) -> dict[str, float]:
    """Each value added up over the processes, which must all give the same names."""
    if accelerator.num_processes == 1:
        return dict(values)
    packed = torch.tensor(list(values.values()), dtype=torch.float64, device=accelerator.device)
    return dict(zip(values, accelerator.reduce(packed, "sum").tolist(), strict=True))


def highest(values: Sequence[float], accelerator: Accelerator) -> float:
    """The largest of all processes' values, of which each has at least one; nan where one is."""
    own = torch.tensor(values, dtype=torch.float64, device=accelerator.device).max()
    return float(own if accelerator.num_processes == 1 else accelerator.gather(own[None]).max())


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
