"""What a person asks of an evaluation, the command that does it, and what an earlier command had asked. Free of Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from umed_core.errors import ConfigError
from umed_desktop.words import translate

__all__ = ["EvalForm", "eval_arguments", "sets_of"]


@dataclass(frozen=True, slots=True)
class EvalForm:
    """`sets` are (name, folder); `model` "" is the built-in one; `limit` 0 asks about all."""

    sets: tuple[tuple[str, str], ...] = ()
    out: str = ""
    model: str = ""
    split: str = "test"
    limit: int = 0
    phantoms: int = 0


def eval_arguments(form: EvalForm) -> tuple[str, ...]:
    """Raises: ConfigError where something is missing."""
    if not form.sets and not form.phantoms:
        raise ConfigError(
            translate("EvalForm", "There is nothing to ask about."),
            translate("EvalForm", "Add an annotated set, or some normal phantoms."),
        )
    if not form.out:
        raise ConfigError(
            translate("EvalForm", "The evaluation has no folder."),
            translate("EvalForm", "Choose where answers and report go."),
        )
    parts = ["eval", *(part for name, folder in form.sets for part in ("--data", f"{name}={folder}"))]
    parts += ["--out", form.out, "--split", form.split]
    if form.model:
        parts += ["--model", form.model]
    if form.limit:
        parts += ["--limit", str(form.limit)]
    if form.phantoms:
        parts += ["--phantoms", str(form.phantoms)]
    return tuple(parts)


def sets_of(arguments: Sequence[str]) -> dict[str, Path]:
    """Where the sets of an `umed eval` command lie."""
    written = [value for name, value in pairwise(arguments) if name == "--data"]
    pairs = (value.partition("=") for value in written)
    return {name: Path(folder) for name, _, folder in pairs}
