"""The model that umed brings, where a recipe names it instead of a folder."""

from __future__ import annotations

from pathlib import Path

__all__ = ["BUILT_IN", "model_path"]

BUILT_IN = "umed-mini"


def model_path(written: str) -> str:
    """What a recipe calls a model, as a folder that training can load. Raises: MissingModel."""
    from umed_assets import embedded_model

    if written != BUILT_IN or Path(BUILT_IN).exists():
        return written
    return str(embedded_model() / "torch")
