"""A small annotated set for the tests of `build-mau`: pictures drawn from a seed, boxes that are really there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

HEADER = "image,width,height,class,x,y,w,h,patient_or_group_id,source,licence"
SIDE = 64


def write_annotated(folder: Path, count: int, normal: int = 0, seed: int = 0) -> Path:
    """`count` pictures with one bright square each, two to a patient, and `normal` ones without; a csv source."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = [HEADER]
    for number in range(count + normal):
        pixels = rng.integers(0, 120, (8, 8)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        box = ""
        if number < count:
            x, y = (int(v) for v in rng.integers(0, SIDE - 16, 2))
            pixels[y : y + 16, x : x + 16] = 255
            box = f"polyp,{x / SIDE},{y / SIDE},{16 / SIDE},{16 / SIDE}"
        name = f"case_{number:04d}.png"
        Image.fromarray(pixels).save(folder / "images" / name)
        rows.append(f"{name},{SIDE},{SIDE},{box or ',,,,'},patient-{number // 2},phantom squares,CC0")
    (folder / "annotations.csv").write_text("\n".join(rows) + "\n")
    return folder
