"""A command of umed in a session of its own: it outlives the window, and a later window finds it again. Free of Qt.

FOLDER/job/ holds job.json (the command, the process's number and when it was born) and log.txt (all that it said). A
process is known by number and birth together, so that a number which the system has given to another is not taken for it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from umed_core.errors import ConfigError, DataError, StorageError
from umed_core.living import born_at, is_alive
from umed_core.records import write_atomic
from umed_desktop.words import translate

__all__ = ["Job", "JobRecord", "environment", "find_job", "start_job", "umed_command"]


class JobRecord(msgspec.Struct, frozen=True):
    """What job.json says. `arguments` are those of `umed`; `born` is the process's start in seconds since 1970."""

    arguments: tuple[str, ...]
    pid: int
    born: float


@dataclass(eq=False)
class Job:
    """A started command; `child` is its process where this program started it, None where another window did."""

    folder: Path
    record: JobRecord
    child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def is_running(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        return is_alive(self.record.pid, self.record.born)

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and where another window started it: then nobody could tell."""
        return None if self.child is None else self.child.poll()

    def ask_to_stop(self) -> None:
        """As Ctrl-C does: training finishes its step and writes a checkpoint. On Windows the process ends at once."""
        self._signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)

    def end_now(self) -> None:
        self._signal(signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.is_running:
            os.kill(self.record.pid, number)


def start_job(folder: Path, arguments: Sequence[str]) -> Job:
    """Starts `umed ARGUMENTS`, its words going to `folder`/log.txt. Raises: ConfigError where one still runs; StorageError."""
    running = find_job(folder)
    if running is not None and running.is_running:
        raise ConfigError(
            translate("Errors", "{folder} is being worked on already.").format(folder=folder.parent),
            "Wait for it, or stop it first.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log.txt").open("wb") as log:
            child = subprocess.Popen(
                umed_command(arguments), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env=environment(), start_new_session=True, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
    except OSError as problem:
        raise StorageError(
            translate("Errors", "Could not start in {folder}: {problem}.").format(
                folder=folder, problem=problem.strerror or problem
            ),
            "Choose a folder that you may write to.",
        ) from problem
    record = JobRecord(tuple(arguments), child.pid, born_at(child.pid))
    write_atomic(folder / "job.json", msgspec.json.encode(record))
    return Job(folder, record, child)


def find_job(folder: Path) -> Job | None:
    """The last command that a window started there, None where none was. Raises: DataError for a damaged job.json."""
    try:
        return Job(folder, msgspec.json.decode((folder / "job.json").read_bytes(), type=JobRecord))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise DataError(
            translate("Errors", "{path} cannot be read: {problem}.").format(path=folder / "job.json", problem=problem),
            "Delete it; the work beside it is untouched.",
        ) from problem


def umed_command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "umed_cli.main", *arguments]


def environment() -> dict[str, str]:
    """This program's, with its import path, so that the child runs the same umed; its words are UTF-8."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "PYTHONIOENCODING": "utf-8",
    }
