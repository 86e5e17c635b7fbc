"""A study's measurements on disk: one small JSON file a study, written whole or not at all. Free of Qt."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from umed_core.errors import DataError, StorageError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import write_atomic
from umed_desktop.measuring.model import POINTS_OF, Measurement
from umed_desktop.words import translate

__all__ = ["load_measurements", "save_measurements", "stored_studies"]


class _Stored(msgspec.Struct, frozen=True):
    """`notice` is the line that stays true wherever a result is written."""

    version: int
    notice: str
    study: str
    measurements: tuple[Measurement, ...]


def stored_studies(folder: Path) -> set[str]:
    """The keys of the studies that have a file."""
    return {path.stem for path in folder.glob("*.json")}


def load_measurements(folder: Path, study: str) -> tuple[Measurement, ...]:
    """What was saved about a study; nothing where there is no file.

    Raises: DataError for a file that holds no measurements; it is set aside, so that the next save destroys nothing.
    """
    path = folder / f"{study}.json"
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
        if stored.version != 1 or any(len(one.points) != POINTS_OF[one.kind] for one in stored.measurements):
            raise msgspec.ValidationError("written by another version of umed, or damaged")
    except FileNotFoundError:
        return ()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
        aside = path.with_suffix(".broken")
        try:
            path.replace(aside)
        except OSError:
            aside = path  # a folder that cannot be written: the next save says so
        raise DataError(
            translate("Errors", "The measurements at {path} could not be read: {problem}.").format(
                path=path, problem=problem
            ),
            translate("Errors", "The file is kept as {name}.").format(name=aside.name),
        ) from problem
    return stored.measurements


def save_measurements(folder: Path, study: str, measurements: Iterable[Measurement]) -> None:
    """Replaces what was saved about a study; without measurements the file goes. Raises: StorageError."""
    path, kept = folder / f"{study}.json", tuple(measurements)
    if kept:
        content = msgspec.json.encode(_Stored(1, RESEARCH_USE_ONLY, study, kept))
        write_atomic(path, msgspec.json.format(content))
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as problem:
        raise StorageError(
            translate("Errors", "{name} could not be deleted: {problem}.").format(name=path, problem=problem),
            "Check the folder's permissions.",
        ) from problem
