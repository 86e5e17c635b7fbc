"""Saves the settings whenever they are to outlive the window; a disk that takes none is told once and asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from umed_core.errors import StorageError
from umed_desktop.settings import save_settings

if TYPE_CHECKING:
    from umed_desktop.window.main_window import MainWindow

__all__ = ["SettingsSaving"]

AGAIN_MS = 5000
"""How long after a save that failed it is tried again."""


class SettingsSaving(QObject):
    """A window without a settings file remembers nothing."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self.save)
        self.is_dirty = False

    def save(self) -> None:
        """The window's settings as they are now."""
        if self._window.settings_path is None:
            return
        was_dirty, self.is_dirty = self.is_dirty, True
        try:
            save_settings(self._window.settings_path, self._window.settings)
        except StorageError as problem:
            self._again.start(AGAIN_MS)
            if not was_dirty:
                told = self.tr("The settings are not saved: {problem}").format(problem=problem.message)
                hint = self.tr("{hint} umed tries again every few seconds.").format(hint=problem.hint)
                self._window.show_error(StorageError(told, hint))
            return
        self.is_dirty = False
        self._again.stop()
        if was_dirty:
            self._window.parts.notice.show_word(self.tr("The settings are saved again."))

    def close(self) -> None:
        """A last try: settings alone keep no window open."""
        self.save()
        self._again.stop()
