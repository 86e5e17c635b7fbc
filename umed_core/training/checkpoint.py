"""Everything a run needs to go on as if it had never stopped, in safetensors and JSON, never pickle.

model.safetensors       trainable weights of the model and of the training-only heads
optimizer.safetensors   Adam's moments, one entry a parameter
rng.safetensors         torch's generator states
state.json              step, scheduler
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

__all__ = ["TrainingState", "load_checkpoint", "save_checkpoint", "writing_tensors"]


@dataclass(frozen=True)
class TrainingState:
    """Where a run stands: updates done."""

    step: int


@contextmanager
def writing_tensors() -> Iterator[None]:
    """safetensors has an error of its own for a full disk. Raises: OSError."""
    try:
        yield
    except SafetensorError as problem:
        raise OSError(str(problem)) from problem


def save_checkpoint(
    folder: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer, scheduler: Any, state: TrainingState
) -> None:
    """Writes the four files into `folder`, which must exist. Raises: OSError."""
    own = _parameters(modules)
    names = {id(parameter): name for name, parameter in own.items()}
    moments: dict[str, Tensor] = {}
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            moments[f"{names[id(parameter)]}/{key}"] = torch.as_tensor(value).detach().contiguous()
    generators = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators |= {f"cuda{i}": s for i, s in enumerate(torch.cuda.get_rng_state_all())}
    with writing_tensors():
        save_file({name: p.detach().contiguous() for name, p in own.items()}, folder / "model.safetensors")
        save_file(moments, folder / "optimizer.safetensors")
        save_file(generators, folder / "rng.safetensors")
    written = {"step": state.step, "scheduler": scheduler.state_dict()}
    (folder / "state.json").write_text(json.dumps(written, default=float), encoding="utf-8")


def load_checkpoint(
    folder: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer, scheduler: Any
) -> TrainingState:
    """Puts the run back where `save_checkpoint` left it.

    Raises: TrainingError when a file is damaged or the parameters differ.
    """
    try:
        weights, moments, generators = (
            load_file(folder / f"{name}.safetensors") for name in ("model", "optimizer", "rng")
        )
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
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(weights[name])
    entries: dict[str, dict[str, Tensor]] = {}
    for key, value in moments.items():
        name, _, moment = key.rpartition("/")
        entries.setdefault(name, {})[moment] = value
    for name, parameter in own.items():
        if name in entries:
            # Adam's counter stays on the CPU, where it costs no synchronisation.
            optimizer.state[parameter] = {
                moment: value if moment == "step" else value.to(parameter.device)
                for moment, value in entries[name].items()
            }
    torch.set_rng_state(generators.pop("cpu"))
    if generators and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([generators[f"cuda{i}"] for i in range(len(generators))])
    scheduler.load_state_dict(written["scheduler"])
    # The scheduler sets the optimiser's rates only when it steps; the next update needs them before that.
    for group, rate in zip(optimizer.param_groups, scheduler.get_last_lr(), strict=True):
        group["lr"] = rate
    return TrainingState(step)


def _parameters(modules: Mapping[str, nn.Module]) -> dict[str, nn.Parameter]:
    """Trainable parameters by `module/name`; tied weights once."""
    return {
        f"{prefix}/{name}": parameter
        for prefix, module in modules.items()
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
    }
