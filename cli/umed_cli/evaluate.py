"""`umed eval`: how well a model's answers and boxes fit annotated images."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from umed_cli.terminal import note, plain, remaining, say, waiting_line
from umed_core.errors import ConfigError
from umed_core.prompts import DEFAULT_QUESTION, RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from umed_core.evaluation.evaluate import EvalConfig, Progress, Report
    from umed_core.evaluation.sets import EvalSet
    from umed_core.vlm.messages import AskOptions

__all__ = ["evaluate"]


def evaluate(
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=DIR",
            help="An annotated set: images/ and annotations.csv in DIR, or what `umed build-mau` wrote. Repeat for more.",
        ),
    ] = None,
    phantoms: Annotated[int, typer.Option(min=0, help="Also ask about so many normal synthetic images.")] = 0,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A model folder; default: the built-in one.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    split: Annotated[
        Literal["test", "train", "all"], typer.Option(help="Which part of each set to ask about.")
    ] = "test",
    test_share: Annotated[float, typer.Option(min=0, max=1, help="Share of patients on the test side.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Of the split, the intervals and the controls.")] = 0,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where answers and report go.")] = Path("eval"),
    limit: Annotated[
        int, typer.Option(min=0, help="At most so many images of each set, the same each time; 0: all.")
    ] = 0,
    question: Annotated[str, typer.Option("--question", "-q", help="What to ask about each image.")] = DEFAULT_QUESTION,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="The longest answer, in the model's tokens.")] = 256,
    no_grammar: Annotated[
        bool, typer.Option("--no-grammar", help="Let the model write freely; its boxes may then not parse.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds of silence after which to give up.")] = 300.0,
) -> None:
    """Score a model on annotated images: is the class named, and does its box fit? Research use only.

    Each set is split by patient; the test side is the one that `umed train` leaves out with the same share and seed. A
    dataset of `umed build-mau` keeps the sides it was built with, whatever --test-share and --seed say, and has a row for
    each set in it; a model that was trained on the sets themselves may have seen pictures of its test side.
    The table shows accuracy, mean IoU of the first box with a 95 % interval, and two controls that a good model leaves
    behind: the same answers against other images' truths (shuffled), and the mean training box on every image.

    Examples:

      umed eval --data polyps=data/kvasir_seg --phantoms 100

      umed eval --data mau=mau --model runs/mau/model --out eval-mau

      umed eval --data stones=data/kidneystone --data tb=data/tbx11k --model runs/sft/model --out eval-sft

    Writes answers.jsonl, report.json and table.md to --out. Ctrl-C keeps the answers so far; the same command goes on
    with the rest. Exit code: 0, 3 an input, 4 an option, 5 the annotations, 6 the model, 7 its process, 130 Ctrl-C.
    """
    from umed_core.evaluation.evaluate import EvalConfig
    from umed_core.evaluation.sets import read_eval_sets
    from umed_core.vlm.messages import AskOptions

    named = map(_named_folder, data or [])
    sets = [one for name, folder in named for one in read_eval_sets(folder, name, test_share, seed)]
    config = EvalConfig(question, split, test_share, seed, limit, phantoms)
    options = AskOptions(max_new_tokens=max_new_tokens, grammar=not no_grammar, attention="none")
    try:
        report = _run(sets, config, options, model, device, timeout, out)
    except KeyboardInterrupt:
        note(f"\nstopped; the answers so far are in {out / 'answers.jsonl'}; the same command goes on from there")
        raise typer.Exit(130) from None
    _tell(report, out)


def _run(
    sets: list[EvalSet],
    config: EvalConfig,
    options: AskOptions,
    folder: Path | None,
    device: str,
    timeout_s: float,
    out: Path,
) -> Report:
    from umed_assets import embedded_model
    from umed_core.evaluation.answers import AnswerStore
    from umed_core.evaluation.asking import ask_through, model_id
    from umed_core.evaluation.evaluate import evaluate as evaluate_sets
    from umed_core.vlm.client import WorkerClient

    store = AnswerStore(out / "answers.jsonl")
    with WorkerClient() as client:
        loaded = client.load(folder or embedded_model(), device, waiting=waiting_line("loading the model"))
        note(f"model: {loaded.model} on {loaded.device} ({loaded.engine})")
        ask = ask_through(client, loaded, options, timeout_s)
        return evaluate_sets(sets, config, model_id(loaded, options), ask, store, _progress())


def _named_folder(written: str) -> tuple[str, Path]:
    name, equals, folder = written.partition("=")
    if not (name and equals and folder):
        raise ConfigError(f"--data {written} is no NAME=DIR.", "Write it as --data polyps=data/kvasir_seg.")
    return name, Path(folder)


def _progress() -> Progress:
    """A line on a terminal, rewritten in place; every hundredth image elsewhere."""
    started = time.monotonic()

    def show(done: int, total: int, image: str) -> None:
        line = plain(f"{remaining(done, total, time.monotonic() - started)} {image}")
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line[:100]}" + ("\r\x1b[K" if done + 1 == total else ""))
            sys.stderr.flush()
        elif done % 100 == 0:
            note(line)

    return show


def _tell(report: Report, out: Path) -> None:
    from umed_core.evaluation.evaluate import write_report
    from umed_core.evaluation.tables import markdown_table, report_lines, text_table
    from umed_core.records import write_atomic

    write_report(report, out / "report.json")
    lines = report_lines(report)
    table = [markdown_table(report), "", *(f"- {line}" for line in lines), "", RESEARCH_USE_ONLY, ""]
    write_atomic(out / "table.md", "\n".join(table).encode())
    say(text_table(report))
    for line in lines:
        say(line)
    say(f"report: {out / 'report.json'}\n{RESEARCH_USE_ONLY}")
