"""A box set is split here; a MAU folder keeps its sides, a row for each of its datasets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.mau.dataset_folders import CHEST, NORMAL, SHEET, STONE, TEST, TRAIN, write_images
from umed_core.errors import DataError, MissingFile
from umed_core.evaluation.samples import samples_of
from umed_core.evaluation.sets import read_eval_sets
from umed_core.mau.box_sets import read_box_set
from umed_core.mau.dataset import write_dataset
from umed_core.mau.split import split_by_group


@pytest.fixture
def mau(tmp_path: Path) -> Path:
    write_images(tmp_path / "mau")
    write_dataset(tmp_path / "mau", TRAIN, TEST, SHEET)
    return tmp_path / "mau"


def test_a_mau_folder_has_a_row_for_each_dataset_in_it_with_the_sides_it_was_built_with(mau: Path) -> None:
    stones, chests = read_eval_sets(mau, "mine", test_share=0.9, seed=5)
    assert (stones.name, chests.name) == ("mine/kidneystone", "mine/nih")
    assert ([r.image for r in stones.split.train], [r.image for r in stones.split.test]) == (
        [NORMAL.image],
        [STONE.image],
    )
    assert ([r.image for r in chests.split.train], chests.split.test) == ([CHEST.image], ())
    assert (stones.split.seed, stones.split.test_share, stones.brings_split) == (7, 0.2, True)
    # Answers are kept under the name that the row has.
    assert {record.dataset for record in stones.records} == {"mine/kidneystone"}


def test_the_pictures_of_a_mau_folder_open(mau: Path) -> None:
    stones, _ = read_eval_sets(mau, "mine", 0.2, 0)
    assert [sample.pixels().shape[:2] for sample in samples_of(stones, stones.split.test)] == [(40, 80)]


def test_a_mau_folder_changed_by_hand_is_refused_and_so_is_a_spoilt_datasheet(mau: Path) -> None:
    test_side = (mau / "test.jsonl").read_bytes()
    (mau / "test.jsonl").write_bytes(test_side + test_side)
    with pytest.raises(DataError, match="is not the file that datasheet"):
        read_eval_sets(mau, "mine", 0.2, 0)
    (mau / "datasheet.json").write_bytes(b'{"umed_version": "\xff"}')
    with pytest.raises(DataError, match=r"datasheet\.json"):
        read_eval_sets(mau, "mine", 0.2, 0)


def test_a_box_set_is_split_by_the_share_and_the_seed(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    rows = ["image,class,x,y,w,h,patient_or_group_id"]
    for number in range(20):
        (tmp_path / "images" / f"{number}.png").write_bytes(b"")
        rows.append(f"{number}.png,polyp,.1,.1,.2,.2,patient {number}")
    (tmp_path / "annotations.csv").write_text("\n".join([*rows, "lost.png,polyp,.1,.1,.2,.2,patient 20"]))
    (one,) = read_eval_sets(tmp_path, "polyps", 0.5, 3)
    assert one.split == split_by_group(read_box_set(tmp_path, "polyps").records, 0.5, 3)
    assert (one.name, one.refused, one.brings_split, len(one.records)) == ("polyps", 1, False, 20)
    with pytest.raises(MissingFile):
        read_eval_sets(tmp_path / "none", "polyps", 0.5, 3)
