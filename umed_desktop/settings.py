"""What the window remembers between runs: one small JSON file, written whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import msgspec

from umed_core.errors import ConfigError
from umed_core.records import write_atomic

__all__ = [
    "RECENT_KEPT",
    "Settings",
    "load_settings",
    "measurements_folder",
    "nodes_file",
    "save_settings",
    "settings_file",
    "with_recent",
]

RECENT_KEPT = 10


class Settings(msgspec.Struct, frozen=True):
    """`model` is a model folder, "" for the built-in one; `geometry` is the window's, as Qt writes it, in hex.

    `viewports` is rows x columns; `volumes_mb` the memory for series that have been read (MiB).
    The folders are what the pages showed last; `reviewer` is the name that stands in a review's log.
    """

    theme: Literal["dark", "light"] = "dark"
    language: Literal["system", "en", "de"] = "system"
    model: str = ""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    recent: tuple[str, ...] = ()
    attention_opacity: float = 0.6
    attention_colors: Literal["inferno", "viridis", "cool"] = "inferno"
    last_folder: str = ""
    geometry: str = ""
    viewports: Literal["1", "1x2", "2x2"] = "1"
    links_scroll: bool = True
    links_window: bool = False
    cine_fps: int = 15
    cine_loops: bool = True
    volumes_mb: int = 1024
    export_folder: str = ""
    received_folder: str = ""
    reviewer: str = ""
    review_folder: str = ""
    data_folder: str = ""
    run_folder: str = ""
    eval_folder: str = ""


def settings_file() -> Path:
    """Where they live: in the folder that `umed doctor` names "config" (its module would load numpy before the window)."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "umed" / "desktop.json"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "umed" / "desktop.json"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "umed" / "desktop.json"


def measurements_folder(settings_path: Path | None) -> Path | None:
    """Where measurements are kept: beside the settings; None where nothing is remembered."""
    return settings_path.parent / "measurements" if settings_path is not None else None


def nodes_file(settings_path: Path) -> Path:
    """The archives that are written down: beside the settings, and apart from them, since `umed pacs` writes it too."""
    return settings_path.parent / "pacs.json"


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
