"""The one door: which files come out, how they are called, and what is refused."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.exporting.readings import FINDINGS, WORD, phantom_reading, picture_reading
from umed_core.errors import ConfigError, DataError, StorageError, UmedError, UnsupportedImage
from umed_core.exporting.export import EXPORT_FORMS, ExportForm, export_bytes, export_reading


def test_each_form_has_a_name_of_its_own_and_a_map_comes_for_each_word(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path, attention=(WORD, replace(WORD, word="kidney")))
    out = tmp_path / "out"
    written = [path.name for form in EXPORT_FORMS for path in export_reading(reading, form, out, "one")]
    assert written == [
        "one.report.dcm",
        "one.presentation.dcm",
        "one.attention.dcm",
        "one-2.attention.dcm",
        "one.coco.json",
        "one.reading.json",
        "one.boxes.png",
        "one.attention.png",
        "one-2.attention.png",
    ]
    assert sorted(path.name for path in out.iterdir()) == sorted(written)


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_equal_readings_give_equal_bytes_and_a_change_another_object(tmp_path: Path, form: ExportForm) -> None:
    first = export_bytes(phantom_reading(tmp_path), form)
    assert first == export_bytes(phantom_reading(tmp_path), form)
    assert first != export_bytes(phantom_reading(tmp_path, findings=FINDINGS[:1]), form)


@pytest.mark.parametrize("form", ["sr", "gsps", "map"])
def test_a_picture_has_no_dicom_form(tmp_path: Path, form: ExportForm) -> None:
    with pytest.raises(UnsupportedImage) as refused:
        export_reading(picture_reading(tmp_path), form, tmp_path, "one")
    assert refused.value.hint == "Export it as JSON, COCO or PNG instead."
    assert [path.name for path in tmp_path.iterdir()] == ["slide.png"]


@pytest.mark.parametrize("form", ["sr", "gsps"])
def test_nothing_found_is_no_report(tmp_path: Path, form: ExportForm) -> None:
    only_rejected = phantom_reading(tmp_path, findings=FINDINGS[3:])
    with pytest.raises(DataError, match=r"There is no finding .* \(1 rejected\)"):
        export_bytes(only_rejected, form)


def test_a_map_needs_a_word_and_a_place_in_the_patient(tmp_path: Path) -> None:
    for form in ("map", "heat"):
        with pytest.raises(DataError, match="No word is chosen"):
            export_bytes(phantom_reading(tmp_path, attention=()), form)
    with pytest.raises(UnsupportedImage, match="FrameOfReferenceUID") as refused:
        export_bytes(phantom_reading(tmp_path, "cxr"), "map")
    assert "PNG or JSON" in refused.value.hint


def test_without_highdicom_the_person_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(ConfigError, match="highdicom") as refused:
        export_bytes(phantom_reading(tmp_path), "sr")
    assert "pip install" in refused.value.hint
    assert export_bytes(phantom_reading(tmp_path), "json")


def test_an_export_never_replaces_the_image(tmp_path: Path) -> None:
    reading = phantom_reading(tmp_path)
    hidden = reading.image.rename(tmp_path / "one.report.dcm")
    before = hidden.read_bytes()
    with pytest.raises(DataError, match="is the image itself"):
        export_reading(replace(reading, image=hidden), "sr", tmp_path, "one")
    assert hidden.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        export_reading(phantom_reading(tmp_path), "coco", tmp_path / "file", "one")


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_a_box_off_the_image_is_refused_in_every_form(tmp_path: Path, form: ExportForm) -> None:
    wrong = replace(FINDINGS[0], box=replace(FINDINGS[0].box, x=0.9, w=0.5))
    with pytest.raises(UmedError, match="does not lie on"):
        export_bytes(phantom_reading(tmp_path, findings=(wrong,)), form)
