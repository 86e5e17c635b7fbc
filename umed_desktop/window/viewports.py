"""The viewports' wiring: which series each shows, who reads it, which one the session stands for, and how they follow."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from umed_core.errors import UmedError
from umed_desktop.background import BackgroundDoor, Job
from umed_desktop.session.opening import read_series
from umed_desktop.session.session import Change, Session, series_key
from umed_desktop.viewer.cine import Cine
from umed_desktop.viewer.panes import LAYOUTS, Pane, followers_of_frame, followers_of_window, series_to_fill
from umed_desktop.viewer.viewer_panel import ViewerPanel
from umed_desktop.viewer.volumes import Volumes
from umed_desktop.window.painter import WindowPainter

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage
    from umed_core.images.volume import Series

__all__ = ["Viewports"]

_BYTES_A_PIXEL = 2
"""Of most DICOM files, to judge a series before it is read."""


class Viewports(QObject):
    """The active viewport is the session's: what is asked, marked and turned there goes the session's way.

    The others keep their own series, slice and window here. A series is read once, however many show it.
    """

    shown_changed = Signal(int)
    """The number of a viewport that shows another image or another slice."""
    refused = Signal(object)
    """The UmedError of a series that could not be read."""

    def __init__(
        self, session: Session, viewer: ViewerPanel, painter: WindowPainter, door: BackgroundDoor, budget: int
    ) -> None:
        super().__init__(painter)
        self.session, self.viewer, self.painter, self.door = session, viewer, painter, door
        self.panes = [Pane()]
        painter.panes = lambda: self.panes
        self.volumes = Volumes(budget)
        self.links_scroll, self.links_window = True, False
        self._jobs: dict[str, Job] = {}
        self._is_following = False
        viewer.touched.connect(self.touch)
        viewer.slice_wheeled.connect(self.turn)
        viewer.series_dropped.connect(self._take_drop)
        viewer.probed.connect(self._show_probe)
        self.cine = Cine(self)
        self.cine.frame_due.connect(session.show_frame)
        self.cine.playing_changed.connect(viewer.cine.show_playing)
        viewer.cine.play_pressed.connect(self.play_or_pause)
        viewer.cine.fps_changed.connect(self.cine.set_fps)
        viewer.cine.loops_changed.connect(self.cine.set_loops)
        session.subscribe(self._changed)

    @property
    def active(self) -> int:
        return self.viewer.active

    def shown(self, number: int) -> Pane:
        """What a viewport shows now."""
        if number == self.active:
            self._keep()
        return self.panes[number]

    def showing(self, key: str) -> int:
        """The viewport that shows a series, or is about to; -1 for none."""
        return next((number for number in range(len(self.panes)) if self.shown(number).key == key), -1)

    def image_of(self, key: str) -> MedicalImage | None:
        """The image of a series that is on screen or still in memory."""
        number = self.showing(key)
        return self.panes[number].image if number >= 0 else self.volumes.get(key)

    # ------------------------------------------------------------------------------------------------- the series
    def choose(self, index: int) -> None:
        """A listed series for the active viewport, from memory or read in the background."""
        is_coming = not self.session.is_early or self.is_reading(self.session.key)
        if index == self.session.current and self.session.image is not None and is_coming:
            return
        series = self.session.choose(index)
        self.viewer.view.clear(self.tr("Reading…"), series.files[0].name)
        self._want(series)

    def read_rest(self) -> None:
        """The rest of the series of which the session shows one early image."""
        self._want(self.session.series[self.session.current])

    def forget(self) -> None:
        """What was listed is listed no more."""
        for job in self._jobs.values():
            job.cancel()
        self._jobs.clear()
        self.volumes.clear()
        for number, _ in enumerate(self.panes):
            if number != self.active:
                self.panes[number] = Pane()
                self.painter.show_pane(number, self.panes[number])
                self.shown_changed.emit(number)

    def fill(self) -> None:
        """A series for each viewport that has none."""
        if self.session.current < 0:
            return
        self._keep()
        for number, pane in enumerate(self.panes):
            if pane.index < 0:
                listed = self.session.series
                pane.index = series_to_fill([other.index for other in self.panes], self.session.current, len(listed))
                pane.key = series_key(listed[pane.index])
                self.painter.show_pane(number, pane)
                self._want(listed[pane.index])

    def is_reading(self, key: str) -> bool:
        return key in self._jobs and self._jobs[key].is_running

    def _want(self, series: Series) -> None:
        """Shows the series wherever it is wanted, as soon as it is there; its first slice before the rest."""
        key, has_first = series_key(series), self.session.is_early
        self._cancel_unseen()
        image = self.volumes.get(key)
        if image is None and key == self.session.key and not self.session.is_early:
            image = self.session.image
        if image is not None:
            self._got(key, image)
            return
        if self.is_reading(key):
            return

        def work(job: Job) -> MedicalImage:
            def first(image: MedicalImage) -> None:
                self.door.say(job, partial(self._got, key, image))

            return read_series(series, None if has_first else first, self.door.report(job), job.cancelled.is_set)

        pixels = series.rows * series.columns * series.frame_count
        self.volumes.make_room(_BYTES_A_PIXEL * pixels, self._visible())

        self._jobs[key] = self.door.run(
            self.tr("Reading slices"), work, partial(self._got_whole, key), partial(self._lost, key)
        )

    def _got_whole(self, key: str, image: MedicalImage) -> None:
        self._jobs.pop(key, None)
        self.volumes.put(key, image, self._visible())
        self._got(key, image)

    def _got(self, key: str, image: MedicalImage) -> None:
        if self.session.image is not image and self.session.show_image(key, image):
            self.painter.show_thumbnail(self.shown(self.active))
        for number, pane in enumerate(self.panes):
            if number != self.active and pane.key == key and pane.image is not image:
                pane.image, pane.frame = image, min(pane.frame, image.frame_count - 1)
                self._repaint(number)
                self.painter.show_thumbnail(pane)

    def _lost(self, key: str, error: UmedError) -> None:
        self._jobs.pop(key, None)
        for number in range(len(self.panes)):
            if self.shown(number).key == key:
                self.viewer.views[number].clear(self.tr("This image could not be opened"), error.message)
        self.refused.emit(error)

    def _visible(self) -> set[str]:
        return {self.shown(number).key for number in range(len(self.panes))}

    def _cancel_unseen(self) -> None:
        seen = self._visible()
        for key in [key for key in self._jobs if key not in seen]:
            self._jobs.pop(key).cancel()

    # ------------------------------------------------------------------------------------------------ the layout
    def set_layout(self, name: str) -> None:
        """Rows and columns of viewports. The active one stays; new ones get the next series, which may be read for it."""
        rows, columns = LAYOUTS[name]
        self._keep()
        if self.active >= rows * columns:
            self.panes[0] = self.panes[self.active]
            self.viewer.set_active(0)
        self.panes = (self.panes + [Pane() for _ in range(rows * columns)])[: rows * columns]
        self.viewer.set_layout(rows, columns)
        self.painter.show_image()
        self.shown_changed.emit(self.active)
        if not self.session.is_early:
            self.fill()
        self._cancel_unseen()

    def touch(self, number: int) -> None:
        """Makes a viewport the active one: the session goes to what it shows."""
        # The one early slice of a series becomes one of many soon: until then the session stays with it.
        if number == self.active or number >= len(self.panes) or self.session.is_early:
            return
        self._keep()
        self.cine.pause()
        left, pane = self.active, replace(self.panes[number])  # its own is written to while the session changes
        self._is_following = True  # to look elsewhere moves nothing
        with self.painter.hold():
            self.viewer.set_active(number)
            if pane.index >= 0:
                self.session.choose(pane.index)
                self.painter.set_inverted(pane.inverted)
                self.session.show_window(pane.window)
                if pane.image is not None:
                    self.session.show_image(pane.key, pane.image)
                    self.session.show_frame(pane.frame)
        self._is_following = False
        if pane.key and pane.image is None:
            self.painter.show_pane(number, pane)
        self._repaint(left)

    def touch_next(self) -> None:
        self.touch((self.active + 1) % len(self.panes))
        self.viewer.view.setFocus()

    def _take_drop(self, number: int, index: int) -> None:
        if index < len(self.session.series):
            self.touch(number)
            self.choose(index)

    def _keep(self) -> None:
        """Writes down in the active viewport's pane what the session shows."""
        session, pane = self.session, self.panes[self.active]
        pane.index, pane.key, pane.image = session.current, session.key, session.image
        pane.frame, pane.window, pane.inverted = session.frame, session.window, self.painter.is_inverted

    # ------------------------------------------------------------------------------------------------- the slices
    def turn(self, number: int, steps: int) -> None:
        """Turns slices in any viewport, active or not."""
        if number == self.active:
            self.session.show_frame(self.session.frame + steps)
        elif number < len(self.panes) and (image := self.panes[number].image) is not None:
            pane = self.panes[number]
            frame = min(max(pane.frame + steps, 0), image.frame_count - 1)
            if frame != pane.frame:
                pane.frame = frame
                self._repaint(number)
                self._lead(number)

    def _lead(self, leader: int) -> None:
        """The other viewports go to where `leader` is."""
        if not self.links_scroll or self._is_following or len(self.panes) == 1:
            return
        self._keep()
        self._is_following = True
        for number, frame in followers_of_frame(self.panes, leader).items():
            if number == self.active:
                self.session.show_frame(frame)
            else:
                self.panes[number].frame = frame
                self._repaint(number)
        self._is_following = False

    def _lead_window(self) -> None:
        if not self.links_window or self._is_following or len(self.panes) == 1:
            return
        self._keep()
        for number in followers_of_window(self.panes, self.active):
            self.panes[number].window = self.session.window
            self.painter.show_pane(number, self.panes[number], preview=True)

    def play_or_pause(self) -> None:
        if self.cine.is_playing:
            self.cine.pause()
        elif self.session.image is not None:
            self.cine.play(self.session.frame, self.session.image.frame_count)

    def link_scroll(self, is_linked: bool) -> None:
        self.links_scroll = is_linked
        self._lead(self.active)

    def link_window(self, is_linked: bool) -> None:
        self.links_window = is_linked
        self._lead_window()

    def _changed(self, change: Change) -> None:
        if change is Change.FRAME:
            self.cine.moved_to(self.session.frame)
            self._lead(self.active)
        elif change is Change.IMAGE:
            self.cine.pause()
        elif change is Change.WINDOW:
            self._lead_window()
        if change in (Change.FRAME, Change.IMAGE):
            self.shown_changed.emit(self.active)

    def _show_probe(self, number: int, place: tuple[int, int] | None) -> None:
        if not self.painter.note_probe(number, place):
            return
        if number == self.active:
            self.painter.show_legend()
        elif number < len(self.panes):
            self.painter.show_pane_legend(number, self.panes[number])

    def _repaint(self, number: int) -> None:
        self.painter.show_pane(number, self.panes[number])
        self.shown_changed.emit(number)
