"""Saves measurements soon after they change, on a thread of its own; what could not be saved stays unsaved."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from umed_core.errors import StorageError
from umed_desktop.measuring.document import Measurements
from umed_desktop.measuring.model import Measurement
from umed_desktop.measuring.storage import save_measurements

__all__ = ["Keeper"]

_AFTER_MS = 400
AGAIN_MS = 5000
"""How long after a save that failed it is tried again."""


class Keeper(QObject):
    """Writes one file a study into `folder`. `close` writes what is left and waits for it."""

    failed = Signal(object)
    """The StorageError; once, until a save succeeds. It is tried again until then."""
    _written = Signal(object)

    def __init__(self, measurements: Measurements, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._measurements, self._folder = measurements, folder
        self._pool: ThreadPoolExecutor | None = None
        self._writing: set[str] = set()
        self._under_way: Future[None] | None = None
        self._is_failing = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._save)
        self._written.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        measurements.subscribe(self._save_soon)

    @property
    def is_dirty(self) -> bool:
        """Whether anything is not yet on disk, a save under way included."""
        return bool(self._measurements.unsaved or self._writing)

    def save_now(self) -> None:
        """Saves on this thread, after what is under way. Raises: StorageError; what could not be written stays unsaved."""
        if self._under_way is not None:
            self._under_way.exception()  # waits; how it went shows when the same is written again
        left = self._measurements.unsaved | self._writing
        _write(self._folder, {study: self._measurements.of_study(study) for study in left})
        self._measurements.unsaved -= left

    def close(self) -> None:
        """Raises: StorageError where the last changes could not be written."""
        self._timer.stop()
        self._written.disconnect(self._finish)  # it would come when this is gone
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        # Written once more what was under way: whether that went well is not known here.
        left = self._measurements.unsaved | self._writing
        self._measurements.unsaved = set()
        _write(self._folder, {study: self._measurements.of_study(study) for study in left})

    def _save_soon(self) -> None:
        if self._measurements.unsaved:
            self._timer.start(AGAIN_MS if self._is_failing else _AFTER_MS)

    def _save(self) -> None:
        if self._writing or not self._measurements.unsaved:
            return
        self._writing, self._measurements.unsaved = self._measurements.unsaved, set()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "umed-measurements")
        states = {study: self._measurements.of_study(study) for study in self._writing}
        self._under_way = self._pool.submit(_write, self._folder, states)
        self._under_way.add_done_callback(self._written.emit)

    def _finish(self, future: Future[None]) -> None:
        written, self._writing, self._under_way = self._writing, set(), None
        was_failing, self._is_failing = self._is_failing, False
        try:
            future.result()
        except StorageError as problem:
            self._is_failing = True
            self._measurements.unsaved |= written
            self._timer.start(AGAIN_MS)
            if not was_failing:
                self.failed.emit(problem)
            return
        self._save_soon()


def _write(folder: Path, states: dict[str, tuple[Measurement, ...]]) -> None:
    for study, measurements in states.items():
        save_measurements(folder, study, measurements)
