"""Which models can be chosen, and what they take of this machine's memory. Free of Qt; slow to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from umed_core.errors import UmedError
from umed_core.vlm.memory import Device, estimate_memory
from umed_desktop.model_panel.machine import Machine, look_at_machine

__all__ = ["MemoryFigures", "ModelChoice", "ModelShelf", "WantedDevice", "choice_of", "figures_of", "look_at_models"]

WantedDevice: TypeAlias = Literal["auto", "cpu", "cuda"]
"""As the settings say it; "auto" is the GPU where there is one."""

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model folder, "" for the built-in one. `needed_mb` is what it will take (MiB, estimated from its files), None
    where that can't be told: `problem` then says why."""

    folder: str
    name: str
    needed_mb: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """What can be compared: `first` is the window's own model, `choices` are what may stand beside it, and `device` is
    where both would run."""

    first: ModelChoice
    choices: tuple[ModelChoice, ...]
    device: Device
    machine: Machine


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """In MiB: what the first model takes, measured where it is loaded and else estimated; what the second one will take,
    as estimated; what is free, on the GPU called `gpu` where both would run there. None where that can't be told."""

    first_mb: int | None
    is_first_loaded: bool
    second_mb: int | None
    free_mb: int
    gpu: str = ""

    @property
    def may_not_fit(self) -> bool:
        """A model that is loaded has left what is free already."""
        coming = (self.second_mb or 0) + (0 if self.is_first_loaded else self.first_mb or 0)
        return coming > self.free_mb


def look_at_models(first: str, folders: Sequence[str], wanted: WantedDevice) -> ModelShelf:
    """The built-in model, if this installation has it, then each folder once; those that are gone are left out."""
    machine = look_at_machine()
    device: Device = "cuda" if machine.gpu.name and wanted != "cpu" else "cpu"
    built_in = choice_of("", device)
    there = (folder for folder in dict.fromkeys(folders) if folder and Path(folder).is_dir())
    choices = (*((built_in,) if built_in.name else ()), *(choice_of(folder, device) for folder in there))
    return ModelShelf(choice_of(first, device), choices, device, machine)


def choice_of(folder: str, device: Device) -> ModelChoice:
    """The model that the settings call `folder`; without a name where the built-in one did not come along."""
    from umed_assets import embedded_model

    path = Path(folder)
    try:
        if not folder:
            path = embedded_model()
        needed = estimate_memory(path, device).total
    except UmedError as problem:
        return ModelChoice(folder, path.name, None, problem.message)
    return ModelChoice(folder, path.name, -(-needed // _MIB))


def figures_of(shelf: ModelShelf, second: ModelChoice, measured_mb: int | None) -> MemoryFigures:
    """`measured_mb` is what the first model takes (MiB), None while it is not loaded."""
    on_gpu = shelf.device == "cuda"
    free = shelf.machine.gpu.free if on_gpu else shelf.machine.free
    return MemoryFigures(
        first_mb=shelf.first.needed_mb if measured_mb is None else measured_mb,
        is_first_loaded=measured_mb is not None,
        second_mb=second.needed_mb,
        free_mb=free // _MIB,
        gpu=shelf.machine.gpu.name if on_gpu else "",
    )
