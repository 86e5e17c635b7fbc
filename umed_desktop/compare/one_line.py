"""A label of one line that gives way to what stands beside it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

__all__ = ["OneLine"]

_FEWEST_LETTERS = 6


class OneLine(QLabel):
    """Words that are too long for it are cut where `cut` says; its tooltip has them whole."""

    def __init__(self, cut: Qt.TextElideMode = Qt.TextElideMode.ElideRight, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words, self._where = "", cut

    def say(self, words: str, tooltip: str = "") -> None:
        """`tooltip` is shown where the words themselves need none."""
        self.words = words
        self.setAccessibleName(words)
        self.setToolTip(tooltip or words)
        self.updateGeometry()
        self._cut()

    def sizeHint(self) -> QSize:
        self.ensurePolished()  # the theme gives it its font
        margins = self.contentsMargins()
        width = self.fontMetrics().horizontalAdvance(self.words) + margins.left() + margins.right() + 1
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        few = self.fontMetrics().averageCharWidth() * _FEWEST_LETTERS
        return QSize(min(self.sizeHint().width(), few), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._cut()

    def _cut(self) -> None:
        room = self.contentsRect().width()
        self.setText(self.fontMetrics().elidedText(self.words, self._where, room))
