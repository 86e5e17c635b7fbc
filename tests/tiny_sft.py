"""Tiny sets and recipes for stage 1: 64 x 64 pixels with one bright ellipse, and a model of two layers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from umed_core.config import SftConfig
from umed_core.geometry import NormalizedBox

SIDE = 64


def ellipse(box: NormalizedBox, width: int = SIDE, height: int = SIDE) -> NDArray[np.uint8]:
    """(H, W): 230 inside the ellipse that `box` frames, 20 outside."""
    y, x = np.mgrid[:height, :width] + 0.5
    center_x, center_y = box.center
    across, down = (x / width - center_x) / (box.w / 2), (y / height - center_y) / (box.h / 2)
    return np.where(across**2 + down**2 <= 1, 230, 20).astype(np.uint8)


def write_box_set(folder: Path, count: int, seed: int = 0, label: str = "polyp") -> Path:
    """`count` images, each a group of its own, with its ellipse's box in annotations.csv."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True)
    rows = []
    for number in range(count):
        w, h = rng.uniform(0.2, 0.5, size=2)
        box = NormalizedBox(rng.uniform(0, 1 - w), rng.uniform(0, 1 - h), w, h)
        Image.fromarray(ellipse(box)).save(folder / "images" / f"{number:03}.png")
        rows.append([f"{number:03}.png", SIDE, SIDE, label, box.x, box.y, box.w, box.h, f"patient-{number}", "", ""])
    with (folder / "annotations.csv").open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(
            ["image", "width", "height", "class", "x", "y", "w", "h", "patient_or_group_id", "source", "licence"]
        )
        writer.writerows(rows)
    return folder


ALL_LOSSES = {
    "coordinate_sigma": 6.0,
    "coordinate_weight": 1.5,
    "coordinate_giou_weight": 0.5,
    "dense_weight": 1.0,
    "attention_weight": 0.3,
}


def tiny_recipe(root: Path, out: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """A recipe as TOML would give it: the box set `polyps` below `root`, all losses, four updates of four samples."""
    recipe: dict[str, Any] = {
        "model": {"init": "mini", "image_size": SIDE, "width": 32, "layers": 1, "pretrained_encoder": False},
        "data": {
            "root": str(root),
            "sources": [{"name": "polyps", "kind": "box_set", "path": "polyps"}],
            "follow_ups": 1,
            "max_text_tokens": 96,
            "workers": 0,
        },
        "optimizer": {"learning_rate": 1e-3, "batch_size": 4, "micro_batch_size": 4, "steps": 4},
        "loss": dict(ALL_LOSSES),
        "run": {"out": str(out), "checkpoint_every": 2, "log_every": 1},
    }
    for section, changes in sections.items():
        recipe[section] = {**recipe[section], **changes}
    return recipe


def tiny_config(root: Path, out: Path, **sections: dict[str, Any]) -> SftConfig:
    """`tiny_recipe` as the struct that training takes."""
    return msgspec.convert(tiny_recipe(root, out, **sections), SftConfig)
