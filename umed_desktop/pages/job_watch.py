"""Watches one job from the window: what it says, how far it is, how it ended."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from umed_desktop.pages.detached import Job
from umed_desktop.pages.job_log import Ending, ending_of, last_place

__all__ = ["JobWatch"]

_LOOK_MS = 400
_KEPT = 200_000
"""Characters of a log that are kept and shown."""


class JobWatch(QObject):
    """Looks at the log and the process a few times a second; `watch` another job, or `leave`."""

    said = Signal(str)
    """What the log gained since the last time."""
    placed = Signal(object)
    """A Place, as often as the log names one."""
    ended = Signal(object)
    """The Ending, once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job: Job | None = None
        self.text = ""
        self._read_to = 0
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)

    @property
    def is_running(self) -> bool:
        return self.job is not None and self._timer.isActive()

    def watch(self, job: Job) -> None:
        """From the beginning of its log; a job that has ended already is reported at once."""
        self.job, self.text, self._read_to = job, "", 0
        self._timer.start()
        self.look()

    def leave(self) -> None:
        """Looks no longer; the job goes on."""
        self._timer.stop()

    def look(self) -> None:
        job = self.job
        if job is None:
            return
        running = job.is_running  # before the log is read: what it said last is then in it
        self._read(job)
        if not running and self._timer.isActive():
            self._timer.stop()
            self.ended.emit(self.ending())

    def ending(self) -> Ending:
        return ending_of(self.text, self.job.exit_code if self.job is not None else None)

    def _read(self, job: Job) -> None:
        try:
            with job.log.open("rb") as log:
                log.seek(self._read_to)
                new = log.read(_KEPT * 4)
        except OSError:  # not written yet
            return
        if not new:
            return
        self._read_to += len(new)
        text = new.decode("utf-8", "replace").replace("\r\n", "\n")
        self.text = (self.text + text)[-_KEPT:]
        self.said.emit(text)
        place = last_place(text)
        if place is not None:
            self.placed.emit(place)
