"""Measuring's wiring: the document, the hands over the views, the list, and the files beside the settings."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import get_args

from PySide6.QtCore import QObject, Signal

from umed_core.errors import DataError, StorageError
from umed_desktop.measuring.document import Measurements
from umed_desktop.measuring.hand import MeasuringHand
from umed_desktop.measuring.keeper import Keeper
from umed_desktop.measuring.measurements_panel import MeasurementRow, MeasurementsPanel
from umed_desktop.measuring.model import KIND_WORDS, Kind, Measurement, Place, Point, place_of, study_key
from umed_desktop.measuring.painting import DrawnMeasurement
from umed_desktop.measuring.quantities import words_of
from umed_desktop.measuring.storage import load_measurements, stored_studies
from umed_desktop.session.session import Change, Session
from umed_desktop.viewer.panes import Pane
from umed_desktop.viewer.viewer_panel import ViewerPanel
from umed_desktop.window.viewports import Viewports
from umed_desktop.words import translate

__all__ = ["MeasuringDesk"]


class MeasuringDesk(QObject):
    """`folder` holds a file a study; None remembers nothing."""

    refused = Signal(object)
    """The UmedError of measurements that could not be read or saved."""

    def __init__(
        self, session: Session, viewports: Viewports, viewer: ViewerPanel, panel: MeasurementsPanel, folder: Path | None
    ) -> None:
        super().__init__(viewports)
        self.measurements = Measurements()
        self.hands: list[MeasuringHand] = []
        self._session, self._viewports, self._viewer, self._panel = session, viewports, viewer, panel
        self._folder = folder
        self.keeper: Keeper | None = None
        self._listed: tuple[object, ...] = ()
        if folder is not None:
            self.keeper = Keeper(self.measurements, folder, self)
            self.keeper.failed.connect(self._tell_failure)
        for number in range(len(viewer.views)):
            self._add_hand(number)
        viewer.view_added.connect(self._add_hand)
        viewports.shown_changed.connect(self._show)
        panel.chosen.connect(self._go_to)
        panel.removed.connect(lambda one: self.measurements.remove([one]))
        self.measurements.subscribe(self._show_all)
        session.subscribe(self._changed)

    def save_now(self) -> None:
        """Raises: StorageError; what could not be saved stays unsaved."""
        if self.keeper is not None:
            self.keeper.save_now()

    def close(self) -> None:
        """Raises: StorageError. A second close does nothing, as a window's own."""
        keeper, self.keeper = self.keeper, None
        if keeper is not None:
            keeper.close()

    def _tell_failure(self, problem: StorageError) -> None:
        told = self.tr("The measurements are not saved: {problem}").format(problem=problem.message)
        hint = self.tr("{hint} umed tries again every few seconds.").format(hint=problem.hint)
        self.refused.emit(StorageError(told, hint))

    def choose_tool(self, name: str) -> None:
        """What the left button does: "" for window and level, else a Kind."""
        for hand in self.hands:
            hand.cancel()
        self._viewer.tool = name

    def step_back(self) -> bool:
        """Esc: drops what is being drawn, else puts the tool away; whether there was either."""
        busy = [hand for hand in self.hands if hand.cancel()]
        if busy:
            return True
        if self._viewer.tool not in get_args(Kind):
            return False
        self._viewer.tool = ""
        return True

    def remove_chosen(self) -> None:
        if self.measurements.chosen:
            self.measurements.remove([self.measurements.chosen])

    def remove_here(self) -> None:
        """All on the active viewport's slice."""
        place = self._place(self._viewports.shown(self._viewports.active))
        if place is not None:
            self.measurements.remove([one.id for one in self.measurements.at(place)])

    # ------------------------------------------------------------------------------------------------------- the hand
    def _add_hand(self, number: int) -> None:
        view = self._viewer.views[number]
        hand = MeasuringHand(lambda: self._viewer.tool, partial(self._words, number), self)
        hand.drawn.connect(partial(self._take_drawn, number))
        hand.reshaped.connect(partial(self._take_reshaped, number))
        hand.chosen.connect(self.measurements.choose)
        hand.updated.connect(view.update)
        view.layers.append(hand)
        self.hands.append(hand)

    def _words(self, number: int, kind: Kind, points: tuple[Point, ...]) -> tuple[str, ...]:
        pane = self._viewports.shown(number)
        return words_of(kind, points, pane.image, pane.frame) if pane.image is not None else ()

    def _take_drawn(self, number: int, kind: Kind, points: tuple[Point, ...]) -> None:
        pane = self._viewports.shown(number)
        place = self._place(pane)
        if place is not None:
            study = study_key(self._session.series[pane.index])
            self.measurements.add(Measurement.new(study, place, kind, points))

    def _take_reshaped(self, number: int, measurement_id: str, points: tuple[Point, ...]) -> None:
        """On the slice that is shown: the wheel may have turned while it was held. Never into another study's file."""
        pane = self._viewports.shown(number)
        place = self._place(pane)
        held = next((one for one in self.measurements.all if one.id == measurement_id), None)
        if held is None or place is None or study_key(self._session.series[pane.index]) != held.study:
            return  # deleted by a key while it was held, say
        self.measurements.reshape(measurement_id, points, None if held.place.is_at(place) else place)

    def _place(self, pane: Pane) -> Place | None:
        if pane.image is None or not 0 <= pane.index < len(self._session.series):
            return None
        return place_of(self._session.series[pane.index], pane.image, pane.frame)

    # ---------------------------------------------------------------------------------------------------- what is seen
    def _changed(self, change: Change) -> None:
        if change is Change.LISTING:
            self._load()

    def _load(self) -> None:
        """What was saved about the studies that are listed."""
        if self._folder is None:
            return
        stored = stored_studies(self._folder)
        for study in dict.fromkeys(study_key(series) for series in self._session.series):
            if study in stored and not self.measurements.is_loaded(study):
                try:
                    self.measurements.load(study, load_measurements(self._folder, study))
                except DataError as problem:
                    self.refused.emit(problem)

    def _show_all(self) -> None:
        for number in range(len(self._viewports.panes)):
            self._show(number)

    def _show(self, number: int) -> None:
        pane = self._viewports.shown(number)
        place = self._place(pane)
        if number == self._viewports.active:
            self._show_list(pane)
        if place is None or pane.image is None:
            self.hands[number].show((), (0, 0))
            return
        chosen = self.measurements.chosen
        drawn = tuple(
            DrawnMeasurement(
                one.id, one.kind, one.points, words_of(one.kind, one.points, pane.image, pane.frame), one.id == chosen
            )
            for one in self.measurements.at(place)
        )
        self.hands[number].show(drawn, (pane.image.width, pane.image.height))

    def _show_list(self, pane: Pane) -> None:
        """Nothing to do while slices turn: the list is the series'."""
        state = (pane.key, pane.image, self.measurements.all, self.measurements.chosen)
        if len(state) == len(self._listed) and all(new is old for new, old in zip(state, self._listed, strict=True)):
            return
        self._listed = state
        rows = []
        for frame, one in self._of_series(pane):
            assert pane.image is not None
            words = words_of(one.kind, one.points, pane.image, frame)
            rows.append(
                MeasurementRow(one.id, translate("Kinds", KIND_WORDS[one.kind]), str(frame + 1), "   ".join(words))
            )
        self._panel.show_rows(rows, self.measurements.chosen)

    def _of_series(self, pane: Pane) -> list[tuple[int, Measurement]]:
        """The measurements of a viewport's series, each with its frame."""
        if self._place(pane) is None or pane.image is None:
            return []
        series = self._session.series[pane.index]
        study, found = study_key(series), []
        ours = self.measurements.of_study(study)
        for frame in range(pane.image.frame_count if ours else 0):
            here = place_of(series, pane.image, frame)
            found += [(frame, one) for one in ours if one.place.is_at(here)]
        return found

    def _go_to(self, measurement_id: str) -> None:
        pane = self._viewports.shown(self._viewports.active)
        self.measurements.choose(measurement_id)
        for frame, one in self._of_series(pane):
            if one.id == measurement_id:
                self._session.show_frame(frame)
