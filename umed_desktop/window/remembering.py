"""Connects the session to what outlives it: each study's words come back when it is opened, and all of it after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from umed_core.errors import DataError, StorageError, UmedError
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.recovery.autosave import Autosave
from umed_desktop.recovery.store import OpenState, SessionStore
from umed_desktop.recovery.stored import asked_image, stored_image
from umed_desktop.session.attaching import Attached, attached_from
from umed_desktop.session.conversation import AskedImage
from umed_desktop.session.opening import is_there, read_series
from umed_desktop.session.session import Change, StudyState
from umed_desktop.session.viewing import series_key

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["Remembering"]

_RUNNING_MS = 2000
"""How long after a slice was turned, or a letter typed, that is written down: a film turns many, a hand types on."""
_MOST_TRIES = 2
"""What brought the window down before it was shown is opened again so often, and then left to the person."""


class Remembering(QObject):
    """Loads a study's words when it comes on screen, before any of them is written again; saves what changes."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        super().__init__(window)
        self.window, self.session, self.composer = window, window.session, window.parts.chat.composer
        self.door = BackgroundDoor(self)  # of its own: nobody cancels a save, and it is no work to show
        self.store = SessionStore(folder)
        self.autosave = Autosave(self.store, self.door, self.session.study_state, self._open_state, self)
        self.autosave.failed.connect(self._tell_failure)
        self.autosave.recovered.connect(lambda: window.parts.notice.show_word(self.tr("The session is saved again.")))
        self._asked_for: set[str] = set()
        self._ready: set[str] = set()
        self._waiting: set[str] = set()
        self._paths: tuple[str, ...] = ()
        self._wanted: OpenState | None = None
        self._tries = 0
        self._has_warned = self._is_closed = False
        self.session.touched = self._note
        self.session.subscribe(self._changed)
        self.composer.field.textChanged.connect(self._writing)

    def restore(self) -> None:
        """Opens what a window that crashed had open, if one did."""
        self.door.run(self.tr("Looking for a lost session"), self._find_left, self._got_left, self.window.show_error)

    def _find_left(self, _job: Job) -> OpenState | None:
        return self.store.left_open()

    def note_paths(self, paths: tuple[str, ...]) -> None:
        """What the person opened last."""
        self._paths = paths
        self.autosave.note_open()

    def close(self) -> bool:
        """Saves what is not saved yet; False where that fails and the person has not been told before."""
        try:
            for study in sorted(self._waiting):
                self._got_study(study, self.store.load_study(study))
            self.autosave.save_now()
        except StorageError as problem:
            if not self._has_warned:
                self._has_warned = True
                hint = self.tr("{hint} Close the window again to leave it unsaved.").format(hint=problem.hint)
                self.window.show_error(StorageError(problem.message, hint))
                return False
        except DataError:
            pass  # what cannot be read was put aside; what was said since is too young to matter
        self._is_closed = True
        self.autosave.stop()
        self.door.close()
        self.store.forget_open()
        return True

    # ------------------------------------------------------------------------------------------------ bringing back
    def _got_left(self, left: OpenState | None) -> None:
        paths = [Path(path) for path in left.paths if is_there(Path(path))] if left is not None else []
        if left is None or not paths or self._paths:  # the person may have opened something meanwhile
            return
        if left.tries >= _MOST_TRIES:
            self.window.parts.notice.show_word(
                self.tr("umed ended {tries} times while {name} was open, and does not open it again by itself.").format(
                    tries=left.tries + 1, name=paths[0].name
                ),
                self.tr("Its conversations and findings are kept: open it to have them back."),
            )
            return
        self._wanted, self._tries = left, left.tries + 1
        self.window.open_paths(paths)

    def _changed(self, change: Change) -> None:
        if self._is_closed:
            return
        if change is Change.IMAGE and self.session.current >= 0 and not self.session.is_early:
            # Not while an index goes on: it may list the wanted series yet, and its end clears what is said.
            if self._wanted is not None and not self.window.is_looking:
                QTimer.singleShot(0, self, partial(self._return_to, self._wanted))
                self._wanted = None
            self._load(self.session.study)
        if change is Change.IMAGE and self._paths:
            self.autosave.note_open()
        elif change is Change.FRAME and self._paths:
            self.autosave.note_open(_RUNNING_MS)
        elif change is Change.ATTACHED and self._paths:
            self.autosave.note_open()

    def _return_to(self, left: OpenState) -> None:
        place = self.session.index_of(left.series)
        if place >= 0 and place != self.session.current:
            self.window.choose_series(place)
        if place >= 0:
            self.session.go_to_frame(left.frame)
        if not self.composer.draft:  # the person may be writing another meanwhile
            self.composer.field.setPlainText(left.question)
        self._reattach([asked_image(stored) for stored in left.attached])
        self._tries = 0
        self.autosave.note_open()
        self.window.parts.notice.show_word(
            self.tr("umed ended unexpectedly. What was open is open again, with its conversations and findings.")
        )

    def _reattach(self, images: Sequence[AskedImage]) -> None:
        """Reads each series of the question's images once more; those that are not listed any more are left out."""
        listed = {series_key(series): series for series in self.session.series}
        wanted = [image for image in images if image.series in listed]
        if not wanted:
            return

        def work(job: Job) -> tuple[Attached, ...]:
            found: dict[AskedImage, Attached] = {}
            for key in dict.fromkeys(image.series for image in wanted):
                volume = read_series(listed[key], None, self.window.door.report(job), job.cancelled.is_set)
                found |= {image: attached_from(image, volume) for image in wanted if image.series == key}
            return tuple(found[image] for image in wanted)

        self.window.door.run(
            self.tr("Reading the question's images"), work, self.session.reattach, self.window.show_error
        )

    def _load(self, study: str) -> None:
        if study in self._asked_for:
            return
        self._asked_for.add(study)

        def work(_job: Job) -> StudyState | None:
            return self.store.load_study(study)

        def failed(problem: UmedError) -> None:
            self._got_study(study, None)
            self.window.show_error(problem)

        self.door.run(self.tr("Reading conversations"), work, partial(self._got_study, study), failed)

    def _got_study(self, study: str, kept: StudyState | None) -> None:
        self._ready.add(study)
        if kept is not None:
            self.session.bring_back(kept)
        if study in self._waiting:
            self._waiting.discard(study)
            self.autosave.note_study(study)

    # ------------------------------------------------------------------------------------------------------- saving
    def _note(self, study: str) -> None:
        """A study whose older words are still being read waits: they must not be written over."""
        if self._is_closed:
            return
        if study in self._ready:
            self.autosave.note_study(study)
        else:
            self._waiting.add(study)

    def _open_state(self) -> OpenState:
        session, attached = self.session, tuple(stored_image(one.image) for one in self.session.attached)
        return OpenState(self._paths, session.key, session.frame, self.composer.draft, attached, self._tries)

    def _writing(self) -> None:
        if self._paths and not self._is_closed:
            self.autosave.note_open(_RUNNING_MS)

    def _tell_failure(self, problem: UmedError) -> None:
        hint = self.tr("{hint} umed tries again every few seconds.").format(hint=problem.hint)
        self.window.show_error(
            StorageError(self.tr("The session is not saved: {message}").format(message=problem.message), hint)
        )
