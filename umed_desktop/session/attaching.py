"""The images that the next question goes with: frames of any listed series, in the order in which they were added.

The story of a session between what is on screen and what was asked; free of Qt. Without any, a question is about the frame
on screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import InputError
from umed_desktop.session.conversation import AskedImage
from umed_desktop.session.viewing import Change, Viewing, series_key
from umed_desktop.words import translate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.images.medical_image import MedicalImage
    from umed_core.images.volume import Series

__all__ = ["Attached", "Attaching", "attached_from"]


@dataclass(frozen=True, eq=False, slots=True)
class Attached:
    """An image with its display values as they were when it was added; the model sees them so. Shapes: (H, W) or (H, W, 3)."""

    image: AskedImage
    pixels: NDArray[np.uint8]


@dataclass
class Attaching(Viewing):
    attached: tuple[Attached, ...] = ()

    def attach(self) -> None:
        """Adds the frame on screen. Raises: InputError without an image; one that is there already stays as it is."""
        shown = self._on_screen()
        if self.is_attached:
            return
        self._attach_all((*self.attached, shown))

    def detach(self, place: int) -> None:
        """Takes one of them out, counted from 0."""
        self._attach_all((*self.attached[:place], *self.attached[place + 1 :]))

    def reattach(self, images: Sequence[Attached]) -> None:
        """Those of a question that a crash cut off, as far as their series are listed; what a person has added since
        stays instead."""
        listed = self._listed_keys()
        found = tuple(one for one in images if one.image.series in listed)
        if found and not self.attached:
            self._attach_all(found)

    @property
    def is_attached(self) -> bool:
        """Whether the frame on screen is one of them."""
        here = (self.shown_key, self.frame)
        return any((one.image.series, one.image.frame) == here for one in self.attached)

    def _attach_all(self, images: tuple[Attached, ...]) -> None:
        self.attached = images
        self._tell(Change.ATTACHED)

    def _on_screen(self) -> Attached:
        if self.image is None:
            raise InputError("No image is open to ask about.", "Open a file or a folder first.")
        series = self.series[self.current]
        files = (Path(self.shown_key),) if self.is_early else series.files
        image = AskedImage(
            series=self.shown_key,
            frame=self.frame,
            window=self.window,
            study=self.study,
            title=self._title(),
            file=(files[self.frame] if len(files) > 1 else files[0]).name,
            frames=series.frame_count,
        )
        return Attached(image, self.pixels())

    def _title(self) -> str:
        """What to call the current series: by its description, with its number too where others are described so, else by
        its file."""
        series = self.series[self.current]
        for called in (_described, _numbered):
            name = called(series)
            if name and [called(other) for other in self.series].count(name) == 1:
                return name
        return series.files[0].name

    def _listed(self) -> None:
        """What is not listed any more goes with no question."""
        keys = self._listed_keys()
        self._keep_attached(tuple(one for one in self.attached if one.image.series in keys))

    def _listed_keys(self) -> set[str]:
        return {str(self._early), *(series_key(series) for series in self.series)}

    def _series_moved(self, old: str, new: str, by_frames: int) -> None:
        self._keep_attached(
            tuple(
                replace(one, image=replace(one.image, series=new, frame=one.image.frame + by_frames))
                if one.image.series == old
                else one
                for one in self.attached
            )
        )

    def _keep_attached(self, images: tuple[Attached, ...]) -> None:
        """In the middle of a change of what is listed, of which listeners are told at its end."""
        if images != self.attached:  # compared one by one: they are what they were, or others
            self.attached = images


def attached_from(asked: AskedImage, image: MedicalImage | None) -> Attached:
    """The image of a question with its display values, from its series, None where that is not in memory.

    Raises: InputError where the frame is not there.
    """
    if image is None or asked.frame >= image.frame_count:
        raise InputError(
            translate("Errors", "{title} is not at hand.").format(title=asked.title),
            "Show that series once, then ask again.",
        )
    return Attached(asked, image.display(asked.frame, asked.window))


def _described(series: Series) -> str:
    return series.description


def _numbered(series: Series) -> str:
    return f"{series.description} ({series.number})" if series.description and series.number else ""
