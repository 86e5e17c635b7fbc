"""Scratch folders of the decoder: each is named by the process that made it, and what a dead one left is removed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

from umed_core.living import born_at, is_alive

__all__ = ["make_scratch", "sweep_scratch"]

_PREFIX = "umed-decoder-"
_NAME = re.compile(rf"{_PREFIX}(\d+)-(\d+\.\d+)-\w+")
_OLD_S = 24 * 3600.0
"""Folders of versions that named no process go after a day."""


def make_scratch() -> str:
    """A new empty folder for one child, for this user's eyes alone. Raises: OSError."""
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{born_at():.2f}-")


def sweep_scratch() -> None:
    """Removes the folders of processes that are gone: of a killed program, nobody else does."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another process sweeps too
            if _is_ours(folder.lstat()) and _is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(state: os.stat_result) -> bool:
    return stat.S_ISDIR(state.st_mode) and (not hasattr(os, "getuid") or state.st_uid == os.getuid())


def _is_left(folder: Path) -> bool:
    named = _NAME.fullmatch(folder.name)
    if named is None:
        return time.time() - folder.lstat().st_mtime > _OLD_S
    return not is_alive(int(named[1]), float(named[2]))
