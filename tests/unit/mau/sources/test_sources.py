"""The door: what every kind has in common."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import ConfigError, DataError, MissingFile, NoImages
from umed_core.geometry import NormalizedBox
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources import LAYOUTS, SOURCE_KINDS, read_source
from umed_core.mau.sources.files import list_pictures, relative_name
from umed_core.mau.sources.marks import Mark, Unusable, box_from_pixels, settle
from umed_core.records import Finding

PUBLISHED = ("deeplesion", "kidneystone", "nih", "tbx11k", "kvasir")
GENERIC = ("coco", "yolo", "voc", "csv", "masks", "dicom")
BLANK = Case("a.png", Path("a.png"), (), "a")
LEFT = NormalizedBox(0.1, 0.1, 0.2, 0.2)
RIGHT = NormalizedBox(0.6, 0.1, 0.2, 0.2)


def test_the_published_layouts_and_the_generic_ones_are_known() -> None:
    assert set(SOURCE_KINDS) == {*PUBLISHED, *GENERIC}


def test_naming_the_kinds_loads_no_library_that_only_one_of_them_needs(program_environment: dict[str, str]) -> None:
    said = "import sys, umed_core.mau.sources; print(*{'pydicom', 'scipy', 'yaml', 'torch'} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", said], capture_output=True, text=True, check=True, env=program_environment
    )
    assert done.stdout.strip() == ""


def test_an_unknown_kind_is_refused_at_once_and_the_hint_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_source("yolov9", tmp_path)
    assert "kidneystone" in caught.value.hint


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_an_absent_path_is_refused_at_once_and_the_hint_shows_the_layout(kind: str, tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        read_source(kind, tmp_path / "nowhere")
    assert LAYOUTS[kind] in caught.value.hint


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_a_folder_without_the_layout_is_refused_and_the_hint_shows_it(kind: str, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing here")
    with pytest.raises((MissingFile, NoImages)) as caught:
        list(read_source(kind, tmp_path))
    assert LAYOUTS[kind] in caught.value.hint


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_a_file_where_a_folder_belongs_is_no_traceback(kind: str, tmp_path: Path) -> None:
    (tmp_path / "one.bin").write_bytes(b"\x00\xff")
    with pytest.raises((MissingFile, DataError, NoImages)):
        list(read_source(kind, tmp_path / "one.bin"))


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a.png", "b/../../a.png", "C:\\a.png", "..\\a.png", "\\\\host\\a.png"]
)
def test_a_name_that_leaves_the_folder_is_refused(name: str) -> None:
    with pytest.raises(Unusable, match="outside"):
        relative_name(name)


@given(st.text(max_size=40))
def test_whatever_a_name_is_it_stays_inside_or_is_refused(name: str) -> None:
    try:
        safe = relative_name(name)
    except Unusable:
        return
    assert not Path(safe).is_absolute()
    assert ".." not in Path(safe).parts


def test_a_file_is_found_where_only_one_fits_its_whole_name(tmp_path: Path) -> None:
    for path in ("train/1.png", "val/1.png", "deep/er/2.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    pictures = list_pictures(tmp_path)
    assert pictures.find("2.png") == "deep/er/2.png"
    assert pictures.find("er/2.png") == "deep/er/2.png"
    assert pictures.find("1.png", ("val",)) == "val/1.png"
    with pytest.raises(Unusable, match="several files"):
        pictures.find("1.png")
    with pytest.raises(Unusable, match="missing file"):
        pictures.find("test/2.png")


def test_links_that_lead_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "set"
    outside.mkdir()
    inside.mkdir()
    (outside / "private.png").touch()
    (inside / "own.png").touch()
    (inside / "folder").symlink_to(outside)
    (inside / "link.png").symlink_to(outside / "private.png")
    (inside / "second.png").symlink_to(inside / "own.png")
    pictures = list_pictures(inside)
    assert pictures.paths == ("own.png", "second.png")
    for name in ("link.png", "folder/private.png"):
        with pytest.raises(Unusable, match="a link"):
            pictures.find(name)


def test_a_name_that_no_disk_can_hold_is_a_missing_file() -> None:
    with pytest.raises(Unusable, match="missing file"):
        relative_name("a" * 300 + ".png")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep file names in Unicode")
def test_a_file_name_that_json_cannot_hold_is_asked_to_be_renamed(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/caf\xe9.png", os.O_CREAT))
    with pytest.raises(DataError, match="no UTF-8") as caught:
        list_pictures(tmp_path)
    assert str(caught.value).isascii()


def test_refused_annotations_spoil_a_picture_only_if_none_is_left() -> None:
    bad = RefusedRow(2, "a.png", "bad number")
    assert list(settle(BLANK, [])) == [BLANK]
    assert list(settle(BLANK, [bad])) == [bad]
    refused, case = settle(BLANK, [bad, Mark(3, Finding("polyp", LEFT))])
    assert refused == bad
    assert isinstance(case, Case)
    assert case.findings == (Finding("polyp", LEFT),)


def test_the_same_box_counts_once_and_another_class_or_place_counts_again() -> None:
    marks = [
        Mark(line, finding)
        for line, finding in enumerate(
            (Finding("mass", LEFT), Finding("mass", LEFT), Finding("nodule", LEFT), Finding("mass", RIGHT)), 2
        )
    ]
    repeated, case = settle(BLANK, marks)
    assert repeated == RefusedRow(3, "a.png", "the same box twice")
    assert isinstance(case, Case)
    assert [f.label for f in case.findings] == ["mass", "nodule", "mass"]


def test_a_box_in_pixels_becomes_shares_and_is_clipped_by_half_a_percent_at_most() -> None:
    assert box_from_pixels(20, 50, 60, 100, (200, 100)) == NormalizedBox(0.1, 0.5, 0.2, 0.5)
    assert box_from_pixels(-1, 0, 100, 100, (200, 100)) == NormalizedBox(0, 0, 0.5, 1)
    with pytest.raises(Unusable, match="leaves the image"):
        box_from_pixels(-2, 0, 100, 100, (200, 100))


@given(*[st.floats(allow_nan=True, allow_infinity=True)] * 4)
def test_whatever_the_corners_the_box_lies_on_the_image_or_is_refused(
    x0: float, y0: float, x1: float, y1: float
) -> None:
    try:
        box = box_from_pixels(x0, y0, x1, y1, (200, 100))
    except Unusable:
        return
    assert box.is_valid(tolerance=1e-9)
