"""Stage 2 on tiny models: five ways that a model reads an image, one query each, and a recipe of seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import torch

from tests import tiny_vlm
from tests.tiny_sft import SIDE, ellipse
from umed_core.config import AarConfig
from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box
from umed_core.records import Finding, Turn
from umed_core.training.aar_batches import PromptReader, Query
from umed_core.training.data import Sample
from umed_core.training.policy import Policy
from umed_core.vlm.attention import ATTENTION
from umed_core.vlm.families import load_model
from umed_core.vlm.pixels import as_rgb

SAVERS: dict[str, Callable[[Path], Path]] = {
    "medvint-grid": lambda folder: tiny_vlm.save_medvint(folder, "grid"),
    "medvint-queries": lambda folder: tiny_vlm.save_medvint(folder, "queries"),
    "llava": tiny_vlm.save_llava,
    "qwen2_5_vl": tiny_vlm.save_qwen,
    "idefics3": tiny_vlm.save_idefics,
}

BOX = NormalizedBox(0.25, 0.25, 0.5, 0.5)


def tiny_policy(folder: Path) -> Policy:
    """A saved tiny model as stage 2 holds it."""
    model, processor = load_model(folder)
    is_medvint = model.config.model_type == "medvint"
    model.get_decoder().set_attn_implementation(ATTENTION)
    return Policy(model, processor, model.config.image_size if is_medvint else 0, is_medvint)


def sample(width: int = SIDE, height: int = SIDE) -> Sample:
    """A bright ellipse, called a kidney stone."""
    turns = (
        Turn("user", "What is abnormal in this image, and where is it?"),
        Turn("assistant", f"There is a kidney stone at {format_box(BOX)}."),
    )
    return Sample(as_rgb(ellipse(BOX, width, height)), (Finding("kidney stone", BOX),), turns, "stones")


def tiny_query(policy: Policy, width: int = SIDE, height: int = SIDE) -> Query:
    reader, drawn = PromptReader(policy), sample(width, height)
    return reader.query(drawn, reader.encode(drawn), torch.device("cpu"))


def tiny_recipe(init: Path, out: Path, **sections: dict[str, Any]) -> dict[str, Any]:
    """Four updates of two queries with three candidates each, on phantoms."""
    recipe: dict[str, Any] = {
        "model": {"init": str(init), "image_size": SIDE},
        "data": {
            "sources": [{"name": "phantom-endoscopy", "kind": "phantoms", "phantom_kind": "endoscopy"}],
            "follow_ups": 0,
            "workers": 0,
        },
        "rollout": {"candidates": 3, "max_new_tokens": 12, "top_p": 1.0},
        "optimizer": {"learning_rate": 1e-3, "batch_size": 2, "steps": 4},
        "run": {"out": str(out), "checkpoint_every": 2, "log_every": 1, "samples_every": 2},
    }
    for section, changes in sections.items():
        recipe[section] = {**recipe.get(section, {}), **changes}
    return recipe


def tiny_config(init: Path, out: Path, **sections: dict[str, Any]) -> AarConfig:
    """`tiny_recipe` as the struct that training takes."""
    return msgspec.convert(tiny_recipe(init, out, **sections), AarConfig)
