"""Everything a run needs to go on as if it had never stopped, in safetensors and JSON, never pickle.

model.safetensors       trainable weights of the model and of the training-only heads
optimizer.safetensors   Adam's moments, one entry a parameter
state.json              step, scheduler

No generator's state: every draw of training is a pure function of the seed and of what it is for. So a run may go on in
another number of processes, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from umed_core.errors import TrainingError
from umed_core.training.sharding import in_parts, whole

__all__ = [
    "Snapshot",
    "TrainingState",
    "load_checkpoint",
    "put_weights",
    "save_checkpoint",
    "snapshot",
    "writing_tensors",
]


@dataclass(frozen=True)
class TrainingState:
    """Where a run stands: updates done."""

    step: int


@dataclass(frozen=True)
class Snapshot:
    """What an update changes: trainable weights by `module/name`, Adam's moments by `module/name/moment`."""

    weights: dict[str, Tensor]
    moments: dict[str, Tensor]


@contextmanager
def writing_tensors() -> Iterator[None]:
    """safetensors has an error of its own for a full disk. Raises: OSError."""
    try:
        yield
    except SafetensorError as problem:
        raise OSError(str(problem)) from problem


def snapshot(modules: Mapping[str, nn.Module], optimizer: Optimizer) -> Snapshot:
    """The run as it stands. Of a model in parts every process must take it."""
    own = _parameters(modules)
    names = {id(parameter): name for name, parameter in own.items()}
    moments: dict[str, Tensor] = {}
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            moments[f"{names[id(parameter)]}/{key}"] = whole(torch.as_tensor(value).detach()).contiguous()
    return Snapshot({name: whole(p.detach()).contiguous() for name, p in own.items()}, moments)


def save_checkpoint(folder: Path, state: Snapshot, scheduler: Any, at: TrainingState) -> None:
    """Writes the three files into `folder`, which must exist. Raises: OSError."""
    with writing_tensors():
        save_file(state.weights, folder / "model.safetensors")
        save_file(state.moments, folder / "optimizer.safetensors")
    written = {"step": at.step, "scheduler": scheduler.state_dict()}
    (folder / "state.json").write_text(json.dumps(written, default=float), encoding="utf-8")


def load_checkpoint(
    folder: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer, scheduler: Any
) -> TrainingState:
    """Puts the run back where `save_checkpoint` left it.

    Raises: TrainingError when a file is damaged or the parameters differ.
    """
    try:
        weights, moments = (load_file(folder / f"{name}.safetensors") for name in ("model", "optimizer"))
        written = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        step = int(written["step"])
    except (OSError, SafetensorError, ValueError, KeyError) as problem:
        raise TrainingError(
            f"{folder} is damaged: {problem}.", "Remove that folder: the run goes on from the checkpoint before it."
        ) from problem
    own = _parameters(modules)
    if weights.keys() != own.keys():
        odd = sorted(weights.keys() ^ own.keys())[:3]
        raise TrainingError(
            f"{folder} holds other parameters than this model ({', '.join(odd)}, ...).",
            "Resume with the recipe that made it.",
        )
    put_weights(modules, weights)
    entries: dict[str, dict[str, Tensor]] = {}
    for key, value in moments.items():
        name, _, moment = key.rpartition("/")
        entries.setdefault(name, {})[moment] = value
    for name, parameter in own.items():
        if name in entries:
            # Adam's counter stays on the CPU, where it costs no synchronisation.
            optimizer.state[parameter] = {
                moment: value if moment == "step" else in_parts(value, parameter)
                for moment, value in entries[name].items()
            }
    scheduler.load_state_dict(written["scheduler"])
    # The scheduler sets the optimiser's rates only when it steps; the next update needs them before that.
    for group, rate in zip(optimizer.param_groups, scheduler.get_last_lr(), strict=True):
        group["lr"] = rate
    return TrainingState(step)


@torch.no_grad()
def put_weights(modules: Mapping[str, nn.Module], weights: Mapping[str, Tensor]) -> None:
    """Gives the trainable parameters the values that a snapshot of the same modules holds."""
    for name, parameter in _parameters(modules).items():
        parameter.copy_(in_parts(weights[name], parameter))


def _parameters(modules: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    """Trainable parameters by `module/name`; tied weights once."""
    return {
        f"{prefix}/{name}": parameter
        for prefix, module in modules.items()
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
    }
