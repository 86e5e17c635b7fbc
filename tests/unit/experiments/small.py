"""A recipe of seconds for the tests of experiments: a real column on disk and a phantom one, no base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tests.tiny_sft import SIDE, write_box_set
from umed_core.experiments.outcomes import Outcome
from umed_core.experiments.recipe import ExperimentRecipe


def small_table(root: Path, **changes: Any) -> dict[str, Any]:
    """As TOML would give it; `root` holds, or gets, the box set `polyps`."""
    if not (root / "polyps").is_dir():
        write_box_set(root / "polyps", 20)
    tiny = {"init": "mini", "image_size": SIDE, "width": 32, "layers": 1, "pretrained_encoder": False}
    table: dict[str, Any] = {
        "size": "small",
        "seeds": [0, 1],
        "root": str(root),
        "test_share": 0.3,
        "columns": [
            {"name": "polyps", "paper": "KV", "modality": "G", "path": "polyps"},
            {"name": "phantom-ct", "paper": "DL", "modality": "C", "phantom_kind": "ct", "phantoms": 12},
        ],
        "stage_one": {"model": tiny, "optimizer": {"batch_size": 2, "micro_batch_size": 2, "steps": 4}},
        "stage_two": {"optimizer": {"batch_size": 3, "steps": 3}},
        "left_out_classes": [{"column": "polyps", "label": "polyp"}],
        "left_out_columns": ["phantom-ct"],
        "evaluation": {"limit": 3},
    }
    return {**table, **changes}


def small_recipe(root: Path, **changes: Any) -> ExperimentRecipe:
    return msgspec.convert(small_table(root, **changes), ExperimentRecipe)


def outcome(image: str, named: bool = True, iou: float = 0.5, parsable: bool = True) -> Outcome:
    """Of an image with a finding, its own group."""
    return Outcome(image, image, False, named, iou, parsable, False)


def normal(image: str, alarm: bool) -> Outcome:
    """Of an image without a finding."""
    return Outcome(image, image, True, False, 0.0, False, alarm)
