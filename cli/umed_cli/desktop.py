"""`umed desktop`: the window."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from umed_core.errors import ConfigError

__all__ = ["desktop"]


def desktop(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[IMAGE]...", help="Files or folders to open.")] = None,
) -> None:
    """Open the reading room: a window with the image, the conversation, the boxes and the attention of each word.

    Examples:

      umed desktop

      umed desktop study/
    """
    if importlib.util.find_spec("PySide6") is None:
        raise ConfigError(
            "The desktop needs PySide6, which is not installed.", "Install it: pip install 'umed[desktop]'."
        )
    from umed_desktop.app import main

    raise typer.Exit(main(["umed", *(str(path) for path in paths or [])]))
