"""A dataset folder as review sees it."""

from __future__ import annotations

import pytest

from tests.unit.mau.review.review_cases import image_name, normal_record, polyp_record, write_folder
from umed_core.errors import DataError, MissingFile
from umed_core.mau.review.folder import ReviewFolder
from umed_core.records import MauRecord, write_jsonl


def test_every_record_is_found_by_its_image(tmp_path):
    folder = ReviewFolder(write_folder(tmp_path / "mau", 4))
    assert list(folder.places) == [image_name(number) for number in range(4)]
    assert [folder.record(name) for name in folder.places] == [*map(polyp_record, range(3)), normal_record(3)]
    assert [place.side for place in folder.places.values()] == ["train", "train", "train", "test"]
    assert folder.places[image_name(3)].group == "kvasir-1003"


def test_the_hash_is_of_record_and_picture(tmp_path):
    data = write_folder(tmp_path / "mau")
    before = ReviewFolder(data).shown_sha256(image_name(0))
    assert len(before) == 64
    assert ReviewFolder(data).shown_sha256(image_name(0)) == before
    (data / image_name(0)).write_bytes(b"another picture")
    assert ReviewFolder(data).shown_sha256(image_name(0)) not in (before, "")
    (data / image_name(0)).unlink()
    assert ReviewFolder(data).shown_sha256(image_name(0)) == ""
    assert ReviewFolder(data).shown_sha256("images/none.png") == ""


def test_a_record_that_moves_to_the_other_side_is_the_same_record(tmp_path):
    data = write_folder(tmp_path / "mau")
    before = ReviewFolder(data).shown_sha256(image_name(0))
    write_jsonl(data / "train.jsonl", [polyp_record(1)])
    write_jsonl(data / "test.jsonl", [polyp_record(0)])
    assert ReviewFolder(data).shown_sha256(image_name(0)) == before


def test_a_folder_that_is_no_dataset(tmp_path):
    with pytest.raises(MissingFile, match=r"no train\.jsonl"):
        ReviewFolder(tmp_path)
    with pytest.raises(MissingFile):
        ReviewFolder(tmp_path / "none")


def test_a_line_that_is_no_record_is_named(tmp_path):
    data = write_folder(tmp_path / "mau")
    with (data / "train.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(DataError, match=r"train\.jsonl, line 6"):
        ReviewFolder(data)


def test_two_records_of_one_image_are_refused(tmp_path):
    data = write_folder(tmp_path / "mau")
    write_jsonl(data / "test.jsonl", [polyp_record(0)])
    with pytest.raises(DataError, match="a second record"):
        ReviewFolder(data)


def test_a_dataset_rebuilt_meanwhile_is_noticed(tmp_path):
    data = write_folder(tmp_path / "mau")
    folder = ReviewFolder(data)
    write_jsonl(data / "train.jsonl", [polyp_record(4), polyp_record(0)])
    with pytest.raises(DataError):
        folder.record(image_name(0))


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "images/../../x.png", "..\\x.png"])
def test_a_picture_outside_the_folder_is_never_read(tmp_path, name):
    write_jsonl(tmp_path / "train.jsonl", [MauRecord(name, "k", "g")])
    with pytest.raises(DataError, match="outside"):
        ReviewFolder(tmp_path).shown_sha256(name)
