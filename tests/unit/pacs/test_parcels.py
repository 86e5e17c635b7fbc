"""What is sent: DICOM by content, the consent line's words, nothing hidden in a preamble."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.builders import tiny_ct, write_dicom, write_picture
from umed_core.errors import MissingFile, UnsupportedImage
from umed_core.pacs.nodes import DicomNode
from umed_core.pacs.parcels import consent_line, look_through, packed

NODE = DicomNode("archive", "ARCHIVE", "pacs.example.org", 104)


def test_dicom_by_content_and_the_rest_with_its_reason(tmp_path: Path):
    write_dicom(tmp_path / "slice.png", tiny_ct(0))  # whatever it is called
    write_picture(tmp_path / "picture.png", np.zeros((4, 4), np.uint8))
    (tmp_path / "notes.dcm").write_text("no DICOM")
    (tmp_path / ".hidden").write_text("left out")
    manifest = look_through([tmp_path])
    assert [parcel.path.name for parcel in manifest.parcels] == ["slice.png"]
    assert {path.name: why.code for path, why in manifest.refused} == {
        "notes.dcm": "UnsupportedImage", "picture.png": "UnsupportedImage",
    }  # fmt: skip


def test_nothing_to_send_is_said(tmp_path: Path):
    with pytest.raises(MissingFile):
        look_through([tmp_path / "none"])
    with pytest.raises(MissingFile, match="nothing to send"):
        look_through([tmp_path])
    with pytest.raises(UnsupportedImage, match="a picture"):
        look_through([write_picture(tmp_path / "a.png", np.zeros((4, 4), np.uint8))])


def test_the_line_names_node_count_and_whether_names_go(tmp_path: Path):
    for number in range(2):
        write_dicom(tmp_path / f"{number}.dcm", tiny_ct(number))
    manifest = look_through([tmp_path])
    line = consent_line(NODE, manifest, deidentify=False)
    assert line.startswith("2 files of 1 study would go to archive (ARCHIVE at pacs.example.org:104) as they are")
    assert "names" in line
    assert "without names" in consent_line(NODE, manifest, deidentify=True)
    assert "burned into the pixels stays" in consent_line(NODE, manifest, deidentify=True)


def test_a_preamble_and_who_wrote_the_file_stay_here(tmp_path: Path):
    dataset = tiny_ct(0)
    dataset.preamble = b"Secret^Sam".ljust(128, b"\x00")
    dataset.file_meta.SourceApplicationEntityTitle = "HOMEPC"
    write_dicom(tmp_path / "a.dcm", dataset)
    (parcel,) = look_through([tmp_path]).parcels
    sent = packed(parcel, deidentify=False)
    assert sent.preamble == b"\x00" * 128
    assert "SourceApplicationEntityTitle" not in sent.file_meta
    assert sent.PixelData == dataset.PixelData
