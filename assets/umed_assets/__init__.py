"""What umed ships besides code: the built-in model, icons, recipes, licences."""

from __future__ import annotations

from pathlib import Path

from umed_core.errors import MissingModel

__all__ = ["embedded_model"]

_MODELS = Path(__file__).parent / "models"


def embedded_model() -> Path:
    """The folder of the built-in model, umed-mini.

    Raises: MissingModel when this installation came without it.
    """
    folder = _MODELS / "umed-mini"
    if not (folder / "umed.json").is_file():
        raise MissingModel(
            "The built-in model umed-mini is not part of this installation.",
            "Install umed from a release, or give a model folder with --model.",
        )
    return folder
