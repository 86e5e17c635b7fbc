"""The one door to work off the window's thread: progress, cancel and failure come back on the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeVar
from weakref import ref

from PySide6.QtCore import QObject, Qt, Signal

from umed_core.errors import Cancelled, UmedError

__all__ = ["BackgroundDoor", "Job"]

T = TypeVar("T")

_THREADS = 2


@dataclass(eq=False)
class Job:
    """One piece of work. `cancel` asks it to end; its `done` is then never called."""

    title: str
    done: Callable[[Any], None]
    failed: Callable[[UmedError], None]
    cancelled: Event = field(default_factory=Event)
    future: Future[Any] | None = None
    has_come_back: bool = False

    @property
    def is_running(self) -> bool:
        """Whether a result may still come: also while it waits for the window's thread to take it."""
        return not (self.cancelled.is_set() or self.has_come_back)

    def cancel(self) -> None:
        self.cancelled.set()


class BackgroundDoor(QObject):
    """Runs work on threads of its own; with one, in the order in which it came. `close` cancels everything and waits."""

    progressed = Signal(object, int, int)
    """(job, done, total)"""
    busy_changed = Signal(object)
    """The jobs that are under way, oldest first."""
    _came_back = Signal(object)
    _said = Signal(object, object)

    def __init__(self, parent: QObject | None = None, threads: int = _THREADS) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(threads, "umed-work")
        self._jobs: list[Job] = []
        self._came_back.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        self._said.connect(self._hear, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        title: str,
        work: Callable[[Job], T],
        done: Callable[[T], None],
        failed: Callable[[UmedError], None],
    ) -> Job:
        """Calls `work(job)` on a thread, then `done(result)` or `failed(error)` here. A cancelled job is silent."""
        job = Job(title, done, failed)
        self._jobs.append(job)
        job.future = self._pool.submit(work, job)
        # Weakly, for a future keeps its result and its callbacks: in a circle of job and future a series would outlive its
        # views until Python looks for circles. The job itself is kept until it has come back.
        came = ref(job)
        job.future.add_done_callback(lambda _: self._came_back.emit(came()))
        self.busy_changed.emit(list(self._jobs))
        return job

    def report(self, job: Job) -> Callable[[int, int], None]:
        """A progress function for `job`'s work to call from its thread."""
        return lambda done, total: self.progressed.emit(job, done, total)

    def say(self, job: Job, what: Callable[[], None]) -> None:
        """Called by work on its thread: has `what` called on the window's, unless the job is cancelled by then."""
        self._said.emit(job, what)

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way, or has not been told yet."""
        return bool(self._jobs)

    def cancel_all(self) -> None:
        for job in self._jobs:
            job.cancel()

    def close(self) -> None:
        """Cancels what runs and waits for its threads to end."""
        self.cancel_all()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hear(self, job: Job, what: Callable[[], None]) -> None:
        if not job.cancelled.is_set():
            what()

    def _finish(self, job: Job) -> None:
        self._jobs.remove(job)
        job.has_come_back = True
        self.busy_changed.emit(list(self._jobs))
        assert job.future is not None
        if job.cancelled.is_set() or job.future.cancelled():
            return
        try:
            result = job.future.result()
        except Cancelled:
            return
        except UmedError as problem:
            job.failed(problem)
            return
        job.done(result)
