"""The recipe of all experiments at one size: test sets, seeds, what is trained in both stages and how it is asked."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import field

from umed_core.config import AboveZero, Count, Positive, Share, apply_override
from umed_core.errors import ConfigError, MissingFile
from umed_core.prompts import DEFAULT_QUESTION

__all__ = ["ColumnConfig", "EvaluationConfig", "ExperimentRecipe", "InjectionConfig", "load_experiment_recipe"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt field must not pass in silence."""


class ColumnConfig(_Section, frozen=True):
    """One column of the paper's Table 2: an annotated set that is trained on and asked about."""

    name: str
    """As in reports."""
    paper: Literal["DL", "KS", "KV", "NIH", "TBX"]
    """Whose place it takes: DeepLesion, KidneyStone, KVASIR, NIH, TBX11K."""
    modality: Literal["C", "G", "X"]
    """CT, gross pathology (endoscopy), X-ray: the letters of Table 9."""
    path: str = ""
    """A folder of images/ and annotations.csv, relative to `root`; "" draws phantoms."""
    phantom_kind: str = ""
    """Without `path`: ct, renal, cxr, tb or endoscopy."""
    phantoms: Count = 0
    """Without `path`: how many are drawn, for training and test together."""
    normal_share: Share = 0.15
    """Share of the phantoms without a finding: the only images here that are known to be normal."""
    share: AboveZero | None = None
    """Share of training; None: as many as its training images, as in the paper."""
    augment: bool = True

    @property
    def stands_in(self) -> bool:
        """Whether synthetic images stand in for the paper's set; every table says so."""
        return not self.path


class EvaluationConfig(_Section, frozen=True):
    """How a trained model is asked."""

    limit: Count = 0
    """Images of each test set, the same each time; 0: all."""
    question: str = DEFAULT_QUESTION
    max_new_tokens: Positive = 256
    grammar: bool = False
    """Off, as in the paper: whether a box can be read is part of what is measured."""
    device: str = "auto"
    timeout_s: AboveZero = 300.0
    """Longest silence of the model."""


class InjectionConfig(_Section, frozen=True):
    """Figure 3: a box of a known IoU is written into the answer."""

    limit: Count = 0
    """Images of each test set; 0: as `evaluation.limit`."""
    levels: tuple[Share, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    arm: str = "full"
    """Whose answers."""


class LeftOutConfig(_Section, frozen=True):
    """Table 7: a class of a column that training never sees."""

    column: str
    label: str


class ExperimentRecipe(_Section, frozen=True):
    """One size. Stage one, stage two and the base are tables of `SftConfig` and `AarConfig` without sources, init and out."""

    size: str
    seeds: tuple[Count, ...]
    columns: tuple[ColumnConfig, ...]
    stage_one: dict[str, Any]
    stage_two: dict[str, Any]
    root: str = "."
    """Folder against which the columns' paths are read."""
    test_share: Share = 0.2
    split_seed: int = 0
    base: dict[str, Any] = field(default_factory=dict)
    """`folder`: a model that is given; or a whole SftConfig that is trained once for all seeds; empty: stage one starts from
    its own `model.init`, and there is no base."""
    longer: dict[str, Any] = field(default_factory=dict)
    """What `sft-longer`, our control, changes in stage one, beside the number of steps."""
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    injection: InjectionConfig = field(default_factory=InjectionConfig)
    left_out_classes: tuple[LeftOutConfig, ...] = ()
    left_out_columns: tuple[str, ...] = ()
    epochs: tuple[AboveZero, ...] = (1, 2, 3, 4, 5)
    """Figure 4, left. A recipe with `steps` counts them as the paper's 4 epochs."""
    data_shares: tuple[AboveZero, ...] = (0.2, 0.4, 0.6, 0.8, 1.0)
    """Figure 4, right; each holds the smaller ones."""

    def column(self, name: str) -> ColumnConfig:
        """Raises: ConfigError."""
        for column in self.columns:
            if column.name == name:
                return column
        names = ", ".join(column.name for column in self.columns)
        raise ConfigError(f"The recipe {self.size} has no column {name}.", f"Its columns: {names}.")


def load_experiment_recipe(path: Path, overrides: Sequence[str] = ()) -> ExperimentRecipe:
    """Reads a recipe, then applies `key.path=value` overrides, as `umed train` does. Raises: MissingFile; ConfigError."""
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", "Give --size smoke, mini or paper, or a TOML file.")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{path} is no TOML: {problem}.", "Mend that line.") from problem
    for override in overrides:
        apply_override(table, override)
    try:
        recipe = msgspec.convert(table, ExperimentRecipe)
    except msgspec.ValidationError as problem:
        raise ConfigError(
            f"{path}: {problem}.", "Mend it in the recipe, or give it with --set key.path=value."
        ) from problem
    _check(recipe)
    return recipe


def _check(recipe: ExperimentRecipe) -> None:
    """Raises: ConfigError for parts that contradict each other."""
    if not recipe.seeds or not recipe.columns:
        raise ConfigError("An experiment needs a seed and a column.", "For example --set 'seeds=[0]'.")
    names = [column.name for column in recipe.columns]
    for repeated in {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"Two columns are called {repeated}.", "Give each a name of its own.")
    for column in recipe.columns:
        if bool(column.path) == bool(column.phantom_kind and column.phantoms):
            raise ConfigError(
                f"The column {column.name} needs either a path, or phantom_kind and phantoms.", "Mend its table."
            )
    for left_out in (*recipe.left_out_columns, *(one.column for one in recipe.left_out_classes)):
        recipe.column(left_out)
    if "folder" in recipe.base and len(recipe.base) > 1:
        raise ConfigError(
            "The base is either a folder or trained.", "Take its place whole: --set 'base={folder=\"FOLDER\"}'."
        )
