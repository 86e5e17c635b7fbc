"""A comparison as one picture: the frame twice, each with its model's boxes, the answers below, the research-use line."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QImageWriter,
    QPainter,
    QPen,
    QTransform,
)

from umed_core.errors import InputError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.compare.comparison import SIDES, Comparison, SideName
from umed_desktop.compare.presenting import (
    SIDE_COLORS,
    agreement_words,
    drawn_boxes,
    question_words,
    speed_words,
    state_words,
)
from umed_desktop.session.answer_text import pieces_of
from umed_desktop.viewer.affine import Affine, fitted
from umed_desktop.viewer.overlays import draw_boxes

__all__ = ["comparison_png"]

_HALF_PX = 800
_GAP_PX = 16
_HEAD_PX = 40
_TALLEST = 1.5
_BACK, _INK, _MUTED = "#181a1e", "#e1e4e8", "#a3abb5"


def comparison_png(comparison: Comparison, written: datetime) -> bytes:
    """The frame in the reader's window, without the patient's name; needs a running QGuiApplication.

    Raises: InputError where nothing has been asked about the image on screen.
    """
    asked, image = comparison.asked, comparison.session.image
    if asked is None or image is None:
        raise InputError("There is no answer to export.", "Ask a question first.")
    aspect = image.spacing_mm[0] / image.spacing_mm[1] if image.spacing_mm is not None else 1.0
    shown_height = round(_HALF_PX * min(image.height * aspect / image.width, _TALLEST))
    words = {name: _answer_words(comparison, name) for name in SIDES}
    written_height = max(_height(text, _HALF_PX - 2 * _GAP_PX) for text in words.values())
    asked_when = f"{question_words(comparison)} · {written.isoformat(timespec='minutes')}"
    foot = f"{agreement_words(comparison)}\n{asked_when}\n{RESEARCH_USE_ONLY}"
    width = 2 * _HALF_PX + _GAP_PX
    foot_height = _height(foot, width - 2 * _GAP_PX)
    picture = QImage(
        width,
        round(_HEAD_PX + shown_height + written_height + foot_height + 3 * _GAP_PX),
        QImage.Format.Format_RGB32,
    )
    picture.fill(QColor(_BACK))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    below = _HEAD_PX + shown_height + _GAP_PX
    for number, name in enumerate(SIDES):
        left = number * (_HALF_PX + _GAP_PX)
        _draw_head(painter, comparison, name, QRectF(left, 0, _HALF_PX, _HEAD_PX))
        _draw_half(painter, comparison, name, QRectF(left, _HEAD_PX, _HALF_PX, shown_height), aspect)
        _write(painter, QRectF(left + _GAP_PX, below, _HALF_PX - 2 * _GAP_PX, written_height), words[name], _INK)
    _write(
        painter,
        QRectF(_GAP_PX, below + written_height + _GAP_PX, width - 2 * _GAP_PX, foot_height),
        foot,
        _MUTED,
    )
    painter.end()
    return _png(picture, comparison, written)


def _draw_head(painter: QPainter, comparison: Comparison, name: SideName, place: QRectF) -> None:
    """The line of the side's boxes, then whose answer it is."""
    exchange = comparison.sides[name].exchange
    style = Qt.PenStyle.DashLine if name == "B" else Qt.PenStyle.SolidLine
    painter.setPen(QPen(QColor(SIDE_COLORS[name]), 3, style, Qt.PenCapStyle.FlatCap))
    middle = round(place.center().y())
    painter.drawLine(round(place.left()) + _GAP_PX, middle, round(place.left()) + _GAP_PX + 32, middle)
    model = f"{exchange.model}, sha256 {exchange.model_sha256[:12]}" if exchange is not None else ""
    painter.setPen(QColor(_INK))
    painter.setFont(_font())
    beside = place.adjusted(_GAP_PX + 44, 0, 0, 0)
    words = QFontMetricsF(_font()).elidedText(f"{name}  {model}", Qt.TextElideMode.ElideMiddle, beside.width())
    painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, words)


def _draw_half(painter: QPainter, comparison: Comparison, name: SideName, place: QRectF, aspect: float) -> None:
    session = comparison.session
    assert session.image is not None
    size = (session.image.width, session.image.height)
    affine = fitted(Affine(yy=aspect), size, (round(place.width()), round(place.height())), margin=0)
    affine = affine.moved(place.left(), place.top())
    painter.fillRect(place, QColor("black"))
    painter.save()
    painter.setClipRect(place)
    painter.setTransform(QTransform(affine.xx, affine.yx, affine.xy, affine.yy, affine.dx, affine.dy))
    pixels = session.pixels()
    is_grey = pixels.ndim == 2
    form = QImage.Format.Format_Grayscale8 if is_grey else QImage.Format.Format_RGB888
    shown = QImage(pixels.tobytes(), size[0], size[1], size[0] * (1 if is_grey else 3), form).copy()
    painter.drawImage(QRectF(0, 0, *size), shown, QRectF(shown.rect()))
    painter.resetTransform()
    draw_boxes(painter, place, drawn_boxes(comparison, name), affine, size)
    painter.restore()


def _answer_words(comparison: Comparison, name: SideName) -> str:
    """The answer with its boxes by number, and its speed."""
    side = comparison.sides[name]
    if side.exchange is None:
        return state_words(side)
    answer = "".join(
        f"[{name}{piece.box + 1}]" if piece.kind == "box" else piece.shown
        for piece in pieces_of(side.exchange.text, side.exchange.boxes)
    )
    about = " · ".join(filter(None, (state_words(side), speed_words(side))))
    return f"{answer}\n{about}".strip()


def _font() -> QFont:
    font = QFont(QGuiApplication.font())
    font.setPixelSize(18)
    return font


_WRAPPED = int(Qt.TextFlag.TextWordWrap.value) | int(Qt.AlignmentFlag.AlignLeft.value)


def _height(text: str, width: float) -> float:
    return QFontMetricsF(_font()).boundingRect(QRectF(0, 0, width, 10_000), _WRAPPED, text).height()


def _write(painter: QPainter, place: QRectF, text: str, color: str) -> None:
    painter.setPen(QColor(color))
    painter.setFont(_font())
    painter.drawText(place, _WRAPPED, text)


def _png(picture: QImage, comparison: Comparison, written: datetime) -> bytes:
    """The file, with what the picture has no room for as its text."""
    picture.setText("Software", "umed")
    picture.setText("Disclaimer", RESEARCH_USE_ONLY)
    picture.setText("Creation Time", written.isoformat(timespec="seconds"))
    for name in SIDES:
        exchange = comparison.sides[name].exchange
        if exchange is not None:
            picture.setText(f"Model {name}", f"{exchange.model} sha256:{exchange.model_sha256}")
            picture.setText(f"Answer {name}", exchange.text)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(picture)
    buffer.close()
    return bytes(content.data())
