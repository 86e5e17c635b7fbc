"""What is open and how it is looked at: series, frame, window. The first story of a session; free of Qt.

Every change is announced by its kind, so that a widget repaints only what moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import UmedError
from umed_desktop.session.opening import Early, Listing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.images.medical_image import MedicalImage, Window
    from umed_core.images.volume import Series, Study

__all__ = ["Change", "Viewing", "series_key", "study_key"]


class Change(Enum):
    """What a listener is told: which part of the session differs now."""

    LISTING = auto()  # series, refused
    IMAGE = auto()  # another series, or more of it
    FRAME = auto()
    WINDOW = auto()
    MODEL = auto()
    CONVERSATION = auto()  # exchanges came or went, or another conversation is shown
    ANSWER = auto()  # text or state of the newest exchange
    MARKS = auto()  # verdicts, classes, places, boxes drawn by hand
    ATTACHED = auto()  # the images that the next question goes with
    CHOSEN = auto()  # the finding that a key or a button would change
    SELECTION = auto()  # the word whose attention is shown
    POINTING = auto()  # the box under the pointer, in the image or in the text


def series_key(series: Series) -> str:
    """Names a series in this session: the path of its first file."""
    return str(series.files[0])


def study_key(study: Study, series: Series) -> str:
    """What a conversation is about: the DICOM study, or the one picture where no study is stated."""
    return study.uid or series_key(series)


@dataclass
class Viewing:
    """What is open. Not thread-safe: the window's thread alone calls it."""

    series: tuple[Series, ...] = ()
    study_of: tuple[str, ...] = ()
    study_keys: tuple[str, ...] = ()
    refused: tuple[tuple[Path, UmedError], ...] = ()
    current: int = -1
    image: MedicalImage | None = None
    frame: int = 0
    window: Window | None = None
    _early: Path | None = None
    _frame_to_come: int = 0
    _own_window: Window | None = None
    _listeners: list[Callable[[Change], None]] = field(default_factory=list)

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        self._listeners.append(listener)

    def _tell(self, *changes: Change) -> None:
        for change in changes:
            for listener in self._listeners:
                listener(change)

    def _series_left(self) -> None:
        """Called where another series, or none, is about to be the current one."""

    def _listed(self) -> None:
        """Called where other series are listed."""

    def _series_moved(self, old: str, new: str, by_frames: int) -> None:
        """Called where a series is known by another name from now on, and its frames by other numbers."""

    # --------------------------------------------------------------------------------------------- what is listed
    def show_early(self, early: Early) -> None:
        """The first image of what is being opened, alone, until `show_listing` brings the rest."""
        self._early = None
        self.show_listing(Listing((early.study,)))
        self.choose(0)
        self.show_image(self.key, early.image)
        self._early = self.series[0].files[0]

    def show_listing(self, listing: Listing) -> None:
        """Replaces what is listed. Conversations are kept; nothing is shown yet, but for an early image that is listed."""
        self.study_of = tuple(title for study in listing.studies for title in _titles(study))
        self.study_keys = tuple(study_key(study, series) for study in listing.studies for series in study.series)
        self.series = tuple(series for study in listing.studies for series in study.series)
        self.refused = listing.refused
        place = (
            next((i for i, series in enumerate(self.series) if self._early in series.files), -1) if self._early else -1
        )
        self._listed()
        if place >= 0:
            self.current = place
            if len(self.series[place].files) == 1:
                self._early = None
            self._tell(Change.LISTING, Change.IMAGE)
            return
        self._leave(-1)
        self._tell(Change.LISTING, Change.IMAGE, Change.CONVERSATION, Change.SELECTION)

    @property
    def is_early(self) -> bool:
        """Whether the image on screen is one file of a series of which the rest is not there yet."""
        return self._early is not None

    def choose(self, index: int) -> Series:
        """Makes a listed series the current one, to be read; its image follows by `show_image`."""
        self._leave(index)
        self._tell(Change.IMAGE, Change.CONVERSATION, Change.SELECTION)
        return self.series[index]

    def _leave(self, index: int) -> None:
        self._settle_early()
        self._frame_to_come = 0
        self.current, self.image, self.frame, self.window = index, None, 0, None
        self._series_left()

    def show_image(self, key: str, image: MedicalImage) -> bool:
        """The pixels of the current series, or the first of them; False for a series that is no longer current."""
        if self.current < 0 or series_key(self.series[self.current]) != key:
            return False
        # What was the only slice is now one among all: it stays on screen, and so does what was said about it.
        self.frame = self._settle_early() or self.frame
        self.image, self._own_window = image, None
        if self._frame_to_come and self._frame_to_come < image.frame_count:
            self.frame, self._frame_to_come = self._frame_to_come, 0
        self.frame = min(self.frame, image.frame_count - 1)
        self._tell(Change.IMAGE)
        return True

    def _settle_early(self) -> int:
        """Ends the early image; its frame in the series that it turned out to belong to."""
        early, self._early = self._early, None
        files = self.series[self.current].files if 0 <= self.current < len(self.series) else ()
        if early is None or early not in files:
            return 0
        self._series_moved(str(early), str(files[0]), files.index(early))
        return files.index(early)

    @property
    def key(self) -> str:
        """The current series, "" if there is none."""
        return series_key(self.series[self.current]) if self.current >= 0 else ""

    @property
    def shown_key(self) -> str:
        """What answers and findings are about: the current series, or its one early image until the rest is there."""
        return self.key if self._early is None else str(self._early)

    @property
    def study(self) -> str:
        """What conversations and findings belong to just now, "" if nothing is open."""
        return self.study_keys[self.current] if self.current >= 0 else ""

    def index_of(self, key: str) -> int:
        """The place of a series in the list, -1 for one that is not listed."""
        return next((i for i, series in enumerate(self.series) if series_key(series) == key), -1)

    # --------------------------------------------------------------------------------------- how it is looked at
    def show_frame(self, frame: int) -> None:
        if self.image is None:
            return
        wanted = min(max(frame, 0), self.image.frame_count - 1)
        if wanted != self.frame:
            self.frame = wanted
            self._tell(Change.FRAME)

    def go_to_frame(self, frame: int) -> None:
        """Shows a frame now, or as soon as it has been read."""
        if self.image is not None and frame < self.image.frame_count:
            self.show_frame(frame)
        else:
            self._frame_to_come = frame

    def show_window(self, window: Window | None) -> None:
        """Grey levels to look through; None is the file's own."""
        if window != self.window:
            self.window = window
            self._tell(Change.WINDOW)

    def shown_window(self) -> Window | None:
        """The window that is in force; None for a colour image or without one."""
        if self.image is None or self.image.is_color:
            return None
        if self.window is not None or self.image.frame_windows:
            return self.window or self.image.frame_windows[self.frame]
        if self._own_window is None:
            from umed_core.images.windowing import default_window

            self._own_window = default_window(self.image)  # looks at every frame's values: once is enough
        return self._own_window

    def pixels(self, step: int = 1) -> NDArray[np.uint8]:
        """Display values of the frame on screen, every `step`-th pixel of it; (H, W) or (H, W, 3). Needs an image."""
        assert self.image is not None
        image = self.image
        own_table = self.window is None and image.voi_lut is not None
        window = None if own_table else self.shown_window()
        if step == 1:
            return image.display(self.frame, window)
        return replace(image, pixels=image.pixels[self.frame : self.frame + 1, ::step, ::step]).display(0, window)


def _titles(study: Study) -> tuple[str, ...]:
    """Its name, once for each of its series."""
    patient = ", ".join(part for part in study.patient_name.split("^") if part)
    title = " · ".join(filter(None, (patient, study.description, study.date))) or "Study"
    return (title,) * len(study.series)
