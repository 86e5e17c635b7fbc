"""COCO JSON, as such and as TBX11K and Kvasir-SEG use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.mau.sources import read_source
from umed_core.records import Finding


def coco(images: list[Any], annotations: list[Any], **more: Any) -> str:
    categories = [{"id": 1, "name": "Kidney_Stone"}, {"id": 2, "name": "polyp"}]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories, **more})


def image(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": 16, "height": 32, **more}


def mark(image_id: int, box: list[float], category: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": image_id, "category_id": category, "bbox": box, **more}


def test_boxes_are_corner_and_size_in_pixels_and_an_image_without_one_is_normal(paint, write, read) -> None:
    paint("images/a.png", 16, 32)
    paint("images/b.png", 16, 32)
    marks = [mark(1, [4, 8, 8, 16]), mark(1, [0, 0, 4, 4], 2, segmentation=[[1, 2, 3]])]
    licences = [{"id": 3, "name": "CC BY 4.0"}]
    write("set.json", coco([image(1, "a.png", license=3), image(2, "b.png")], marks, licenses=licences))
    (a, b), refused = read("coco")
    assert a.findings == (
        Finding("kidney stone", NormalizedBox(0.25, 0.25, 0.5, 0.5)),
        Finding("polyp", NormalizedBox(0, 0, 0.25, 0.125)),
    )
    assert (a.key, a.group, a.provenance) == ("images/a.png", "a", {"licence": "CC BY 4.0"})
    assert (b.findings, refused) == ((), [])


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (mark(1, [1, 1, 4, 4], iscrowd=1), "annotation 7: a crowd (iscrowd), which is no single finding"),
        (mark(1, [1, 1, 4, 4], 5), "annotation 7: category 5 is not in the list of categories"),
        (mark(1, [1, 1, 0, 4]), "annotation 7: a box without area"),
        (mark(1, [14, 1, 4, 4]), "annotation 7: a box that leaves the image"),
        (mark(1, [1, 2, 3]), "entry 1 of annotations: Expected `array` of length 4"),
    ],
)
def test_an_unusable_annotation_is_listed_and_its_image_is_not_normal(
    paint, write, read, annotation: dict[str, Any], reason: str
) -> None:
    paint("a.png", 16, 32)
    write("set.json", coco([image(1, "a.png")], [annotation]))
    cases, (refused,) = read("coco")
    assert cases == []
    assert refused.image == "a.png"
    assert refused.reason.startswith(reason)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "the image lies outside the set's folder"),
        ("../a.png", "the image lies outside the set's folder"),
        ("b.png", "missing file"),
    ],
)
def test_an_image_that_cannot_be_had_is_refused(paint, write, read, name: str, reason: str) -> None:
    paint("a.png", 16, 32)
    write("set.json", coco([image(1, name)], [mark(1, [1, 1, 4, 4])]))
    cases, (refused,) = read("coco")
    assert (cases, refused.image, refused.reason) == ([], name, reason)


def test_a_stated_size_that_the_file_contradicts_is_refused(paint, write, read) -> None:
    paint("a.png", 32, 64)
    write("set.json", coco([image(1, "a.png")], [mark(1, [1, 1, 4, 4])]))
    cases, (refused,) = read("coco")
    assert (cases, refused.reason) == ([], "the annotation is for 16 x 32 pixels but the file has 32 x 64")


def test_an_annotation_that_may_belong_to_any_image_leaves_none_normal(paint, write, read) -> None:
    paint("a.png", 16, 32)
    write("set.json", coco([image(1, "a.png")], [{"category_id": 1}]))
    cases, refused = read("coco")
    assert cases == []
    assert [row.image for row in refused] == ["", "a.png"]


def test_ids_and_pictures_used_twice_are_refused(paint, write, read) -> None:
    for name in ("a.png", "b.png", "c.png"):
        paint(name, 16, 32)
    images = [image(1, "a.png"), image(1, "b.png"), image(2, "c.png"), image(3, "c.png")]
    write("set.json", coco(images, [mark(9, [1, 1, 4, 4])]))
    cases, refused = read("coco")
    assert [case.key for case in cases] == ["c.png"]
    assert [row.reason for row in refused] == [
        "image id 1 is given to 2 images",
        "image id 1 is given to 2 images",
        "the same picture twice in the list of images",
        "1 annotation(s) of image id 9, which no image has",
    ]


@pytest.mark.parametrize("text", ["", "[]", "{}", "{" * 5, '{"images": 3}', "[" * 100_000])
def test_what_is_no_coco_file_is_refused_in_one_line(write, read, text: str) -> None:
    write("set.json", text)
    with pytest.raises(DataError) as caught:
        read("coco")
    assert "\n" not in caught.value.message


def test_text_that_is_no_utf8_is_refused_where_it_stands(paint, read, tmp_path: Path) -> None:
    paint("a.png", 16, 32)
    images = b'{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "\xe9.png"}'
    (tmp_path / "set.json").write_bytes(b'{"images": [' + images + b"]}")
    (case,), (refused,) = read("coco")
    assert (case.key, refused.reason.partition(":")[0]) == ("a.png", "entry 2 of images")
    (tmp_path / "set.json").rename(tmp_path / "kavsir_bboxes.json")
    (tmp_path / "kavsir_bboxes.json").write_bytes(b'{"\xe9": {}}')
    with pytest.raises(DataError):
        read("kvasir")


def test_two_json_files_need_a_choice(paint, write, read) -> None:
    paint("images/a.png", 16, 32)
    chosen = write("annotations/train.json", coco([image(1, "a.png")], []))
    write("annotations/val.json", coco([], []))
    with pytest.raises(DataError, match="2 JSON files"):
        read("coco")
    assert [case.key for case in read_source("coco", chosen)] == ["images/a.png"]


def test_tbx11k_takes_only_the_pictures_of_health_as_healthy(paint, write, read) -> None:
    names = ("tb/tb1.png", "tb/tb2.png", "health/h1.png", "sick/s1.png", "extra/da/1.png")
    for name in names:
        paint(f"imgs/{name}", 16, 32)
    images = [image(number, name) for number, name in enumerate(names)]
    categories = [{"id": 1, "name": "ActiveTuberculosis"}, {"id": 3, "name": "PulmonaryTuberculosis"}]
    marks = [mark(0, [4, 8, 8, 16], 1), mark(0, [0, 0, 4, 4], 3)]
    write(
        "annotations/json/all_trainval.json",
        json.dumps({"images": images, "annotations": marks, "categories": categories, "info": [{}]}),
    )
    write("annotations/json/all_train.json", "not read, since it repeats")
    (tb, healthy), refused = read("tbx11k")
    assert [finding.label for finding in tb.findings] == ["pulmonary tuberculosis"] * 2
    assert (healthy.key, healthy.findings, healthy.modality) == ("imgs/health/h1.png", (), "chest X-ray")
    assert [row.image for row in refused] == ["tb/tb2.png", "sick/s1.png", "extra/da/1.png"]
    assert refused[0].reason == "tuberculosis without a box"


PAGE = """<annotation><filename>tb1</filename><size><width>1000</width><height>2000</height></size><object>
<name>ObsoletePulmonaryTuberculosis</name><bndbox><xmin>251</xmin><ymin>501</ymin><xmax>500</xmax><ymax>1000</ymax></bndbox>
</object></annotation>"""


def test_tbx11k_s_xml_are_shares_of_the_original_radiograph(paint, write, read) -> None:
    for name in ("tb/tb1.png", "tb/tb2.png", "health/h1.png", "test/t1.png"):
        paint(f"imgs/{name}", 512, 512)
    write("annotations/xml/tb1.xml", PAGE)
    write("annotations/xml/tb9.xml", PAGE)
    (tb, healthy), refused = read("tbx11k")
    healthy, tb = sorted((tb, healthy), key=lambda case: case.key)
    assert tb.findings == (Finding("pulmonary tuberculosis", NormalizedBox(0.25, 0.25, 0.25, 0.25)),)
    assert healthy.findings == ()
    assert [row.image for row in refused] == ["tb9.xml", "imgs/tb/tb2.png", "imgs/test/t1.png"]


def kvasir(**entries: Any) -> str:
    return json.dumps(entries)


def polyp(*corners: int, label: str = "polyp") -> dict[str, Any]:
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)) | {"label": label}


def test_kvasir_s_boxes_come_from_the_json_by_stem(paint, write, read) -> None:
    for name in ("a", "b", "c", "d"):
        paint(f"images/{name}.jpg", 16, 32, "RGB")
    write(
        "kavsir_bboxes.json",
        kvasir(
            a={"width": 16, "height": 32, "bbox": [polyp(4, 8, 12, 24), polyp(0, 0, 4, 4, label="tool")]},
            b={"width": 16, "height": 32, "bbox": []},
            c={"width": 32, "height": 16, "bbox": [polyp(4, 8, 12, 16)]},
            e={"width": 16, "height": 32, "bbox": [polyp(4, 8, 12, 24)]},
        ),
    )
    (case,), refused = read("kvasir")
    assert (case.key, case.modality) == ("images/a.jpg", "endoscopy")
    assert case.findings == (Finding("polyp", NormalizedBox(0.25, 0.25, 0.5, 0.5)),)
    assert [(row.image, row.reason) for row in refused] == [
        ("a", "class 'tool', where the set knows polyps only"),
        ("b", "no box, though each of the set's pictures shows a polyp"),
        ("c", "the annotation is for 32 x 16 pixels but the file has 16 x 32"),
        ("e", "missing file"),
        ("images/d.jpg", "no entry for this picture"),
    ]
