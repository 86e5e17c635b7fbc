"""What an export carries: rejected findings are counted and left out, boxes are pixels of the image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.exporting.readings import FINDINGS, MODEL, picture_reading
from umed_core.errors import DataError
from umed_core.exporting.reading import UNNAMED, AttentionMap, ReadFinding
from umed_core.geometry import NormalizedBox, PixelBox


def test_rejected_findings_are_left_out_and_counted(tmp_path: Path) -> None:
    reading = picture_reading(tmp_path)
    assert [finding.label for finding in reading.reported] == ["kidney stone", "liver lesion", "hernia"]
    assert reading.rejected_count == 1


def test_a_model_is_named_once_and_a_finding_by_hand_names_none(tmp_path: Path) -> None:
    other = replace(MODEL, model="medvint")
    asked_again = replace(MODEL, question="Where?")
    findings = [replace(FINDINGS[0], provenance=source) for source in (MODEL, other, asked_again, None)]
    models = picture_reading(tmp_path, findings=tuple(findings), attention=()).models
    assert [model.model for model in models] == ["umed-mini", "medvint"]


def test_a_box_in_pixels_is_cut_to_the_image(tmp_path: Path) -> None:
    reading = picture_reading(tmp_path)  # 16 x 8
    assert reading.pixel_box(FINDINGS[0]) == PixelBox(4, 4, 6, 6)
    rounded = ReadFinding("polyp", NormalizedBox(-0.004, 0.0, 0.5, 1.004))
    assert reading.pixel_box(rounded) == PixelBox(0, 0, 0.496 * 16, 8)


@pytest.mark.parametrize(
    "box",
    [
        NormalizedBox(0.5, 0.5, 0.0, 0.5),
        NormalizedBox(0.5, 0.5, 0.6, 0.5),
        NormalizedBox(-0.1, 0.5, 0.5, 0.5),
        NormalizedBox(float("nan"), 0.5, 0.5, 0.5),
        NormalizedBox(0.5, 0.5, float("inf"), 0.5),
    ],
)
def test_a_box_off_the_image_or_without_area_is_refused(tmp_path: Path, box: NormalizedBox) -> None:
    with pytest.raises(DataError, match=r"'polyp' does not lie on slide\.png"):
        picture_reading(tmp_path).pixel_box(ReadFinding("polyp", box))


@pytest.mark.parametrize("weights", [np.zeros(4), np.zeros((0, 3)), np.array([[np.nan]]), np.array([[-0.1]])])
def test_attention_is_a_grid_of_weights(weights: NDArray[np.float64]) -> None:
    with pytest.raises(DataError, match="no grid of weights"):
        AttentionMap("stone", weights, MODEL)


def test_a_finding_without_a_class_has_a_name_all_the_same() -> None:
    assert ReadFinding(" ", NormalizedBox(0, 0, 1, 1)).name == UNNAMED


@given(x=st.floats(0, 0.9), y=st.floats(0, 0.9), w=st.floats(1e-3, 1), h=st.floats(1e-3, 1))
def test_no_corner_ever_leaves_the_image(
    x: float, y: float, w: float, h: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    reading = picture_reading(tmp_path_factory.getbasetemp())
    box = reading.pixel_box(ReadFinding("polyp", NormalizedBox(x, y, min(w, 1 - x), min(h, 1 - y))))
    assert 0 <= box.x0 < box.x1 <= 16
    assert 0 <= box.y0 < box.y1 <= 8
