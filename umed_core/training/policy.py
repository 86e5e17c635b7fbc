"""The model that a run trains: umed-mini fresh, or any local `AutoModelForImageTextToText` folder, with LoRA or full."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers.utils.logging import disable_progress_bar

from umed_core.config import ModelConfig
from umed_core.errors import ConfigError
from umed_core.mau.wording import all_texts
from umed_core.training.checkpoint import writing_tensors
from umed_core.training.run import storing
from umed_core.vlm.attention import ATTENTION
from umed_core.vlm.families import load_model
from umed_core.vlm.medvint import MedVIntForConditionalGeneration
from umed_core.vlm.medvint.encoder import EfficientNetLiteBackbone
from umed_core.vlm.medvint.mini import build_mini, reading_layers

__all__ = ["Policy", "load_policy", "parameter_groups", "save_policy"]

TOKENIZER_TEXTS = 20_000
LANGUAGE_MODELS = ("language_model", "text_model")
"""What transformers' families call theirs; an image encoder's is `vision_tower`, `vision_model` or `visual`."""


@dataclass
class Policy:
    """Model and processor. `image_size` is 0 where the processor decides."""

    model: nn.Module
    processor: Any
    image_size: int
    is_medvint: bool


def load_policy(config: ModelConfig, seed: int, wants_rows: bool) -> Policy:
    """Builds or loads what `config.init` names. Raises: MissingModel, UnusableModel, ConfigError."""
    disable_progress_bar()  # of loading and saving: what a person sees is the caller's affair
    if config.init == "mini":
        model, processor = build_mini(
            all_texts(seed, TOKENIZER_TEXTS), config.image_size, config.width, config.layers,
            config.pretrained_encoder, seed,
        )  # fmt: skip
        if config.language_from:
            _take_language(model, Path(config.language_from))
    else:
        model, processor = load_model(Path(config.init))
    is_medvint = isinstance(model, MedVIntForConditionalGeneration)
    if is_medvint and wants_rows:
        model.language_model.set_attn_implementation(ATTENTION)
    for stage in _encoder_stages(model)[: config.frozen_stages] if config.frozen_stages else ():
        stage.requires_grad_(False)
    if config.frozen_connector:
        _connector(model).requires_grad_(False)
    if is_medvint:
        model.vision_tower.to(memory_format=torch.channels_last)  # as the model feeds it
    image_size = model.config.image_size if is_medvint else 0
    if config.lora.rank:
        model = _with_lora(model, config)
    return Policy(model, processor, image_size, is_medvint)


@torch.no_grad()
def _take_language(model: nn.Module, folder: Path) -> None:
    """Copies another umed-mini's language model, and how its cells speak to it.

    Raises: MissingModel, UnusableModel, ConfigError.
    """
    taught, _ = load_model(folder)
    parts = ("language_model.", "lm_head.", "connector.project.", "connector.write_box.")
    words = {name: tensor for name, tensor in taught.state_dict().items() if any(part in name for part in parts)}
    own = model.state_dict()
    if not words or any(name not in own or own[name].shape != tensor.shape for name, tensor in words.items()):
        raise ConfigError(
            f"{folder} does not speak as this umed-mini would.",
            "Give model.width, model.layers and the seed that it has.",
        )
    model.load_state_dict(words, strict=False)


def _encoder_stages(model: nn.Module) -> list[nn.Module]:
    """Stem and stages of umed-mini's encoder, in order. Raises: ConfigError for any other."""
    tower = getattr(model, "vision_tower", None)
    if not isinstance(tower, EfficientNetLiteBackbone):
        raise ConfigError("Only umed-mini's encoder can be frozen in part.", "Set model.frozen_stages to 0.")
    return [tower.stem, *tower.stages]


def _connector(model: nn.Module) -> nn.Module:
    """Raises: ConfigError for any other than a MedVInt, where an adapter or nothing is trained between encoder and words."""
    if not isinstance(model, MedVIntForConditionalGeneration):
        raise ConfigError("Only a MedVInt's connector can be frozen.", "Set model.frozen_connector to false.")
    return model.connector


def _with_lora(model: nn.Module, config: ModelConfig) -> nn.Module:
    """Adapters on the language model's linear layers. MedVInt's connector, and umed-mini's reading heads with what feeds
    them, are trained in full beside them, for no pretraining stands behind those; the rest is frozen, as in MedVInt-TD.
    """
    from peft import LoraConfig, get_peft_model

    in_full = [model.connector, *reading_layers(model)] if isinstance(model, MedVIntForConditionalGeneration) else []
    targets = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and any(part in LANGUAGE_MODELS for part in name.split("."))
        and not name.endswith("lm_head")
        and module not in in_full
    ]
    if not targets:
        raise ConfigError(
            f"LoRA finds no language model in {type(model).__name__}.", "Set model.lora.rank to 0 to train all weights."
        )
    lora = LoraConfig(
        r=config.lora.rank, lora_alpha=config.lora.alpha, lora_dropout=config.lora.dropout, target_modules=targets
    )
    with warnings.catch_warnings():
        # peft 0.21 asks for an attribute by the name that transformers 5 is about to drop.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        adapted = get_peft_model(model, lora)
    # Not by peft's modules_to_save, which trains a copy and would write both.
    for part in in_full:
        part.requires_grad_(True)
    return adapted


def parameter_groups(
    model: nn.Module, heads: nn.Module, learning_rate: float, encoder_rate: float | None, decay: float
) -> list[dict[str, Any]]:
    """AdamW groups: the image encoder has its own rate; vectors (norms, biases) and embeddings don't decay."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in [*model.named_parameters(), *heads.named_parameters()]:
        if parameter.requires_grad:
            rate = encoder_rate if encoder_rate is not None and "vision_tower" in name else learning_rate
            shrinks = parameter.ndim > 1 and "embed" not in name and "queries" not in name
            groups.setdefault((rate, decay if shrinks else 0.0), []).append(parameter)
    return [{"params": members, "lr": rate, "weight_decay": d} for (rate, d), members in groups.items()]


def save_policy(policy: Policy, folder: Path) -> None:
    """The trained model with its processor, in transformers' form; LoRA is merged. Raises: StorageError."""
    model = policy.model
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    model.to(memory_format=torch.contiguous_format)  # safetensors wants the usual order of memory
    with storing(str(folder)), writing_tensors(), torch.no_grad():
        model.save_pretrained(folder)
        policy.processor.save_pretrained(folder)
