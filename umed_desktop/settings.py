"""What the window remembers between runs: one small JSON file, written whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from umed_core.errors import ConfigError
from umed_core.records import write_atomic
from umed_desktop.words import translate

__all__ = [
    "RECENT_KEPT",
    "Settings",
    "library_file",
    "load_settings",
    "measurements_folder",
    "nodes_file",
    "save_settings",
    "settings_file",
    "with_recent",
    "with_recent_model",
]

RECENT_KEPT = 10


class Settings(msgspec.Struct, frozen=True):
    """`model` is a model folder, "" for the built-in one; `geometry` is the window's, as Qt writes it, in hex.

    `viewports` is rows x columns; `volumes_mb` the memory for series that have been read (MiB).
    The folders are what the pages showed last; `reviewer` is the name that stands in a review's log.
    `keep_days` is how long a study's conversations and findings are kept after their last change, 0 for always.
    `remember_studies`: whether the library keeps patients' names and small pictures of what is opened or added.
    `compared_model` is the second model of the last comparison; `recent_models` are folders, the newest first.
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
    keep_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    remember_studies: bool = True
    export_folder: str = ""
    received_folder: str = ""
    reviewer: str = ""
    review_folder: str = ""
    data_folder: str = ""
    run_folder: str = ""
    eval_folder: str = ""
    compared_model: str = ""
    recent_models: tuple[str, ...] = ()


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


def library_file(settings_path: Path | None) -> Path | None:
    """The index of known studies: beside the settings; None where nothing is remembered."""
    return settings_path.parent / "library.db" if settings_path is not None else None


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
            translate("Errors", "The settings at {path} could not be read: {problem}.").format(
                path=path, problem=problem
            ),
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


def with_recent_model(settings: Settings, folder: str) -> Settings:
    """The settings with a model's folder first among the recent ones; the built-in model, "", is no folder."""
    kept = (
        [folder, *(other for other in settings.recent_models if other != folder)] if folder else settings.recent_models
    )
    return msgspec.structs.replace(settings, recent_models=tuple(kept)[:RECENT_KEPT])
