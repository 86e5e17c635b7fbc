"""Saves what changed, off the window's thread and soon: a crash costs less than a second of work.

What cannot be saved stays dirty and is tried again until it can.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from umed_core.errors import StorageError, UmedError
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.recovery.store import OpenState, SessionStore
from umed_desktop.session.session import StudyState
from umed_desktop.words import translate

__all__ = ["Autosave"]

SOON_MS = 400
AGAIN_MS = 5000
"""How long after a save that failed it is tried again."""


class Autosave(QObject):
    """`state_of` tells what is to be kept of a study, `open_state` what is open; both are asked on the window's thread."""

    failed = Signal(object)
    """The StorageError; once, until a save succeeds."""
    recovered = Signal()
    """What had failed is saved now."""

    def __init__(
        self,
        store: SessionStore,
        door: BackgroundDoor,
        state_of: Callable[[str], StudyState],
        open_state: Callable[[], OpenState],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._door, self._state_of, self._open_state = store, door, state_of, open_state
        self._studies: set[str] = set()
        self._open_changed = False
        self._saving: Job | None = None
        self._under_way: frozenset[str] = frozenset()
        self._is_failing = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._save)

    @property
    def is_dirty(self) -> bool:
        return bool(self._studies) or self._open_changed or self._saving is not None

    def note_study(self, study: str) -> None:
        """The conversations or findings of a study changed."""
        self._studies.add(study)
        self._start(SOON_MS)

    def note_open(self, wait_ms: int = SOON_MS) -> None:
        """Other paths, another series or another frame."""
        self._open_changed = True
        self._start(wait_ms)

    def save_now(self) -> None:
        """Saves on this thread what is dirty, and waits for what is being saved. Raises: StorageError; it stays dirty."""
        self._timer.stop()
        if self._saving is not None and self._saving.future is not None:
            self._saving.future.exception()  # waits; how it went shows when the same is saved again
        self._studies |= self._under_way
        for study in sorted(self._studies):
            self._store.save_study(self._state_of(study))
            self._studies.discard(study)

    def stop(self) -> None:
        """Saves nothing more."""
        self._timer.stop()

    def _start(self, wait_ms: int) -> None:
        """Saves within `wait_ms`. Changes that follow each other do not put it off: a long answer would never be saved."""
        wait_ms = AGAIN_MS if self._is_failing else wait_ms
        if self._saving is None and (not self._timer.isActive() or self._timer.remainingTime() > wait_ms):
            self._timer.start(wait_ms)

    def _save(self) -> None:
        studies = [self._state_of(study) for study in sorted(self._studies)]
        opened = self._open_state() if self._open_changed else None
        names = self._under_way = frozenset(self._studies)
        self._studies.clear()
        self._open_changed = False

        def work(_job: Job) -> None:
            for state in studies:
                self._store.save_study(state)
            if opened is not None:
                self._store.save_open(opened)

        def failed(problem: UmedError) -> None:
            self._studies |= names
            self._open_changed = self._open_changed or opened is not None
            self._ended(problem)

        self._saving = self._door.run(translate("Autosave", "Saving"), work, lambda _: self._ended(None), failed)

    def _ended(self, problem: UmedError | None) -> None:
        self._saving, self._under_way = None, frozenset()
        was_failing, self._is_failing = self._is_failing, isinstance(problem, StorageError)
        if problem is not None and not was_failing:
            self.failed.emit(problem)
        elif problem is None and was_failing:
            self.recovered.emit()
        if self._studies or self._open_changed:
            self._start(SOON_MS)
