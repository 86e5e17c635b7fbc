"""A window under watch: its event loop's pulse, what its thread computes between two beats, and waiting for what is to come.

On a busy machine a beat comes late however little the window does, so beside the clock stands what the window's own
thread computed: that is what holds the loop where nobody else wants the processor.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

__all__ = ["Beat", "Pulse"]

BEAT_MS = 5
PATIENCE_S = 200.0


@dataclass(frozen=True)
class Beat:
    """Seconds at one turn of the event loop: the clock, this thread's processor time, this process's."""

    clock: float
    own: float
    process: float


class Pulse:
    """Beats every 5 ms while the event loop turns. `complaint` is asked what to say when something never comes."""

    def __init__(self, app: QApplication, complaint: Callable[[], str]) -> None:
        self._app, self._complaint = app, complaint
        self._beats: list[Beat] = []
        self._timer = QTimer(interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        self._beats.append(Beat(time.perf_counter(), time.thread_time(), time.process_time()))

    def wait(self, until: Callable[[], bool]) -> float:
        """Turns the event loop until then; seconds of the clock."""
        begin = time.perf_counter()
        while not until():
            if time.perf_counter() - begin > PATIENCE_S:
                raise SystemExit(f"nothing came in {PATIENCE_S:.0f} s: {self._complaint()}")
            self._app.processEvents()
            time.sleep(0.001)
        return time.perf_counter() - begin

    def rest(self, beats: int) -> None:
        """Waits for so many beats, and forgets all."""
        until = len(self._beats) + beats
        self.wait(lambda: len(self._beats) >= until)
        self._beats.clear()

    def forget(self) -> None:
        self._beats.clear()

    def longest(self, part: str) -> dict[str, float]:
        """Since the last call: the longest wait for a beat, and the most that this thread and all of the process computed
        between two."""
        until = len(self._beats) + 3
        self.wait(lambda: len(self._beats) >= until)
        pairs = list(itertools.pairwise(self._beats))
        self._beats.clear()
        return {
            f"gap_{part}_s": max(after.clock - before.clock for before, after in pairs),
            f"own_{part}_s": max(after.own - before.own for before, after in pairs),
            f"process_{part}_s": max(after.process - before.process for before, after in pairs),
        }
