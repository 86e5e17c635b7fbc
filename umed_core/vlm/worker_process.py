"""A running worker seen from its parent: requests go in, events come out, and its end is noticed whatever it was."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TypeVar

from umed_core.errors import WorkerCrashed, WorkerError, WorkerTimeout, error_from_code
from umed_core.vlm.messages import Event, Failed, Request, Shutdown, encode
from umed_core.vlm.protocol import EventBuffer, crash_error

__all__ = ["Waiting", "WorkerProcess"]

Waiting = Callable[[float], None]
"""Is told, several times a second, how many seconds something has taken so far."""

E = TypeVar("E", bound=Event)

_LOOK_EVERY_S = 0.2
_LAST_WORDS_S = 2.0
_STDERR_LINES = 50


class WorkerProcess:
    """A thread for each pipe, so that neither a full pipe nor silence can block the caller.

    Raises: WorkerError when `command` can't be started.
    """

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, creationflags=no_window)
        except OSError as problem:
            raise WorkerError(
                f"The model's process could not be started: {problem.strerror or problem}.", "Install umed again."
            ) from problem
        assert self._child.stdin is not None and self._child.stdout is not None and self._child.stderr is not None
        self._outgoing: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[Event | WorkerCrashed | None] = queue.SimpleQueue()
        self._stderr: deque[bytes] = deque(maxlen=_STDERR_LINES)
        self._threads = [
            threading.Thread(target=_write, args=(self._child.stdin, self._outgoing), daemon=True),
            threading.Thread(target=_read, args=(self._child.stdout, self._incoming), daemon=True),
            threading.Thread(target=_collect, args=(self._child.stderr, self._stderr), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        # Runs on kill, when this object is forgotten, and at the interpreter's end.
        self._killer = weakref.finalize(self, _kill, self._child, self._outgoing)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._killer.alive and self._child.poll() is None

    def send(self, request: Request) -> None:
        """Never blocks. What a dead worker is sent is lost; its death shows in `next_event`."""
        self._outgoing.put(request)

    def next_event(self, timeout_s: float, doing: str, waiting: Waiting | None = None) -> Event:
        """The next event. After an error of its own the process is gone.

        Raises: WorkerTimeout after `timeout_s` of silence; WorkerCrashed.
        """
        started = time.monotonic()
        while True:
            elapsed = time.monotonic() - started
            try:
                # Short waits, because Ctrl-C does not interrupt a long one on Windows.
                event = self._incoming.get(timeout=max(0.0, min(_LOOK_EVERY_S, timeout_s - elapsed)))
                break
            except queue.Empty:
                if time.monotonic() - started >= timeout_s:
                    self.kill()
                    raise WorkerTimeout(
                        f"The model said nothing for {timeout_s:g} s while {doing}; its process was ended.",
                        "Allow more time, or use a smaller model or a faster device.",
                    ) from None
                if waiting is not None:
                    waiting(time.monotonic() - started)
        if event is None:
            raise crash_error(self._reap(), b"".join(self._stderr), doing)
        if isinstance(event, WorkerCrashed):
            self.kill()
            raise event
        return event

    def wait_for(self, kind: type[E], timeout_s: float, doing: str, waiting: Waiting | None = None) -> E:
        """The next event of `kind`; older answers' leftovers are passed over. Leaving it early ends the process.

        Raises: what a Failed event carries; WorkerTimeout; WorkerCrashed.
        """
        event: Event | None = None
        try:
            while not isinstance(event, kind):
                event = self.next_event(timeout_s, doing, waiting)
                if isinstance(event, Failed) and event.ask_id == 0:
                    raise error_from_code(event.code, event.message, event.hint)
        finally:
            # Interrupted between request and event: the answer to come would be taken for the next request's.
            if event is None or not isinstance(event, (kind, Failed)):
                self.kill()
        return event

    def end(self, patience_s: float) -> None:
        """Asks the process to end, and after `patience_s` makes it."""
        self.send(Shutdown())
        self._outgoing.put(None)
        try:
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
        self.kill()

    def kill(self) -> None:
        """Ends the process now; harmless on one that is gone."""
        self._killer()
        self._reap()

    def _reap(self) -> int:
        """The exit code, after what the process said last was read and its pipes were closed."""
        try:
            exit_code = self._child.wait(_LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            exit_code = self._child.wait()
        self._outgoing.put(None)
        for thread in self._threads:
            thread.join(_LAST_WORDS_S)
        return exit_code


def _kill(child: subprocess.Popen[bytes], outgoing: queue.SimpleQueue[Request | None]) -> None:
    if child.poll() is None:
        child.kill()
        child.wait()
    outgoing.put(None)


def _write(stdin: IO[bytes], outgoing: queue.SimpleQueue[Request | None]) -> None:
    # The worker may be gone: its stdout ends too, and that is where its death is told.
    with suppress(OSError):
        while (request := outgoing.get()) is not None:
            stdin.write(encode(request))
            stdin.flush()
    with suppress(OSError):
        stdin.close()


def _read(stdout: IO[bytes], incoming: queue.SimpleQueue[Event | WorkerCrashed | None]) -> None:
    buffer = EventBuffer()
    with stdout:
        # read1 gives what is there; read would wait for a full block.
        while data := stdout.read1(2**20):  # type: ignore[attr-defined]
            try:
                events = buffer.feed(data)
            except WorkerCrashed as error:
                incoming.put(error)
                return
            for event in events:
                incoming.put(event)
    incoming.put(None)


def _collect(stderr: IO[bytes], lines: deque[bytes]) -> None:
    with stderr:
        lines.extend(stderr)
