"""What may lie over an image and take the left button: the seam by which other rooms draw and edit on the view."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from umed_desktop.viewer.affine import Affine

__all__ = ["Layer"]


class Layer(Protocol):
    """Places are screen pixels of the view; `affine` is the view's map from image to screen at that moment.

    A layer draws in screen pixels, keeps what it holds in image pixels, and so needs no turn or mirror of its own.
    """

    def paint(self, painter: QPainter, area: QRectF, affine: Affine) -> None:
        """Draws over the image; `area` is the view's rectangle."""
        ...

    def press(self, x: float, y: float, affine: Affine) -> bool:
        """Whether the layer takes the left button, now pressed, until its release."""
        ...

    def drag(self, x: float, y: float, affine: Affine) -> None:
        """The pointer moved while the layer had the button."""
        ...

    def release(self, x: float, y: float, affine: Affine) -> None: ...

    def hover(self, x: float, y: float, affine: Affine) -> Qt.CursorShape | None:
        """The pointer moved with no button down; the cursor that the layer wants there, None for none."""
        ...
