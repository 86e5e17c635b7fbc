"""What stands in umed's ONNX model folder, for the one that writes it (torch) and the one that runs it (no torch)."""

from __future__ import annotations

from pathlib import Path

import msgspec

from umed_core.errors import MissingModel, UnusableModel

__all__ = ["DECODER", "EMBED", "MANIFEST", "SUMS", "TOKENIZER", "VISION", "OnnxForm", "read_form"]

VISION, EMBED, DECODER = "vision.onnx", "embed.onnx", "decoder.onnx"
TOKENIZER, MANIFEST, SUMS = "tokenizer.json", "umed.json", "SHA256SUMS"


class OnnxForm(msgspec.Struct, frozen=True):
    """The manifest `umed.json`. `image_tokens` placeholders of `image_token_id` stand for one image, row-major cells of
    a `grid_rows` x `grid_columns` grid over the whole image."""

    name: str
    image_size: int
    grid_rows: int
    grid_columns: int
    image_tokens: int
    image_token_id: int
    end_token_ids: tuple[int, ...]
    banned_token_ids: tuple[int, ...]
    layers: int
    key_value_heads: int
    head_width: int
    max_positions: int
    classes: tuple[str, ...]
    format: int = 1

    @property
    def past_names(self) -> list[str]:
        """Inputs of decoder.onnx that carry the cache, in order."""
        return [f"past_{part}_{layer}" for layer in range(self.layers) for part in ("key", "value")]

    @property
    def present_names(self) -> list[str]:
        """Outputs of decoder.onnx that carry the cache, in order."""
        return [f"{part}_{layer}" for layer in range(self.layers) for part in ("key", "value")]


def read_form(folder: Path) -> OnnxForm:
    """Raises: MissingModel; UnusableModel for a manifest that does not fit or a file that is missing."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise MissingModel(f"{folder} holds no {MANIFEST}.", "Give a folder that `umed export-onnx` wrote.")
    try:
        form = msgspec.json.decode(manifest.read_bytes(), type=OnnxForm)
    except msgspec.MsgspecError as problem:
        raise UnusableModel(f"{manifest} does not fit: {problem}.", "Export the model again.") from problem
    missing = [name for name in (VISION, EMBED, DECODER, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise UnusableModel(f"{folder} lacks {', '.join(missing)}.", "Export or install the model again.")
    return form
