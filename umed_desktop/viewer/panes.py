"""The viewports side by side: which series each shows and how, and how they follow each other. Free of Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from umed_desktop.viewer.linking import frame_beside, same_grey_scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.images.medical_image import MedicalImage, Window

__all__ = ["LAYOUTS", "Pane", "Shown", "followers_of_frame", "followers_of_window", "series_to_fill"]

LAYOUTS: dict[str, tuple[int, int]] = {"1": (1, 1), "1x2": (1, 2), "2x2": (2, 2)}
"""Rows and columns by the name of a layout."""


class Shown(Protocol):
    """What a viewport needs to know of whatever it shows: a pane, or the session for the active one."""

    @property
    def image(self) -> MedicalImage | None: ...
    @property
    def frame(self) -> int: ...
    def shown_window(self) -> Window | None: ...


@dataclass
class Pane:
    """One viewport. `index` is the listed series, -1 for none; `image` is None while that is being read.

    What the active viewport shows is the session's; its pane is brought up to date when another becomes active.
    """

    index: int = -1
    key: str = ""
    image: MedicalImage | None = None
    frame: int = 0
    window: Window | None = None
    inverted: bool = False
    _own: tuple[MedicalImage, Window] | None = field(default=None, repr=False)

    def shown_window(self) -> Window | None:
        """The window that is in force; None for a colour image or without one."""
        if self.image is None or self.image.is_color:
            return None
        if self.window is not None or self.image.frame_windows:
            return self.window or self.image.frame_windows[self.frame]
        if self._own is None or self._own[0] is not self.image:
            from umed_core.images.windowing import default_window

            self._own = self.image, default_window(self.image)  # looks at every frame's values: once is enough
        return self._own[1]

    def pixels(self, step: int = 1) -> NDArray[np.uint8]:
        """Display values of its frame, every `step`-th pixel; (H, W) or (H, W, 3). Needs an image."""
        assert self.image is not None
        image = self.image
        window = None if self.window is None and image.voi_lut is not None else self.shown_window()
        if step > 1:
            image = replace(image, pixels=image.pixels[self.frame : self.frame + 1, ::step, ::step])
        shown = image.display(self.frame if step == 1 else 0, window)
        return 255 - shown if self.inverted else shown


def followers_of_frame(panes: Sequence[Pane], leader: int) -> dict[int, int]:
    """The frames that the other viewports go to when `leader` shows its present one; those that stay are left out."""
    source, moves = panes[leader], {}
    for place, pane in enumerate(panes):
        if place != leader and source.image is not None and pane.image is not None:
            frame = frame_beside(source.image, source.frame, pane.image)
            if frame is not None and frame != pane.frame:
                moves[place] = frame
    return moves


def followers_of_window(panes: Sequence[Pane], leader: int) -> list[int]:
    """The other viewports on which the window of `leader` means the same."""
    source = panes[leader].image
    return [
        place
        for place, pane in enumerate(panes)
        if place != leader and source is not None and pane.image is not None and same_grey_scale(source, pane.image)
    ]


def series_to_fill(shown: Sequence[int], active: int, listed: int) -> int:
    """The series for a new viewport beside those `shown`: the next one listed that none shows, else the active one's."""
    after = [index for index in (*range(active + 1, listed), *range(active)) if index not in shown]
    return after[0] if after else active
