"""The measurements of what is open, with undo; it knows which studies have changed since they were saved. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from umed_desktop.measuring.model import Kind, Measurement, Place, Point
from umed_desktop.session.history import History
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["Measurements"]

_DRAWN: dict[Kind, str] = {
    "length": QT_TRANSLATE_NOOP("Deeds", "Draw length"),
    "angle": QT_TRANSLATE_NOOP("Deeds", "Draw angle"),
    "ellipse": QT_TRANSLATE_NOOP("Deeds", "Draw ellipse"),
    "rectangle": QT_TRANSLATE_NOOP("Deeds", "Draw rectangle"),
    "probe": QT_TRANSLATE_NOOP("Deeds", "Draw probe"),
}


class Measurements:
    """Not thread-safe: the window's thread alone calls it."""

    def __init__(self) -> None:
        self._history: History[tuple[Measurement, ...]] = History(())
        self._listeners: list[Callable[[], None]] = []
        self._loaded: set[str] = set()
        self.unsaved: set[str] = set()
        self.chosen = ""
        """The id of the one that keys and the list speak of, "" for none."""
        self.deeds = 0
        """How many changes were made by hand; what is undone, redone or loaded is none."""

    def subscribe(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    # -------------------------------------------------------------------------------------------------- what is there
    @property
    def all(self) -> tuple[Measurement, ...]:
        return self._history.present

    def of_study(self, study: str) -> tuple[Measurement, ...]:
        return tuple(one for one in self.all if one.study == study)

    def at(self, place: Place) -> tuple[Measurement, ...]:
        """Those on one slice, oldest first."""
        return tuple(one for one in self.all if one.place.is_at(place))

    def is_loaded(self, study: str) -> bool:
        return study in self._loaded

    def load(self, study: str, stored: Iterable[Measurement]) -> None:
        """What was saved about a study, once; it is no deed, so Undo does not take it away."""
        if study not in self._loaded:
            self._loaded.add(study)
            found = tuple(stored)
            self._history.rewrite(lambda state: (*found, *state))
            self._tell()

    # ------------------------------------------------------------------------------------------------------ the deeds
    def add(self, measurement: Measurement) -> None:
        self.chosen = measurement.id
        self._change(_DRAWN[measurement.kind], (*self.all, measurement))

    def reshape(self, measurement_id: str, points: tuple[Point, ...], place: Place | None = None) -> None:
        """Moves or resizes one; `place` is another slice of its study that it was taken to."""
        changed = tuple(
            Measurement(one.id, one.study, place or one.place, one.kind, points) if one.id == measurement_id else one
            for one in self.all
        )
        self._change(QT_TRANSLATE_NOOP("Deeds", "Change measurement"), changed)

    def remove(self, ids: Iterable[str]) -> None:
        gone = set(ids)
        one, many = QT_TRANSLATE_NOOP("Deeds", "Delete measurement"), QT_TRANSLATE_NOOP("Deeds", "Delete measurements")
        self._change(one if len(gone) == 1 else many, tuple(kept for kept in self.all if kept.id not in gone))

    def choose(self, measurement_id: str) -> None:
        if measurement_id != self.chosen:
            self.chosen = measurement_id
            self._tell()

    @property
    def undo_name(self) -> str:
        return self._history.undo_name

    @property
    def redo_name(self) -> str:
        return self._history.redo_name

    def undo(self) -> None:
        before = self.all
        self._history.undo()
        self._settle(before)

    def redo(self) -> None:
        before = self.all
        self._history.redo()
        self._settle(before)

    def _change(self, name: str, state: tuple[Measurement, ...]) -> None:
        before = self.all
        self._history.change(name, state)
        self.deeds += self.all is not before
        self._settle(before)

    def _settle(self, before: tuple[Measurement, ...]) -> None:
        self.unsaved |= {one.study for one in set(before) ^ set(self.all)}
        if all(one.id != self.chosen for one in self.all):
            self.chosen = ""
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
