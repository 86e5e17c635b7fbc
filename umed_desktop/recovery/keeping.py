"""What umed keeps about a person's work, where and how much, and how it is let go. Free of Qt; slow, as disks are."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from umed_core.errors import StorageError
from umed_desktop.words import translate

__all__ = [
    "Kept",
    "conversations_folder",
    "forget",
    "forget_older",
    "kept_in",
    "samples_folder",
    "sessions_folder",
    "size_of",
]

_A_DAY_S = 24 * 60 * 60
_PATTERNS = ("*.json", "*.broken", "*/images/*.dcm", "*/records.jsonl", "*/annotations.csv")
"""A study's file and one that was set aside as damaged; the files of a sample study."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many files there are, and their bytes."""

    files: int
    size: int


def sessions_folder(settings_path: Path) -> Path:
    return settings_path.parent / "sessions"


def conversations_folder(settings_path: Path) -> Path:
    """A file a study, with its conversations and findings (`recovery.store`)."""
    return sessions_folder(settings_path) / "studies"


def samples_folder(settings_path: Path) -> Path:
    """The synthetic studies that the first page draws."""
    return settings_path.parent / "samples"


def kept_in(folder: Path) -> Kept:
    """What lies in `folder`; nothing where there is none."""
    sizes = [size for size, _ in _files(folder).values()]
    return Kept(len(sizes), sum(sizes))


def forget(folder: Path) -> int:
    """Deletes what is kept in `folder`; returns how many files that were. Raises: StorageError at the first that stays."""
    return _delete(list(_files(folder)))


def forget_older(folder: Path, days: int, now: float | None = None) -> int:
    """Deletes what has not changed for `days` days, 0 for never; returns how many files that were.

    `now` is a time in seconds as `time.time()` tells it. Raises: StorageError at the first that stays.
    """
    if days <= 0:
        return 0
    oldest = (time.time() if now is None else now) - days * _A_DAY_S
    return _delete([path for path, (_, changed_at) in _files(folder).items() if changed_at < oldest])


def size_of(files: Iterable[Path]) -> int:
    """Bytes of those that are there."""
    return sum(size for size, _ in _facts(files).values())


def _files(folder: Path) -> dict[Path, tuple[int, float]]:
    return _facts(sorted(path for pattern in _PATTERNS for path in folder.glob(pattern)))


def _facts(files: Iterable[Path]) -> dict[Path, tuple[int, float]]:
    """Size and time of the last change by file; one that another window deletes meanwhile is none."""
    found: dict[Path, tuple[int, float]] = {}
    for path in files:
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue
        found[path] = (facts.st_size, facts.st_mtime)
    return found


def _delete(paths: Sequence[Path]) -> int:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise StorageError(
                translate("Errors", "{name} could not be deleted: {problem}.").format(name=path.name, problem=problem),
                "Check the folder's permissions.",
            ) from problem
    return len(paths)
