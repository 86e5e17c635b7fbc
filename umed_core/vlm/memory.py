"""What a model folder will take of this machine's memory, told from its files before it is loaded. Free of torch.

weights + cache of keys and values + the passing work of one answer + the runtime itself. Shapes come from the headers of the
safetensors files, since a config.json leaves out what equals its family's defaults. tests/integration holds the estimate
beside the resident memory of real workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from umed_core.errors import MissingModel, UnusableModel
from umed_core.vlm.messages import AskOptions
from umed_core.vlm.onnx_form import DECODER, EMBED, MANIFEST, VISION, read_form

__all__ = ["Device", "MemoryEstimate", "estimate_memory"]

Device: TypeAlias = Literal["cpu", "cuda"]

TEXT_TOKENS = 256
"""Of a conversation beside its image and its answer: a few turns."""
ASSUMED_IMAGE_TOKENS = 1024
"""Where neither config.json nor the processor's says how many an image has."""
_SIDE_PX = 1024
"""Of the image that is reckoned with, for models whose images keep their size."""

_TORCH_RUNTIME = 400 * 2**20
_ONNX_RUNTIME = 80 * 2**20
_CUDA_RUNTIME = 600 * 2**20
"""Python with torch and transformers, Python with onnxruntime (both measured, resident); CUDA's context (assumed)."""
_ONNX_WEIGHT_COPIES = 2
"""onnxruntime lays out weights anew for its kernels and keeps both."""
_BYTES_A_PIXEL = 400
"""Feature maps of umed-mini's encoder at its widest, by pixel of its input (measured)."""
_LARGEST_HEADER = 100 * 2**20

_FLOAT32 = 4
_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
    "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip

_Header: TypeAlias = dict[str, tuple[str, tuple[int, ...]]]
"""Data type and shape by a tensor's name."""


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes, except `parameters`, `tokens` (of one question with its answer) and `image_tokens` (of one image).

    `on_disk` is what the weights' files take. `image_tokens_known` is False where their number is assumed.
    """

    parameters: int
    on_disk: int
    weights: int
    cache: int
    working: int
    runtime: int
    tokens: int
    image_tokens: int
    image_tokens_known: bool = True

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.working + self.runtime


def estimate_memory(folder: Path, device: Device = "cpu") -> MemoryEstimate:
    """What loading `folder` and asking one question about one image takes on `device`.

    Weights are float32 on the CPU and as stored on CUDA, as `torch_engine` loads them.
    Raises: MissingModel; UnusableModel for a folder whose weights or manifest cannot be read.
    """
    if (folder / MANIFEST).is_file():
        return _of_onnx(folder, device)
    files = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file():
        raise MissingModel(f"{folder} holds no model.", "Give a folder with config.json, or with umed.json.")
    if not files:
        raise UnusableModel(
            f"{folder} has no safetensors weights.", "Convert the model: pickled weights can run code and are not read."
        )
    header: _Header = {}
    for file in files:
        header |= _read_header(file)
    return _of_torch(header, _config(folder), sum(file.stat().st_size for file in files), device)


def _of_torch(header: _Header, config: Mapping[str, Any], on_disk: int, device: Device) -> MemoryEstimate:
    parameters = sum(prod(shape) for _, shape in header.values())
    stored = sum(prod(shape) * _BYTES[kind] for kind, shape in header.values())
    a_number = _FLOAT32 if device == "cpu" else max(1, round(stored / max(1, parameters)))
    image_tokens, is_known = _image_tokens(config)
    tokens = _tokens(image_tokens, int(_of_text(config).get("max_position_embeddings") or 0))
    keys = _text_widths(header, ("k_proj.weight", "v_proj.weight"))
    hidden = max(_text_widths(header, ("embed_tokens.weight",), axis=1), default=0)
    inner = max(_text_widths(header, ("up_proj.weight", "fc1.weight")), default=4 * hidden)
    return MemoryEstimate(
        parameters=parameters,
        on_disk=on_disk,
        weights=_FLOAT32 * parameters if device == "cpu" else stored,
        cache=tokens * sum(keys) * a_number,
        # One layer at a time: its input, queries, keys, values and output, and the two halves of its gated part.
        working=tokens * (5 * hidden + 3 * inner) * a_number,
        runtime=_TORCH_RUNTIME if device == "cpu" else _CUDA_RUNTIME,
        tokens=tokens,
        image_tokens=image_tokens,
        image_tokens_known=is_known,
    )


def _of_onnx(folder: Path, device: Device) -> MemoryEstimate:
    form = read_form(folder)
    on_disk = sum((folder / name).stat().st_size for name in (VISION, EMBED, DECODER))
    tokens = _tokens(form.image_tokens, form.max_positions)
    return MemoryEstimate(
        parameters=on_disk // _FLOAT32,  # the graphs are float32, and little else is in them
        on_disk=on_disk,
        weights=on_disk * (_ONNX_WEIGHT_COPIES if device == "cpu" else 1),
        cache=tokens * 2 * form.layers * form.key_value_heads * form.head_width * _FLOAT32,
        working=form.image_size**2 * _BYTES_A_PIXEL,
        runtime=_ONNX_RUNTIME if device == "cpu" else _CUDA_RUNTIME,
        tokens=tokens,
        image_tokens=form.image_tokens,
    )


def _tokens(image_tokens: int, most: int) -> int:
    """Of an image, a conversation and an answer of full length; `most` 0 is no bound."""
    wanted = image_tokens + TEXT_TOKENS + AskOptions().max_new_tokens
    return min(wanted, most) if most else wanted


def _text_widths(header: _Header, ends: tuple[str, ...], axis: int = 0) -> list[int]:
    """The size along `axis` of the language model's weights whose names end so: a vision tower has no cache."""
    return [
        shape[axis]
        for name, (_, shape) in header.items()
        if name.endswith(ends) and len(shape) == 2 and not any(part in name for part in ("vision", "visual", "image"))
    ]


def _read_header(path: Path) -> _Header:
    """Source: safetensors' format: 8 bytes little-endian length N, then N bytes of JSON."""
    damaged = UnusableModel(f"{path.name} has no safetensors header.", "Copy or download the model again.")
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_LARGEST_HEADER, path.stat().st_size - 8):
                raise damaged
            entries = msgspec.json.decode(file.read(length), type=dict[str, dict[str, Any]])
        tensors = {name: entry for name, entry in entries.items() if name != "__metadata__"}
        header = {name: (str(entry["dtype"]), tuple(map(int, entry["shape"]))) for name, entry in tensors.items()}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError) as problem:
        raise damaged from problem
    unknown = sorted({kind for kind, _ in header.values()} - set(_BYTES))
    if unknown:
        raise UnusableModel(f"{path.name} holds numbers of an unknown kind, {unknown[0]}.", "Use another model.")
    return header


def _config(folder: Path) -> dict[str, Any]:
    """config.json, over what the processor's files say of images."""
    found: dict[str, Any] = {}
    for name in ("processor_config.json", "preprocessor_config.json", "config.json"):
        path = folder / name
        if path.is_file():
            try:
                said = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
                raise UnusableModel(
                    f"{path} holds no JSON object: {problem}.", "Download the model again."
                ) from problem
            images = said.get("image_processor")
            found |= said | (images if isinstance(images, dict) else {})
    return found


def _of_text(config: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = config.get("text_config")
    return inner if isinstance(inner, Mapping) else config


def _image_tokens(config: Mapping[str, Any]) -> tuple[int, bool]:
    """How many tokens one image has in the language model, and whether the files say so."""
    vision = config.get("vision_config")
    vision = vision if isinstance(vision, Mapping) else {}
    side, patch = _side(vision.get("image_size")), _side(vision.get("patch_size"))
    if merged := _side(vision.get("spatial_merge_size")):  # Qwen-VL: images keep their size, within bounds
        cell = (patch or 14) * merged
        most = int(config.get("max_pixels") or _SIDE_PX**2)
        return max(1, min(most, _SIDE_PX**2) // cell**2), True
    tiles = _tiles(config, side)
    stated = config.get("image_seq_length") or config.get("image_seq_len") or config.get("mm_tokens_per_image")
    if isinstance(stated, int) and stated > 0:
        return stated * tiles, True
    if side and patch:
        shrunk = _side(config.get("scale_factor")) or 1
        return max(1, (side // patch) ** 2 // shrunk**2) * tiles, True
    return ASSUMED_IMAGE_TOKENS, False


def _tiles(config: Mapping[str, Any], side: int) -> int:
    """How many pictures of the encoder's size one image becomes at most: LLaVA-NeXT's 2 x 2, Idefics' 4 x 4, and the whole."""
    if config.get("image_grid_pinpoints"):
        return 5
    size = config.get("size")
    longest = _side(size.get("longest_edge")) if isinstance(size, Mapping) else 0
    is_split = bool(config.get("do_image_splitting"))
    return (-(-longest // side)) ** 2 + 1 if is_split and longest > side > 0 else 1


def _side(value: object) -> int:
    """A size that may be stated as a number or as a pair; 0 for anything else."""
    first = value[0] if isinstance(value, list) and value else value
    return int(first) if isinstance(first, int | float) else 0
