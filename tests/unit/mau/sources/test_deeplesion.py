"""DeepLesion: one case a key slice, HU from 16-bit PNG, and the set's own doubts respected."""

from __future__ import annotations

import pytest

from umed_core.geometry import NormalizedBox
from umed_core.mau.cases import GreyScale
from umed_core.mau.sources.deeplesion import COLUMNS
from umed_core.records import Finding

SLICE = "Images_png/000089_01_01/037.png"


def row(**changed: str) -> str:
    cells = dict.fromkeys(COLUMNS, "0") | {
        "File_name": "000089_01_01_037.png",
        "Patient_index": "89",
        "Bounding_boxes": "128, 256, 192, 320",
        "Coarse_lesion_type": "5",
        "Image_size": "512, 512",
        "DICOM_windows": "-175, 275",
    }
    return ",".join(f'"{cell}"' for cell in (cells | changed).values()) + "\n"


def table(*rows: str) -> str:
    return ",".join((*COLUMNS, "Patient_gender")) + "\n" + "".join(rows)


def test_rows_of_one_slice_make_one_case_with_its_window(paint, write, read) -> None:
    paint(SLICE, 512, 512, "I;16")
    write("DL_info.csv", table(row(), row(Bounding_boxes="0, 0, 64, 128", Coarse_lesion_type="-1")))
    (case,), refused = read("deeplesion")
    assert case.findings == (
        Finding("lung lesion", NormalizedBox(0.25, 0.5, 0.125, 0.125)),
        Finding("lesion", NormalizedBox(0, 0, 0.125, 0.25)),
    )
    assert (case.key, case.group, case.modality) == (SLICE, "89", "CT")
    assert isinstance(case.grey, GreyScale)
    window = case.grey.window
    assert case.grey.offset == -32768
    assert (window.center - window.width / 2, window.center + window.width / 2) == (-175, 275)
    assert window.function == "linear_exact"
    assert refused == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Possibly_noisy": "1"}, "Possibly_noisy: the set itself doubts this annotation"),
        ({"Coarse_lesion_type": "9"}, "Coarse_lesion_type is 9, not -1 or 1..8"),
        ({"Bounding_boxes": "1, 2, 3"}, "4 numbers expected, found '1, 2, 3'"),
        ({"Bounding_boxes": "64, 64, 32, 128"}, "a box without area"),
        ({"Image_size": "1024, 1024"}, "the annotation is for 1024 x 1024 pixels but the file has 512 x 512"),
        ({"DICOM_windows": "275, -175"}, "the window 275, -175 has no width"),
        ({"Patient_index": ""}, "no Patient_index, which keeps a patient's slices on one side of the split"),
        ({"File_name": "000089_01_01_038.png"}, "missing file"),
        ({"File_name": "../000089_01_01_037.png"}, "the image lies outside the set's folder"),
        ({"File_name": "037.png"}, "the name is not of the form 000001_01_01_109.png"),
    ],
)
def test_a_row_that_cannot_be_trusted_is_refused(paint, write, read, changed: dict[str, str], reason: str) -> None:
    paint(SLICE, 512, 512, "I;16")
    write("DL_info.csv", table(row(**changed)))
    cases, (refused,) = read("deeplesion")
    assert (cases, refused.line, refused.reason) == ([], 2, reason)


def test_an_eight_bit_copy_has_lost_its_hounsfield_units(paint, write, read) -> None:
    paint(SLICE, 512, 512, "L")
    write("DL_info.csv", table(row()))
    cases, (refused,) = read("deeplesion")
    assert cases == []
    assert "8 bits" in refused.reason
