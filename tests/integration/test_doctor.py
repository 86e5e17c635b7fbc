"""`umed doctor`: what it finds is what is there."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import umed_core.doctor
from umed_core.doctor import Check, examine, user_folders, verify_sums
from umed_core.errors import MissingModel, UnusableModel
from umed_core.vlm.client import WorkerClient

FAKE_WORKER = [sys.executable, str(Path(__file__).resolve().parents[1] / "fake_worker.py")]


def shipped(folder: Path) -> Path:
    """A model folder of two files and their sums, as `sha256sum` writes them."""
    folder.mkdir()
    lines = []
    for name, content in {"umed.json": b"{}", "decoder.onnx": b"weights"}.items():
        (folder / name).write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def test_files_as_shipped_are_counted(tmp_path):
    assert verify_sums(shipped(tmp_path / "m")) == 2


@pytest.mark.parametrize(
    "harm, says",
    [
        (lambda folder: (folder / "decoder.onnx").write_bytes(b"Weights"), r"decoder\.onnx is not the one"),
        (lambda folder: (folder / "umed.json").unlink(), r"lacks its file umed\.json"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "has no SHA256SUMS"),
        (lambda folder: (folder / "SHA256SUMS").write_text(""), "has no SHA256SUMS"),
    ],
)
def test_a_harmed_model_is_named_with_its_file(tmp_path, harm, says):
    folder = shipped(tmp_path / "m")
    harm(folder)
    with pytest.raises(UnusableModel, match=says):
        verify_sums(folder)


@pytest.fixture
def fake_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(umed_core.doctor, "WorkerClient", lambda: WorkerClient(FAKE_WORKER))


def test_with_a_model_every_required_check_passes_and_numbers_are_the_machines(tmp_path, fake_client):
    checks = {check.name: check for check in examine(shipped(tmp_path / "m"))}
    assert [name for name, check in checks.items() if check.required and not check.ok] == []
    assert checks["model"].value == "m runs on AUTO by fake"
    assert checks["model files"].value.startswith("2 files")
    assert checks["memory"].value.startswith(f"{psutil.virtual_memory().total / 2**30:.1f} GiB")
    assert f"of {os.cpu_count()} cores" in checks["processor"].value
    assert f"numpy {importlib.metadata.version('numpy')}" in checks["packages"].value


def test_a_model_that_does_not_answer_is_the_failing_line(tmp_path, fake_client):
    folder = shipped(tmp_path / "missing")
    failed = [check for check in examine(folder) if check.required and not check.ok]
    assert [check.name for check in failed] == ["answering"] and failed[0].hint


def test_without_a_model_the_reason_is_passed_on():
    error = MissingModel("There is none.", "Get one.")
    assert Check("model", "There is none.", False, "Get one.", True) in list(examine(error))


@pytest.mark.parametrize(
    "platform, variables, config",
    [
        ("linux", {"XDG_CONFIG_HOME": "/c", "XDG_CACHE_HOME": "/k"}, "/c/umed"),
        ("linux", {"XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": ""}, "~/.config/umed"),
        ("darwin", {}, "~/Library/Application Support/umed"),
        ("win32", {"LOCALAPPDATA": "/L"}, "/L/umed"),
    ],
)
def test_settings_lie_where_the_platform_keeps_them(monkeypatch, platform, variables, config):
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    folders = user_folders()
    assert folders["config"] == Path(config).expanduser()
    assert folders["cache"] != folders["config"]


def test_the_command_prints_one_json_object_loads_no_torch_and_exits_by_the_result(program_environment):
    script = (
        "import sys; sys.argv = ['umed', 'doctor', '--json']\n"
        "from umed_cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: print(sorted({'torch', 'PySide6', 'onnxruntime'} & set(sys.modules)), end.code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=program_environment)
    report, rest = done.stdout.splitlines()
    found = json.loads(report)
    assert rest == f"[] {0 if found['ok'] else 1}"
    assert found["ok"] == all(check["ok"] for check in found["checks"] if check["required"])
    assert {"images", "model", "onnxruntime", "torch"} <= {check["name"] for check in found["checks"]}


def test_what_build_mau_needs_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(umed_core.doctor, "_version", lambda name: "" if name == "keyring" else "1.0")
    check = umed_core.doctor._building()
    assert (check.ok, "keyring" in check.hint, "keyring" in check.value) == (True, True, False)
