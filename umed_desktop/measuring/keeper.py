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
_RETRY_MS = 15_000


class Keeper(QObject):
    """Writes one file a study into `folder`. `close` writes what is left and waits for it."""

    failed = Signal(object)
    """The StorageError; the save is tried again."""
    _written = Signal(object)

    def __init__(self, measurements: Measurements, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._measurements, self._folder = measurements, folder
        self._pool: ThreadPoolExecutor | None = None
        self._writing: set[str] = set()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._save)
        self._written.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        measurements.subscribe(self._save_soon)

    def close(self) -> None:
        """Raises: StorageError where the last changes could not be written."""
        self._timer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        # Written once more what was under way: whether that went well is not known here.
        left = self._measurements.unsaved | self._writing
        self._measurements.unsaved = set()
        _write(self._folder, {study: self._measurements.of_study(study) for study in left})

    def _save_soon(self) -> None:
        if self._measurements.unsaved:
            self._timer.start(_AFTER_MS)

    def _save(self) -> None:
        if self._writing or not self._measurements.unsaved:
            return
        self._writing, self._measurements.unsaved = self._measurements.unsaved, set()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "umed-measurements")
        states = {study: self._measurements.of_study(study) for study in self._writing}
        self._pool.submit(_write, self._folder, states).add_done_callback(self._written.emit)

    def _finish(self, future: Future[None]) -> None:
        written, self._writing = self._writing, set()
        try:
            future.result()
        except StorageError as problem:
            self._measurements.unsaved |= written
            self._timer.start(_RETRY_MS)
            self.failed.emit(problem)
            return
        self._save_soon()


def _write(folder: Path, states: dict[str, tuple[Measurement, ...]]) -> None:
    for study, measurements in states.items():
        save_measurements(folder, study, measurements)
