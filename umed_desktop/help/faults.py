"""A bug's traceback goes where it always goes, and its kind and place into the window's log as well. Free of Qt."""

from __future__ import annotations

import sys
from types import TracebackType

from umed_desktop.help.window_log import WindowLog

__all__ = ["log_faults"]


def log_faults(log: WindowLog) -> None:
    """From now on, of whatever nobody caught in this process."""
    shown = sys.excepthook

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.note_error(error.with_traceback(trace))
        shown(kind, error, trace)

    sys.excepthook = note
