"""What is installed: one version, commands that exist, pins that cover what is asked for, one runtime at a time."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import umed_core


@pytest.fixture(scope="module")
def project(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins(repository: Path) -> dict[str, str]:
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {name.lower().replace("_", "-"): version for name, version in pinned}


def required(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {name.group().lower().replace("_", "-") for name in names if name} - {"umed"}


def test_the_version_is_said_once(project: dict[str, Any]) -> None:
    assert "version" not in project
    assert re.fullmatch(r"\d+\.\d+\.\d+", umed_core.__version__)


def test_the_base_installs_no_training_stack_and_no_window(project: dict[str, Any]) -> None:
    base = required(project["dependencies"])
    assert base.isdisjoint({"torch", "transformers", "peft", "pyside6-essentials", "onnxruntime", "onnxruntime-gpu"})


def test_only_one_onnxruntime_is_asked_for_at_a_time(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    cpu, gpu = required(extras["cpu"]), required(extras["gpu"])
    assert cpu ^ gpu == {"onnxruntime", "onnxruntime-gpu"}
    assert "onnxruntime" in cpu
    assert all("gpu" not in requirement for requirement in extras["dev"])


def test_every_requirement_is_pinned(project: dict[str, Any], pins: dict[str, str]) -> None:
    extras = project["optional-dependencies"]
    wanted = required(project["dependencies"]).union(*(required(extra) for extra in extras.values()))
    assert wanted - pins.keys() - {"onnxruntime-gpu"} == set()


def test_pins_name_releases_and_no_build_of_one_machine(pins: dict[str, str]) -> None:
    assert [f"{name}=={version}" for name, version in pins.items() if "+" in version or "/" in version] == []


def test_gpl_codecs_and_torchvision_stay_out(pins: dict[str, str]) -> None:
    assert pins.keys().isdisjoint({"pylibjpeg-libjpeg", "torchvision", "timm"})


@pytest.mark.parametrize("table", ["scripts", "gui-scripts"])
def test_every_command_leads_to_a_function(
    project: dict[str, Any], table: str, program_environment: dict[str, str]
) -> None:
    for name, target in project[table].items():
        module, function = target.split(":")
        code = f"import inspect, {module} as m; inspect.signature(m.{function}).bind()"  # called without arguments
        ran = subprocess.run([sys.executable, "-c", code], env=program_environment, capture_output=True, text=True)
        assert ran.returncode == 0, f"{name}: {ran.stderr}"
