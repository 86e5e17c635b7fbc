"""The window's language: which one is used, and how words get into it. How to translate: docs/TRANSLATING.md.

Words are written in English in the code. English has a catalogue as well, for its plurals alone.
"""

from __future__ import annotations

from importlib.resources import files

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from umed_core.errors import UmedError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.words import grouped, translate_by

__all__ = ["data_size", "grouped", "locale_of", "research_use_only", "use_language", "words_of_error"]

_installed: list[QTranslator] = []
"""Kept here: to look for them among the application's children takes longer than the window may (90 ms the first time)."""


def use_language(language: str) -> None:
    """Has what is made from now on speak `language` ("system", "en" or "de"); what is on screen stays as it is."""
    app = QCoreApplication.instance()
    assert app is not None
    while _installed:
        app.removeTranslator(_installed.pop())
    ours, qts = QTranslator(), QTranslator()
    folder = str(files("umed_assets") / "translations")
    if not ours.load(locale_of(language), "umed", "_", folder):
        ours.load("umed_en", folder)
    _install(app, ours)
    # Qt's words follow ours: no French Cancel under English words. Qt's own English needs no catalogue.
    if not ours.language().startswith("en") and qts.load(QLocale(ours.language()), "qtbase", "_", _qt_folder()):
        _install(app, qts)
    translate_by(QCoreApplication.translate)


def locale_of(language: str) -> QLocale:
    """The system's where nothing else is asked for."""
    return QLocale.system() if language == "system" else QLocale(language)


def research_use_only() -> str:
    """The line that stands wherever a result is shown, in the window's language."""
    return QCoreApplication.translate("Everywhere", RESEARCH_USE_ONLY)


def data_size(size: int, digits: int = 2) -> str:
    """`size` bytes as 18.78 KiB: with the point that other figures have, whatever the machine's language."""
    if size < 1024:
        return QCoreApplication.translate("Numbers", "{count} bytes").format(count=size)
    return QLocale.c().formattedDataSize(size, digits)


def words_of_error(error: UmedError) -> tuple[str, str]:
    """Message and hint: the desktop's own in the window's language, the core's in English."""
    return QCoreApplication.translate("Errors", error.message), QCoreApplication.translate("Errors", error.hint)


def _install(app: QCoreApplication, translator: QTranslator) -> None:
    app.installTranslator(translator)
    _installed.append(translator)


def _qt_folder() -> str:
    return QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
