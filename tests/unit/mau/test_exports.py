"""Each form is read the way its trainer reads it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.unit.mau.dataset_folders import NORMAL, SHEET, STONE, TEST, TRAIN, write_images
from umed_core.errors import CorruptImage, DataError
from umed_core.mau.dataset import MauDataset, read_dataset, write_dataset
from umed_core.mau.exports import FORMS, export_coco, export_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> MauDataset:
    folder = tmp_path / "mau"
    write_images(folder)
    write_dataset(folder, TRAIN, TEST, SHEET)
    return read_dataset(folder)


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def test_sharegpt_as_llama_factory_reads_it(dataset: MauDataset, tmp_path: Path) -> None:
    """dataset_info names file, columns and tags; odd turns are the user's; placeholders and images are equal in number."""
    out = tmp_path / "sharegpt"
    export_dataset(dataset, "sharegpt", out)
    info = load(out / "dataset_info.json")
    assert sorted(info) == ["umed_mau_test", "umed_mau_train"]
    for entry in info.values():
        assert entry["formatting"] == "sharegpt"
        columns, tags = entry["columns"], entry["tags"]
        for sample in load(out / entry["file_name"]):
            turns = sample[columns["messages"]]
            assert [t[tags["role_tag"]] for t in turns] == [tags["user_tag"], tags["assistant_tag"]] * (len(turns) // 2)
            assert sum(t[tags["content_tag"]].count("<image>") for t in turns) == len(sample[columns["images"]]) == 1
            assert turns[0]["value"].startswith("<image>")
            with Image.open(out / sample[columns["images"]][0]) as picture:
                assert picture.size == (80, 40)
    assert [len(load(out / info[name]["file_name"])) for name in sorted(info)] == [1, 2]


def test_llava_as_its_dataset_class_reads_it(dataset: MauDataset, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "llava"
    export_dataset(dataset, "llava", out)
    (stone,) = load(out / "llava_test.json")
    assert stone == {
        "id": "kidneystone/000001",
        "image": "../../mau/images/kidneystone/000001.png",
        "conversations": [
            {"from": "human", "value": "<image>\nWhat is this?"},
            {"from": "gpt", "value": "At [bbox_start] 0.250, 0.500, 0.125, 0.250 [bbox_end]: a stone."},
        ],
    }
    chest = load(out / "llava_train.json")[1]
    assert [turn["value"].count("<image>") for turn in chest["conversations"]] == [1, 0, 0, 0]
    assert chest["conversations"][2]["value"] == "Is image a word?"


def test_coco_boxes_are_pixels_a_person_can_check(dataset: MauDataset, tmp_path: Path) -> None:
    """A box at .25, .5 of .125 x .25 on 80 x 40 pixels is 20, 20, 10, 10."""
    out = tmp_path / "coco"
    export_dataset(dataset, "coco", out)
    test, train = load(out / "instances_test.json"), load(out / "instances_train.json")
    assert [(a["bbox"], a["area"]) for a in test["annotations"]] == [([20, 20, 10, 10], 100)]
    assert test["categories"] == train["categories"]
    assert [c["name"] for c in test["categories"]] == ["kidney stone", "mass", "nodule"]
    assert [a["bbox"] for a in train["annotations"]] == [[0, 0, 40, 20], [40, 20, 20, 5], [40, 0, 40, 20]]
    assert {a["image_id"] for a in train["annotations"]} == {2}  # the first is without abnormality
    assert (out / train["images"][0]["file_name"]).is_file()
    assert "Research use only" in train["info"]["description"]


def test_coco_as_the_reference_reader_reads_it(dataset: MauDataset, tmp_path: Path) -> None:
    """The second opinion: pycocotools indexes the file, and truths scored as detections reach an average precision of 1."""
    pycoco = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    export_coco(dataset, tmp_path / "coco")
    truth = pycoco.COCO(str(tmp_path / "coco" / "instances_train.json"))
    assert len(truth.getImgIds()) == 2
    assert {truth.cats[a["category_id"]]["name"] for a in truth.loadAnns(truth.getAnnIds())} == {"mass", "nodule"}
    found = truth.loadRes(
        [
            {"image_id": a["image_id"], "category_id": a["category_id"], "bbox": a["bbox"], "score": 1.0}
            for a in truth.loadAnns(truth.getAnnIds())
        ]
    )
    scored = evaluation.COCOeval(truth, found, "bbox")
    scored.evaluate()
    scored.accumulate()
    scored.summarize()
    assert scored.stats[0] == pytest.approx(1)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_same_dataset_gives_the_same_bytes_and_an_empty_one_valid_json(tmp_path: Path, form) -> None:
    folder = tmp_path / "mau"
    write_images(folder)
    write_dataset(folder, TRAIN, (), SHEET)
    first = {path.name: path.read_bytes() for path in export_dataset(read_dataset(folder), form, tmp_path / "out")}
    again = {path.name: path.read_bytes() for path in export_dataset(read_dataset(folder), form, tmp_path / "out")}
    assert first == again
    assert all(json.loads(content) is not None for content in first.values())


@pytest.mark.parametrize("turns", [(), STONE.turns[:1], STONE.turns[::-1]])
def test_a_record_without_a_conversation_is_no_sample(tmp_path: Path, turns) -> None:
    folder = tmp_path / "mau"
    write_images(folder)
    write_dataset(folder, (replace(NORMAL, turns=turns),), (), SHEET)
    with pytest.raises(DataError, match=r"000002\.png has no conversation"):
        export_dataset(read_dataset(folder), "llava", tmp_path / "out")
    assert not (tmp_path / "out" / "llava_train.json").exists()


def test_a_damaged_image_is_named(dataset: MauDataset, tmp_path: Path) -> None:
    (dataset.folder / STONE.image).write_bytes(b"not a picture")
    with pytest.raises(CorruptImage, match=r"000001\.png cannot be read"):
        export_coco(dataset, tmp_path / "coco")


def test_the_command_names_what_it_wrote(dataset: MauDataset, tmp_path: Path, monkeypatch) -> None:
    from umed_cli import export_mau

    lines: list[str] = []
    monkeypatch.setattr(export_mau, "say", lines.append)
    monkeypatch.setattr(export_mau, "note", lines.append)
    export_mau.export_mau(dataset.folder, export_mau.Form.coco, tmp_path / "coco")
    assert lines[:2] == [str(tmp_path / "coco" / f"instances_{side}.json") for side in ("train", "test")]
    assert "2 training and 1 test images" in lines[2]
    assert "Research use only" in lines[2]
