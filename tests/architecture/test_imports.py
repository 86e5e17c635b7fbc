"""Who may know whom: the import contracts of pyproject.toml, and what a start of the program loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOMS = ("umed_core", "umed_desktop", "umed_cli", "umed_assets")
HEAVY = ("torch", "transformers", "peft", "accelerate", "onnx", "onnxscript")

TORCH_ROOMS = (
    "umed_core.experiments.injection",
    "umed_core.vlm.attention",
    "umed_core.vlm.families",
    "umed_core.vlm.generate",
    "umed_core.vlm.medvint",
    "umed_core.vlm.onnx_export",
    "umed_core.vlm.torch_engine",
    "umed_core.training",
)
"""The rooms that may import torch. Every other one, whatever will be added, may not."""

TORCH_FREE_INSIDE = ("umed_core.training", "umed_core.training.run")
"""Modules of a torch room that others import without torch."""

THE_ONE_DOOR = ("umed_core.vlm.worker", "umed_core.vlm.torch_engine")
"""Inside the worker process, and only when it is asked for a model that needs it."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import of our rooms, those inside functions too, less the one door."""
    built = grimp.build_graph(*ROOMS, include_external_packages=True, cache_dir=None)
    if built.modules.issuperset(THE_ONE_DOOR):
        built.remove_import(importer=THE_ONE_DOOR[0], imported=THE_ONE_DOOR[1])
    return built


def is_torch_room(module: str) -> bool:
    inside = any(module == room or module.startswith(f"{room}.") for room in TORCH_ROOMS)
    return inside and module not in TORCH_FREE_INSIDE


def test_the_import_contracts_are_kept(repository: Path, program_environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    checked = subprocess.run(command, cwd=repository, env=program_environment, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 broken" in checked.stdout


def test_only_the_torch_rooms_reach_torch_even_through_others(graph: grimp.ImportGraph) -> None:
    ours = sorted(m for m in graph.modules if m.split(".")[0] in ROOMS and not is_torch_room(m))
    assert "umed_core.images.medical_image" in ours
    chains = [
        " -> ".join(chain)
        for module in ours
        for heavy in HEAVY
        if heavy in graph.modules and (chain := graph.find_shortest_chain(importer=module, imported=heavy))
    ]
    assert chains == []


def test_every_torch_room_that_is_listed_really_uses_torch(graph: grimp.ImportGraph) -> None:
    present = [room for room in TORCH_ROOMS if room in graph.modules]
    idle = [
        room
        for room in present
        if not any(
            graph.find_shortest_chain(importer=module, imported="torch")
            for module in {room, *graph.find_descendants(room)}
        )
    ]
    assert idle == []


def loaded_modules(code: str, environment: dict[str, str]) -> set[str]:
    """Top-level names in sys.modules once `code` has run in a fresh interpreter."""
    script = f"import json, sys\n{code}\nprint('\\n' + json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_help_loads_nothing_heavy(program_environment: dict[str, str]) -> None:
    code = """
import contextlib, io
sys.argv = ["umed", "--help"]
from umed_cli.main import main
with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.suppress(SystemExit):
    main()
assert "ask" in shown.getvalue(), shown.getvalue()
"""
    loaded = loaded_modules(code, program_environment)
    assert "umed_cli" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy", "scipy", "pydicom", "PIL", "SimpleITK", "onnxruntime", "PySide6"})


@pytest.mark.parametrize("module", ["session", "settings"])
def test_the_desktops_session_and_settings_load_no_qt(module: str, program_environment: dict[str, str]) -> None:
    assert loaded_modules(f"import umed_desktop.{module}", program_environment).isdisjoint({"PySide6", *HEAVY})
