"""Words for a person in Qt-free modules and in tables: marked here, translated by whatever the window installs.

`pyside6-lupdate` finds both functions by their names, which are Qt's. docs/TRANSLATING.md says which is used where.
"""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["QT_TRANSLATE_NOOP", "grouped", "translate", "translate_by"]

_translator: Callable[[str, str], str] = lambda _context, text: text  # noqa: E731 - until a window says otherwise


def translate(context: str, text: str) -> str:
    """`text` in the window's language; English where there is no window."""
    return _translator(context, text)


def translate_by(translator: Callable[[str, str], str]) -> None:
    """Has `translate` ask `translator` from now on."""
    global _translator  # noqa: PLW0603 - one language a process, as in Qt
    _translator = translator


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:  # noqa: ARG001 - read by lupdate alone
    """`text` itself, marked for the translators: for tables that are made before the language is known."""
    return text


def grouped(number: int) -> str:
    """A whole number with its thousands apart: by a comma in English, by a narrow space where a comma is the point."""
    return f"{number:,}".replace(",", translate("Numbers", ","))
