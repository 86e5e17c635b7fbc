"""A trained MedVInt (grid connector, Llama text model) to umed's ONNX form, which runs without torch.

vision.onnx    pixel_values (1, 3, S, S) -> image_tokens (1, N, D)
embed.onnx     input_ids (1, T) -> embeddings (1, T, D)
decoder.onnx   embeddings (1, T, D), position_ids (1, T), past_key_i / past_value_i (1, H, P, d)
               -> logits (1, V) after the last position, attention (L, P + T) of the last position, head mean,
                  key_i / value_i (1, H, P + T, d)
tokenizer.json, umed.json (what the engine must know), SHA256SUMS
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import onnx
import torch
from torch import Tensor, nn

from umed_core.errors import StorageError, UnusableModel
from umed_core.vlm.families import load_model
from umed_core.vlm.medvint import MedVIntForConditionalGeneration
from umed_core.vlm.onnx_form import DECODER, EMBED, MANIFEST, SUMS, TOKENIZER, VISION, OnnxForm

__all__ = ["export_onnx"]

OPSET = 20


class VisionGraph(nn.Module):
    """Encoder and connector."""

    def __init__(self, model: MedVIntForConditionalGeneration) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> Tensor:
        return self.model.encode_images(pixel_values).tokens


class DecoderGraph(nn.Module):
    """The Llama decoder written out: one explicit graph serves prefill and each later token, and tells its attention."""

    def __init__(self, model: MedVIntForConditionalGeneration) -> None:
        super().__init__()
        self.llama, self.lm_head = model.language_model, model.lm_head
        text = model.config.text_config
        self.heads, self.groups = text.num_attention_heads, text.num_key_value_heads
        self.width = text.head_dim or text.hidden_size // text.num_attention_heads

    def forward(self, embeddings: Tensor, position_ids: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Shapes: as in the module's docstring; `past` is key_0, value_0, key_1, ..."""
        x = embeddings
        cos, sin = self.llama.rotary_emb(x, position_ids)
        cos, sin = cos[:, None], sin[:, None]
        keys_count = past[0].shape[2] + x.shape[1]
        visible = torch.arange(keys_count)[None, None, None, :] <= position_ids[:, None, :, None]
        rows, present = [], []
        for number, layer in enumerate(self.llama.layers):
            h = layer.input_layernorm(x)
            query = _rotated(self._heads(layer.self_attn.q_proj(h), self.heads), cos, sin)
            key = _rotated(self._heads(layer.self_attn.k_proj(h), self.groups), cos, sin)
            value = self._heads(layer.self_attn.v_proj(h), self.groups)
            key = torch.cat([past[2 * number], key], dim=2)
            value = torch.cat([past[2 * number + 1], value], dim=2)
            present += [key, value]
            repeat = self.heads // self.groups
            full_key, full_value = key.repeat_interleave(repeat, 1), value.repeat_interleave(repeat, 1)
            scores = query @ full_key.transpose(-1, -2) * self.width**-0.5
            weights = scores.masked_fill(~visible, float("-inf")).softmax(dim=-1)
            rows.append(weights[0, :, -1].mean(dim=0))
            mixed = (weights @ full_value).transpose(1, 2).flatten(2)
            x = x + layer.self_attn.o_proj(mixed)
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        logits = self.lm_head(self.llama.norm(x[:, -1]))
        return (logits, torch.stack(rows), *present)

    def _heads(self, x: Tensor, count: int) -> Tensor:
        return x.view(x.shape[0], x.shape[1], count, self.width).transpose(1, 2)


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary embedding in Llama's half-split layout."""
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * sin


def export_onnx(folder: Path, out: Path, name: str, classes: Sequence[str]) -> OnnxForm:
    """Writes the ONNX form of the model in `folder` to `out`, whole or not at all.

    Raises: MissingModel; UnusableModel for another architecture; StorageError.
    """
    model, processor = load_model(folder)
    if not isinstance(model, MedVIntForConditionalGeneration) or model.config.connector != "grid":
        raise UnusableModel(f"{folder} is no MedVInt with a grid connector.", "Other models run on torch as they are.")
    if model.config.text_config.model_type != "llama":
        raise UnusableModel(f"{folder} has no Llama text model.", "Other models run on torch as they are.")
    form = _form(model, processor, name, classes)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as temporary:
            target = Path(temporary) / out.name
            target.mkdir()
            _write_graphs(model, form, target)
            processor.tokenizer.backend_tokenizer.save(str(target / TOKENIZER))
            (target / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(form)) + b"\n")
            _write_sums(target)
            if out.exists():
                for kept in out.glob("*.md"):
                    shutil.copy2(kept, target)
                shutil.rmtree(out)
            target.replace(out)
    except OSError as problem:
        raise StorageError(f"Could not write {out}: {problem.strerror or problem}.", "Free some space.") from problem
    return form


def _form(model: MedVIntForConditionalGeneration, processor: Any, name: str, classes: Sequence[str]) -> OnnxForm:
    text = model.config.text_config
    tokenizer = processor.tokenizer
    return OnnxForm(
        name=name,
        image_size=model.config.image_size,
        grid_rows=model.config.grid[0],
        grid_columns=model.config.grid[1],
        image_tokens=model.config.image_seq_length,
        image_token_id=model.config.image_token_id,
        end_token_ids=(tokenizer.eos_token_id,),
        banned_token_ids=tuple(sorted(set(tokenizer.all_special_ids) - {tokenizer.eos_token_id})),
        layers=text.num_hidden_layers,
        key_value_heads=text.num_key_value_heads,
        head_width=text.head_dim or text.hidden_size // text.num_attention_heads,
        max_positions=text.max_position_embeddings,
        classes=tuple(classes),
    )


@torch.no_grad()
def _write_graphs(model: MedVIntForConditionalGeneration, form: OnnxForm, target: Path) -> None:
    model.eval()
    width, size = model.config.text_config.hidden_size, form.image_size
    _export(VisionGraph(model), (torch.zeros(1, 3, size, size),), target / VISION, ["pixel_values"], ["image_tokens"])
    tokens = torch.export.Dim("tokens", min=1, max=form.max_positions)
    earlier = torch.export.Dim("earlier", min=0, max=form.max_positions)
    _export(
        model.get_input_embeddings(), (torch.zeros(1, 7, dtype=torch.long),), target / EMBED,
        ["input_ids"], ["embeddings"], ({1: tokens},),
    )  # fmt: skip
    cache = torch.zeros(1, form.key_value_heads, 5, form.head_width)
    past = tuple(cache.clone() for _ in range(2 * form.layers))
    example = (torch.zeros(1, 7, width), torch.arange(5, 12)[None], *past)
    shapes = ({1: tokens}, {1: tokens}, tuple({2: earlier} for _ in past))
    _export(
        DecoderGraph(model), example, target / DECODER,
        ["embeddings", "position_ids", *form.past_names],
        ["logits", "attention", *form.present_names], shapes,
    )  # fmt: skip


def _export(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    shapes: tuple[Any, ...] | None = None,
) -> None:
    with warnings.catch_warnings():
        # The exporter warns of its own internals: a deprecated tree class, and two axes that share one name.
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        warnings.filterwarnings("ignore", message=".*The axis name.*", category=UserWarning)
        torch.onnx.export(
            module.eval(), example, str(path), input_names=inputs, output_names=outputs, dynamic_shapes=shapes,
            dynamo=True, external_data=False, opset_version=OPSET, verbose=False,
        )  # fmt: skip
    _strip_traces(path)


def _strip_traces(path: Path) -> None:
    """Removes the exporter's notes, which carry paths of the machine that exported."""
    model = onnx.load(path)
    del model.metadata_props[:]
    for graph in (model.graph, *model.functions):
        del graph.metadata_props[:]
        for part in (*graph.node, *graph.value_info):
            del part.metadata_props[:]
    for part in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]
    onnx.save(model, path)


def _write_sums(folder: Path) -> None:
    """As `sha256sum *` writes them."""
    files = sorted(path for path in folder.iterdir() if path.suffix in (".onnx", ".json"))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(lines))
