"""`umed phantoms`: synthetic studies with true boxes, by the thousand."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from umed_cli.terminal import say
from umed_core.errors import Cancelled

__all__ = ["phantoms"]

QUIET_S = 2.0


def phantoms(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where images, records.jsonl and annotations.csv go.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many, the kinds in turn.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind. Repeat for more; default: all five.")] = None,
    normal_share: Annotated[float, typer.Option(min=0, max=1, help="Share without any finding.")] = 0.1,
    format: Annotated[Literal["dicom", "png"], typer.Option(help="dicom keeps HU; png is as displayed.")] = "dicom",
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 1,
) -> None:
    """Write synthetic studies with true classes and boxes; no patient is in them.

    Kinds: ct (body slices with one lesion), renal (kidney stones), cxr (fourteen chest findings), tb (tuberculosis),
    endoscopy (polyps). The folder can be given to umed ask, umed eval and umed train like any annotated set.

    Examples:

      umed phantoms --out demo --count 20

      umed phantoms --out stones --count 10000 --kind renal --format png --workers 4

    Ctrl-C leaves whole files only; the same command goes on with the rest. Exit code: 0, 4 an option, 9 the disk,
    130 Ctrl-C.
    """
    from umed_core.phantoms import KINDS, write_phantoms

    show, close = _progress_bar()
    try:
        report = write_phantoms(out, count, seed, tuple(kind or KINDS), normal_share, format, show, workers)
    except KeyboardInterrupt:
        raise Cancelled("Stopped; the images so far are whole.", "Run the same command again to go on.") from None
    finally:
        close()
    say(str(report))


def _progress_bar() -> tuple[Callable[[int, int], None], Callable[[], None]]:
    """What shows `done` of `total` with the time left, once a run has taken two seconds; and what takes it away."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr)
    bar = Progress(
        TextColumn("synthetic phantoms"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console,
        transient=True,
    )  # fmt: skip
    job = bar.add_task("phantoms", total=None)
    start = time.monotonic()

    def show(done: int, total: int) -> None:
        if time.monotonic() - start > QUIET_S and console.is_terminal:
            bar.start()
        bar.update(job, completed=done, total=total)

    def close() -> None:
        if bar.live.is_started:
            bar.stop()

    return show, close
