"""What is kept is counted, and let go when a person or its age says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from umed_core.errors import StorageError
from umed_desktop.recovery.keeping import Kept, forget, forget_older, kept_in, size_of
from umed_desktop.welcome.samples import SAMPLES, draw_sample

DAY_S = 86_400
NOW = 1_800_000_000.0


def keep(folder: Path, name: str, days_ago: float, content: str = "{}") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content)
    os.utime(path, (NOW - days_ago * DAY_S,) * 2)
    return path


def test_two_files_of_three_and_five_bytes_are_eight(tmp_path: Path):
    keep(tmp_path, "a.json", 0, "abc")
    keep(tmp_path, "b.broken", 0, "abcde")
    keep(tmp_path, "notes.txt", 0, "not ours")
    assert kept_in(tmp_path) == Kept(2, 8)


def test_a_folder_that_is_not_there_keeps_nothing(tmp_path: Path):
    assert kept_in(tmp_path / "none") == Kept(0, 0)
    assert forget(tmp_path / "none") == 0


def test_what_is_older_than_thirty_days_goes_and_the_rest_stays(tmp_path: Path):
    old, young = keep(tmp_path, "old.json", 30.1), keep(tmp_path, "young.json", 29.9)
    assert forget_older(tmp_path, 30, NOW) == 1
    assert not old.exists() and young.exists()


def test_zero_days_keep_for_ever(tmp_path: Path):
    ancient = keep(tmp_path, "ancient.json", 10_000)
    assert forget_older(tmp_path, 0, NOW) == 0
    assert ancient.exists()


def test_only_what_umed_keeps_is_forgotten(tmp_path: Path):
    keep(tmp_path, "a.json", 1)
    other = keep(tmp_path, "notes.txt", 1)
    assert forget(tmp_path) == 1
    assert other.exists() and kept_in(tmp_path) == Kept(0, 0)


def test_a_sample_study_is_counted_and_goes(tmp_path: Path):
    draw_sample(SAMPLES[0], tmp_path, lambda done, total: None)
    kept = kept_in(tmp_path)
    assert kept.files == 3 and kept.size > 100_000
    assert forget(tmp_path) == 3
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_size_of_files_leaves_out_what_is_gone(tmp_path: Path):
    assert size_of([keep(tmp_path, "a.json", 0, "abc"), tmp_path / "gone.json"]) == 3


def test_a_file_that_cannot_be_deleted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    keep(tmp_path, "a.json", 1)

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StorageError, match=r"a\.json"):
        forget(tmp_path)
