"""Phantoms beside the real sets that they stand for: boxes of like size and place, pictures of like light."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from umed_core.phantoms import display, make_phantom

SETS = {"renal": "kidneystone_tez", "tb": "tbx11k_tb", "endoscopy": "kvasir_seg", "ct": "deeplesion_samples"}
SAMPLE = 40

kinds = pytest.mark.parametrize("kind", SETS)


def real_rows(folder: Path) -> list[dict[str, str]]:
    if not (folder / "annotations.csv").is_file():
        pytest.skip(f"{folder.name} is not here")
    with (folder / "annotations.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["x"]]


@kinds
def test_boxes_are_like_the_real_ones(kind: str, umed_data: Path):
    real = np.array([[float(row[k]) for k in "xywh"] for row in real_rows(umed_data / SETS[kind])])
    drawn = [f.box for seed in range(SAMPLE) for f in make_phantom(kind, seed).findings]
    ours = np.array([(b.x, b.y, b.w, b.h) for b in drawn])
    ratio = np.median(ours[:, 2] * ours[:, 3]) / np.median(real[:, 2] * real[:, 3])
    assert 0.5 < ratio < 2
    middle = [np.median(boxes[:, 1] + boxes[:, 3] / 2) for boxes in (real, ours)]
    assert middle[0] == pytest.approx(middle[1], abs=0.06)


@pytest.mark.parametrize("kind", ["renal", "tb", "endoscopy"])
def test_pictures_are_about_as_light_and_as_contrasty_as_the_real_ones(kind: str, umed_data: Path):
    folder = umed_data / SETS[kind]
    names = sorted({row["image"] for row in real_rows(folder)})
    real = [
        np.asarray(Image.open(folder / "images" / name).convert("L")) for name in names[:: max(1, len(names) // SAMPLE)]
    ]
    ours = [np.asarray(Image.fromarray(display(make_phantom(kind, seed))).convert("L")) for seed in range(SAMPLE)]
    assert np.median([p.mean() for p in ours]) == pytest.approx(np.median([p.mean() for p in real]), abs=25)
    assert np.median([p.std() for p in ours]) == pytest.approx(np.median([p.std() for p in real]), abs=20)
