"""JSON and COCO: whole, with the boxes in pixels, and never a folder's name."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from pycocotools.coco import COCO

from tests.unit.exporting.readings import MODEL, SHA256, phantom_reading, picture_reading
from umed_core.exporting.plain import SCHEMA, ReadingDocument, coco_json, reading_json
from umed_core.exporting.reading import Provenance, ReadFinding
from umed_core.exporting.source import read_source
from umed_core.geometry import NormalizedBox
from umed_core.prompts import RESEARCH_USE_ONLY


def document(content: bytes) -> ReadingDocument:
    return msgspec.json.decode(content, type=ReadingDocument)


def test_the_json_reads_back_whole(tmp_path: Path) -> None:
    read = document(reading_json(picture_reading(tmp_path, reader="Ada"), None))
    assert (read.schema, read.notice, read.reader) == (SCHEMA, RESEARCH_USE_ONLY, "Ada")
    assert read.written == "2026-11-22T12:30:05"
    assert (read.image.file_name, read.image.width, read.image.height, read.image.dicom) == ("slide.png", 16, 8, None)
    assert [entry.box for entry in read.findings] == [(4, 4, 6, 6), (0, 0, 8, 2), (8, 2, 16, 8)]
    assert [entry.status for entry in read.findings] == ["accepted", "edited", "added"]
    assert read.findings[1].edits == ("Box drawn smaller.",)
    assert read.findings[2].source is None
    assert read.rejected_count == 1
    source = read.findings[0].source
    assert source is not None
    assert Provenance(source.model, source.model_sha256, source.question, source.answer) == MODEL
    (shown,) = read.attention
    assert (shown.word, shown.rows, shown.columns) == ("stone", 2, 3)
    assert shown.weights == (0, 0.125, 0, 0.5, 0.25, 0)


def test_the_json_of_a_dicom_image_names_it_and_its_window(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)
    read = document(reading_json(reading, read_source(reading).reference))
    assert read.image.dicom is not None
    assert (read.image.dicom.rows, read.image.dicom.columns) == reading.pixels.shape
    assert read.image.window is not None
    assert reading.window is not None
    assert (read.image.window.center, read.image.window.width) == (reading.window.center, reading.window.width)


def test_pycocotools_reads_the_coco_file(tmp_path: Path) -> None:
    """Second opinion: the reader that COCO itself publishes."""
    (tmp_path / "coco.json").write_bytes(coco_json(picture_reading(tmp_path)))
    coco = COCO(str(tmp_path / "coco.json"))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == ["slide.png"]
    drawn = coco.loadAnns(coco.getAnnIds())
    names = [coco.loadCats(annotation["category_id"])[0]["name"] for annotation in drawn]
    assert names == ["kidney stone", "liver lesion", "hernia"]
    assert [annotation["bbox"] for annotation in drawn] == [[4, 4, 2, 2], [0, 0, 8, 2], [8, 2, 8, 6]]
    assert [annotation["area"] for annotation in drawn] == [4, 16, 48]
    assert coco.dataset["info"]["description"] == f"{RESEARCH_USE_ONLY} Rejected findings left out: 1."
    assert SHA256 in coco.dataset["info"]["contributor"]


def test_a_reading_without_findings_is_written_as_one(tmp_path: Path) -> None:
    empty = picture_reading(tmp_path, findings=(), attention=())
    assert document(reading_json(empty, None)).findings == ()
    coco = json.loads(coco_json(empty))
    assert (len(coco["images"]), coco["annotations"], coco["categories"]) == (1, [], [])


@pytest.mark.parametrize("write", [lambda reading: reading_json(reading, None), coco_json])
def test_no_folder_is_named_and_equal_readings_give_equal_bytes(tmp_path: Path, write) -> None:
    folder = tmp_path / "Smith_John"
    folder.mkdir()
    content = write(picture_reading(folder))
    assert b"Smith" not in content
    assert content == write(picture_reading(folder))


def test_an_uncut_fraction_of_a_pixel_survives(tmp_path: Path) -> None:
    box = NormalizedBox(0.1, 0.2, 0.3, 0.4)
    reading = picture_reading(tmp_path, findings=(ReadFinding("polyp", box),))
    (annotation,) = json.loads(coco_json(reading))["annotations"]
    assert annotation["bbox"] == pytest.approx([1.6, 1.6, 4.8, 3.2], abs=1e-12)
