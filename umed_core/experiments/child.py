"""The child process of one job: reads it from stdin, does it, tells on stdout. `python -m umed_core.experiments.child`

Its stdin stays open for as long as its parent wants the job: when it closes, the job ends at the next step with all
that it has done on disk. So a parent that dies leaves no orphan at work.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from umed_core.config import AarConfig, SftConfig
from umed_core.errors import Cancelled, UmedError
from umed_core.experiments.jobs import AskJob, Failed, Finished, InjectJob, Job, Stepped, TrainJob, decode_job
from umed_core.experiments.outcomes import ask_sets

__all__ = ["main"]

SFT, AAR = ("umed_core.training.sft", "train_sft"), ("umed_core.training.aar", "train_aar")
INJECT = ("umed_core.experiments.injection", "inject")
"""Named and not imported: only the child of such a job may load torch."""


def main() -> int:
    """Exit status: 0, or 1 after an error that was told."""
    # Ctrl-C reaches the whole group; it is the parent that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, events = _take_pipes()
    job, wanted = decode_job(requests.readline()), threading.Event()
    wanted.set()
    threading.Thread(target=_watch, args=(requests, wanted), daemon=True).start()

    def tell(event: Stepped | Failed | Finished) -> None:
        # A parent that is gone cannot be told; its end of stdin has closed, too, and that ends the job.
        with suppress(OSError):
            os.write(events, msgspec.json.encode(event) + b"\n")

    try:
        _do(job, lambda done, total: tell(Stepped(done, total)), lambda: not wanted.is_set())
    except UmedError as error:
        tell(Failed(error.code, error.message, error.hint))
        return 1
    tell(Finished())
    return 0


def _do(job: Job, step: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
    def step_or_end(done: int, total: int) -> None:
        if cancelled():
            raise Cancelled(f"Stopped after {done} of {total} images.", "The same command goes on from here.")
        step(done, total)

    if isinstance(job, TrainJob):
        kind, place = (SftConfig, SFT) if job.stage == "sft" else (AarConfig, AAR)
        config = msgspec.convert(job.config, kind)
        _function(*place)(config, lambda report: step(report.step, report.total_steps), cancelled)
    elif isinstance(job, AskJob):
        ask_sets(Path(job.model), job.sets, job.asking, Path(job.answers), step_or_end)
    elif isinstance(job, InjectJob):
        _function(*INJECT)(job, step_or_end)


def _function(module: str, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def _watch(requests: BinaryIO, wanted: threading.Event) -> None:
    while requests.read(1):
        pass
    wanted.clear()


def _take_pipes() -> tuple[BinaryIO, int]:
    """This process's stdin and stdout, kept for the parent: what a library prints goes to stderr instead."""
    # Unbuffered: a thread that waits in a buffer's lock would break the interpreter's end.
    requests, events = os.fdopen(os.dup(0), "rb", buffering=0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, events


if __name__ == "__main__":
    sys.exit(main())
