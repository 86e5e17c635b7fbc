"""Whether a process that was written down still lives: told by its number and its birth, for numbers are given again."""

from __future__ import annotations

import os

__all__ = ["born_at", "is_alive"]

_SLACK_S = 1.0
"""The same birth reads a little differently after the clock was set."""


def born_at(pid: int = 0) -> float:
    """When the process started, in seconds since 1970; of this one for 0. 0.0 where it has ended already."""
    import psutil

    try:
        return float(psutil.Process(pid or os.getpid()).create_time())
    except psutil.Error:
        return 0.0


def is_alive(pid: int, born: float) -> bool:
    """Whether the process `pid` that started at `born` still runs; one that only waits to be buried does not."""
    import psutil

    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - born) < _SLACK_S and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False
