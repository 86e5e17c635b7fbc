"""`datasets.load_dataset` takes a dataset folder as it is: offline, two splits, every column typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.mau.dataset_folders import CHEST, NORMAL, SHEET, STONE, write_images
from umed_core.mau.dataset import write_dataset

datasets = pytest.importorskip("datasets", reason="needs the `datasets` library")


@pytest.fixture
def no_cache_of_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    datasets.disable_progress_bars()
    return tmp_path / "cache"


def test_both_splits_load_with_their_types(tmp_path: Path, no_cache_of_the_person: Path) -> None:
    folder = tmp_path / "mau"
    write_images(folder)
    write_dataset(folder, (NORMAL, CHEST), (STONE,), SHEET)
    splits = datasets.load_dataset(str(folder), cache_dir=str(no_cache_of_the_person))
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 2, "test": 1}
    stone = splits["test"][0]
    assert stone["image"] == STONE.image
    assert (folder / stone["image"]).is_file()
    assert stone["findings"] == [{"label": "kidney stone", "box": {"x": 0.25, "y": 0.5, "w": 0.125, "h": 0.25}}]
    assert [turn["role"] for turn in stone["turns"]] == ["user", "assistant"]
    assert stone["provenance"] == {"source": "TEZ", "licence": "CC BY 4.0"}
    assert splits["train"][1]["findings"][2]["label"] == "mass"


def test_a_first_side_without_any_finding_or_provenance_misleads_nobody(
    tmp_path: Path, no_cache_of_the_person: Path
) -> None:
    """A reader that guesses types from the first rows would call `findings` a list of nothing."""
    folder = tmp_path / "mau"
    write_images(folder)
    write_dataset(folder, (replace(NORMAL, provenance={}),), (STONE,), SHEET)
    splits = datasets.load_dataset(str(folder), cache_dir=str(no_cache_of_the_person))
    assert splits["train"].features == splits["test"].features
    assert splits["train"][0]["findings"] == []
    assert splits["test"][0]["findings"][0]["label"] == "kidney stone"


def test_no_provenance_at_all_loads_too(tmp_path: Path, no_cache_of_the_person: Path) -> None:
    folder = tmp_path / "mau"
    write_images(folder)
    write_dataset(folder, (CHEST,), (replace(STONE, provenance={}),), SHEET)
    splits = datasets.load_dataset(str(folder), cache_dir=str(no_cache_of_the_person))
    assert splits["test"][0]["dataset"] == "kidneystone"
