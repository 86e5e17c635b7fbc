"""Vision-language models with random weights, large enough that arithmetic decides and not Python; saved as folders.

Six layers, 384 wide, both in the image encoder and in the language model; an image of 224 px (LLaVA) or 448 px
(Qwen2.5-VL) is 256 tokens of the prompt. They answer nonsense, by the same code as the real ones. Their
heads have more rows than there are tokens, and with these a tenth of the language model's weights, as Qwen2.5-VL-3B's.
`open_policy` holds any of them, or umed-mini, as training does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.utils.logging import disable_progress_bar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.tiny_vlm import LLAVA_TEMPLATE, QWEN_TEMPLATE, byte_tokenizer, sentence_piece_tokenizer
from umed_assets import embedded_model
from umed_core.phantoms import KINDS, display, make_phantom
from umed_core.prompts import DEFAULT_QUESTION
from umed_core.records import Turn
from umed_core.training.data import Sample
from umed_core.training.policy import Policy
from umed_core.vlm.attention import ATTENTION
from umed_core.vlm.families import load_model, without_video
from umed_core.vlm.pixels import as_rgb, resized

__all__ = ["FAMILIES", "IMAGE_SIDE", "MEDIUM", "MODELS", "Size", "model_folder", "open_policy", "phantom_sample"]

IMAGE_SIDE = {"mini": 288, "llava": 224, "qwen2_5_vl": 448}
PHANTOM_SEED = 3_000_000
HEAD_ROWS = 3072


@dataclass(frozen=True)
class Size:
    """Of the image encoder and of the language model alike. `heads` must divide `width` into an even number."""

    layers: int
    width: int
    heads: int


MEDIUM = Size(layers=6, width=384, heads=6)


def save_llava(folder: Path, size: Size) -> Path:
    """CLIP at 224 px in 14 px patches (16 x 16 tokens) and Llama."""
    torch.manual_seed(0)
    tokenizer = sentence_piece_tokenizer(("<image>", "<pad>"), LLAVA_TEMPLATE)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=size.width,
            intermediate_size=4 * size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            image_size=IMAGE_SIDE["llava"],
            patch_size=14,
            projection_dim=size.width,
        ),
        text_config=LlamaConfig(
            vocab_size=HEAD_ROWS,
            hidden_size=size.width,
            intermediate_size=3 * size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=4096,
        ),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=256,
    )
    side = IMAGE_SIDE["llava"]
    images = CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}, do_center_crop=True
    )
    processor = LlavaProcessor(
        images,
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    )
    return _save(folder, LlavaForConditionalGeneration(config), processor)


def save_qwen(folder: Path, size: Size) -> Path:
    """Qwen2.5-VL: 448 px in 14 px patches merged two by two (16 x 16 tokens), window attention, mrope."""
    torch.manual_seed(0)
    marks = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
             "<|video_pad|>")  # fmt: skip
    tokenizer = byte_tokenizer(marks, QWEN_TEMPLATE, eos="<|im_end|>", pad="<|endoftext|>")
    ids = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in marks}
    half = size.width // size.heads // 2
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": HEAD_ROWS,
            "hidden_size": size.width,
            "intermediate_size": 3 * size.width,
            "num_hidden_layers": size.layers,
            "num_attention_heads": size.heads,
            "num_key_value_heads": size.heads // 2,
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [half - 2 * (half * 3 // 8), half * 3 // 8, half * 3 // 8],
                "rope_theta": 10000.0,
            },
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": size.layers,
            "hidden_size": size.width,
            "intermediate_size": 3 * size.width,
            "num_heads": size.heads,
            "out_hidden_size": size.width,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [size.layers - 1],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    pixels = IMAGE_SIDE["qwen2_5_vl"] ** 2
    images = Qwen2VLImageProcessorPil(
        size={"shortest_edge": pixels, "longest_edge": pixels}, patch_size=14, merge_size=2
    )
    processor = without_video(Qwen2_5_VLProcessor)(images, tokenizer, chat_template=QWEN_TEMPLATE)
    return _save(folder, Qwen2_5_VLForConditionalGeneration(config), processor)


FAMILIES: dict[str, Callable[[Path, Size], Path]] = {"llava": save_llava, "qwen2_5_vl": save_qwen}
MODELS = ("mini", *FAMILIES)


def model_folder(name: str, scratch: Path, size: Size = MEDIUM) -> Path:
    """umed-mini's weights for `mini`, else a new folder of that family in `scratch`."""
    return embedded_model() / "torch" if name == "mini" else FAMILIES[name](scratch / name, size)


def open_policy(folder: Path) -> Policy:
    """The model as stage 2 holds it, in evaluation mode."""
    disable_progress_bar()
    model, processor = load_model(folder)
    is_medvint = model.config.model_type == "medvint"
    if is_medvint:
        model.vision_tower.to(memory_format=torch.channels_last)
    model.get_decoder().set_attn_implementation(ATTENTION)
    return Policy(model, processor, model.config.image_size if is_medvint else 0, is_medvint)


def phantom_sample(side: int, number: int) -> Sample:
    """A *synthetic* study of `side` pixels with the default question, and an answer in few words."""
    phantom = make_phantom(KINDS[number % len(KINDS)], PHANTOM_SEED + number)
    turns = (Turn("user", DEFAULT_QUESTION), Turn("assistant", "Something is abnormal here."))
    return Sample(resized(as_rgb(display(phantom)), side), phantom.findings, turns, "phantoms")


def _save(folder: Path, model: PreTrainedModel, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
