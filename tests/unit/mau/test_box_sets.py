"""Annotations become records; whatever cannot be used is listed, and never passes for a normal image."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import DataError, MissingFile
from umed_core.geometry import NormalizedBox
from umed_core.mau.box_sets import BoxSet, group_from_name, label_from_class, modality_of, read_box_set
from umed_core.records import Finding

HEADER = "image,width,height,class,x,y,w,h,patient_or_group_id,source,licence"


def write_set(folder: Path, *rows: str, header: str = HEADER, images: tuple[str, ...] = ("a.png", "b.png")) -> Path:
    (folder / "images").mkdir()
    for image in images:
        (folder / "images" / image).write_bytes(b"")
    (folder / "annotations.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return folder


def read(folder: Path, *rows: str, header: str = HEADER) -> BoxSet:
    return read_box_set(write_set(folder, *rows, header=header), "set")


def test_boxes_of_one_image_become_one_record(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "a.png,10,10,polyp,.1,.2,.3,.4,patient 1,here,CC BY 4.0",
        "b.png,10,10,,,,,,patient 2,here,CC BY 4.0",
        "a.png,10,10,polyp,.5,.6,.1,.1,patient 1,here,CC BY 4.0",
    )
    a, b = found.records
    assert (a.image, a.dataset, a.group, a.modality) == ("images/a.png", "set", "patient 1", "endoscopy")
    polyps = [NormalizedBox(0.1, 0.2, 0.3, 0.4), NormalizedBox(0.5, 0.6, 0.1, 0.1)]
    assert a.findings == tuple(Finding("polyp", box) for box in polyps)
    assert a.provenance == {"source": "here", "licence": "CC BY 4.0"}
    assert (b.findings, b.modality) == ((), "endoscopy")
    assert found.refused == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.png,1,1,polyp,.1,.2,wide,.4,,,", "bad number in '.1, .2, wide, .4'"),
        ("a.png,1,1,polyp,.1,.2,nan,.4,,,", "bad number in '.1, .2, nan, .4'"),
        ("a.png,1,1,polyp,,,,,,,", "bad number in ', , , '"),
        ("a.png,1,1,polyp,.1,.2,0,.4,,,", "a box without area"),
        ("a.png,1,1,polyp,.1,.2,-.1,-.1,,,", "a box without area"),
        ("a.png,1,1,polyp,.9,.2,.2,.4,,,", "a box that leaves the image"),
        ("a.png,1,1,,.1,.2,.2,.4,,,", "a box without a class"),
        ("c.png,1,1,polyp,.1,.2,.2,.4,,,", "missing file"),
        ("../a.png,1,1,polyp,.1,.2,.2,.4,,,", "the image lies outside the set's folder"),
        (",1,1,polyp,.1,.2,.2,.4,,,", "no image named"),
    ],
)
def test_an_unusable_row_is_listed_and_its_image_does_not_count_as_normal(
    tmp_path: Path, row: str, reason: str
) -> None:
    found = read(tmp_path, row, "b.png,1,1,polyp,.1,.2,.3,.4,,,")
    assert [record.image for record in found.records] == ["images/b.png"]
    assert [(refused.line, refused.reason) for refused in found.refused] == [(2, reason)]


def test_a_good_box_keeps_its_image_beside_a_bad_one(tmp_path: Path) -> None:
    found = read(tmp_path, "a.png,1,1,polyp,.1,.2,0,.4,,,", "a.png,1,1,polyp,.1,.2,.3,.4,,,")
    assert len(found.records) == len(found.refused) == 1
    assert found.records[0].findings[0].box == NormalizedBox(0.1, 0.2, 0.3, 0.4)


def test_a_box_drawn_twice_counts_once(tmp_path: Path) -> None:
    found = read(tmp_path, "a.png,1,1,line,.1,.2,.3,.4,,,", "a.png,1,1,fracture,.1,.2,.3,.401,,,")
    assert [finding.label for finding in found.records[0].findings] == ["fracture"]
    assert found.refused[0].reason == "the same box twice"


def test_a_box_over_the_edge_by_rounding_is_clipped(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "a.png,1,1,polyp,.5,0,.502,1,,,").records
    assert record.findings[0].box == NormalizedBox(0.5, 0.0, 0.5, 1.0)


def test_an_unquoted_comma_in_the_last_column_is_no_error(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "a.png,1,1,polyp,0,0,1,1,,here,MIT,[' unverified']", header=HEADER + ",").records
    assert record.provenance["licence"] == "MIT, [' unverified']"
    assert record.group == "a"


def test_a_short_row_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "a.png,1,1,polyp,0,0,1,1").records
    assert record.provenance == {}


def test_a_folder_without_annotations_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"annotations\.csv does not exist"):
        read_box_set(tmp_path, "set")


def test_a_table_without_boxes_is_named_by_its_missing_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks the column 'class'"):
        read(tmp_path, "a.png,1", header="image,width")


def test_a_set_without_a_usable_image_says_the_first_reason(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No image of") as raised:
        read(tmp_path, "c.png,1,1,polyp,.1,.2,.2,.4,,,")
    assert raised.value.hint == "First reason: missing file."


def test_bytes_that_are_no_text_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_bytes(HEADER.encode() + b"\n\xff\xfe\x00")
    with pytest.raises(DataError, match="is no table"):
        read_box_set(tmp_path, "set")


@given(content=st.text(max_size=200))
def test_any_text_gives_a_set_or_an_error_of_the_tree(content: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("set")
    (folder / "annotations.csv").write_text(HEADER + "\n" + content, encoding="utf-8", errors="replace", newline="")
    with pytest.raises(DataError):
        read_box_set(folder, "set")


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("ActiveTuberculosis", "pulmonary tuberculosis"),
        ("ObsoletePulmonaryTuberculosis", "pulmonary tuberculosis"),
        ("messed_up_angle", "fracture"),
        ("Pleural_Thickening", "pleural thickening"),
        ("ground glass opacity", "ground glass opacity"),
        ("Polyp", "polyp"),
    ],
)
def test_classes_become_words(written: str, label: str) -> None:
    assert label_from_class(written) == label


@pytest.mark.parametrize(
    ("label", "modality"),
    [("kidney stone", "CT"), ("lung lesion", "CT"), ("pulmonary tuberculosis", "chest X-ray"), ("polyp", "endoscopy"),
     ("fracture", "X-ray"), ("mystery", "")],
)  # fmt: skip
def test_a_class_tells_the_modality(label: str, modality: str) -> None:
    assert modality_of(label) == modality


def test_augmented_copies_of_one_picture_share_a_group() -> None:
    names = ["train__7_png_jpg.rf.0123456789abcdef0123456789abcdef.jpg", "test__7_png_jpg.rf.fedcba9876543210ffff.jpg"]
    assert {group_from_name(name) for name in names} == {"7"}
    assert group_from_name("tb0003.jpg") == "tb0003"


def test_in_a_set_of_several_modalities_a_class_that_tells_none_has_none(tmp_path: Path) -> None:
    """A mixed set once called an infiltration on a chest X-ray a CT, after the commonest of its classes."""
    found = read(tmp_path, "a.png,10,10,kidney stone,.1,.2,.3,.4,1,,", "b.png,10,10,infiltration,.1,.2,.3,.4,2,,")
    other = {"images/a.png": "CT", "images/b.png": ""}
    assert {record.image: record.modality for record in found.records} == other
