"""Runs the jobs of an experiment, several at once, each a child process; a stop keeps what every child has done.

OUT/runs/full-seed0/log.txt   what the run's children said on stderr
OUT/times.jsonl               how long jobs took, for the time that is left
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from umed_core.errors import Cancelled, DataError, StorageError, UmedError, WorkerCrashed, error_from_code
from umed_core.experiments.jobs import Event, Failed, Finished, Job, Stepped, decode_event
from umed_core.records import read_jsonl

__all__ = ["Progress", "Status", "Took", "Work", "read_rates", "run_all", "seconds_left"]

CHILD = (sys.executable, "-m", "umed_core.experiments.child")
LOOK_EVERY_S = 0.2
LAST_WORDS = 2000
"""Characters of a dead child's log that are shown."""


@dataclass(frozen=True)
class Work:
    """A job that waits: `kind` tells what it is like, `images` how long it is; `after` names the work before it.

    `begin` claims what it needs before its child starts; `end` notes that it is done, with its seconds.
    """

    name: str
    kind: str
    images: int
    after: tuple[str, ...]
    job: Job
    log: Path
    begin: Callable[[], None] = lambda: None
    end: Callable[[float], None] = lambda _seconds: None


class Took(msgspec.Struct, frozen=True):
    """A line of times.jsonl."""

    kind: str
    images: float
    seconds: float


@dataclass(frozen=True)
class Status:
    """Where it stands. `running` are (name, done, total) of each child; `seconds_left` None while nothing tells."""

    done: int
    total: int
    running: tuple[tuple[str, int, int], ...]
    seconds_left: float | None
    finished: str = ""
    """The work that has just ended."""


Progress = Callable[[Status], None]


@dataclass
class _Child:
    """A job at work, and how far it is."""

    work: Work
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    begun: float = field(default_factory=time.monotonic)
    first: int | None = None
    done: int = 0
    total: int = 0
    failed: UmedError | None = None
    finished: bool = False


def run_all(waiting: Sequence[Work], jobs: int, times: Path, progress: Progress, already: int = 0) -> None:
    """Does all work, at most `jobs` at once, in the given order as far as what comes before is done.

    After an error, or Ctrl-C, the children are asked to stop, and keep what they have; a second Ctrl-C kills them.
    Raises: what a child tells; WorkerCrashed; Cancelled; StorageError.
    """
    left, running = list(waiting), dict[str, _Child]()
    events: queue.SimpleQueue[tuple[str, Event | None]] = queue.SimpleQueue()
    rates, count = read_rates(times), already + len(waiting)
    try:
        while left or running:
            pending = {work.name for work in left} | running.keys()
            for work in [one for one in left if not pending & set(one.after)][: jobs - len(running)]:
                left.remove(work)
                running[work.name] = _start(work, jobs, events)
            progress(_status(count, left, running, rates, jobs))
            ended = _take(events, running)
            if ended is not None:
                child = running.pop(ended)
                _close(child)
                _note(child, times, rates)
                progress(_status(count, left, running, rates, jobs, ended))
    except KeyboardInterrupt:
        _stop(running)
        raise Cancelled("Stopped; what is done is kept.", "The same command goes on from here.") from None
    except UmedError:
        _stop(running)
        raise


# ------------------------------------------------------------------------------------------------- children


def _start(work: Work, jobs: int, events: queue.SimpleQueue[tuple[str, Event | None]]) -> _Child:
    work.begin()
    try:
        work.log.parent.mkdir(parents=True, exist_ok=True)
        log = work.log.open("ab")
    except OSError as problem:
        raise StorageError(
            f"Could not write {work.log}: {problem.strerror or problem}.", "Choose another --out."
        ) from problem
    environment = dict(os.environ)
    if jobs > 1:
        # Several children that each take every core slow one another down.
        environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // jobs)))
    process = subprocess.Popen(
        CHILD,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    with suppress(OSError):  # one that died at once tells so by its end
        process.stdin.write(msgspec.json.encode(work.job) + b"\n")
        process.stdin.flush()
    threading.Thread(target=_listen, args=(work.name, process.stdout, events), daemon=True).start()
    return _Child(work, process, log)


def _listen(name: str, stdout: IO[bytes], events: queue.SimpleQueue[tuple[str, Event | None]]) -> None:
    with stdout:
        for line in stdout:
            with suppress(msgspec.MsgspecError):  # a line that the child's death cut short
                events.put((name, decode_event(line)))
    events.put((name, None))


def _take(events: queue.SimpleQueue[tuple[str, Event | None]], running: Mapping[str, _Child]) -> str | None:
    """Waits a moment for what the children tell; the name of one that has ended."""
    try:
        name, event = events.get(timeout=LOOK_EVERY_S)
    except queue.Empty:
        return None
    child = running[name]
    match event:
        case Stepped(done, total):
            child.done, child.total = done, total
            child.first = max(0, done - 1) if child.first is None else child.first
        case Failed(code, message, hint):
            child.failed = error_from_code(code, f"{child.work.name}: {message}", hint)
        case Finished():
            child.finished = True
        case None:
            return name
    return None


def _close(child: _Child) -> None:
    """Reaps a child that has ended, and raises what it told, or that it died."""
    status = child.process.wait()
    if child.process.stdin is not None:
        with suppress(OSError):
            child.process.stdin.close()
    child.log.close()
    if child.failed is not None:
        raise child.failed
    if not child.finished:
        words = child.work.log.read_text(errors="replace")[-LAST_WORDS:].strip().splitlines()
        raise WorkerCrashed(
            f"{child.work.name} ended with status {status}: {words[-1] if words else 'it said nothing'}",
            f"{child.work.log} tells more; the same command goes on from the last checkpoint.",
        )
    child.work.end(time.monotonic() - child.begun)


def _stop(running: Mapping[str, _Child]) -> None:
    """Asks all children to end, and waits; Ctrl-C while it waits kills them."""
    for child in running.values():
        if child.process.stdin is not None:
            with suppress(OSError):
                child.process.stdin.close()
    try:
        for child in running.values():
            child.process.wait()
    except KeyboardInterrupt:
        for child in running.values():
            child.process.kill()
            child.process.wait()
    for child in running.values():
        child.log.close()


# ------------------------------------------------------------------------------------------------- time


def read_rates(times: Path) -> dict[str, list[Took]]:
    """What jobs of each kind took so far; a damaged file tells nothing, and is no reason to stop."""
    rates: dict[str, list[Took]] = defaultdict(list)
    if times.is_file():
        with suppress(DataError):
            for took in read_jsonl(times, Took):
                rates[took.kind].append(took)
    return rates


def seconds_left(waiting: Sequence[Work], rates: Mapping[str, Sequence[Took]], jobs: int) -> float | None:
    """Of work that has not begun, by the speed of its kind; None where a kind has not been seen yet."""
    seconds = 0.0
    for work in waiting:
        took = rates.get(work.kind, ())
        images = sum(one.images for one in took)
        if not images:
            return None
        seconds += work.images * sum(one.seconds for one in took) / images
    return seconds / max(1, min(jobs, len(waiting)))


def _note(child: _Child, times: Path, rates: dict[str, list[Took]]) -> None:
    """Adds a line to times.jsonl: of a job that went on, only what was left counts."""
    if not child.total or child.first is None:
        return
    share = (child.done - child.first) / child.total
    took = Took(child.work.kind, child.work.images * share, time.monotonic() - child.begun)
    rates.setdefault(took.kind, []).append(took)
    with suppress(OSError), times.open("ab") as lines:
        lines.write(msgspec.json.encode(took) + b"\n")


def _status(
    count: int, left: Sequence[Work], running: Mapping[str, _Child], rates: dict[str, list[Took]], jobs: int,
    finished: str = "",
) -> Status:  # fmt: skip
    now = time.monotonic()
    current = {kind: list(took) for kind, took in rates.items()}
    seconds = 0.0
    for child in running.values():
        if child.total and child.first is not None and child.done > child.first:
            each = (now - child.begun) / (child.done - child.first)
            seconds += each * (child.total - child.done)
            share = (child.done - child.first) / child.total
            current.setdefault(child.work.kind, []).append(
                Took(child.work.kind, child.work.images * share, now - child.begun)
            )
    waiting = seconds_left(left, current, 1)
    eta = None if waiting is None else (waiting + seconds) / max(1, min(jobs, len(left) + len(running)))
    shown = tuple((name, child.done, child.total) for name, child in running.items())
    return Status(count - len(left) - len(running), count, shown, eta, finished)
