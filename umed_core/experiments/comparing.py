"""Outcomes to figures: every cell of an experiment's table with its interval, and what two rows differ by."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec

from umed_core import __version__
from umed_core.experiments.arms import Experiment, Heading, TestSet
from umed_core.experiments.intervals import Figure, Panel, crossed_bootstrap, difference, panel_of
from umed_core.experiments.outcomes import Outcome
from umed_core.experiments.recipe import ExperimentRecipe
from umed_core.prompts import RESEARCH_USE_ONLY

__all__ = ["Answers", "Cell", "DifferenceRow", "ExperimentReport", "ReportRow", "compare"]

Answers: TypeAlias = Callable[[str, TestSet], Mapping[int, tuple[Outcome, ...]]]
"""Outcomes of an arm on a test set, by seed; the images are the same in all, in the same order."""

MEASURES: dict[str, Callable[[Outcome], float]] = {
    "accuracy": lambda outcome: float(outcome.named),
    "mean_iou": lambda outcome: outcome.iou,
    "parsable": lambda outcome: float(outcome.parsable),
}
"""Of images with findings."""


@dataclass(frozen=True)
class Cell:
    """One row under one heading. `false_alarms` is None where no image is without a finding; `paper` where it has nothing."""

    accuracy: Figure
    mean_iou: Figure
    parsable: Figure
    false_alarms: Figure | None
    paper: float | None


@dataclass(frozen=True)
class ReportRow:
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class DifferenceRow:
    """One row less another under each heading, paired by image and seed."""

    label: str
    accuracy: tuple[Figure, ...]
    mean_iou: tuple[Figure, ...]


@dataclass(frozen=True)
class ExperimentReport:
    """A table or panel with all that a reader needs to judge it; `stands_in` tells the headings with phantoms."""

    name: str
    title: str
    size: str
    seeds: tuple[int, ...]
    headings: tuple[str, ...]
    stands_in: tuple[bool, ...]
    rows: tuple[ReportRow, ...]
    differences: tuple[DifferenceRow, ...]
    axis: str
    places: tuple[float, ...]
    notes: tuple[str, ...]
    recipe: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)


def compare(experiment: Experiment, recipe: ExperimentRecipe, answers: Answers) -> ExperimentReport:
    """The experiment's figures from the outcomes of all its arms."""
    rows = tuple(
        ReportRow(
            row.label,
            tuple(
                _cell(answers, arm, heading, row.paper[place] if row.paper else None)
                for place, (arm, heading) in enumerate(zip(row.arms, experiment.headings, strict=True))
            ),
        )
        for row in experiment.rows
    )
    arms = {row.label: row.arms for row in experiment.rows}
    differences = tuple(
        DifferenceRow(
            f"{one} - {other}",
            *(
                tuple(
                    crossed_bootstrap(_differences(answers, a, b, heading, MEASURES[measure]))
                    for a, b, heading in zip(arms[one], arms[other], experiment.headings, strict=True)
                )
                for measure in ("accuracy", "mean_iou")
            ),
        )
        for one, other in experiment.differences
    )
    stands_in = tuple(any(recipe.column(test.column).stands_in for test in h.tests) for h in experiment.headings)
    return ExperimentReport(
        experiment.name, experiment.title, recipe.size, recipe.seeds, tuple(h.title for h in experiment.headings),
        stands_in, rows, differences, experiment.axis, experiment.places, _notes(recipe, any(stands_in), rows),
        msgspec.to_builtins(recipe), {"umed": __version__, "python": platform.python_version()},
    )  # fmt: skip


def _cell(answers: Answers, arm: str, heading: Heading, paper: float | None) -> Cell:
    accuracy, mean_iou, parsable = (
        crossed_bootstrap(_panels(answers, arm, heading, value)) for value in MEASURES.values()
    )
    alarms = [
        panel
        for test in heading.tests
        if (panel := _panel(answers(arm, test), lambda outcome: float(outcome.alarm), normal=True)) is not None
    ]
    return Cell(accuracy, mean_iou, parsable, crossed_bootstrap(alarms) if alarms else None, paper)


def _panels(answers: Answers, arm: str, heading: Heading, value: Callable[[Outcome], float]) -> list[Panel]:
    found = (_panel(answers(arm, test), value, normal=False) for test in heading.tests)
    return [panel for panel in found if panel is not None]


def _differences(
    answers: Answers, one: str, other: str, heading: Heading, value: Callable[[Outcome], float]
) -> list[Panel]:
    pairs = zip(_panels(answers, one, heading, value), _panels(answers, other, heading, value), strict=True)
    return [difference(a, b) for a, b in pairs]


def _panel(by_seed: Mapping[int, tuple[Outcome, ...]], value: Callable[[Outcome], float], normal: bool) -> Panel | None:
    """A measure over the images with findings, or over those without; None where there is no such image."""
    kept = [[outcome for outcome in outcomes if outcome.is_normal == normal] for outcomes in by_seed.values()]
    if not kept[0]:
        return None
    return panel_of([[value(outcome) for outcome in row] for row in kept], [outcome.group for outcome in kept[0]])


def _notes(recipe: ExperimentRecipe, with_phantoms: bool, rows: Sequence[ReportRow]) -> tuple[str, ...]:
    seeds = len(recipe.seeds)
    notes = [
        f"Size {recipe.size}; {seeds} seed{'s' if seeds > 1 else ''}; intervals are 95 %, from a bootstrap over seeds and "
        "groups of images." if seeds > 1 else
        f"Size {recipe.size}; one seed: intervals are 95 % over groups of images and tell nothing of another training run.",
        "Differences are paired by image and seed.",
    ]  # fmt: skip
    if 1 < seeds < 5:
        notes.append(f"{seeds} seeds tell little of how far training runs differ: the intervals are rather too narrow.")
    if with_phantoms:
        notes.append("Columns marked phantom are synthetic images that stand in for a set which is not to be had here.")
    if any(cell.paper is not None for row in rows for cell in row.cells):
        notes.append(
            "The paper's figures are of a model of 7 billion parameters, on other images and splits: no target."
        )
    notes.append(
        "Accuracy saturates where a set has one class; mean IoU of the first box carries the comparison there."
    )
    return (*notes, RESEARCH_USE_ONLY)
