"""Tiny vision-language models with seeded random weights, built in process: nothing is downloaded, each loads in a blink.

`save_*` write a folder as a person would have it on disk. They answer nonsense, by the same code as the real ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    CLIPVisionConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3Processor,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    ResNetConfig,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from umed_core.vlm.families import without_video
from umed_core.vlm.medvint import (
    EfficientNetLiteConfig,
    MedVIntConfig,
    MedVIntForConditionalGeneration,
    MedVIntProcessor,
)
from umed_core.vlm.medvint.processor import MedVIntImageProcessorPil
from umed_core.vlm.medvint.tokenizer import build_tokenizer

TEXTS = (
    "What is abnormal in this image, and where is it?",
    "There is a kidney stone at [bbox_start] 0.125, 0.250, 0.500, 0.375 [bbox_end].",
    "No abnormality is seen.",
)
IMAGE_SIZE = 64
QUERIES = 6


def text_config(vocabulary: int, **extra: Any) -> LlamaConfig:
    """Two layers, width 32, four heads on two key heads."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        **extra,
    )


def medvint(connector: str, seed: int = 0) -> tuple[MedVIntForConditionalGeneration, MedVIntProcessor]:
    """`grid`: a small EfficientNet-Lite and 4 x 4 cells; `queries`: a small ResNet, 6 queries on 2 x 2 cells."""
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(TEXTS, vocab_size=280)
    tokens = (IMAGE_SIZE // 16) ** 2 if connector == "grid" else QUERIES
    vision = (
        EfficientNetLiteConfig(
            stem_channels=8,
            hidden_sizes=[8, 8, 8, 16, 16, 16],
            depths=[1, 1, 1, 1, 1, 1],
            out_features=["stage2", "stage3", "stage5", "stage6"],
        )
        if connector == "grid"
        else ResNetConfig(
            embedding_size=8,
            hidden_sizes=[8, 8, 16, 16],
            depths=[1, 1, 1, 1],
            layer_type="basic",
            out_features=["stage4"],
        )
    )
    config = MedVIntConfig(
        vision_config=vision,
        text_config=text_config(
            len(tokenizer),
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
        ),
        connector=connector,
        connector_hidden_size=32,
        connector_layers=2,
        connector_heads=4,
        num_queries=QUERIES,
        grid_stride=16,
        image_size=IMAGE_SIZE,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=tokens,
        tie_word_embeddings=True,
    )
    images = MedVIntImageProcessorPil(size={"height": IMAGE_SIZE, "width": IMAGE_SIZE})
    return _lively(MedVIntForConditionalGeneration(config)), MedVIntProcessor(images, tokenizer, tokens)


def save_medvint(folder: Path, connector: str) -> Path:
    return _save(folder, *medvint(connector))


def save_llava(folder: Path) -> Path:
    """CLIP at 56 px in 14 px patches (4 x 4) and Llama, with a sentence-piece tokenizer as LLaVA-1.5 has."""
    torch.manual_seed(0)
    tokenizer = sentence_piece_tokenizer(("<image>", "<pad>"), LLAVA_TEMPLATE)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            image_size=56,
            patch_size=14,
            projection_dim=32,
        ),
        # More rows than tokens, as real checkpoints have.
        text_config=text_config(len(tokenizer) + 7),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
    )
    images = CLIPImageProcessorPil(
        size={"shortest_edge": 56}, crop_size={"height": 56, "width": 56}, do_center_crop=True
    )
    processor = LlavaProcessor(
        images,
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=LLAVA_TEMPLATE,
    )
    return _save(folder, _lively(LlavaForConditionalGeneration(config)), processor)


def save_llava_onevision(folder: Path) -> Path:
    """SigLIP at 56 px in 14 px patches, one image in up to four tiles, several in one each; Llama."""
    torch.manual_seed(0)
    marks = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>")
    tokenizer = byte_tokenizer(marks, ONEVISION_TEMPLATE, eos="<|im_end|>", pad="<|endoftext|>")
    pinpoints = [[56, 112], [112, 56], [112, 112]]
    config = LlavaOnevisionConfig(
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 56,
            "patch_size": 14,
        },
        text_config=text_config(
            len(tokenizer),
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=pinpoints,
    )
    images = LlavaOnevisionImageProcessorPil(size={"height": 56, "width": 56}, image_grid_pinpoints=pinpoints)
    processor = without_video(LlavaOnevisionProcessor)(
        images,
        tokenizer,
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=ONEVISION_TEMPLATE,
    )
    return _save(folder, _lively(LlavaOnevisionForConditionalGeneration(config)), processor)


def save_qwen(folder: Path) -> Path:
    """Qwen2.5-VL: 14 px patches merged two by two, sides kept in proportion, mrope."""
    torch.manual_seed(0)
    marks = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
             "<|video_pad|>")  # fmt: skip
    tokenizer = byte_tokenizer(marks, QWEN_TEMPLATE, eos="<|im_end|>", pad="<|endoftext|>")
    ids = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in marks}
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0},
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 4,
            "out_hidden_size": 32,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    images = Qwen2VLImageProcessorPil(
        size={"shortest_edge": 28 * 28, "longest_edge": 112 * 112}, patch_size=14, merge_size=2
    )
    processor = without_video(Qwen2_5_VLProcessor)(images, tokenizer, chat_template=QWEN_TEMPLATE)
    return _save(folder, _lively(Qwen2_5_VLForConditionalGeneration(config)), processor)


def save_idefics(folder: Path) -> Path:
    """Idefics3: tiles of 32 px at 2 x 2 tokens each, the longer side at most two tiles, and the whole image."""
    torch.manual_seed(0)
    tiles = tuple(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7))
    marks = ("<|begin_of_text|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>", "<pad>")
    tokenizer = byte_tokenizer((*marks, *tiles), IDEFICS_TEMPLATE, eos="<end_of_utterance>", pad="<pad>")
    config = Idefics3Config(
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 32,
            "patch_size": 8,
        },
        text_config=text_config(
            len(tokenizer),
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        ),
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )
    images = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = Idefics3Processor(images, tokenizer, image_seq_len=4, chat_template=IDEFICS_TEMPLATE)
    return _save(folder, _lively(Idefics3ForConditionalGeneration(config)), processor)


def save_text_model(folder: Path) -> Path:
    """A Llama that reads no images."""
    LlamaForCausalLM(text_config(300)).save_pretrained(folder)
    byte_tokenizer((), None, eos=None, pad=None).save_pretrained(folder)
    return folder


def byte_tokenizer(
    marks: tuple[str, ...], template: str | None, eos: str | None, pad: str | None
) -> PreTrainedTokenizerFast:
    """A token a byte, and `marks` as special tokens: boxes are spelled digit by digit."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(mark, normalized=False) for mark in marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        eos_token=eos,
        pad_token=pad,
        additional_special_tokens=[mark for mark in marks if mark not in (eos, pad)],
        chat_template=template,
        clean_up_tokenization_spaces=False,
    )


def sentence_piece_tokenizer(marks: tuple[str, ...], template: str) -> PreTrainedTokenizerFast:
    """Llama's kind: "▁" for a space, bytes for what no token spells, and a first token of its own."""
    letters = [chr(code) for code in range(33, 127)]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *letters]
    core = Tokenizer(
        models.BPE(
            vocab={token: number for number, token in enumerate(tokens)},
            merges=[],
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        )
    )
    core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    core.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    core.add_special_tokens([AddedToken(mark, normalized=False) for mark in ("<s>", "</s>", *marks)])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<image>"],
        chat_template=template,
        clean_up_tokenization_spaces=False,
    )


def _lively(model: Any) -> Any:
    """Weights large enough that the model looks here rather than there, as no freshly initialised one does."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if weights.ndim > 1 and ("q_proj" in name or "k_proj" in name or "embed_tokens" in name):
                # Tied to the output, large embeddings would say each token again and again.
                weights.normal_(0, 0.1 if "embed_tokens" in name and model.config.tie_word_embeddings else 0.6)
    return model.eval()


def _save(folder: Path, model: Any, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


_TURNS = (
    "{% for message in messages %}{{ BEFORE }}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}{{ PICTURE }}{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{{ AFTER }}{% endfor %}"
)

LLAVA_TEMPLATE = (
    _TURNS.replace("{{ BEFORE }}", "{{ message['role'].upper() }}: ").replace("{{ PICTURE }}", "<image>\n")
    .replace("{{ AFTER }}", "{% if message['role'] == 'user' %} {% else %}</s>{% endif %}")
    + "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)  # fmt: skip
QWEN_TEMPLATE = (
    _TURNS.replace("{{ BEFORE }}", "<|im_start|>{{ message['role'] }}\n")
    .replace("{{ PICTURE }}", "<|vision_start|><|image_pad|><|vision_end|>")
    .replace("{{ AFTER }}", "<|im_end|>\n")
    + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ONEVISION_TEMPLATE = QWEN_TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<image>")
IDEFICS_TEMPLATE = (
    "<|begin_of_text|>"
    + _TURNS.replace("{{ BEFORE }}", "{{ message['role'] | capitalize }}:").replace("{{ PICTURE }}", "<image>")
    .replace("{{ AFTER }}", "<end_of_utterance>\n")
    + "{% if add_generation_prompt %}Assistant:{% endif %}"
)  # fmt: skip
