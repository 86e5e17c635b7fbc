"""The memory that this machine has left, for a model's process on the CPU or on a CUDA device. Free of Qt; slow to ask."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

__all__ = ["Gpu", "Machine", "gpu_of", "look_at_machine"]

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Gpu:
    """`name` is "" where the machine has none that its driver tells of."""

    name: str = ""
    free: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """Bytes. `allowed` is what a model's process may take at most, whatever is free (umed_core.vlm.worker)."""

    free: int
    total: int
    allowed: int
    gpu: Gpu = Gpu()


def look_at_machine() -> Machine:
    import psutil

    from umed_core.vlm.worker import default_memory_mb

    memory = psutil.virtual_memory()
    return Machine(memory.available, memory.total, default_memory_mb() * 2**20, gpu_of(_ask_driver()))


def gpu_of(said: str) -> Gpu:
    """The first GPU of what nvidia-smi says: its name and free MiB by comma; none where that is something else."""
    name, comma, free = said.strip().partition("\n")[0].rpartition(",")
    return Gpu(name.strip(), int(free) * 2**20) if comma and free.strip().isdigit() else Gpu()


def _ask_driver() -> str:
    """Asked of NVIDIA's own program: torch, which knows as well, is never loaded by the window."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows alone has it
    try:
        done = subprocess.run(
            [program, "--query-gpu=name,memory.free", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=_PATIENCE_S, creationflags=hidden,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
