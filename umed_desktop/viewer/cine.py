"""Slices as a film, by the clock: a slow machine skips slices and keeps the pace, and nothing waits for a repaint."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

__all__ = ["FASTEST_FPS", "SLOWEST_FPS", "Cine", "frame_at"]

SLOWEST_FPS, FASTEST_FPS = 1, 60


def frame_at(start: int, count: int, fps: float, seconds: float, loops: bool) -> int | None:
    """The frame to show `seconds` after `start` was; None once the last one has had its time, unless it loops."""
    frame = start + int(seconds * fps + 1e-6)  # a tick on the dot counts
    if loops:
        return frame % count
    return frame if frame < count else None


class Cine(QObject):
    """Plays frames from where it is started."""

    frame_due = Signal(int)
    playing_changed = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fps = 15
        self.loops = True
        self._start, self._count, self._shown = 0, 0, 0
        self._clock = QElapsedTimer()
        self.is_playing = False
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def play(self, frame: int, count: int) -> None:
        """From `frame` of `count`; from the first where `frame` is the last and it does not loop. A single frame stays."""
        if count < 2:
            return
        self._start = 0 if frame == count - 1 and not self.loops else frame
        self._shown, self._count = frame, count
        self.is_playing = True
        self._clock.start()
        self._arm()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        if self.is_playing:
            self.is_playing = False
            self._timer.stop()
            self.playing_changed.emit(False)

    def set_fps(self, fps: int) -> None:
        self.fps = min(max(fps, SLOWEST_FPS), FASTEST_FPS)
        self._restart()

    def set_loops(self, loops: bool) -> None:
        self.loops = loops
        self._restart()

    def moved_to(self, frame: int) -> None:
        """A person went to `frame` while it plays: it goes on from there."""
        if self.is_playing and frame != self._shown:
            self._shown = frame
            self._restart()

    def _restart(self) -> None:
        if self.is_playing:
            self._start = self._shown
            self._clock.restart()
            self._arm()

    def _arm(self) -> None:
        """Wakes up when the next frame is due; at once, after whatever else is waiting, where that is past."""
        played_s = self._clock.nsecsElapsed() / 1e9
        due_s = (int(played_s * self.fps + 1e-6) + 1) / self.fps
        self._timer.start(max(1, ceil(1000 * (due_s - played_s))))

    def _tick(self) -> None:
        frame = frame_at(self._start, self._count, self.fps, self._clock.nsecsElapsed() / 1e9, self.loops)
        if frame is None:
            if self._shown != self._count - 1:
                self._show(self._count - 1)
            self.pause()
        else:
            if frame != self._shown:
                self._show(frame)
            self._arm()

    def _show(self, frame: int) -> None:
        self._shown = frame
        self.frame_due.emit(frame)
