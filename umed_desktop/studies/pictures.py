"""Small pictures of series as icons: squares for a list, whole slices on black for a strip."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPixmap

from umed_desktop.theme import icon

__all__ = ["blank_icon", "cropped_icon", "unreadable_icon", "whole_icon"]

_RATIO = 2
"""Drawn for a sharp screen; Qt scales it down for another."""


def blank_icon(color: QColor, side: int) -> QIcon:
    """Stands where a picture will be."""
    pixmap = QPixmap(side, side)
    pixmap.fill(color)
    return _unchanged(pixmap)


def cropped_icon(picture: QImage, side: int) -> QIcon:
    """The middle square of a picture, `side` logical pixels."""
    full = side * _RATIO
    small = picture.scaled(
        full, full, Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    )
    pixmap = QPixmap.fromImage(small.copy((small.width() - full) // 2, (small.height() - full) // 2, full, full))
    pixmap.setDevicePixelRatio(_RATIO)
    return _unchanged(pixmap)


def whole_icon(picture: QImage, side: int) -> QIcon:
    """All of a picture in a black square of `side` logical pixels: an image is judged against black."""
    full = side * _RATIO
    pixmap = QPixmap(full, full)
    pixmap.fill(QColor("black"))
    size = picture.size().scaled(full, full, Qt.AspectRatioMode.KeepAspectRatio)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(
        QRect((full - size.width()) // 2, (full - size.height()) // 2, size.width(), size.height()), picture
    )
    painter.end()
    pixmap.setDevicePixelRatio(_RATIO)
    return _unchanged(pixmap)


def unreadable_icon(color: str) -> QIcon:
    """For a series that cannot be drawn; why is said where it is opened."""
    return icon("image-off", color)


def _unchanged(pixmap: QPixmap) -> QIcon:
    """The same picture where its row is selected, which Qt would tint."""
    made = QIcon(pixmap)
    made.addPixmap(pixmap, QIcon.Mode.Selected)
    return made
