"""A dataset folder: whole or not at all, the same bytes each time, and read only as what it says it is."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.mau.dataset_folders import CHEST, NORMAL, SHEET, STONE, TEST, TRAIN, write_images
from umed_core.errors import DataError, MissingFile, StorageError
from umed_core.mau.dataset import read_dataset, write_dataset
from umed_core.mau.datasheet import ClassCount, SetCount, StatedTerms
from umed_core.records import MauRecord, write_jsonl


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_images(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_was_written_is_read_and_counted(folder: Path) -> None:
    sheet = write_dataset(folder, TRAIN, TEST, SHEET)
    dataset = read_dataset(folder)
    assert dataset.sheet == sheet
    assert tuple(dataset.records("train")) == TRAIN
    assert tuple(dataset.records("test")) == TEST
    assert sheet.sets == (
        SetCount("kidneystone", "CT", 1, 1, 1, 1, (ClassCount("", 1, 0), ClassCount("kidney stone", 0, 1))),
        SetCount("nih", "chest X-ray", 1, 0, 1, 0, (ClassCount("mass", 1, 0), ClassCount("nodule", 1, 0))),
    )
    assert sheet.terms == (
        StatedTerms("kidneystone", "CC BY 4.0", 2, ("TEZ",)),
        StatedTerms("nih", "", 1, ()),
    )
    assert sorted(contents(folder)) == ["README.md", "datasheet.json", "test.jsonl", "train.jsonl"]
    assert not (folder / ".staged").exists()


def test_bytes_do_not_depend_on_when_or_how_often_or_key_order(folder: Path) -> None:
    write_dataset(folder, TRAIN, TEST, SHEET)
    first = contents(folder)
    turned = replace(STONE, provenance=dict(reversed(STONE.provenance.items())))
    prompts = dict(reversed(SHEET.prompts.items()))
    write_dataset(folder, iter(TRAIN), iter([turned]), replace(SHEET, prompts=prompts))
    assert contents(folder) == first


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ((NORMAL, NORMAL), (), "comes twice"),
        ((NORMAL,), (NORMAL,), "comes twice"),
        ((CHEST,), (replace(STONE, dataset="nih", group=CHEST.group),), "on both sides"),
        ((replace(NORMAL, image="images/kidneystone/9.png"),), (), "is not in"),
        ((replace(NORMAL, image="../secret.png"),), (), "lies outside"),
        ((replace(NORMAL, image="images/../../secret.png"),), (), "lies outside"),
        ((replace(NORMAL, image="/etc/passwd"),), (), "lies outside"),
        ((replace(NORMAL, image="images\\..\\x.png"),), (), "lies outside"),
    ],
)
def test_a_wrong_record_leaves_the_old_dataset_whole(folder: Path, train, test, message: str) -> None:
    write_dataset(folder, TRAIN, TEST, SHEET)
    before = contents(folder)
    with pytest.raises(DataError, match=message):
        write_dataset(folder, train, test, SHEET)
    assert contents(folder) == before
    assert not (folder / ".staged").exists()
    assert tuple(read_dataset(folder).records("test")) == TEST


def test_a_stop_half_way_leaves_the_old_dataset_whole(folder: Path) -> None:
    write_dataset(folder, TRAIN, TEST, SHEET)
    before = contents(folder)

    def stopped() -> Iterator[MauRecord]:
        yield NORMAL
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(folder, stopped(), (), SHEET)
    assert contents(folder) == before


def test_one_changed_byte_is_noticed(folder: Path) -> None:
    write_dataset(folder, TRAIN, TEST, SHEET)
    path = folder / "test.jsonl"
    path.write_bytes(path.read_bytes().replace(b"0.125", b"0.126"))
    with pytest.raises(DataError, match=r"test\.jsonl is not the file"):
        read_dataset(folder)
    path.unlink()
    with pytest.raises(MissingFile, match=r"test\.jsonl does not exist"):
        read_dataset(folder)


def test_a_folder_that_is_no_dataset_says_so(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="is no dataset"):
        read_dataset(tmp_path)
    (tmp_path / "datasheet.json").write_text('{"umed_version": 3}')
    with pytest.raises(DataError, match=r"datasheet\.json"):
        read_dataset(tmp_path)


def test_a_later_format_is_refused(folder: Path) -> None:
    write_dataset(folder, TRAIN, TEST, SHEET)
    sheet = json.loads((folder / "datasheet.json").read_text())
    (folder / "datasheet.json").write_text(json.dumps({**sheet, "format": 2}))
    with pytest.raises(DataError, match="has format 2"):
        read_dataset(folder)


def test_a_place_that_cannot_be_written_is_a_storage_error(folder: Path) -> None:
    (folder / "README.md").mkdir()
    (folder / "README.md" / "kept").touch()
    with pytest.raises(StorageError, match=r"README\.md"):
        write_dataset(folder, TRAIN, TEST, SHEET)


def test_an_empty_dataset_is_a_dataset(tmp_path: Path) -> None:
    assert write_dataset(tmp_path, (), (), SHEET).sets == ()
    assert list(read_dataset(tmp_path).records("train")) == []


def test_lines_are_written_as_they_come(tmp_path: Path) -> None:
    """4,000 records of 2 kB are 8 MB on disk; less than 1 MB is held."""
    record = replace(NORMAL, group="g" * 2000)
    tracemalloc.start()
    write_jsonl(tmp_path / "all.jsonl", (record for _ in range(4000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "all.jsonl").stat().st_size > 8_000_000
    assert peak < 1_000_000


def test_a_failure_of_whoever_makes_the_records_is_not_called_a_failed_write(tmp_path: Path) -> None:
    def broken() -> Iterator[MauRecord]:
        yield NORMAL
        raise PermissionError("the source")

    (tmp_path / "all.jsonl").write_text("old")
    with pytest.raises(PermissionError, match="the source"):
        write_jsonl(tmp_path / "all.jsonl", broken())
    assert (tmp_path / "all.jsonl").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["all.jsonl"]
