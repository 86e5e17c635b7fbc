"""What is drawn over the image, in screen pixels: boxes with their classes, corner words, directions, a ruler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from umed_core.geometry import NormalizedBox
from umed_desktop.session.conversation import BoxRef
from umed_desktop.viewer.affine import Affine

__all__ = ["DrawnBox", "box_under", "draw_boxes", "draw_corners", "draw_edge_letters", "draw_ruler", "screen_rect"]

_REACH_PX = 5
_INK = QColor("#cfd6df")
_HALO = QColor(0, 0, 0, 190)
_HALO_PX = 2
_AROUND = tuple((dx, dy) for dx in range(-2, 3) for dy in range(-2, 3) if 0 < dx * dx + dy * dy <= _HALO_PX**2 + 1)
_FAINT = 0.6


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """A box as it is to look: `lit` while it is pointed at, dashed once rejected, ticked once accepted; `dashed` is
    another source's line style, and a `faint` one is there to be compared with."""

    ref: BoxRef
    box: NormalizedBox
    text: str
    color: str
    lit: bool = False
    accepted: bool = False
    rejected: bool = False
    dashed: bool = False
    faint: bool = False


def screen_rect(box: NormalizedBox, affine: Affine, size: tuple[int, int]) -> QRectF:
    """The box on the screen; the map turns by right angles only, so a box stays a box."""
    pixels = box.clipped().pixels(*size)
    corner, opposite = affine.to_screen(pixels.x0, pixels.y0), affine.to_screen(pixels.x1, pixels.y1)
    return QRectF(QPointF(*corner), QPointF(*opposite)).normalized()


def box_under(boxes: Sequence[DrawnBox], place: QPointF, affine: Affine, size: tuple[int, int]) -> BoxRef | None:
    """The smallest box at a screen point, with some reach so that a tiny one can be hit; None for none."""
    reach = float(_REACH_PX)
    near = []
    for index, drawn in enumerate(boxes):
        rect = screen_rect(drawn.box, affine, size)
        if rect.adjusted(-reach, -reach, reach, reach).contains(place):
            near.append((rect.width() * rect.height(), index))
    return boxes[min(near)[1]].ref if near else None


def draw_boxes(
    painter: QPainter, view: QRectF, boxes: Sequence[DrawnBox], affine: Affine, size: tuple[int, int]
) -> None:
    """The boxes with their tags, each tag inside `view`."""
    for drawn in sorted(boxes, key=lambda drawn: (drawn.lit, not drawn.faint)):  # the lit one on top
        rect = screen_rect(drawn.box, affine, size)
        painter.setOpacity(_FAINT if drawn.faint and not drawn.lit else 1.0)
        color = QColor(drawn.color)
        line = 3.0 if drawn.lit else 2.0
        # What it marks stays visible, and a faint one runs around another at the same place.
        away = line / 2 + (line + 1 if drawn.faint else 0)
        outside = rect.adjusted(-away, -away, away, away)
        is_filled = drawn.lit and not drawn.faint
        painter.setBrush(QColor(color.red(), color.green(), color.blue(), 36) if is_filled else Qt.BrushStyle.NoBrush)
        painter.setPen(Qt.PenStyle.NoPen if drawn.faint else QPen(_HALO, line + 2))
        painter.drawRect(outside)
        style = Qt.PenStyle.DashLine if drawn.rejected or drawn.dashed else Qt.PenStyle.SolidLine
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, line, style, Qt.PenCapStyle.SquareCap, Qt.PenJoinStyle.MiterJoin))
        painter.drawRect(outside)
        if not drawn.faint:
            _draw_tag(painter, view, outside, drawn, color)
    painter.setOpacity(1.0)


def _draw_tag(painter: QPainter, view: QRectF, box: QRectF, drawn: DrawnBox, color: QColor) -> None:
    text = f"✓ {drawn.text}" if drawn.accepted else drawn.text
    font = painter.font()
    font.setPixelSize(12)
    font.setBold(True)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(text) + 12, metrics.height() + 4
    y = box.top() - height - 2
    if y < view.top():
        y = box.bottom() + 2 if box.bottom() + 2 + height <= view.bottom() else max(view.top(), box.top() + 2)
    x = min(max(box.left() - 1, view.left()), max(view.left(), view.right() - width))
    tag = QRectF(x, y, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(tag, 3, 3)
    painter.setPen(QColor("#101418"))
    painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)


def draw_corners(
    painter: QPainter,
    frame: QRectF,
    top_left: Sequence[str],
    top_right: Sequence[str],
    bottom_left: Sequence[str],
    bottom_right: Sequence[str],
) -> None:
    """Lines of words at the corners, legible on any image; a line too long for half the width is elided."""
    font = painter.font()
    font.setPixelSize(12)
    font.setBold(False)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    step = metrics.height() + 1
    corners = (
        (top_left, False, False),
        (top_right, True, False),
        (bottom_left, False, True),
        (bottom_right, True, True),
    )
    for lines, is_right, is_bottom in corners:
        for number, line in enumerate(lines):
            text = metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, frame.width() / 2 - 24)
            x = frame.right() - metrics.horizontalAdvance(text) if is_right else frame.left()
            row = number - len(lines) if is_bottom else number
            y = (frame.bottom() if is_bottom else frame.top()) + row * step + metrics.ascent()
            _write(painter, QPointF(x, y), text)


def draw_edge_letters(painter: QPainter, frame: QRectF, letters: tuple[str, str, str, str]) -> None:
    """Patient directions at the middle of the left, right, top and bottom edges."""
    font = painter.font()
    font.setPixelSize(15)
    font.setBold(True)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    left, right, top, bottom = letters
    middle = frame.center()
    rise = metrics.ascent() / 2
    _write(painter, QPointF(frame.left(), middle.y() + rise), left)
    _write(painter, QPointF(frame.right() - metrics.horizontalAdvance(right), middle.y() + rise), right)
    _write(painter, QPointF(middle.x() - metrics.horizontalAdvance(top) / 2, frame.top() + metrics.ascent()), top)
    _write(painter, QPointF(middle.x() - metrics.horizontalAdvance(bottom) / 2, frame.bottom() - 2), bottom)


def draw_ruler(painter: QPainter, frame: QRectF, spacing_mm: tuple[float, float] | None, affine: Affine) -> None:
    """A bar of a round length in mm; nothing without stated pixel spacing, or where the map does not show its aspect."""
    if spacing_mm is None or min(spacing_mm) <= 0 or abs(affine.aspect * spacing_mm[1] / spacing_mm[0] - 1) > 1e-3:
        return
    px_per_mm = affine.scale / spacing_mm[1]
    lengths = [length for length in (1, 2, 5, 10, 20, 50, 100, 200) if length * px_per_mm <= frame.width() / 4]
    if not lengths:
        return
    length = lengths[-1]
    bar = length * px_per_mm
    font = painter.font()
    font.setPixelSize(11)
    font.setBold(False)
    painter.setFont(font)
    x, y = frame.center().x() - bar / 2, frame.bottom() - 24
    for pen in (QPen(_HALO, 4), QPen(_INK, 1.5)):
        painter.setPen(pen)
        painter.drawLine(QPointF(x, y), QPointF(x + bar, y))
        for end in (x, x + bar):
            painter.drawLine(QPointF(end, y - 4), QPointF(end, y + 4))
    text = f"{length // 10} cm" if length >= 10 else f"{length} mm"
    width = QFontMetricsF(font).horizontalAdvance(text)
    _write(painter, QPointF(x + bar / 2 - width / 2, y - 7), text)


def _write(painter: QPainter, place: QPointF, text: str) -> None:
    if text:
        font, ratio = painter.font(), painter.device().devicePixelRatio()
        picture, rise = _written(text, font.family(), font.pixelSize(), font.bold(), ratio)
        painter.drawPixmap(QPointF(round(place.x()) - _HALO_PX, round(place.y()) - rise), picture)


@lru_cache(maxsize=512)
def _written(text: str, family: str, size_px: int, is_bold: bool, ratio: float) -> tuple[QPixmap, float]:
    """Words with their halo, drawn once: they took more of a repaint than the image. And how far they rise."""
    font = QFont(family)
    font.setPixelSize(size_px)
    font.setBold(is_bold)
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(text) + 4 * _HALO_PX, metrics.height() + 2 * _HALO_PX
    picture = QPixmap(ceil(width * ratio), ceil(height * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setFont(font)
    start = QPointF(_HALO_PX, metrics.ascent() + _HALO_PX)
    painter.setPen(_HALO)
    for dx, dy in _AROUND:
        painter.drawText(start + QPointF(dx, dy), text)
    painter.setPen(_INK)
    painter.drawText(start, text)
    painter.end()
    return picture, start.y()
