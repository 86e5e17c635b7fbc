"""Scratch folders: one that a killed process left is removed by the next, and no other."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from umed_core.images.scratch import make_scratch, sweep_scratch


@pytest.fixture(autouse=True)
def _own_temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_folder_is_private_and_outlives_a_sweep_while_its_process_runs() -> None:
    folder = Path(make_scratch())
    sweep_scratch()
    assert folder.is_dir()
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    makes = (
        "import os; from umed_core.images.scratch import make_scratch; print(make_scratch(), flush=True); os._exit(9)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))
    made = subprocess.run([sys.executable, "-c", makes], env=environment, capture_output=True, text=True)
    assert made.returncode == 9, made.stderr
    left = Path(made.stdout.strip())
    assert left.parent == tmp_path
    (left / "frame.raw").write_bytes(b"pixels")
    sweep_scratch()
    assert not left.exists()


def test_folders_of_older_versions_go_after_a_day_and_strangers_never(tmp_path: Path) -> None:
    old, young, other = (
        tmp_path / "umed-decoder-abcdefgh",
        tmp_path / "umed-decoder-12345678",
        tmp_path / "umed-else-1-2-x",
    )
    for folder in (old, young, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (1, 1))
    target = tmp_path / "precious"
    target.mkdir()
    link = tmp_path / "umed-decoder-1-1-link"
    link.symlink_to(target)
    sweep_scratch()
    assert not old.exists()
    assert young.exists() and other.exists() and target.exists() and link.is_symlink()
