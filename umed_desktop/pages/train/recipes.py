"""Recipes as the train page shows them: which there are, their common fields, and the command that runs one. Free of Qt."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from umed_core.config import AarConfig, SftConfig, load_aar_config, load_sft_config
from umed_core.errors import ConfigError, MissingFile
from umed_desktop.words import translate

__all__ = ["FieldRow", "Recipe", "Stage", "field_rows", "read_recipe", "shipped_recipes", "train_arguments"]

Stage: TypeAlias = Literal["sft", "aar"]

COMMON: dict[Stage, tuple[str, ...]] = {
    "sft": (
        "model.init", "optimizer.steps", "optimizer.epochs", "optimizer.learning_rate", "optimizer.batch_size",
        "optimizer.micro_batch_size", "run.seed", "run.precision", "run.threads", "run.log_every", "run.checkpoint_every",
    ),
    "aar": (
        "model.init", "optimizer.steps", "optimizer.epochs", "optimizer.learning_rate", "optimizer.batch_size",
        "rollout.candidates", "rollout.temperature", "reward.arm", "ppo.kl_coef", "ppo.c1", "run.seed", "run.precision",
        "run.threads", "run.samples_every", "run.checkpoint_every",
    ),
}  # fmt: skip

AAR_SECTIONS = {"rollout", "reward", "judge", "ppo"}
"""Sections that stage 1 has no use for."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe file: its name, its stage, its words about itself, and its values by `section.field`."""

    name: str
    path: Path
    stage: Stage
    about: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A field that may be overridden: `value` is the recipe's, in TOML's form, "" where the recipe leaves it open."""

    key: str
    value: str


def shipped_recipes() -> tuple[Recipe, ...]:
    """Umed's own: those that take seconds first, stage 1 before stage 2. Raises: ConfigError."""
    import umed_assets

    folder = Path(umed_assets.__file__).parent / "recipes"
    found = [read_recipe(path) for path in sorted(folder.glob("*.toml"))]
    return tuple(sorted(found, key=lambda recipe: (not recipe.name.startswith("smoke"), recipe.stage == "aar")))


def read_recipe(path: Path) -> Recipe:
    """Raises: MissingFile; ConfigError for a file that is no recipe."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except FileNotFoundError as problem:
        raise MissingFile(
            translate("Errors", "{path} does not exist.").format(path=path), "Choose another recipe."
        ) from problem
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(
            translate("Errors", "{path} is no TOML: {problem}.").format(path=path, problem=problem),
            "Mend that line, or choose another file.",
        ) from problem
    stage: Stage = "aar" if AAR_SECTIONS & set(table) or path.stem.endswith("aar") else "sft"
    # A recipe may leave the model that it starts from to whoever runs it.
    given = () if "init" in table.get("model", {}) else ("model.init=",)
    values = _flat(msgspec.to_builtins(_loaded(stage, path, given)))
    return Recipe(path.stem, path, stage, _about(text, path.stem), values)


def field_rows(recipe: Recipe) -> tuple[FieldRow, ...]:
    """The fields that people change, then the path of each source that has one."""
    keys = [key for key in COMMON[recipe.stage] if key in recipe.values]
    keys += [
        key for key in recipe.values if key.startswith("data.sources.") and key.endswith(".path") and recipe.values[key]
    ]
    return tuple(FieldRow(key, _spelled(recipe.values[key])) for key in keys)


def train_arguments(recipe: Recipe, out: Path, data_root: Path | None, overrides: Mapping[str, str]) -> tuple[str, ...]:
    """The arguments of `umed` for this run. Raises: ConfigError for a field or a value that the stage does not know."""
    given = {**overrides, "run.out": str(out)}
    if data_root is not None:
        given["data.root"] = str(data_root)
    written = tuple(f"{key}={value}" for key, value in given.items())
    _loaded(recipe.stage, recipe.path, written)
    sets = [part for one in written for part in ("--set", one)]
    return ("train", recipe.stage, "--config", str(recipe.path), *sets)


def _loaded(stage: Stage, path: Path, overrides: Sequence[str]) -> SftConfig | AarConfig:
    return load_sft_config(path, overrides) if stage == "sft" else load_aar_config(path, overrides)


def _about(text: str, name: str) -> str:
    """The comment at the recipe's head, less the command line in it."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        words = line.lstrip("#").strip()
        if not words.startswith("umed "):
            lines.append(words.removesuffix(" Run as"))
    said = " ".join(lines).removeprefix(f"{name}: ")
    return said[:1].upper() + said[1:]


def _flat(values: Mapping[str, Any], head: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{head}{name}"
        if isinstance(value, dict):
            found |= _flat(value, f"{key}.")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
            for number, entry in enumerate(value):
                found |= _flat(entry, f"{key}.{number}.")
        else:
            found[key] = value
    return found


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
