"""Exports as a person makes them; read back, every box lies on the pixels on which it was on the screen."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel

from tests.builders import tiny_ct, write_dicom
from tests.desktop.acting import SOON, ask, click_piece, only_card
from umed_core.geometry import NormalizedBox
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.exporting.export_dialog import ExportDialog
from umed_desktop.exporting.orders import file_stem

LEFT = Qt.MouseButton.LeftButton
SHA = "0" * 64  # the fake engine's


def dialog_of(qtbot, window) -> ExportDialog:
    window.actions_by_name["export"].trigger()
    dialogs = [dialog for dialog in window.findChildren(ExportDialog) if dialog.isVisible()]
    assert len(dialogs) == 1
    return dialogs[0]


def export(qtbot, window, folder: Path, *forms: str, everywhere: bool = False) -> dict[str, Path]:
    """Ticks these forms, presses Export and waits; the files by the end of their names."""
    dialog = dialog_of(qtbot, window)
    for form, box in dialog.boxes.items():
        assert box.isEnabled() or form not in forms
        box.setChecked(form in forms)
    dialog.everywhere.setChecked(everywhere)
    dialog.folder.setText(str(folder))
    dialog.stem.setText("x")
    dialog.reader.setText("Reader^Rita")
    qtbot.mouseClick(dialog.export, LEFT)
    qtbot.waitUntil(lambda: "written to" in window.parts.notice.message.text(), timeout=60_000)
    return {path.name.removeprefix("x"): path for path in folder.iterdir()}


@pytest.fixture
def ct(qtbot, window, tmp_path):
    """A CT stack of three slices of 64 x 48; its second has a bright block, x 16..32 and y 12..24, which the model boxed."""
    folder = tmp_path / "ct"
    folder.mkdir()
    for number in range(3):
        values = np.full((48, 64), 100, np.uint16)
        if number == 1:
            values[12:24, 16:32] = 3000
        write_dicom(folder / f"{number}.dcm", tiny_ct(number, Rows=48, Columns=64, PixelData=values.tobytes()))
    window.start_model()
    window.open_paths([folder])
    session = window.session
    qtbot.waitUntil(lambda: session.image is not None and session.image.frame_count == 3, timeout=SOON)
    qtbot.waitUntil(lambda: session.model_state == "ready", timeout=SOON)
    session.show_frame(1)
    ask(qtbot, window, "what is bright?")
    return window


# ------------------------------------------------------------------------------------------------------ read back
def test_a_box_is_on_the_same_pixels_in_every_file(qtbot, ct, tmp_path):
    ct.session.judge(ct.session.boxes()[0], "accepted")
    files = export(qtbot, ct, tmp_path / "out", "sr", "gsps", "coco", "json", "png", "pdf")
    assert set(files) == {
        ".report.dcm", ".presentation.dcm", ".coco.json", ".reading.json", ".boxes.png", ".report.pdf",
    }  # fmt: skip
    (box,) = json.loads(files[".reading.json"].read_bytes())["findings"]
    assert box["box"] == pytest.approx([16, 12, 32, 24])
    (annotation,) = json.loads(files[".coco.json"].read_bytes())["annotations"]
    assert annotation["bbox"] == pytest.approx([16, 12, 16, 12])
    outline = [16, 12, 32, 12, 32, 24, 16, 24, 16, 12]
    report = pydicom.dcmread(files[".report.dcm"])
    drawn = [float(v) for item in report.iterall() if item.keyword == "GraphicData" for v in item.value]
    assert drawn == pytest.approx(outline)
    state = pydicom.dcmread(files[".presentation.dcm"])
    graphics = [
        [float(v) for v in thing.GraphicData]
        for annotation in state.GraphicAnnotationSequence
        for thing in annotation.get("GraphicObjectSequence", [])
    ]
    assert graphics == [pytest.approx(outline)]
    (referenced,) = {item.value for item in report.iterall() if item.keyword == "ReferencedSOPInstanceUID"}
    assert referenced == pydicom.dcmread(tmp_path / "ct" / "1.dcm").SOPInstanceUID  # the slice, not the series' first


def test_each_file_names_model_hash_question_date_reader_and_what_it_is_for(qtbot, ct, tmp_path):
    files = export(qtbot, ct, tmp_path / "out", "sr", "json", "png", "coco", "gsps")
    with Image.open(files[".boxes.png"]) as picture:
        about = dict(picture.text)
    assert about["Disclaimer"] == RESEARCH_USE_ONLY
    assert about["Model"] == f"fake sha256:{SHA}"
    assert about["Question"] == "what is bright?"
    document = json.loads(files[".reading.json"].read_bytes())
    assert (document["notice"], document["reader"]) == (RESEARCH_USE_ONLY, "Reader^Rita")
    assert document["findings"][0]["source"]["model_sha256"] == SHA
    for name in (".report.dcm", ".presentation.dcm"):
        said = pydicom.dcmread(files[name]).to_json()
        for word in (RESEARCH_USE_ONLY, SHA, "what is bright?"):
            assert word in said, (name, word)
    assert RESEARCH_USE_ONLY in files[".coco.json"].read_text()


def test_edits_and_hand_drawn_boxes_go_with_their_history(qtbot, ct, tmp_path):
    ct.session.name_class(ct.session.boxes()[0], "polyp")
    ct.session.draw_box(NormalizedBox(0, 0, 0.25, 0.25), "my own words")
    files = export(qtbot, ct, tmp_path / "out", "json")
    first, second = json.loads(files[".reading.json"].read_bytes())["findings"]
    assert (first["label"], first["status"], second["status"]) == ("polyp", "edited", "added")
    assert first["edits"][0].endswith("Class changed from “kidney stone” to “polyp”.")
    assert second["source"] is None
    assert second["box"] == pytest.approx([0, 0, 16, 12])


def test_every_slice_with_findings_is_a_file_of_its_own(qtbot, ct, tmp_path):
    ct.session.show_frame(2)
    ct.session.draw_box(NormalizedBox(0, 0, 0.5, 0.5), "mass")
    files = export(qtbot, ct, tmp_path / "out", "sr", "json", everywhere=True)
    assert set(files) == {"-slice2.report.dcm", "-slice2.reading.json", "-slice3.report.dcm", "-slice3.reading.json"}
    named = json.loads(files["-slice3.reading.json"].read_bytes())["image"]
    assert (named["file_name"], named["dicom"]["sop_instance_uid"]) == (
        "2.dcm",
        pydicom.dcmread(tmp_path / "ct" / "2.dcm").SOPInstanceUID,
    )


def test_the_attention_of_the_chosen_word_is_exported(qtbot, ct, tmp_path):
    dialog = dialog_of(qtbot, ct)
    assert not dialog.boxes["heat"].isEnabled()
    assert "click a word" in dialog.boxes["heat"].text()
    dialog.reject()
    click_piece(qtbot, only_card(ct), "kidney")
    files = export(qtbot, ct, tmp_path / "out", "heat", "json")
    (looked,) = json.loads(files[".reading.json"].read_bytes())["attention"]
    assert (looked["word"], looked["rows"], looked["columns"]) == ("kidney", 8, 8)
    assert sum(looked["weights"]) == pytest.approx(0.5)  # what the fake engine gives to the image
    assert files[".attention.png"].stat().st_size > 0


# ------------------------------------------------------------------------------------------------------------ the PDF
def test_the_pdf_says_on_every_page_what_it_may_be_used_for_and_shows_the_box(qtbot, ct, tmp_path):
    pdfium = pytest.importorskip("pypdfium2", reason="reads the PDF back")
    for number in range(30):  # more than a page
        ct.session.draw_box(NormalizedBox(0, 0, 0.01 * (number + 2), 0.25), f"finding {number}")
    files = export(qtbot, ct, tmp_path / "out", "pdf")
    document = pdfium.PdfDocument(files[".report.pdf"])
    pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) > 1
    for number, text in enumerate(pages, 1):
        assert RESEARCH_USE_ONLY in text
        assert f"page {number} of {len(pages)}" in text
    whole = " ".join(" ".join(pages).split())
    for word in ("what is bright?", "a bright region at box 1", "kidney stone", "Reader^Rita", "finding 29"):
        assert word in whole, word
    assert SHA in whole.replace(" ", "")
    document.close()


def test_the_picture_in_the_pdf_has_the_box_on_its_pixels_whatever_the_theme(qtbot, ct, tmp_path):
    pdfium = pytest.importorskip("pypdfium2", reason="reads the PDF back")
    ct.actions_by_name["light_theme"].trigger()
    files = export(qtbot, ct, tmp_path / "out", "pdf")
    document = pdfium.PdfDocument(files[".report.pdf"])
    images = [thing for thing in document[0].get_objects() if thing.type == pdfium.raw.FPDF_PAGEOBJ_IMAGE]
    drawn = np.asarray(images[0].get_bitmap().to_pil().convert("RGB")).astype(int)
    page = document[0].render(scale=2).to_numpy()
    document.close()
    scale = drawn.shape[1] / 64
    amber = abs(drawn - (255, 196, 61)).max(axis=2) < 40
    amber[: int(12 * scale) - 3] = False  # the tag above the box has its colour
    rows, columns = np.nonzero(amber)
    assert (columns.min() / scale, columns.max() / scale) == pytest.approx((16, 32), abs=0.7)
    assert rows.max() / scale == pytest.approx(24, abs=0.7)
    assert (page[-200:] < 60).any()  # black ink on white paper in the foot
    assert page[5, 5].min() == 255


# --------------------------------------------------------------------------------------------------------- what fails
def test_a_picture_has_no_dicom_forms_and_the_dialog_says_why(qtbot, reading, tmp_path):
    ask(qtbot, reading, "what is bright?")
    dialog = dialog_of(qtbot, reading)
    assert [form for form, box in dialog.boxes.items() if not box.isEnabled()] == ["sr", "gsps", "map", "heat"]
    assert "is no DICOM file" in dialog.boxes["sr"].text()
    assert any(RESEARCH_USE_ONLY in label.text() for label in dialog.findChildren(QLabel))
    dialog.reject()
    files = export(qtbot, reading, tmp_path / "out", "coco", "png")
    assert set(files) == {".coco.json", ".boxes.png"}


def test_nothing_to_export_without_an_image(qtbot, window):
    window.actions_by_name["export"].trigger()
    assert "No image is open" in window.parts.notice.message.text()


def test_a_form_that_cannot_say_it_is_told_and_the_others_are_written(qtbot, ct, tmp_path):
    ct.session.delete_finding(ct.session.boxes()[0])
    ct.session.show_frame(2)
    ct.session.draw_box(NormalizedBox(0, 0, 0.5, 0.5), "mass")
    ct.session.show_frame(1)  # no finding here, but there is one elsewhere
    export(qtbot, ct, tmp_path / "out", "sr", "json")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.reading.json"]
    told = ct.parts.notice.message.text()
    assert "1 file was written" in told and "structured report" in told and "no finding to report" in told


def test_a_full_disk_is_said_and_leaves_no_half_file(qtbot, ct, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    dialog = dialog_of(qtbot, ct)
    dialog.folder.setText(str(tmp_path / "out"))
    monkeypatch.setattr("os.fsync", full)
    qtbot.mouseClick(dialog.export, LEFT)
    qtbot.waitUntil(lambda: "No space left" in ct.parts.notice.message.text(), timeout=SOON)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_dialog_asks_for_a_form_a_folder_and_a_name(qtbot, ct, tmp_path, monkeypatch):
    dialog = dialog_of(qtbot, ct)
    assert dialog.stem.text() == "1-slice2"
    assert dialog.export.isEnabled()
    for name in ("", "a/b", "what?"):
        dialog.stem.setText(name)
        assert not dialog.export.isEnabled()
    dialog.stem.setText("fine")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    dialog._browse()
    assert dialog.folder.text() == str(tmp_path)
    for box in dialog.boxes.values():
        box.setChecked(False)
    assert not dialog.export.isEnabled()
    dialog.reject()


def test_the_folder_is_remembered(qtbot, ct, tmp_path):
    export(qtbot, ct, tmp_path / "out", "json")
    dialog = dialog_of(qtbot, ct)
    assert dialog.folder.text() == str(tmp_path / "out")
    dialog.reject()


def test_a_file_is_called_by_its_image():
    assert [file_stem(name) for name in ("a.nii.gz", "b.DCM", "1.2.840.113", "scan.png", ".dcm")] == [
        "a", "b", "1.2.840.113", "scan", ".dcm",
    ]  # fmt: skip


def test_a_png_is_what_was_on_the_screen(qtbot, ct, tmp_path):
    """The block is white in the chosen window and everything around it black."""
    from umed_core.images.medical_image import Window

    ct.session.show_window(Window(1500, 100))
    files = export(qtbot, ct, tmp_path / "out", "png")
    with Image.open(io.BytesIO(files[".boxes.png"].read_bytes())) as picture:
        pixels = np.asarray(picture.convert("L"))
    scale = pixels.shape[1] // 64
    assert (pixels[18 * scale, 24 * scale], pixels[40 * scale, 8 * scale]) == (255, 0)
