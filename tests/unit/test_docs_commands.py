"""Every `umed ...` line in the documents is one that the command line takes, their tables say what the code says, and their
links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from umed_cli import main as cli
from umed_core.mau.sources import LAYOUTS

DOCUMENTS = ("docs/BUILD_MAU.md", "docs/EXPERIMENTS.md", "docs/PACS.md", "docs/TRAINING.md")


def command_lines(text: str) -> list[str]:
    """Lines of fenced blocks that begin with the command."""
    fenced = text.split("```")[1::2]
    return [line for block in fenced for line in block.splitlines() if line.startswith("umed ")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_line_of_a_document_parses(repository: Path, document: str):
    lines = command_lines((repository / document).read_text())
    assert lines
    for line in lines:
        parse(line)


def test_a_line_with_an_option_that_does_not_exist_does_not_parse():
    with pytest.raises(Exception, match="No such option"):
        parse("umed build-mau --source csv=demo --out mau --no-such-option")


def test_the_document_states_each_layout_as_the_code_does(repository: Path):
    text = (repository / "docs/BUILD_MAU.md").read_text()
    rows = dict(line.strip("| ").split(" | ", 1) for line in text.splitlines() if line.startswith("| `"))
    assert {kind.strip("`"): layout.replace("`", "") for kind, layout in rows.items()} == {
        kind: layout.replace("`", "") for kind, layout in LAYOUTS.items()
    }


def broken_links(document: Path) -> list[str]:
    """Links and pictures of a Markdown file that lead to no file beside it; other sites are not asked."""
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    return [t for t in targets if "://" not in t and not (document.parent / t).exists()]


def test_every_link_of_a_document_leads_to_a_file(repository: Path):
    documents = [*repository.glob("*.md"), *repository.glob("docs/*.md")]
    assert len(documents) > 10
    assert {d.name: broken for d in documents if (broken := broken_links(d))} == {}


def test_a_link_to_nowhere_is_seen(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("[here](page.md) ![gone](gone.png) [site](https://example.org)")
    assert broken_links(page) == ["gone.png"]


def parse(line: str) -> None:
    """Takes the line apart as the program would; nothing runs. Raises: click's UsageError."""
    _, name, *arguments = shlex.split(line, comments=True)
    command = cli._load(next(entry for entry in cli.COMMANDS if entry.name == name))
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context(name, arguments)
