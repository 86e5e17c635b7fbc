"""The window's log: where it lies, its last lines, and how to pass them on. It shows and signals."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from umed_desktop.help.window_log import LAST_LINES
from umed_desktop.pages.form import button, log_view
from umed_desktop.theme import GRID_PX, styled

__all__ = ["LogsDialog"]


class LogsDialog(QDialog):
    """`path` None: this window keeps no log."""

    def __init__(self, path: Path | None, lines: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Log"))
        self._path, self._lines = path, lines
        self.view = log_view(self.tr("Last lines of the log"))
        self.view.setPlainText(lines or self.tr("Nothing was logged yet."))
        self.view.verticalScrollBar().setValue(self.view.verticalScrollBar().maximum())
        self.copy = button(self.tr("Copy"), self.tr("Copy the last {count} lines").format(count=LAST_LINES))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._lines))
        self.copy.setEnabled(bool(lines))
        self.folder = button(self.tr("Open folder"), self.tr("Open the log's folder"))
        self.folder.clicked.connect(self._open_folder)
        self.folder.setEnabled(path is not None)
        where = str(path) if path is not None else self.tr("This window remembers nothing and keeps no log.")
        place = styled(QLabel(where), "muted")
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        place.setWordWrap(True)
        words = QLabel(
            self.tr("Errors by their kind and the lines of umed that raised them. It names no patient and no file.")
        )
        words.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        for one in (self.copy, self.folder):
            buttons.addButton(one, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        column.setSpacing(GRID_PX)
        for widget in (words, place, self.view, buttons):
            column.addWidget(widget)
        column.setStretchFactor(self.view, 1)
        self.resize(760, 480)

    def _open_folder(self) -> None:
        if self._path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))
