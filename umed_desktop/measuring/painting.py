"""Measurements drawn over the image, in screen pixels: lines, handles, and the words beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from umed_desktop.measuring.model import BOX_KINDS, Kind, Point, handles_of
from umed_desktop.viewer.affine import Affine

__all__ = ["INK", "DrawnMeasurement", "draw_measurements", "screen_path"]

INK = "#f5a6e6"
"""Unlike any colour of a box."""
_CHOSEN = "#ffffff"
_HALO = QColor(0, 0, 0, 190)
_HANDLE_PX = 3.5
_ARC_POINTS = 64


@dataclass(frozen=True, slots=True)
class DrawnMeasurement:
    """A measurement as it is to look; `id` is "" for one that is still being drawn."""

    id: str
    kind: Kind
    points: tuple[Point, ...]
    words: tuple[str, ...] = ()
    chosen: bool = False


def screen_path(kind: Kind, points: tuple[Point, ...], affine: Affine) -> list[tuple[float, float]]:
    """The line that is drawn, as screen points; closed for a region."""
    from math import cos, pi, sin

    if kind not in BOX_KINDS:
        return [affine.to_screen(x, y) for x, y in points]
    (x0, y0), (x1, y1) = points
    if kind == "rectangle":
        return [affine.to_screen(x, y) for x, y in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0))]
    turns = [2 * pi * step / _ARC_POINTS for step in range(_ARC_POINTS + 1)]
    middle, reach = ((x0 + x1) / 2, (y0 + y1) / 2), ((x1 - x0) / 2, (y1 - y0) / 2)
    return [affine.to_screen(middle[0] + reach[0] * cos(t), middle[1] + reach[1] * sin(t)) for t in turns]


def draw_measurements(painter: QPainter, area: QRectF, drawn: Iterable[DrawnMeasurement], affine: Affine) -> None:
    """The measurements, then their words, each inside `area`; the chosen one on top."""
    ordered, paths = sorted(drawn, key=lambda one: one.chosen), []
    for one in ordered:
        color = QColor(_CHOSEN if one.chosen else INK)
        path = [QPointF(x, y) for x, y in screen_path(one.kind, one.points, affine)]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(_HALO, 3.5), QPen(color, 1.5)):
            painter.setPen(pen)
            if one.kind == "probe":
                _draw_cross(painter, path[0])
            else:
                painter.drawPolyline(path)
        if one.kind != "probe":
            _draw_handles(painter, one, affine, color)
        paths.append(path)
    taken: list[QRectF] = []
    for one, path in zip(ordered, paths, strict=True):
        _draw_words(painter, area, path, one, QColor(_CHOSEN if one.chosen else INK), taken)


def _draw_cross(painter: QPainter, at: QPointF) -> None:
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        painter.drawLine(at + QPointF(3 * dx, 3 * dy), at + QPointF(9 * dx, 9 * dy))


def _draw_handles(painter: QPainter, one: DrawnMeasurement, affine: Affine, color: QColor) -> None:
    painter.setPen(QPen(_HALO, 1))
    painter.setBrush(color)
    reach = _HANDLE_PX + (1 if one.chosen else 0)
    for x, y in handles_of(one.kind, one.points):
        painter.drawEllipse(QPointF(*affine.to_screen(x, y)), reach, reach)


def _draw_words(
    painter: QPainter, area: QRectF, path: list[QPointF], one: DrawnMeasurement, color: QColor, taken: list[QRectF]
) -> None:
    """Beside the measurement, inside the view, and clear of the words in `taken` where there is room."""
    if not one.words:
        return
    font = painter.font()
    font.setPixelSize(12)
    font.setBold(one.chosen)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    width = max(metrics.horizontalAdvance(line) for line in one.words) + 12
    height = len(one.words) * metrics.height() + 6
    around = QRectF(
        QPointF(min(point.x() for point in path), min(point.y() for point in path)),
        QPointF(max(point.x() for point in path), max(point.y() for point in path)),
    )
    places = [
        QRectF(around.right() + 10, path[-1].y() - height / 2, width, height),
        QRectF(around.left() - 10 - width, path[-1].y() - height / 2, width, height),
        QRectF(around.center().x() - width / 2, around.bottom() + 10, width, height),
        QRectF(around.center().x() - width / 2, around.top() - 10 - height, width, height),
    ]
    inner = area.adjusted(4, 4, -4, -4)
    free = [place for place in places if inner.contains(place) and not any(place.intersects(other) for other in taken)]
    frame = free[0] if free else _pushed_into(inner, places[0])
    taken.append(frame)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(8, 10, 14, 200))
    painter.drawRoundedRect(frame, 4, 4)
    painter.setPen(color)
    for number, line in enumerate(one.words):
        at = QPointF(frame.left() + 6, frame.top() + 3 + number * metrics.height() + metrics.ascent())
        painter.drawText(at, line)


def _pushed_into(area: QRectF, place: QRectF) -> QRectF:
    x = min(max(place.left(), area.left()), max(area.left(), area.right() - place.width()))
    y = min(max(place.top(), area.top()), max(area.top(), area.bottom() - place.height()))
    return QRectF(x, y, place.width(), place.height())
