"""ChestX-ray14: boxes in pixels of 1024 x 1024, an odd header, and normal images from Data_Entry alone."""

from __future__ import annotations

import pytest

from umed_core.errors import DataError
from umed_core.geometry import NormalizedBox
from umed_core.records import Finding

HEADER = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"
ENTRY = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"


def test_boxes_are_shares_of_1024_pixels_and_the_patient_is_the_name_s_beginning(paint, write, read) -> None:
    paint("images/00000007_002.png", 1024, 1024)
    write("BBox_List_2017.csv", HEADER + "00000007_002.png,Infiltrate,256,512,128,64,,,\n\n")
    (case,), refused = read("nih")
    assert case.findings == (Finding("infiltration", NormalizedBox(0.25, 0.5, 0.125, 0.0625)),)
    assert (case.group, case.modality, case.key) == ("00000007", "chest X-ray", "images/00000007_002.png")
    assert refused == []


def test_several_boxes_of_one_image_make_one_case_wherever_the_archives_put_it(paint, write, read) -> None:
    paint("images_003/images/00000007_002.png", 1024, 1024)
    write(
        "BBox_List_2017.csv",
        HEADER
        + "00000007_002.png,Effusion,0,0,512,512,,,\nx_000.png,Mass,0,0,9,9\n00000007_002.png,Mass,512,0,64,64\n",
    )
    (case,), (refused,) = read("nih")
    assert [finding.label for finding in case.findings] == ["pleural effusion", "mass"]
    assert (refused.line, refused.image, refused.reason) == (3, "x_000.png", "missing file")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "Cardiomegaly|Emphysema,1,1,9,9",
            "one box for several classes ('Cardiomegaly|Emphysema'): give each its own row",
        ),
        ("Mass,1,1,9,", "bad number in '1, 1, 9, '"),
        ("Mass,1,1", "4 numbers expected, found '1, 1'"),
        ("Mass,1000,1,90,9", "a box that leaves the image"),
        ("Mass,1,1,0,9", "a box without area"),
        (",1,1,9,9", "a box without a class"),
    ],
)
def test_a_row_that_says_too_little_or_too_much_is_refused(paint, write, read, row: str, reason: str) -> None:
    paint("images/1_0.png", 1024, 1024)
    write("BBox_List_2017.csv", HEADER + f"1_0.png,{row}\n")
    cases, (refused,) = read("nih")
    assert (cases, refused.line, refused.reason) == ([], 2, reason)


def test_a_resized_copy_is_refused_since_its_boxes_are_not(paint, write, read) -> None:
    paint("images/1_0.png", 256, 256)
    write("BBox_List_2017.csv", HEADER + "1_0.png,Mass,1,1,9,9,,,\n")
    cases, (refused,) = read("nih")
    assert cases == []
    assert refused.reason == "the annotation is for 1024 x 1024 pixels but the file has 256 x 256"


def test_only_no_finding_is_normal_and_a_label_without_a_box_is_refused(paint, write, read) -> None:
    for number in range(4):
        paint(f"images/{number}_000.png", 1024, 1024)
    write("BBox_List_2017.csv", HEADER + "0_000.png,Mass,1,1,9,9,,,\n3_000.png,Mass,1,1,9,9,,,\n")
    write(
        "Data_Entry_2017_v2020.csv",
        ENTRY
        + "0_000.png,Mass|Hernia,0,0,58,M,PA\n1_000.png,No Finding,0,1,58,M,PA\n2_000.png,Pneumonia,0,2,58,M,PA\n",
    )
    cases, refused = read("nih")
    assert [(case.group, len(case.findings)) for case in cases] == [("0", 1), ("1", 0), ("3", 1)]
    assert [(row.line, row.reason) for row in refused] == [
        (2, "'Hernia' has no box; the image keeps its boxed findings"),
        (4, "labelled 'Pneumonia' without a box"),
    ]


def test_a_table_with_another_header_is_no_box_list(write, read) -> None:
    write("BBox_List_2017.csv", "a,b,c\n1,2,3\n")
    with pytest.raises(DataError) as caught:
        read("nih")
    assert "Image Index" in caught.value.hint
