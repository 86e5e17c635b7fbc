"""The picture: boxes where they are, the rest in the strip below and in the PNG's text."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.unit.exporting.readings import MODEL, SHA256, WORD, picture_reading
from umed_core.drawing.pictures import BOX_COLORS
from umed_core.exporting.picture import attention_png, findings_png
from umed_core.exporting.reading import ReadFinding
from umed_core.geometry import NormalizedBox
from umed_core.prompts import RESEARCH_USE_ONLY

HALF = ReadFinding("polyp", NormalizedBox(0.25, 0.25, 0.5, 0.5))


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_the_outline_runs_around_the_box(tmp_path: Path) -> None:
    """16 x 8 pixels are shown 40 times as large: the box 4..12 x 2..6 spans 160..480 x 80..240."""
    pixels = np.asarray(opened(findings_png(picture_reading(tmp_path, findings=(HALF,)))).convert("RGB"))[:320]
    outline = (pixels == BOX_COLORS[0]).all(axis=-1)
    assert not outline[80:240, 160:480].any()
    assert outline[240:242, 160:480].all()
    assert outline[80:240, 480:482].all()


def test_the_text_of_the_png_says_what_it_is(tmp_path: Path) -> None:
    text = opened(findings_png(picture_reading(tmp_path))).text
    assert text["Disclaimer"] == RESEARCH_USE_ONLY
    assert text["Model"] == f"umed-mini sha256:{SHA256}"
    assert text["Creation Time"] == "2026-11-22T12:30:05"
    assert (text["Question"], text["Answer"]) == (MODEL.question, MODEL.answer)
    assert text["Boxes"].startswith("kidney stone: 4.00, 4.00 to 6.00, 6.00 px; liver lesion: ")
    assert "mass" not in text["Boxes"]
    assert text["Rejected"] == "1"


def test_the_heat_lies_where_the_model_looked(tmp_path: Path) -> None:
    reading = picture_reading(tmp_path, findings=(), pixels=np.zeros((8, 16), np.uint8))
    picture = opened(attention_png(reading, WORD))
    assert picture.text["Attention"] == "stone"
    heat = np.asarray(picture.convert("L"))[:320]
    assert heat[240, 100] > heat[80, 540] + 100  # lower left cell: .5; upper right cell: 0
