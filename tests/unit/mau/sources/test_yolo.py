"""YOLO labels: folders of Ultralytics and of Roboflow, and the KidneyStone set's broken data.yaml."""

from __future__ import annotations

import pytest

from umed_core.errors import DataError, MissingFile
from umed_core.geometry import NormalizedBox
from umed_core.records import Finding

LETTERS = "abcdef0123456789"
COPY = f"1-2-3_png_jpg.rf.{LETTERS}{LETTERS}"


def test_a_box_is_written_by_its_centre_and_an_empty_label_file_is_a_normal_image(paint, write, read) -> None:
    for name in "abc":
        paint(f"train/images/{name}.png")
    write("data.yaml", "names: ['Kidney_Stone', polyp]\nnc: 2\ntrain: ../train/images\nval: ../valid/images\n")
    write("train/labels/a.txt", "0 .5 .5 .25 .5\n\n1 0.25 0.125 0.5 0.25\n")
    write("train/labels/b.txt", "\n")
    (a, b), refused = read("yolo")
    assert a.findings == (
        Finding("kidney stone", NormalizedBox(0.375, 0.25, 0.25, 0.5)),
        Finding("polyp", NormalizedBox(0, 0, 0.5, 0.25)),
    )
    assert b.findings == ()
    assert [(row.image, row.reason) for row in refused] == [
        ("../valid/images", "data.yaml: no such folder or list in the set"),
        ("train/images/c.png", "no label file; an empty one would state no abnormality"),
    ]


def test_ultralytics_folders_a_list_of_pictures_and_names_by_number(paint, write, read) -> None:
    for part in ("train", "val", "spare"):
        paint(f"images/{part}/{part}.png")
        write(f"labels/{part}/{part}.txt", "3 .5 .5 .5 .5")
    write("val.txt", "./images/val/val.png\n./images/val/gone.png\n/etc/passwd\n")
    write("data.yaml", "path: ../datasets/set\ntrain: images/train\nval: val.txt\ntest:\nnames: {3: mass}\n")
    cases, refused = read("yolo")
    assert [case.key for case in cases] == ["images/train/train.png", "images/val/val.png"]
    assert [(row.line, row.image, row.reason) for row in refused] == [
        (2, "./images/val/gone.png", "in 'val.txt': missing file"),
        (3, "/etc/passwd", "in 'val.txt': the image lies outside the set's folder"),
    ]


@pytest.mark.parametrize("place", ["/etc", "../../other", "C:/data"])
def test_a_folder_outside_the_set_is_refused(paint, write, read, place: str) -> None:
    paint("images/a.png")
    paint("more/images/b.png")
    write("more/labels/b.txt", "")
    write("data.yaml", f"names: [polyp]\ntrain: '{place}'\nval: more\n")
    (case,), (refused,) = read("yolo")
    assert (case.key, refused.image) == ("more/images/b.png", place)
    assert refused.reason == "data.yaml: the image lies outside the set's folder"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("4 .5 .5 .5 .5", "class '4' is not among the 1 names"),
        ("0.5 .5 .5 .5 .5", "class '0.5' is not among the 1 names"),
        ("stone .5 .5 .5 .5", "bad number in 'stone'"),
        ("0 .5 .5 .5 nan", "4 numbers expected, found '.5, .5, .5, nan'"),
        ("0 .5 .5 .5 0", "a box without area"),
        ("0 .9 .5 .5 .5", "a box that leaves the image"),
        ("0 .5 .5 .5 .5 .99", "6 columns, where a box has 5 and a polygon an odd number from 7"),
    ],
)
def test_an_unusable_line_is_listed_and_its_image_is_not_normal(paint, write, read, line: str, reason: str) -> None:
    paint("images/a.png")
    write("labels/a.txt", f"\n{line}\n")
    write("data.yaml", "names: [polyp]")
    cases, (refused,) = read("yolo")
    assert (cases, refused.line, refused.reason) == ([], 2, reason)


def test_a_polygon_becomes_the_box_around_it(paint, write, read) -> None:
    paint("images/a.png")
    write("labels/a.txt", "0 .25 .25 .75 .5 .5 1")
    write("data.yaml", "names: [polyp]")
    (case,), _ = read("yolo")
    assert case.findings[0].box == NormalizedBox(0.25, 0.25, 0.5, 0.75)


@pytest.mark.parametrize(
    "text",
    [
        'data_yaml = f"""\ntrain: {os.path.join(base, "x")}\n"""',
        "- just\n- a list",
        "names: {a: b}",
        "a: &a [*a]\n*a: 1",
        'names: ["\\ud800"]',
        "[" * 5000,
    ],
)
def test_a_data_yaml_that_cannot_be_read_is_one_line_of_error(paint, write, read, text: str) -> None:
    paint("images/a.png")
    write("data.yaml", text)
    with pytest.raises((DataError, MissingFile)) as caught:
        read("yolo")
    assert "\n" not in caught.value.message
    assert "names" in caught.value.hint


def test_classes_txt_names_the_classes_where_there_is_no_data_yaml(paint, write, read) -> None:
    paint("a.png")
    write("a.txt", "1 .5 .5 .5 .5")
    write("classes.txt", "mass\nnodule\n")
    (case,), _ = read("yolo")
    assert case.findings[0].label == "nodule"


def test_kidneystone_needs_no_data_yaml_and_keeps_augmented_copies_together(paint, write, read) -> None:
    other = COPY.replace(LETTERS, LETTERS[::-1])
    paint(f"train/images/{COPY}.jpg", mode="RGB")
    paint(f"test/images/{other}.jpg", mode="RGB")
    write(f"train/labels/{COPY}.txt", "0 .5 .5 .25 .5")
    write(f"test/labels/{other}.txt", "")
    write("data.yaml", 'data_yaml = f"""\ntrain: {1}\n"""')
    (test, train), refused = read("kidneystone")
    assert (test.group, train.group) == ("1-2-3", "1-2-3")
    assert train.findings == (Finding("kidney stone", NormalizedBox(0.375, 0.25, 0.25, 0.5)),)
    assert (test.findings, train.modality, train.provenance["licence"]) == ((), "CT", "CC BY 4.0")
    assert refused == []
