"""Starts the window: `umed-desktop [PATH ...]`. Nothing heavy is imported before the window is on the screen."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from umed_core import __version__
from umed_core.errors import ConfigError
from umed_desktop.settings import Settings, load_settings, settings_file
from umed_desktop.translation import use_language
from umed_desktop.window.main_window import MainWindow

__all__ = ["main", "main_gui", "make_window"]

_LOOK_AGAIN_MS = 30


def main(argv: Sequence[str]) -> int:
    """Shows the window with the files and folders of `argv`; returns the program's exit code."""
    parser = argparse.ArgumentParser("umed-desktop", description="Reads medical images beside a model that runs here.")
    parser.add_argument(
        "paths", nargs="*", type=Path, help="images or folders to open, also a ZIP archive or a DICOMDIR"
    )
    parser.add_argument("--model", default="", help="a model folder; default: the last one used, else the built-in one")
    parser.add_argument("--version", action="version", version=f"umed {__version__}")
    wanted = parser.parse_args(argv)
    app = QApplication.instance() or QApplication(["umed"])
    QGuiApplication.setApplicationName("umed")
    QGuiApplication.setApplicationDisplayName("umed")
    QGuiApplication.setDesktopFileName("umed")
    window = make_window(settings_file(), wanted.model)
    window.show()
    if wanted.paths:
        QTimer.singleShot(0, window, lambda: window.open_paths(wanted.paths))
    else:
        QTimer.singleShot(0, window, window.start_decoder)
        if window.memory is not None:
            QTimer.singleShot(0, window, window.memory.restore)
    QTimer.singleShot(0, window, lambda: start_model_after_picture(window))
    QTimer.singleShot(0, window, lambda: keep_house(window))
    return app.exec()


def start_model_after_picture(window: MainWindow) -> None:
    """Loading a model takes every core of a small machine for a second: what a person asked to see comes first."""
    if window.engine is not None:  # a question was quicker
        return
    if window.session.image is None and window.door.is_busy:
        QTimer.singleShot(_LOOK_AGAIN_MS, window, lambda: start_model_after_picture(window))
    else:
        window.start_model()


def keep_house(window: MainWindow) -> None:
    """What is done once a start, when the window is shown: its log begins, and what is too old to keep goes."""
    from umed_desktop.help.faults import log_faults
    from umed_desktop.window.settings_wiring import forget_old_conversations

    window.log.note_start()
    log_faults(window.log)
    forget_old_conversations(window)


def make_window(settings_path: Path, model: str = "", worker: Sequence[str] = ()) -> MainWindow:
    """A window with the settings at `settings_path`; unreadable ones are named in its bar, and the defaults are used."""
    from msgspec.structs import replace

    use_language("system")  # in which is said what is wrong with the settings, before they name another
    broken: ConfigError | None = None
    try:
        settings = load_settings(settings_path)
    except ConfigError as problem:
        settings, broken = Settings(), problem
    use_language(settings.language)
    window = MainWindow(replace(settings, model=model) if model else settings, settings_path, worker)
    if broken is not None:
        window.show_error(broken)
    return window


def main_gui() -> int:
    """The entry point `umed-desktop`."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main_gui())
