"""`umed experiment`: the paper's tables and figures, run and reported."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from umed_cli.built_in import model_path
from umed_cli.terminal import need_extra, note, say
from umed_core.errors import MissingFile
from umed_core.prompts import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from umed_core.experiments.experiment import Plan
    from umed_core.experiments.recipe import ExperimentRecipe
    from umed_core.experiments.running import Status

__all__ = ["experiment"]

NAMING_MODELS = ("init", "language_from")
"""Of a recipe's tables: what may name the built-in model."""

EVERY_S = 30.0
"""Between lines where nothing can be rewritten."""


def experiment(
    name: Annotated[str, typer.Argument(help="table2, table6, table7, table8, table9, table11, fig3 or fig4.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Runs and reports; experiments with one DIR share arms.")],
    size: Annotated[str, typer.Option(metavar="SIZE", help="smoke, mini or paper; or a TOML file.")] = "mini",
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another value than the recipe's. Repeat for more."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Arms at once, each a process of its own.")] = 1,
    is_dry: Annotated[bool, typer.Option("--dry-run", help="List arms and what is done, and train nothing.")] = False,
) -> None:
    """Run one of the paper's tables or figures: train its arms, ask them, compare. Research use only.

    table2: base, SFT, SFT & PPO, UMed.  table6: without each reward.  table7, 8, 9: classes, sets and modalities that
    training never saw.  table11: c1 and c2.  fig3: accuracy by the IoU of an injected box.  fig4: epochs and data.

    smoke takes minutes on synthetic images, and shows that it works; mini is the built-in model's kind on public sets, on
    a CPU; paper is any vision-language model on a GPU. Synthetic columns are marked wherever they are shown.

    Examples:

      umed experiment table2 --size smoke --out smoke

      umed experiment table2 --size mini --set root=data --jobs 2 --out results

      umed experiment table6 --size mini --set root=data --jobs 2 --out results --dry-run

      umed experiment table2 --size paper --set root=data --set base.folder=models/medvint --out results-paper

    Writes DIR/NAME/report.json, table.md and plots. Ctrl-C keeps what is done; the same command goes on from there. Exit
    code: 0, 3 an input, 4 the recipe, 5 the data, 6 the model, 7 a process, 8 the training, 9 the disk, 130 Ctrl-C.
    """
    from umed_core.experiments.experiment import plan_work, run_experiment
    from umed_core.experiments.plots import write_plots
    from umed_core.experiments.recipe import load_experiment_recipe
    from umed_core.experiments.writing import markdown, write_reports

    recipe = _with_built_in(load_experiment_recipe(_recipe_file(size), overrides or []))
    if is_dry:
        _tell_plan(plan_work(name, recipe, out, jobs, note))
        return
    need_extra("train", "torch", "transformers", "accelerate", "peft", "safetensors", "tensorboard")
    need_extra("experiments", "matplotlib")
    reports = run_experiment(name, recipe, out, jobs, _progress(), note)
    write_reports(reports, out / name)
    for report in reports:
        write_plots(report, out / name)
        say(markdown(report))
    say(f"report: {out / name / 'report.json'}\n{RESEARCH_USE_ONLY}")


def _with_built_in(recipe: ExperimentRecipe) -> ExperimentRecipe:
    """The recipe with the folder of the built-in model in place of its name. Raises: MissingModel."""
    import msgspec

    tables = {}
    for stage in ("base", "stage_one", "stage_two"):
        table = dict(getattr(recipe, stage))
        named = {key: model_path(value) for key, value in table.get("model", {}).items() if key in NAMING_MODELS}
        tables[stage] = table | ({"model": table["model"] | named} if named else {})
    return msgspec.structs.replace(recipe, **tables)


def _recipe_file(written: str) -> Path:
    """The file that --size means: one of umed's own, or a path. Raises: MissingFile."""
    import umed_assets

    recipes = Path(umed_assets.__file__).parent / "experiments"
    shipped = recipes / f"{written}.toml"
    if Path(written).is_file() or not shipped.is_file():
        if not Path(written).is_file():
            names = ", ".join(sorted(file.stem for file in recipes.glob("*.toml")))
            raise MissingFile(f"There is no size {written}.", f"Choose one of {names}, or give a TOML file.")
        return Path(written)
    return shipped


def _tell_plan(plan: Plan) -> None:
    """Each arm and seed with its state, then what is left."""
    to_do = {work.name for work in plan.work}
    for run in plan.runs:
        trained = "given" if run.config is None else "to train" if run.name in to_do else "trained"
        asked = "to ask" if f"{run.name} asked" in to_do else "asked" if plan.asked[run.name] else "not asked"
        images = f", {run.images} images" if run.config is not None else ""
        say(f"{run.name}: {trained}{images}; {asked}")
    left = "not known before one of each kind has run" if plan.seconds_left is None else _clock(plan.seconds_left)
    say(f"{len(plan.work)} jobs to do; time: {left if plan.work else 'none'}\n{RESEARCH_USE_ONLY}")


def _progress() -> Callable[[Status], None]:
    """A line on a terminal, rewritten in place; elsewhere a line for each job that ends, and one now and then."""
    last = [0.0]

    def show(status: Status) -> None:
        line = _line(status)
        if sys.stderr.isatty():
            ended = f"\r\x1b[Kdone: {status.finished}\n" if status.finished else ""
            sys.stderr.write(f"{ended}\r\x1b[K{line[:150]}" + ("\r\x1b[K" if status.done == status.total else ""))
            sys.stderr.flush()
        elif status.finished or time.monotonic() - last[0] > EVERY_S:
            last[0] = time.monotonic()
            note(f"{line}, done: {status.finished}" if status.finished else line)

    return show


def _line(status: Status) -> str:
    running = ", ".join(f"{name} {done}/{total}" if total else f"{name} starts" for name, done, total in status.running)
    left = "" if status.seconds_left is None else f", about {_clock(status.seconds_left)} left"
    return f"[{status.done}/{status.total}{left}] {running}"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
