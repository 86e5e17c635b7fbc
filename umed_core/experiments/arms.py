"""What an experiment is made of: arms that are trained, test sets that they are asked about, and how both are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from umed_core.experiments.recipe import ExperimentRecipe

__all__ = ["Arm", "Experiment", "Heading", "Selection", "Stage", "TestSet", "heading_of", "standard_arms"]

Stage: TypeAlias = Literal["base", "one", "two"]


@dataclass(frozen=True, slots=True)
class TestSet:
    """The test side of a column, or of its images that show one class."""

    column: str
    label: str = ""

    @property
    def name(self) -> str:
        return f"{self.column}--{self.label.replace(' ', '-')}" if self.label else self.column


@dataclass(frozen=True, slots=True)
class Selection:
    """What of the training sides an arm sees. `share` keeps that share of each column, the same images in greater shares."""

    columns: tuple[str, ...]
    without: tuple[TestSet, ...] = ()
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Arm:
    """A model to train, once a seed (the base: once). `changes` are overrides of its stage's table.

    It starts from the model that the arm `start` leaves; "" from what its own table names. `as_long_as` names an arm of
    stage two: training ends after as many images as that one sees.
    """

    name: str
    stage: Stage
    selection: Selection
    start: str = ""
    changes: tuple[str, ...] = ()
    as_long_as: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a result table: the mean over its test sets."""

    title: str
    tests: tuple[TestSet, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a result table: which arm stands in each column, and what the paper has there (None: nothing)."""

    label: str
    arms: tuple[str, ...]
    paper: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """One table or figure of the paper. `differences` are pairs of row labels, compared image by image and seed by seed.

    `axis` names what the rows vary where the figure is a curve over `places`; "" for a comparison of arms.
    """

    name: str
    title: str
    arms: tuple[Arm, ...]
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    differences: tuple[tuple[str, str], ...] = ()
    axis: str = ""
    places: tuple[float, ...] = ()

    def tests_of(self, arm: str, mark: str = "") -> tuple[TestSet, ...]:
        """What an arm is asked about: the test sets of the columns in which it stands; with a mark, as `arm@...`."""
        wanted = [
            test
            for row in self.rows
            for name, heading in zip(row.arms, self.headings, strict=True)
            if (name.startswith(f"{arm}{mark}") if mark else name == arm)
            for test in heading.tests
        ]
        return tuple(dict.fromkeys(wanted))


def heading_of(recipe: ExperimentRecipe, name: str) -> Heading:
    """One column of the recipe; a phantom column says what it is."""
    column = recipe.column(name)
    title = f"phantom {column.phantom_kind} for {column.paper}" if column.stands_in else f"{name} ({column.paper})"
    return Heading(title, (TestSet(name),))


def standard_arms(recipe: ExperimentRecipe) -> dict[str, Arm]:
    """The arms of Tables 2 and 6 by name, and `sft-longer`: stage one for as many images as stage two sees, our control."""
    whole = Selection(tuple(column.name for column in recipe.columns))
    base = [Arm("base", "base", whole)] if recipe.base else []
    sft = Arm("sft", "one", whole, start="base" if base else "")
    longer = Arm("sft-longer", "one", whole, "sft", _overrides(recipe.longer), as_long_as="full")
    rewarded = [
        Arm(name, "two", whole, "sft", (f"reward.arm={name}",)) for name in ("sft-ppo", "no-vrr", "no-alr", "full")
    ]
    return {arm.name: arm for arm in (*base, sft, longer, *rewarded)}


def _overrides(table: dict[str, object], prefix: str = "") -> tuple[str, ...]:
    """A table as overrides, `section.key=value`."""
    found: list[str] = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _overrides(value, f"{prefix}{key}.")
        else:
            found.append(f"{prefix}{key}={value}")
    return tuple(found)
