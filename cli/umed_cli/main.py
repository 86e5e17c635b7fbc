"""The `umed` command: a table of commands, each imported only when it is called."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from umed_core import __version__
from umed_core.errors import UmedError

__all__ = ["COMMANDS", "LazyCommand", "app", "main"]


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A command's name, the module and attribute that hold it (a function or a Typer app), and its one line of help."""

    name: str
    module: str
    attribute: str
    help: str

    @property
    def present(self) -> bool:
        """Whether this build has it; looks without importing."""
        return importlib.util.find_spec(self.module) is not None


COMMANDS = (
    LazyCommand("ask", "umed_cli.ask", "ask", "Ask a model about images: a streamed answer, its boxes, its attention."),
    LazyCommand("desktop", "umed_cli.desktop", "desktop", "Open the reading room, a window on studies and answers."),
    LazyCommand("phantoms", "umed_cli.phantoms", "phantoms", "Write synthetic studies with true boxes to try umed on."),
    LazyCommand(
        "build-mau", "umed_cli.build_mau", "build_mau", "Build a question-answer dataset from annotated images."
    ),
    LazyCommand(
        "review", "umed_cli.review", "review", "Accept, correct or reject a dataset's records, by several people."
    ),
    LazyCommand("export-mau", "umed_cli.export_mau", "export_mau", "Write a dataset in the form of another trainer."),
    LazyCommand("train", "umed_cli.train", "app", "Tune a model: instruction tuning, then rewarding."),
    LazyCommand("eval", "umed_cli.evaluate", "evaluate", "Score a model's answers and boxes on annotated images."),
    LazyCommand(
        "experiment", "umed_cli.experiment", "experiment", "Run one of the paper's tables or figures, and report it."
    ),
    LazyCommand(
        "export-onnx", "umed_cli.export_onnx", "export_onnx", "Turn a trained model into one that needs no torch."
    ),
    LazyCommand("pacs", "umed_cli.pacs", "app", "Find, get and send studies: a PACS, or DICOMweb."),
    LazyCommand("doctor", "umed_cli.doctor", "doctor", "Check this machine and this installation, piece by piece."),
)


class LazyGroup(TyperGroup):
    """Lists COMMANDS by their literal help and imports a command when it is called, so that `umed --help` is quick."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - of TyperGroup
        return [command.name for command in COMMANDS if command.present]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - of TyperGroup
        """A light stand-in that carries name and help; `resolve_command` loads the real one."""
        entry = _entry(cmd_name)
        return None if entry is None else TyperCommand(entry.name, help=entry.help, short_help=entry.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # What the group suggests after a typing error is taken from here.
        self.commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        name, stand_in, rest = super().resolve_command(ctx, args)
        entry = _entry(name or "")
        return name, stand_in if entry is None else _load(entry), rest


def _entry(name: str) -> LazyCommand | None:
    return next((command for command in COMMANDS if command.name == name and command.present), None)


def _load(entry: LazyCommand) -> Any:
    found = getattr(importlib.import_module(entry.module), entry.attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(entry.name)(found)
    return typer.main.get_command(single)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"umed {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="umed", cls=LazyGroup, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)


@app.callback()
def umed(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Finds abnormalities in medical images, says what they are and draws where. Research use only.

    Start with:  umed ask chest.dcm        (a file, several, or a folder)

    Help on one command, with examples:  umed ask --help
    """


def main() -> None:
    """Runs the command line and exits: 0, the error's own code, 2 for a wrong command line, 130 after Ctrl-C."""
    # A file name or an answer that the terminal's encoding can't show must not end the program.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="umed")
    except UmedError as error:
        from umed_cli.terminal import complain

        complain(error)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
