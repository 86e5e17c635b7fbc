"""A sampled answer's picture, as large as its place lets it be; a click, Space or Enter shows it at its own size."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QDialog, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

__all__ = ["SamplePicture"]

_SCREEN_SHARE = 0.9


class SamplePicture(QToolButton):
    """Its words stand in the picture and are small here: that is what the large one is for."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._pixmap = QPixmap(str(path))
        self.setAutoRaise(True)
        self.setAccessibleName(self.tr("Sampled answer {stem}").format(stem=path.stem))
        self.setToolTip(self.tr("Show it large"))
        self.setMinimumSize(QSize(80, 80))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setEnabled(not self._pixmap.isNull())
        self.clicked.connect(self.show_large)

    def show_large(self) -> None:
        dialog = QDialog(self.window())  # this one goes when a newer step is shown
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.accessibleName())
        picture = _Fitted(self._pixmap, dialog)
        picture.setAccessibleName(self.accessibleName())
        column = QVBoxLayout(dialog)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(picture)
        most = self.screen().availableSize() * _SCREEN_SHARE
        size = self._pixmap.size()
        dialog.resize(size if size.boundedTo(most) == size else size.scaled(most, Qt.AspectRatioMode.KeepAspectRatio))
        dialog.open()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space is a button's own key; Enter is what a person presses on a picture."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setIcon(_fitted(self._pixmap, event.size(), self))
        self.setIconSize(event.size())
        super().resizeEvent(event)


class _Fitted(QLabel):
    """A pixmap as large as its place lets it be."""

    def __init__(self, pixmap: QPixmap, parent: QWidget) -> None:
        super().__init__(parent)
        self._pixmap = pixmap
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setPixmap(_fitted(self._pixmap, event.size(), self))


def _fitted(pixmap: QPixmap, size: QSize, shown: QWidget) -> QPixmap:
    """`pixmap` within `size`, sharp on the screen of `shown`; an empty one stays empty."""
    if pixmap.isNull():
        return pixmap
    ratio = shown.devicePixelRatioF()
    fitted = pixmap.scaled(size * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    fitted.setDevicePixelRatio(ratio)
    return fitted
