"""What the commands say: results on stdout, everything else on stderr, and no control characters from outside."""

from __future__ import annotations

import sys
from collections.abc import Callable

from umed_core.errors import ConfigError, UmedError

__all__ = ["complain", "need_extra", "note", "plain", "remaining", "say", "waiting_line"]


def plain(text: str) -> str:
    """`text` without control characters: a model's answer or a file's name must not steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def say(text: str, end: str = "\n") -> None:
    """Prints a result, at once."""
    sys.stdout.write(plain(text) + end)
    sys.stdout.flush()


def note(text: str) -> None:
    """Tells the person something that is no result."""
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()


def complain(error: UmedError, about: str = "") -> None:
    """Shows an error as `error: message` and `hint: what to do`, one line each; `about` names what it is about."""
    subject = f"{about}: " if about and about not in error.message else ""
    note(f"error: {subject}{_one_line(error.message)}")
    if error.hint:
        note(f"hint: {_one_line(error.hint)}")


def remaining(done: int, total: int, elapsed_s: float) -> str:
    """`[3/20, about 12 s left]` before item `done + 1` of `total`."""
    left = f", about {_duration(elapsed_s / done * (total - done))} left" if done else ""
    return f"[{done + 1}/{total}{left}]"


def waiting_line(doing: str) -> Callable[[float], None]:
    """Shows on a terminal, in place, how long `doing` has taken so far; call the result with the seconds."""

    def show(seconds: float) -> None:
        if sys.stderr.isatty() and seconds >= 1:
            sys.stderr.write(f"\r{doing} ({seconds:.0f} s) ")
            sys.stderr.flush()

    return show


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def need_extra(extra: str, *modules: str) -> None:
    """Raises: ConfigError that says how to install `extra`, where one of its modules is absent. Imports none of them."""
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ConfigError(f"This needs {', '.join(missing)}, which is not installed.", f"pip install 'umed[{extra}]'")
