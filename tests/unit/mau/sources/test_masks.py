"""Masks: connected parts become boxes, specks and numbers of classes do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from tests.builders import write_png_that_lies
from umed_core.geometry import NormalizedBox
from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.masks import MIN_PART_PX, read_masks
from umed_core.records import Finding


def mask(path: Path, *parts: tuple[slice, slice], value: int = 255, size: tuple[int, int] = (32, 64)) -> None:
    """A mask of 64 x 32 pixels with `value` in each of `parts` (rows, columns)."""
    values = np.zeros(size, np.uint8)
    for part in parts:
        values[part] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


FIRST = (slice(8, 16), slice(16, 32))
SECOND = (slice(24, 32), slice(48, 64))
SPECK = (slice(0, 3), slice(0, 5))


def test_each_connected_part_is_a_box_and_a_speck_is_refused(paint, read, tmp_path: Path) -> None:
    paint("images/a.png", 64, 32)
    mask(tmp_path / "masks/a.png", FIRST, SECOND, SPECK)
    (case,), (refused,) = read("masks")
    assert [finding.box for finding in case.findings] == [
        NormalizedBox(0.25, 0.25, 0.25, 0.25),
        NormalizedBox(0.75, 0.75, 0.25, 0.25),
    ]
    assert refused.reason.endswith(f"1 specks of less than {MIN_PART_PX} pixels")


def test_parts_that_touch_at_a_corner_are_one(paint, read, tmp_path: Path) -> None:
    paint("images/a.png", 64, 32)
    mask(tmp_path / "masks/a.png", FIRST, (slice(16, 24), slice(32, 48)))
    (case,), _ = read("masks")
    assert [finding.box for finding in case.findings] == [NormalizedBox(0.25, 0.25, 0.5, 0.5)]


def test_a_folder_a_class_and_an_empty_mask_that_says_there_is_none(paint, read, tmp_path: Path) -> None:
    for name in "ab":
        paint(f"images/{name}.jpg", 64, 32, "RGB")
        mask(tmp_path / f"masks/Pleural_Thickening/{name}.png", *([FIRST] if name == "a" else []))
    mask(tmp_path / "masks/nodule/a.png", SECOND, value=1)
    (a, b), refused = read("masks")
    assert [finding.label for finding in a.findings] == ["pleural thickening", "nodule"]
    assert (a.modality, b.findings, refused) == ("chest X-ray", (), [])


def test_masks_without_class_take_the_folder_s_name_and_kvasir_s_are_polyps(paint, read, tmp_path: Path) -> None:
    paint("Kidney_Stone/images/a.png", 64, 32)
    mask(tmp_path / "Kidney_Stone/masks/a.png", FIRST)
    box = NormalizedBox(0.25, 0.25, 0.25, 0.25)
    (case,), _ = read("masks", tmp_path / "Kidney_Stone")
    assert (case.findings, case.modality) == ((Finding("kidney stone", box),), "CT")
    (case,), _ = read("kvasir", tmp_path / "Kidney_Stone")
    assert (case.findings, case.modality) == ((Finding("polyp", box),), "endoscopy")


def test_a_mask_that_cannot_be_read_as_one_is_refused(paint, read, tmp_path: Path) -> None:
    for name in ("classes", "other", "specks", "noise", "none", "huge"):
        paint(f"images/{name}.png", 64, 32)
    folder = tmp_path / "masks"
    mask(folder / "classes.png", FIRST, value=1)
    values = np.asarray(Image.open(folder / "classes.png")).copy()
    values[SECOND] = 2
    Image.fromarray(values).save(folder / "classes.png")
    mask(folder / "other.png", FIRST, size=(64, 32))
    mask(folder / "specks.png", SPECK)
    mask(folder / "noise.png", *((slice(y, y + 1), slice(x, x + 1)) for y in range(0, 32, 2) for x in range(0, 64, 2)))
    mask(folder / "lost.png", FIRST)
    write_png_that_lies(folder / "huge.png", 30_000, 30_000)
    cases, refused = read("masks")
    assert cases == []
    found = {row.image: row.reason.partition(": ")[2] or row.reason for row in refused}
    assert found == {
        "images/classes.png": "several values, as if for several classes: write one black and white mask a class",
        "images/other.png": "it has 32 x 64 pixels, its picture 64 x 32",
        "images/specks.png": "1 specks of less than 16 pixels",
        "images/noise.png": "512 separate parts, more than 256",
        "images/none.png": "no mask for this picture",
        "images/huge.png": "more than 200 million pixels",
        "lost.png": "a mask without its picture",
    }


@given(arrays(np.bool_, (6, 6)))
def test_boxes_are_those_of_the_parts_painted_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, cells: NDArray[np.bool_]
) -> None:
    """Second opinion: each part is grown from one of its pixels, without labels or slices. A cell is as large as no speck."""
    inside = np.kron(cells, np.ones((4, 4), bool))
    folder = tmp_path_factory.mktemp("set")
    for name in ("images", "masks"):
        (folder / name).mkdir()
        Image.fromarray(inside.astype(np.uint8) * 255).save(folder / name / "a.png")
    items = list(read_masks(folder))
    found = {_corners(finding.box) for item in items if isinstance(item, Case) for finding in item.findings}
    repeated = sum(isinstance(item, RefusedRow) for item in items)
    expected, left = [], inside.copy()
    while left.any():
        part = np.zeros_like(left)
        part[tuple(np.argwhere(left)[0])] = True
        part = ndimage.binary_propagation(part, structure=np.ones((3, 3)), mask=left)
        left &= ~part
        rows, columns = np.nonzero(part)
        expected.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    assert found == set(expected)
    assert len(found) + repeated == len(expected)


def _corners(box: NormalizedBox) -> tuple[int, ...]:
    corners = box.pixels(24, 24)
    return tuple(round(value) for value in (corners.x0, corners.y0, corners.x1, corners.y1))
