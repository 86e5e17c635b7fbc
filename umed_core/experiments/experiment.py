"""An experiment from recipe to report, top to bottom: images, arms, questions, comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from umed_core.config import AarConfig
from umed_core.experiments.arms import Experiment, TestSet
from umed_core.experiments.catalogue import plan_experiment
from umed_core.experiments.columns import Column, StoredRecords, asked_records, open_columns, store_test
from umed_core.experiments.comparing import Answers, ExperimentReport, compare
from umed_core.experiments.jobs import AskJob, InjectJob, TrainJob
from umed_core.experiments.outcomes import BEFORE, AskedSet, Outcome, injected_file, outcomes_key, read_outcomes
from umed_core.experiments.recipe import ExperimentRecipe
from umed_core.experiments.running import Progress, Work, read_rates, run_all, seconds_left
from umed_core.experiments.runs import Run, done_seconds, mark_done, open_run, plan_runs

__all__ = ["Plan", "plan_work", "run_experiment"]


@dataclass(frozen=True)
class Plan:
    """Everything that the experiments need: `work` is what is still to do, in order.

    `asked` is what each run is asked about; `injected` what it is asked about with Figure 3's boxes in its answers.
    """

    experiments: tuple[Experiment, ...]
    runs: tuple[Run, ...]
    asked: dict[str, tuple[AskedSet, ...]]
    injected: dict[str, tuple[AskedSet, ...]]
    work: tuple[Work, ...]
    seconds_left: float | None


def run_experiment(
    name: str, recipe: ExperimentRecipe, out: Path, jobs: int, progress: Progress, saying: Callable[[str], None]
) -> tuple[ExperimentReport, ...]:
    """Trains and asks what is not done yet in `out`, then compares: one report a table or panel.

    Raises: ConfigError, DataError, MissingFile, ModelError, StorageError; TrainingError where `out` holds other arms under
    the same names; what a child tells; Cancelled.
    """
    plan = plan_work(name, recipe, out, jobs, saying)
    everything = len(plan.runs) + sum(1 for asked in (*plan.asked.values(), *plan.injected.values()) if asked)
    run_all(plan.work, jobs, out / "times.jsonl", progress, everything - len(plan.work))
    answers = _answers(plan)
    return tuple(compare(experiment, recipe, answers) for experiment in plan.experiments)


def plan_work(
    name: str, recipe: ExperimentRecipe, out: Path, jobs: int, saying: Callable[[str], None]
) -> Plan:  # fmt: skip
    """What is to be done, and how long it may take. Draws phantoms and writes lists of images, but trains nothing.

    Raises: ConfigError, DataError, MissingFile, MissingModel, StorageError, TrainingError.
    """
    experiments = plan_experiment(name, recipe)
    columns = open_columns(recipe, out / "sets", saying)
    runs = plan_runs(experiments, recipe, columns, out)
    tests = _tests(experiments, recipe, columns, out / "sets")
    asked = {run.name: _asked(run, "", experiments, recipe, columns, tests) for run in runs}
    injected = {run.name: _asked(run, "@", experiments, recipe, columns, tests) for run in runs}
    counts = {str(stored.path): stored.count for stored in tests.values()}
    work: list[Work] = []
    for run in runs:
        work += _training(run)
        work += _asking(run, asked[run.name], recipe, counts)
        work += _injecting(run, injected[run.name], recipe, counts)
    return Plan(
        experiments, runs, asked, injected, tuple(work), seconds_left(work, read_rates(out / "times.jsonl"), jobs)
    )


# ------------------------------------------------------------------------------------------------- what is asked


def _tests(
    experiments: Sequence[Experiment], recipe: ExperimentRecipe, columns: dict[str, Column], sets: Path
) -> dict[tuple[TestSet, int], StoredRecords]:
    """Every test set that an experiment asks about, on disk, by its limit."""
    wanted = {test for experiment in experiments for heading in experiment.headings for test in heading.tests}
    limits = {recipe.evaluation.limit, recipe.injection.limit or recipe.evaluation.limit}
    return {
        (test, limit): store_test(asked_records(columns[test.column], test, limit), sets)
        for test in sorted(wanted, key=lambda test: test.name)
        for limit in limits
    }


def _asked(
    run: Run, mark: str, experiments: Sequence[Experiment], recipe: ExperimentRecipe, columns: dict[str, Column],
    tests: dict[tuple[TestSet, int], StoredRecords],
) -> tuple[AskedSet, ...]:  # fmt: skip
    """The test sets of a run; with the mark `@`, those that are asked about with an injected box."""
    wanted = dict.fromkeys(test for experiment in experiments for test in experiment.tests_of(run.arm.name, mark))
    limit = (mark and recipe.injection.limit) or recipe.evaluation.limit
    return tuple(
        AskedSet(
            test.name,
            str(columns[test.column].folder),
            str(tests[test, limit].path),
            outcomes_key(run.key, tests[test, limit].digest, recipe.evaluation),
            str(run.folder / "eval" / f"{test.name}.json"),
        )
        for test in wanted
    )


# ------------------------------------------------------------------------------------------------- work


def _training(run: Run) -> list[Work]:
    """The run's training, unless its model is there."""
    if done_seconds(run) is not None:
        return []
    assert run.config is not None, "a model that was given is done"
    job = TrainJob("aar" if isinstance(run.config, AarConfig) else "sft", msgspec.to_builtins(run.config))
    after = (run.after,) if run.after else ()
    return [
        Work(run.name, f"train {run.arm.stage}", run.images, after, job, run.folder / "log.txt",
             partial(open_run, run), partial(mark_done, run))
    ]  # fmt: skip


def _asking(run: Run, asked: Sequence[AskedSet], recipe: ExperimentRecipe, counts: dict[str, int]) -> list[Work]:
    """The questions about test sets whose outcomes are not there."""
    missing = tuple(one for one in asked if read_outcomes(Path(one.out), one.key) is None)
    if not missing:
        return []
    answers = run.folder / "eval" / "answers.jsonl"
    job = AskJob(str(run.model), missing, recipe.evaluation, str(answers))
    count = sum(counts[one.records] for one in missing)
    return [Work(f"{run.name} asked", "ask", count, (run.name,), job, run.folder / "log.txt")]


def _injecting(run: Run, asked: Sequence[AskedSet], recipe: ExperimentRecipe, counts: dict[str, int]) -> list[Work]:
    """Figure 3's questions whose outcomes are not there; the words before the box are written last."""
    levels = recipe.injection.levels
    places = (BEFORE, *map(str, levels))
    missing = tuple(
        one for one in asked if any(read_outcomes(injected_file(one, place), one.key) is None for place in places)
    )
    if not missing:
        return []
    job = InjectJob(str(run.model), missing, levels, recipe.evaluation, run.seed)
    count = sum(counts[one.records] for one in missing)
    return [Work(f"{run.name} injected", "inject", count, (run.name,), job, run.folder / "log.txt")]


def _answers(plan: Plan) -> Answers:
    """Outcomes by arm and test set; `full@0.3` are those of `full` with a box of IoU .3 in its answers."""

    def answers(arm: str, test: TestSet) -> dict[int, tuple[Outcome, ...]]:
        name, _, place = arm.partition("@")
        found = {}
        for run in plan.runs:
            for one in (plan.injected if place else plan.asked)[run.name]:
                if (run.arm.name, one.name) == (name, test.name):
                    outcomes = read_outcomes(injected_file(one, place) if place else Path(one.out), one.key)
                    assert outcomes is not None, "all work is done"
                    found[run.seed] = outcomes
        return found

    return answers
