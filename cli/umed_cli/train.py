"""`umed train`: the stages of training, from a recipe to a model folder."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

import umed_assets
from umed_cli.built_in import model_path
from umed_cli.terminal import need_extra, note, say
from umed_core.errors import Cancelled, MissingFile, UmedError
from umed_core.prompts import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from umed_core.config import AarConfig, Recipe, SftConfig
    from umed_core.training.run import Progress, StepReport

__all__ = ["aar", "app", "recipe_file", "sft"]

SFT, AAR = ("umed_core.training.sft", "train_sft"), ("umed_core.training.aar", "train_aar")
AAR_PLAN = ("umed_core.training.aar_plan", "plan_aar")
"""Named and not imported, as the commands of `main` are: only a run of this command may load torch."""

NEEDED = ("torch", "transformers", "accelerate", "peft", "safetensors", "tensorboard")

LAUNCHING = Path(umed_assets.__file__).parent / "accelerate"
"""Files for `accelerate launch`."""

SHOWN = ("loss", "r_llm", "r_loc", "r_att", "kl")
"""Figures of a step that progress shows where a stage has them."""

RecipeOption: TypeAlias = Annotated[
    str, typer.Option("--config", "-c", metavar="RECIPE", help="A TOML file, or the name of a recipe of umed's own.")
]
OverridesOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Another value than the recipe's. Repeat for more."),
]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Tune a model: instruction tuning, then rewarding. Research use only.",
    epilog="Several processes, on as many GPUs or on one machine's processors: `accelerate launch --config_file FILE -m"
    f" umed_cli train ...`. FILE is ddp.yaml (each holds the model) or fsdp.yaml (they share it) in {LAUNCHING}",
)


@app.callback()
def train() -> None:
    """Tune a model: instruction tuning, then rewarding. Research use only."""


@app.command("sft")
def sft(config: RecipeOption, overrides: OverridesOption = None) -> None:
    """Stage 1, instruction tuning: images with boxes and conversations in, a model folder out. Research use only.

    Recipes of umed's own: umed-mini (the built-in model), mau-sft (the same on what `umed build-mau` wrote), paper-sft (the
    paper's values, for your MedVInT) and smoke-sft (seconds, synthetic images only: does training work here?).

    Examples:

      umed train sft --config smoke-sft

      umed train sft --config umed-mini --set data.root=data --set run.out=runs/mine

      umed train sft --config mau-sft --set data.sources.0.path=mau --set run.out=runs/mau

      umed train sft --config paper-sft --set model.init=models/medvint --set data.sources.0.path=my_lesions

      accelerate launch --config_file ddp.yaml --num_processes 4 -m umed_cli train sft --config mau-sft

    The last one is for several GPUs; `umed train --help` tells where ddp.yaml and fsdp.yaml lie.

    Ctrl-C finishes the step and writes a checkpoint; the same command goes on from there, with the same result as a run
    that nobody stopped. Exit code: 0, 3 an input, 4 the recipe, 5 the data, 6 the model, 8 the training, 9 the disk,
    130 Ctrl-C.
    """
    from umed_core.config import load_sft_config

    _run(SFT, _from_built_in(load_sft_config(recipe_file(config), overrides or [])))


@app.command("aar")
def aar(
    config: RecipeOption,
    overrides: OverridesOption = None,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Measure one update, tell plan, memory and time, and write nothing.")
    ] = False,
) -> None:
    """Stage 2, abnormal-aware rewarding: a model of stage 1 in, one paid for relevance, place and look out.
    Research use only.

    Recipes of umed's own: mini-aar (the built-in model on a CPU), paper-aar (the paper's values, for any model folder that
    stage 1 left) and smoke-aar (seconds, synthetic images only: does it work here?).

    Examples:

      umed train aar --config smoke-aar

      umed train aar --config mini-aar --set data.root=data --dry-run

      umed train aar --config paper-aar --set model.init=runs/paper-sft/model --set run.out=runs/full

      umed train aar --config paper-aar --set model.init=runs/paper-sft/model --set reward.arm=no-vrr --set run.out=runs/no-vrr

      accelerate launch --config_file ddp.yaml --num_processes 4 -m umed_cli train aar --config paper-aar

    The last one is for several GPUs; `umed train --help` tells where ddp.yaml lies.

    Ctrl-C finishes the update and writes a checkpoint; the same command goes on from there, with the same result as a run
    that nobody stopped. Exit code: 0, 3 an input, 4 the recipe, 5 the data, 6 the model, 8 the training, 9 the disk, 11 a
    judge on another machine without consent, 130 Ctrl-C.
    """
    from umed_core.config import load_aar_config

    recipe = _from_built_in(load_aar_config(recipe_file(config), overrides or []))
    if is_dry:
        _tell_plan(recipe)
    else:
        _run(AAR, recipe)


def _from_built_in(recipe: Recipe) -> Recipe:
    """The recipe with the folder of the built-in model in place of its name. Raises: MissingModel."""
    import msgspec

    model = msgspec.structs.replace(
        recipe.model, init=model_path(recipe.model.init), language_from=model_path(recipe.model.language_from)
    )
    return msgspec.structs.replace(recipe, model=model)


def _run(stage: tuple[str, str], recipe: SftConfig | AarConfig) -> None:
    """A stage from its start to its end: progress, Ctrl-C, and where the model lies."""
    need_extra("train", *NEEDED)
    with _one_voice(), _interrupts() as cancelled, _progress(recipe) as progress:
        model = _stage(*stage)(recipe, progress, cancelled)
    if _is_first_process():
        say(f"model: {model}")
        say(f"ask it:    umed ask IMAGE --model {model}")
        say(f"export it: umed export-onnx {model} --out DIR")
        say(RESEARCH_USE_ONLY)


def _tell_plan(recipe: AarConfig) -> None:
    """One update measured, in words; nothing is written."""
    need_extra("train", *NEEDED)
    with _one_voice():
        plan = _stage(*AAR_PLAN)(recipe)
    for line in (*plan, RESEARCH_USE_ONLY) if _is_first_process() else ():
        say(line)


def recipe_file(written: str) -> Path:
    """The file that --config means: a path, or the name of a recipe of umed's own. Raises: MissingFile."""
    path = Path(written)
    if path.is_file():
        return path
    recipes = Path(umed_assets.__file__).parent / "recipes"
    shipped = recipes / f"{written.removesuffix('.toml')}.toml"
    if path.parent == Path() and shipped.is_file():
        return shipped
    names = ", ".join(sorted(file.stem for file in recipes.glob("*.toml")))
    raise MissingFile(f"There is no recipe {written}.", f"Give a TOML file, or one of umed's own: {names}.")


def _stage(module: str, function: str) -> Callable[..., Any]:
    """`train_sft`, `train_aar` or `plan_aar`, whose module loads torch."""
    if _is_first_process():
        note("loading torch ...")
    stage: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return stage


def _is_first_process() -> bool:
    """Under `accelerate launch` each process runs this command; one speaks."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def _one_voice() -> Iterator[None]:
    """What fails in one process fails in all, with the same words (training.processes.together): the first says them."""
    try:
        yield
    except UmedError as problem:
        if _is_first_process():
            raise
        raise typer.Exit(problem.exit_code) from None


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Tells whether Ctrl-C was pressed; the second one ends the program at once."""
    pressed: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def press(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - Python's signature
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)
        if _is_first_process():
            # Past Python's buffer: the signal may have come in the middle of a write to it.
            os.write(2, b"\nfinishing this step; Ctrl-C again stops at once\n")

    signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    except KeyboardInterrupt:
        raise Cancelled("Stopped at once.", "The same command goes on from the last checkpoint.") from None
    finally:
        signal.signal(signal.SIGINT, before)


def _progress(recipe: SftConfig | AarConfig) -> AbstractContextManager[Progress]:
    if not _is_first_process():
        return nullcontext(_silent)
    return _bar(recipe.optimizer.batch_size) if sys.stderr.isatty() else _lines(recipe)


def _silent(report: StepReport) -> None:
    """What a process shows that is not the first."""


@contextmanager
def _bar(samples: int) -> Iterator[Progress]:
    """A bar that is rewritten in place."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("step"), MofNCompleteColumn(), BarColumn(), TextColumn("{task.description}"),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True), console=Console(stderr=True),
    )  # fmt: skip
    job = bar.add_task("", total=None)
    words = _in_words(samples)

    def show(report: StepReport) -> None:
        bar.start()
        bar.update(job, completed=report.step, total=report.total_steps, description=words(report))

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()


@contextmanager
def _lines(recipe: SftConfig | AarConfig) -> Iterator[Progress]:
    """A line a logged step, where nothing can be rewritten."""
    words = _in_words(recipe.optimizer.batch_size)

    def show(report: StepReport) -> None:
        said = words(report)
        if report.step % recipe.run.log_every == 0 or report.step == report.total_steps:
            note(f"step {report.step}/{report.total_steps}, {said}, {_clock(report.seconds_left)} left")

    yield show


def _in_words(samples: int) -> Callable[[StepReport], str]:
    """Loss, rewards where there are any, and speed of a step; the speed is the mean since the first that was reported."""
    first: list[tuple[int, float]] = []

    def words(report: StepReport) -> str:
        now = time.monotonic()
        shown = [f"{name} {report.metrics[name]:.4f}" for name in SHOWN if name in report.metrics]
        loss = ", ".join(shown)
        if not first:
            first.append((report.step, now))
            return loss
        step, begun = first[0]
        return f"{loss}, {samples * (report.step - step) / max(now - begun, 1e-9):.1f} samples/s"

    return words


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
