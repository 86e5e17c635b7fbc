"""The library of one window: its file is opened at the first use, and anew where it turns out to be unusable."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TypeVar

from umed_core.errors import DataError
from umed_core.library.database import set_aside
from umed_core.library.index import StudyIndex

__all__ = ["Shelf"]

T = TypeVar("T")


class Shelf:
    """Any thread may call. `told` gets one line and a hint where a file was put aside, on the thread that found it so."""

    def __init__(self, path: Path, told: Callable[[str, str], None]) -> None:
        self.path = path
        self._told = told
        self._lock = Lock()
        self._index: StudyIndex | None = None

    def use(self, deed: Callable[[StudyIndex], T]) -> T:
        """What `deed` does with the index; once more with an empty one where the file is damaged or of a newer umed.

        Raises: StorageError; what `deed` raises.
        """
        index = self._opened()
        try:
            return deed(index)
        except DataError as problem:
            self._put_aside(index, problem)
        return deed(self._opened())

    def close(self) -> None:
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None

    def _opened(self) -> StudyIndex:
        with self._lock:
            if self._index is None:
                try:
                    self._index = StudyIndex(self.path)
                except DataError as problem:
                    self._say(problem, set_aside(self.path))
                    self._index = StudyIndex(self.path)
            return self._index

    def _put_aside(self, index: StudyIndex, problem: DataError) -> None:
        with self._lock:
            if self._index is not index:  # another thread was quicker
                return
            self._index = None
            index.close()
            if index.is_in_place:
                self._say(problem, set_aside(self.path))

    def _say(self, problem: DataError, aside: Path) -> None:
        self._told(problem.message, f"It was put aside as {aside.name}, and a new one is begun. {problem.hint}".strip())
