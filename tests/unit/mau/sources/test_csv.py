"""The table of `mau.box_sets` as a source: the same rows, with the picture's own size checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.geometry import NormalizedBox
from umed_core.mau.box_sets import read_box_set
from umed_core.mau.cases import RefusedRow
from umed_core.records import Finding

HEADER = "image,width,height,class,x,y,w,h,patient_or_group_id,source,licence\n"


def test_rows_make_the_cases_that_training_reads(paint, write, read, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "deep/c.png"):
        paint(f"images/{name}")
    rows = (
        "a.png,10,20,polyp,.1,.2,.3,.4,patient 1,here,CC BY 4.0\n"
        "b.png,10,20,,,,,,patient 2,here,CC BY 4.0\n"
        "deep/c.png,,,polyp,.1,.2,.3,.4,,,\n"
        "a.png,10,20,polyp,.5,.6,.1,.1,patient 1,here,CC BY 4.0\n"
    )
    write("annotations.csv", HEADER + rows)
    cases, refused = read("csv")
    boxes = (NormalizedBox(0.1, 0.2, 0.3, 0.4), NormalizedBox(0.5, 0.6, 0.1, 0.1))
    assert cases[0].findings == tuple(Finding("polyp", box) for box in boxes)
    assert (cases[1].findings, cases[2].group, refused) == ((), "c", [])
    records = read_box_set(tmp_path, "set").records
    assert [(r.image, r.group, r.findings, r.modality, r.provenance) for r in records] == [
        (c.key, c.group, c.findings, c.modality, c.provenance) for c in cases
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.png,20,10,polyp,.1,.2,.3,.4,,,", "the annotation is for 20 x 10 pixels but the file has 10 x 20"),
        ("a.png,wide,10,polyp,.1,.2,.3,.4,,,", "bad number in 'wide, 10'"),
        ("b.png,10,20,polyp,.1,.2,.3,.4,,,", "missing file"),
        (f"{'a' * 300},10,20,polyp,.1,.2,.3,.4,,,", "missing file"),
        ("c.png,10,20,polyp,.1,.2,.3,.4,,,", "no picture that umed knows"),
        ("..\\a.png,10,20,polyp,.1,.2,.3,.4,,,", "the image lies outside the set's folder"),
        ("C:a.png,10,20,polyp,.1,.2,.3,.4,,,", "the image lies outside the set's folder"),
        ("a.png,10,20,polyp,.1,.2,.3,inf,,,", "bad number in '.1, .2, .3, inf'"),
    ],
)
def test_an_unusable_row_is_listed(paint, write, read, row: str, reason: str) -> None:
    paint("images/a.png")
    write("images/c.png", "a text")
    write("annotations.csv", f"{HEADER}{row}\n")
    cases, (refused,) = read("csv")
    assert cases == []
    assert refused == RefusedRow(2, row.partition(",")[0], reason)
