"""What the window remembers between runs: one small JSON file, written whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import msgspec

from umed_core.errors import ConfigError
from umed_core.records import write_atomic

__all__ = ["RECENT_KEPT", "Settings", "load_settings", "save_settings", "settings_file", "with_recent"]

RECENT_KEPT = 10


class Settings(msgspec.Struct, frozen=True):
    """`model` is a model folder, "" for the built-in one; `geometry` is the window's, as Qt writes it, in hex."""

    theme: Literal["dark", "light"] = "dark"
    model: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    recent: tuple[str, ...] = ()
    attention_opacity: float = 0.6
    attention_colors: Literal["inferno", "viridis", "cool"] = "inferno"
    last_folder: str = ""
    geometry: str = ""
    layout: str = ""


def settings_file() -> Path:
    """Where they live: in the folder that `umed doctor` names "config" (its module would load numpy before the window)."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "umed" / "desktop.json"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "umed" / "desktop.json"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "umed" / "desktop.json"


def load_settings(path: Path) -> Settings:
    """The settings at `path`; the defaults where there is no file.

    Raises: ConfigError for a file that holds no settings.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"The settings at {path} could not be read: {problem}.",
            "The defaults are used; delete the file if it stays so.",
        ) from problem


def save_settings(path: Path, settings: Settings) -> None:
    """Raises: StorageError; the old file is then whole."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(settings)))


def with_recent(settings: Settings, path: Path) -> Settings:
    """The settings with `path` first among the recent ones."""
    first = str(path)
    rest = [kept for kept in settings.recent if kept != first]
    return msgspec.structs.replace(settings, recent=(first, *rest)[:RECENT_KEPT])
