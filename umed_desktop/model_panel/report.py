"""What the model panel says, in words: from an estimate, the machine and the model that runs. Plain values, no widgets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QCoreApplication, QLocale

from umed_core.vlm.memory import MemoryEstimate
from umed_core.vlm.messages import Loaded
from umed_desktop.model_panel.machine import Machine
from umed_desktop.translation import data_size
from umed_desktop.words import grouped

__all__ = ["Estimates", "Report", "Row", "device_warning", "estimate_rows", "fit_warning", "gib", "running_rows"]

Wanted = Literal["auto", "cpu", "cuda"]
Row = tuple[str, str]
"""What it is, and its value."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Of one model folder, on each device, and what the machine has for it."""

    folder: Path
    cpu: MemoryEstimate
    cuda: MemoryEstimate
    machine: Machine


@dataclass(frozen=True, slots=True)
class Report:
    """`warnings` are shown in a warning colour; `state` is the model's: none, loading, ready or lost."""

    name: str
    state: str
    state_words: str
    needs: tuple[Row, ...] = ()
    running: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
    is_candidate: bool = False


def estimate_rows(found: Estimates) -> tuple[Row, ...]:
    """Before loading: how large it is, and what it will take."""
    one, machine = found.cpu, found.machine
    tokens = QCoreApplication.translate("ModelReport", "{tokens} tokens, {image} of them an image").format(
        tokens=grouped(one.tokens), image=grouped(one.image_tokens)
    )
    if not one.image_tokens_known:
        tokens = QCoreApplication.translate("ModelReport", "{tokens} (assumed: its files do not say)").format(
            tokens=tokens
        )
    rows = [
        (QCoreApplication.translate("ModelReport", "Folder"), str(found.folder)),
        (QCoreApplication.translate("ModelReport", "Parameters"), _count(one.parameters)),
        (QCoreApplication.translate("ModelReport", "On disk"), gib(one.on_disk)),
        (QCoreApplication.translate("ModelReport", "Memory, CPU"), _split(one)),
        (QCoreApplication.translate("ModelReport", "Memory, CUDA"), _split(found.cuda)),
        (QCoreApplication.translate("ModelReport", "For a question of"), tokens),
        (
            QCoreApplication.translate("ModelReport", "Free here"),
            QCoreApplication.translate("ModelReport", "{free} of {total}").format(
                free=gib(machine.free), total=gib(machine.total)
            ),
        ),
    ]
    if machine.gpu.name:
        rows.append(
            (
                QCoreApplication.translate("ModelReport", "Free on the GPU"),
                f"{gib(machine.gpu.free)}, {machine.gpu.name}",
            )
        )
    return tuple(rows)


def fit_warning(found: Estimates, wanted: Wanted) -> str:
    """Why the model will not fit where it is wanted, "" where it fits."""
    machine = found.machine
    on_cuda = wanted == "cuda" or (wanted == "auto" and machine.gpu.name)
    if on_cuda and not machine.gpu.name:
        return QCoreApplication.translate(
            "ModelReport", "CUDA is chosen in the settings, and this machine shows no CUDA device."
        )
    need, free = (found.cuda.total, machine.gpu.free) if on_cuda else (found.cpu.total, machine.free)
    if need > free:
        place = (
            QCoreApplication.translate("ModelReport", "on the GPU")
            if on_cuda
            else QCoreApplication.translate("ModelReport", "in memory")
        )
        return QCoreApplication.translate(
            "ModelReport", "It will not fit: about {need} are needed {place}, and {free} are free."
        ).format(need=gib(need), place=place, free=gib(free))
    if not on_cuda and need > machine.allowed:
        return QCoreApplication.translate(
            "ModelReport", "It will not fit: about {need} are needed, and a model may take {allowed} of this machine."
        ).format(need=gib(need), allowed=gib(machine.allowed))
    return ""


def running_rows(model: Loaded) -> tuple[Row, ...]:
    """After loading: what runs, on what."""
    taught = (
        ", ".join(model.classes)
        if model.classes
        else QCoreApplication.translate("ModelReport", "not told by the model")
    )
    memory = QCoreApplication.translate("ModelReport", "{memory} more than before it was loaded").format(
        memory=gib(model.memory_mb * 2**20)
    )
    return (
        (QCoreApplication.translate("ModelReport", "Runs on"), model.device),
        (QCoreApplication.translate("ModelReport", "Engine"), model.engine),
        (
            QCoreApplication.translate("ModelReport", "Loaded in"),
            QCoreApplication.translate("ModelReport", "{seconds:.1f} s").format(seconds=model.seconds),
        ),
        (QCoreApplication.translate("ModelReport", "Memory"), memory),
        (QCoreApplication.translate("ModelReport", "SHA-256"), model.sha256),
        (QCoreApplication.translate("ModelReport", "Classes"), taught),
    )


def device_warning(wanted: str, model: Loaded | None, gpu_name: str = "") -> str:
    """What to know where the CPU runs a model although CUDA was asked for, or could be; "" where nothing is amiss."""
    if model is None or not model.device.upper().startswith("CPU"):
        return ""
    if wanted == "cuda":
        return QCoreApplication.translate(
            "ModelReport", "CUDA was asked for, but the model runs on the CPU: answers take much longer."
        )
    if wanted == "auto" and gpu_name:
        return QCoreApplication.translate(
            "ModelReport", "The model runs on the CPU. {gpu} is not used: this installation has no runtime for it."
        ).format(gpu=gpu_name)
    return ""


def gib(size: int) -> str:
    """Bytes as a person reads them, by powers of 1024: 5.4 GiB, 21.2 MiB."""
    return data_size(size, 1)


def _split(estimate: MemoryEstimate) -> str:
    return QCoreApplication.translate(
        "ModelReport", "about {total}: weights {weights}, cache {cache}, work {work}, runtime {runtime}"
    ).format(
        total=_whole(estimate.total), weights=_whole(estimate.weights), cache=_whole(estimate.cache),
        work=_whole(estimate.working), runtime=_whole(estimate.runtime),
    )  # fmt: skip


def _whole(size: int) -> str:
    """A size within a longer line, which breaks before it and not before its unit."""
    return gib(size).replace(" ", "\N{NO-BREAK SPACE}")


def _count(parameters: int) -> str:
    """7.06 billion, 5.6 million, 80,544."""
    locale = QLocale.c()
    if parameters >= 1e9:
        return QCoreApplication.translate("ModelReport", "{count} billion").format(
            count=locale.toString(parameters / 1e9, "f", 2)
        )
    if parameters >= 1e6:
        return QCoreApplication.translate("ModelReport", "{count} million").format(
            count=locale.toString(parameters / 1e6, "f", 1)
        )
    return grouped(parameters)
