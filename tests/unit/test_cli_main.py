"""The table of commands: quick help, loading on call, errors and exit codes."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

import umed_cli.main as cli
from umed_cli.main import COMMANDS, LazyCommand, main
from umed_core import __version__
from umed_core.errors import CorruptImage


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["umed", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two commands of this test's own, `fails` and `stops`; returns what they did."""
    done: list[str] = []

    def fails(name: str) -> None:
        """Always fails."""
        done.append(name)
        raise CorruptImage(f"{name} is damaged.", "Ask for the original.")

    def stops() -> None:
        """Is interrupted."""
        raise KeyboardInterrupt

    module = types.ModuleType("umed_cli_of_a_test")
    module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    module.fails, module.stops = fails, stops  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umed_cli_of_a_test", module)
    entries = tuple(LazyCommand(name, "umed_cli_of_a_test", name, f"Help on {name}.") for name in ("fails", "stops"))
    absent = LazyCommand("absent", "umed_cli.no_such_module", "absent", "Not in this build.")
    monkeypatch.setattr(cli, "COMMANDS", (*entries, absent))
    return done


def test_help_lists_what_this_build_has(monkeypatch, tried, capsys):
    assert run(monkeypatch, "--help") == 0
    out = capsys.readouterr().out
    assert "Help on fails." in out and "absent" not in out
    assert "umed ask chest.dcm" in out


def test_an_error_of_the_tree_is_two_lines_and_its_exit_code(monkeypatch, tried, capsys):
    assert run(monkeypatch, "fails", "chest.dcm") == 3
    assert capsys.readouterr().err == "error: chest.dcm is damaged.\nhint: Ask for the original.\n"
    assert tried == ["chest.dcm"]


def test_ctrl_c_is_130(monkeypatch, tried):
    assert run(monkeypatch, "stops") == 130


@pytest.mark.parametrize("wrong", [["fial"], ["absent"], ["fails"], ["fails", "x", "--nope"], ["--nope"]])
def test_a_wrong_command_line_is_2_and_loads_no_command(monkeypatch, tried, capsys, wrong):
    assert run(monkeypatch, *wrong) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert tried == []


def test_a_typing_error_gets_a_suggestion(monkeypatch, tried, capsys):
    run(monkeypatch, "fials")
    assert "'fails'" in capsys.readouterr().err


def test_version(monkeypatch, capsys):
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"umed {__version__}\n"


@pytest.mark.parametrize("name", ["ask", "desktop", "doctor"])
def test_the_help_of_a_command_shows_how_to_use_it(monkeypatch, capsys, name):
    assert run(monkeypatch, name, "--help") == 0
    assert f"  umed {name}" in capsys.readouterr().out


def test_names_and_help_are_each_ones_own():
    assert len({entry.name for entry in COMMANDS}) == len({entry.help for entry in COMMANDS}) == len(COMMANDS)


def test_the_help_loads_nothing_heavy(program_environment):
    script = (
        "import sys; sys.argv = ['umed', '--help']\n"
        "from umed_cli.main import main\n"
        "try: main()\n"
        "except SystemExit: print([m for m in ('numpy', 'torch', 'pydicom', 'PIL', 'msgspec', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=program_environment)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
