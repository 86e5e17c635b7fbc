"""The folder in which sessions outlive the window: a file a study, and a file for what each running window has open.

A study's file is called by a hash, so that no folder listing names a patient. What a window has open is marked by its
process: a file whose process is gone is what a crash left behind. Free of Qt.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from umed_core.errors import DataError, StorageError
from umed_core.living import born_at, is_alive
from umed_core.records import write_atomic
from umed_desktop.recovery.stored import StoredImage, decode_study, encode_study
from umed_desktop.session.session import StudyState
from umed_desktop.words import translate

__all__ = ["OpenState", "SessionStore"]


class OpenState(msgspec.Struct, frozen=True):
    """What a window has open: the paths that were given, the series on screen, its frame, the question being written, and
    the images that it goes with.

    `tries` counts the crashes that followed each other before anything could be shown. `pid` and `started` name the
    process; a later process may get the same number, but not the same start.
    """

    paths: tuple[str, ...]
    series: str = ""
    frame: int = 0
    question: str = ""
    attached: tuple[StoredImage, ...] = ()
    tries: int = 0
    pid: int = 0
    started: float = 0.0


@dataclass(frozen=True, slots=True)
class SessionStore:
    """Reads and writes below `folder`. Slow, as disks are: not for the window's thread."""

    folder: Path

    def study_file(self, study: str) -> Path:
        return self.folder / "studies" / f"{hashlib.blake2b(study.encode(), digest_size=16).hexdigest()}.json"

    def save_study(self, state: StudyState) -> None:
        """Raises: StorageError; the old file is then whole."""
        path = self.study_file(state.study)
        write_atomic(path, encode_study(state))
        self._keep_private(path)

    def load_study(self, study: str) -> StudyState | None:
        """What was kept of a study, None for one that nothing was said about.

        Raises: DataError for a file that cannot be used; it is put aside under another name, and nothing overwrites it.
        """
        path = self.study_file(study)
        try:
            return decode_study(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as problem:
            aside = path.with_suffix(".damaged.json")
            with suppress(OSError):
                path.replace(aside)
            raise DataError(
                translate("Errors", "The conversations about this study could not be read: {problem}.").format(
                    problem=problem
                ),
                translate("Errors", "They were put aside as {name}; new ones are kept as usual.").format(
                    name=aside.name
                ),
            ) from problem

    # -------------------------------------------------------------------------------------------- what is open
    def save_open(self, state: OpenState) -> None:
        """Raises: StorageError."""
        own = msgspec.structs.replace(state, pid=os.getpid(), started=born_at())
        write_atomic(self._open_file(), msgspec.json.encode(own))
        self._keep_private(self._open_file())

    def forget_open(self) -> None:
        """Called where the window ends as it should."""
        self._open_file().unlink(missing_ok=True)

    def left_open(self) -> OpenState | None:
        """What a window that crashed had open, the newest where several did; it is told once."""
        left: list[tuple[float, OpenState]] = []
        for path in sorted(self.folder.glob("open-*.json")) if self.folder.is_dir() else ():
            try:
                state = msgspec.json.decode(path.read_bytes(), type=OpenState)
                changed_at = path.stat().st_mtime
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
                continue  # being written by another window, or no file of ours
            if not is_alive(state.pid, state.started):
                left.append((changed_at, state))
                path.unlink(missing_ok=True)
        return max(left, key=lambda pair: pair[0])[1] if left else None

    def _open_file(self) -> Path:
        return self.folder / f"open-{os.getpid()}.json"

    def _keep_private(self, path: Path) -> None:
        """What is said about a patient is for the person's own eyes. On Windows a user's folder is private already."""
        if os.name == "posix":
            try:
                path.chmod(0o600)
            except OSError as problem:
                raise StorageError(
                    translate("Errors", "Could not keep {path} private: {problem}.").format(path=path, problem=problem),
                    "Choose another folder.",
                ) from problem
