"""One loader for MedVInt and for any local `AutoModelForImageTextToText` folder (LLaVA, Qwen2.5-VL, Idefics3, ...),
and what differs between these families: where each token of an image lies on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
from transformers.utils import is_torchvision_available

from umed_core.errors import MissingModel, UnusableModel
from umed_core.vlm import medvint  # noqa: F401 - registers MedVInt with the Auto classes
from umed_core.vlm.patches import Mosaic, cropped_region, grid_mosaics, square_mosaics, tiled_mosaics, token_runs

__all__ = [
    "answer_tokens",
    "image_mosaics",
    "image_token_id",
    "is_out_of_memory",
    "load_model",
    "takes_several_images",
    "wants_first_token",
    "without_video",
]

_BROKEN = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError, SafetensorError)
"""What transformers raises for a folder that does not fit; it has no error type of its own."""


def load_model(folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> tuple[PreTrainedModel, Any]:
    """Model and processor of a local folder: safetensors only, no remote code, nothing downloaded.

    Raises: MissingModel; UnusableModel; MemoryError.
    """
    if not (folder / "config.json").is_file():
        raise MissingModel(f"{folder} holds no model.", "Give a folder with config.json and *.safetensors.")
    if not any(folder.glob("*.safetensors")):
        raise UnusableModel(
            f"{folder} has no safetensors weights.", "Convert the model: pickled weights can run code and are not read."
        )
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except _BROKEN as problem:
        raise _unusable(folder, problem) from problem
    if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        raise UnusableModel(
            f"{folder} holds a {config.model_type} model, which reads no images with text.",
            "Give a vision-language model, such as MedVInt, LLaVA or Qwen2.5-VL.",
        )
    try:
        processor = _load_processor(folder, config)
        model, report = AutoModelForImageTextToText.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except _BROKEN as problem:
        if is_out_of_memory(problem):
            raise MemoryError(str(problem)) from problem
        raise _unusable(folder, problem) from problem
    if report["missing_keys"]:
        # transformers would go on with random numbers in their place.
        raise UnusableModel(
            f"{folder} lacks {len(report['missing_keys'])} of the model's weights, such as {min(report['missing_keys'])}.",
            "The download is not complete: get the folder again.",
        )
    return model.to(device).eval(), processor


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether torch ran out of memory; on the CPU it says so only in words."""
    return isinstance(problem, torch.OutOfMemoryError) or "can't allocate memory" in str(problem)


def _unusable(folder: Path, problem: BaseException) -> UnusableModel:
    lines = str(problem).strip().splitlines() or [type(problem).__name__]
    return UnusableModel(
        f"{folder} could not be loaded: {lines[0][:200]}", "Is it a whole vision-language model folder?"
    )


def _load_processor(folder: Path, config: PreTrainedConfig) -> Any:
    options = {"local_files_only": True, "trust_remote_code": False, "backend": "pil"}
    kind = PROCESSOR_MAPPING[type(config)] if type(config) in PROCESSOR_MAPPING else None
    if kind is not None and "video_processor" in kind.get_attributes() and not is_torchvision_available():
        return without_video(kind).from_pretrained(folder, **options)
    return AutoProcessor.from_pretrained(folder, **options)


def without_video(kind: type) -> type:
    """The processor less its video part, which needs torchvision. The same name, because it is saved under its name.

    `__init__` stays the family's own: transformers reads and saves a processor's settings by the names of its arguments.
    """
    parts = [name for name in kind.get_attributes() if name != "video_processor"]  # type: ignore[attr-defined]
    less = {"get_attributes": classmethod(lambda _: parts), "__module__": kind.__module__}
    return type(kind.__name__, (kind,), less)


_SEVERAL_IMAGES = (
    "gemma3", "idefics2", "idefics3", "internvl", "llava", "llava_next", "llava_onevision", "mistral3", "qwen2_vl",
    "qwen2_5_vl", "qwen3_vl", "smolvlm",
)  # fmt: skip
"""Families whose processor and chat template put several images into one conversation. Any other is asked about one.
LLaVA-1.5 and LLaVA-NeXT were trained on single images, and their authors find them weak at comparing several."""


def takes_several_images(config: PreTrainedConfig) -> bool:
    return config.model_type in _SEVERAL_IMAGES


def image_token_id(config: PreTrainedConfig) -> int:
    """The id of the placeholder that stands for a token of an image; -1 where the family has none."""
    for name in ("image_token_id", "image_token_index"):
        if getattr(config, name, None) is not None:
            return int(getattr(config, name))
    return -1


def answer_tokens(model: PreTrainedModel, tokenizer: Any) -> tuple[frozenset[int], tuple[int, ...]]:
    """The tokens that end an answer of this model, and those that it may never say: its marks, and rows without a token."""
    size = model.get_output_embeddings().weight.shape[0]
    ends = {tokenizer.eos_token_id}
    for config in (model.generation_config, model.config.get_text_config()):
        found = getattr(config, "eos_token_id", None)
        ends.update(found if isinstance(found, list | tuple) else [found])
    never = {*tokenizer.all_special_ids, image_token_id(model.config), *range(len(tokenizer), size)} - ends
    return frozenset(ends - {None}), tuple(sorted(token for token in never if 0 <= token < size))


def wants_first_token(tokenizer: Any, text: str) -> bool:
    """Whether the tokenizer is to add its special tokens: a template that writes the first one must not get it twice."""
    return not (tokenizer.bos_token and text.startswith(tokenizer.bos_token))


def image_mosaics(
    model: PreTrainedModel,
    processor: Any,
    ids: Sequence[int],
    inputs: Mapping[str, torch.Tensor],
    images: Sequence[NDArray[np.uint8]],
) -> tuple[Mosaic, ...]:
    """Where each image's tokens lie on it, one entry an image; empty for a family whose tokens we can't place.

    Shapes: ids (T,) of the prompt; inputs as the processor made them; images (H, W) or (H, W, 3).
    """
    config = model.config
    runs = token_runs(ids, image_token_id(config))
    match config.model_type:
        case "medvint" if config.connector == "grid":
            return grid_mosaics(runs, [config.grid] * len(images))
        case "medvint":
            return grid_mosaics(runs, [(1, config.num_queries)] * len(images))
        case "llava" | "gemma3":
            if getattr(processor.image_processor, "do_pan_and_scan", False):
                return ()
            regions = [cropped_region(image.shape[1], image.shape[0], processor.image_processor) for image in images]
            known = [region for region in regions if region is not None]
            return square_mosaics(runs, known) if len(known) == len(regions) else ()
        case "qwen2_vl" | "qwen2_5_vl" | "qwen3_vl" if images:
            merge = config.vision_config.spatial_merge_size
            grids = inputs["image_grid_thw"].tolist()
            return grid_mosaics(runs, [(rows // merge, columns // merge) for _, rows, columns in grids])
        case "idefics3" | "smolvlm":
            tags = processor.tokenizer.convert_ids_to_tokens([ids[start - 1] for start, _ in runs])
            mosaics = tiled_mosaics(runs, tags)
            return mosaics if len(mosaics) == len(images) else ()
        case _:
            return ()
