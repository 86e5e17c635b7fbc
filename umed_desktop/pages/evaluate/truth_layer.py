"""The true boxes over an image, without words: the answers' own tags keep their place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from umed_core.geometry import NormalizedBox
from umed_desktop.viewer.affine import Affine
from umed_desktop.viewer.overlays import screen_rect

__all__ = ["TruthLayer"]


class TruthLayer:
    """A layer of the view (viewer/layer.py) that is only looked at."""

    def __init__(self, color: str) -> None:
        self._color = QColor(color)
        self._boxes: tuple[NormalizedBox, ...] = ()
        self._size = (1, 1)

    def show_boxes(self, boxes: Sequence[NormalizedBox], size: tuple[int, int]) -> None:
        """On an image of `size` (width, height)."""
        self._boxes, self._size = tuple(boxes), size

    def paint(self, painter: QPainter, area: QRectF, affine: Affine) -> None:  # noqa: ARG002 - of the Layer protocol
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 190), 4), QPen(self._color, 2, Qt.PenStyle.DashLine)):
            painter.setPen(pen)
            for box in self._boxes:
                painter.drawRect(screen_rect(box, affine, self._size))

    def press(self, x: float, y: float, affine: Affine) -> bool:  # noqa: ARG002 - of the Layer protocol
        return False

    def drag(self, x: float, y: float, affine: Affine) -> None:
        """Never: it takes no button."""

    def release(self, x: float, y: float, affine: Affine) -> None:
        """Never: it takes no button."""

    def hover(self, x: float, y: float, affine: Affine) -> Qt.CursorShape | None:  # noqa: ARG002 - of the Layer protocol
        return None
