"""Undo and redo over frozen states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["History"]

T = TypeVar("T")


class History(Generic[T]):
    """A present state, and the states before and after it. `T` is frozen: a state is kept, never copied."""

    def __init__(self, present: T, most: int = 200) -> None:
        self.present = present
        self._most = most
        self._past: list[tuple[str, T]] = []
        self._future: list[tuple[str, T]] = []

    def change(self, name: str, state: T) -> None:
        """Makes `state` the present one; `name` says in a menu what would be undone. Equal states leave no trace."""
        if state == self.present:
            return
        self._past = [*self._past[-self._most + 1 :], (name, self.present)]
        self._future.clear()
        self.present = state

    @property
    def undo_name(self) -> str:
        """What Undo would take back; "" for nothing."""
        return self._past[-1][0] if self._past else ""

    @property
    def redo_name(self) -> str:
        """What Redo would bring back; "" for nothing."""
        return self._future[-1][0] if self._future else ""

    def undo(self) -> None:
        if self._past:
            name, before = self._past.pop()
            self._future.append((name, self.present))
            self.present = before

    def redo(self) -> None:
        if self._future:
            name, after = self._future.pop()
            self._past.append((name, self.present))
            self.present = after

    def rewrite(self, change: Callable[[T], T]) -> None:
        """Changes every state alike, past and future ones too: for what is no deed of the person."""
        self.present = change(self.present)
        self._past = [(name, change(state)) for name, state in self._past]
        self._future = [(name, change(state)) for name, state in self._future]
