"""One Undo and one Redo over several histories, in the order of the deeds. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ["Undoable", "Undoing"]


class Undoable(Protocol):
    """A part with a history of its own; the names say what would be taken back or brought back, "" for nothing."""

    @property
    def undo_name(self) -> str: ...
    @property
    def redo_name(self) -> str: ...
    def undo(self) -> None: ...
    def redo(self) -> None: ...


class Undoing:
    """Takes back the latest deed, whichever part it was done in; `changed` is called when its names may differ."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._past: list[Undoable] = []
        self._future: list[Undoable] = []
        self._is_moving = False

    def note(self, part: Undoable) -> None:
        """A deed was done in `part`; called while a deed is taken back, it does nothing."""
        if not self._is_moving and part.undo_name and not part.redo_name:
            self._past.append(part)
            self._future.clear()
        self._changed()

    @property
    def undo_name(self) -> str:
        return _name_of_last(self._past, "undo_name")

    @property
    def redo_name(self) -> str:
        return _name_of_last(self._future, "redo_name")

    def undo(self) -> None:
        place = _last(self._past, "undo_name")
        if place >= 0:
            part = self._past.pop(place)
            self._future.append(part)
            self._move(part.undo)

    def redo(self) -> None:
        place = _last(self._future, "redo_name")
        if place >= 0:
            part = self._future.pop(place)
            self._past.append(part)
            self._move(part.redo)

    def _move(self, deed: Callable[[], None]) -> None:
        self._is_moving = True
        try:
            deed()
        finally:
            self._is_moving = False
        self._changed()


def _last(parts: list[Undoable], name: str) -> int:
    """Where the last part stands that has something to take back now; -1 for none.

    A part without is passed over and not forgotten: its history is its study's, and comes back with it.
    """
    return max((place for place, part in enumerate(parts) if getattr(part, name)), default=-1)


def _name_of_last(parts: list[Undoable], name: str) -> str:
    place = _last(parts, name)
    return str(getattr(parts[place], name)) if place >= 0 else ""
