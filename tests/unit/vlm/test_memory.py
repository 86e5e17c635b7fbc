"""What a model will take, worked out by hand on a folder of headers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from umed_assets import embedded_model
from umed_core.errors import MissingModel, UnusableModel
from umed_core.vlm.memory import ASSUMED_IMAGE_TOKENS, TEXT_TOKENS, estimate_memory
from umed_core.vlm.messages import AskOptions

ANSWER = AskOptions().max_new_tokens

# Two layers with keys and values of 16 numbers, hidden width 32, inner width 64; a vision tower that has no cache.
SHAPES = {
    "model.embed_tokens.weight": [100, 32],
    "model.layers.0.self_attn.k_proj.weight": [16, 32],
    "model.layers.0.self_attn.v_proj.weight": [16, 32],
    "model.layers.0.mlp.up_proj.weight": [64, 32],
    "model.layers.1.self_attn.k_proj.weight": [16, 32],
    "model.layers.1.self_attn.v_proj.weight": [16, 32],
    "vision_tower.layers.0.self_attn.k_proj.weight": [32, 32],
}
PARAMETERS = 3200 + 4 * 512 + 2048 + 1024
CONFIG = {"model_type": "llava", "image_seq_length": 40, "text_config": {"max_position_embeddings": 4096}}


def model_folder(folder: Path, config: dict[str, object] | None = None, kind: str = "F16") -> Path:
    """A folder with a config and the header of its weights; nobody reads the weights themselves."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG if config is None else config))
    header = {name: {"dtype": kind, "shape": shape, "data_offsets": [0, 0]} for name, shape in SHAPES.items()}
    written = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    (folder / "model.safetensors").write_bytes(len(written).to_bytes(8, "little") + written)
    return folder


def test_weights_are_four_bytes_on_the_cpu_and_as_stored_on_cuda(tmp_path: Path):
    folder = model_folder(tmp_path)
    assert estimate_memory(folder).parameters == PARAMETERS
    assert estimate_memory(folder).weights == 4 * PARAMETERS
    assert estimate_memory(folder, "cuda").weights == 2 * PARAMETERS


def test_the_cache_is_keys_and_values_of_each_layer_for_each_token(tmp_path: Path):
    estimate = estimate_memory(model_folder(tmp_path))
    assert estimate.tokens == 40 + TEXT_TOKENS + ANSWER
    assert estimate.cache == estimate.tokens * 2 * (16 + 16) * 4  # two layers, float32; the vision tower keeps none


def test_on_cuda_the_cache_is_of_the_stored_kind(tmp_path: Path):
    folder = model_folder(tmp_path)
    assert estimate_memory(folder, "cuda").cache * 2 == estimate_memory(folder).cache


def test_the_whole_is_the_sum_of_its_parts(tmp_path: Path):
    one = estimate_memory(model_folder(tmp_path))
    assert one.total == one.weights + one.cache + one.working + one.runtime


def test_no_more_tokens_than_the_model_can_read(tmp_path: Path):
    short = {**CONFIG, "text_config": {"max_position_embeddings": 128}}
    assert estimate_memory(model_folder(tmp_path, short)).tokens == 128


@pytest.mark.parametrize(
    ("config", "tokens", "is_known"),
    [
        ({"image_seq_length": 576}, 576, True),
        ({"mm_tokens_per_image": 256}, 256, True),
        ({"vision_config": {"image_size": 336, "patch_size": 14}}, 24 * 24, True),
        ({"vision_config": {"image_size": 364, "patch_size": 14}, "scale_factor": 2}, 13 * 13, True),
        ({"vision_config": {"patch_size": 14, "spatial_merge_size": 2}, "max_pixels": 28 * 28 * 100}, 100, True),
        ({"image_seq_length": 576, "image_grid_pinpoints": [[336, 672]]}, 5 * 576, True),
        ({"image_seq_len": 64, "vision_config": {"image_size": 384}, "size": {"longest_edge": 1536},
          "do_image_splitting": True}, 17 * 64, True),
        ({}, ASSUMED_IMAGE_TOKENS, False),
    ],
)  # fmt: skip
def test_an_image_has_the_tokens_that_its_family_gives_it(tmp_path: Path, config, tokens: int, is_known: bool):
    estimate = estimate_memory(model_folder(tmp_path, config))
    assert (estimate.image_tokens, estimate.image_tokens_known) == (tokens, is_known)


def test_the_built_in_model_is_told_from_its_manifest_and_its_graphs():
    estimate = estimate_memory(embedded_model())
    assert estimate.image_tokens == 18 * 18
    assert estimate.on_disk == sum(path.stat().st_size for path in embedded_model().glob("*.onnx"))
    assert estimate.cache == estimate.tokens * 2 * 3 * 6 * 32 * 4  # keys and values, layers, heads, width, float32


def test_no_folder_no_estimate(tmp_path: Path):
    with pytest.raises(MissingModel):
        estimate_memory(tmp_path / "none")


def test_pickled_weights_are_not_read(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(UnusableModel, match="no safetensors"):
        estimate_memory(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x10",
        (2**60).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (9).to_bytes(8, "little") + b'{"a": {}}',
        (2).to_bytes(8, "little") + b"\xff\xff",
    ],
)
def test_a_damaged_header_is_named(tmp_path: Path, content: bytes):
    folder = model_folder(tmp_path)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(UnusableModel, match=r"model\.safetensors"):
        estimate_memory(folder)


def test_numbers_of_an_unknown_kind_are_named(tmp_path: Path):
    with pytest.raises(UnusableModel, match="Q4"):
        estimate_memory(model_folder(tmp_path, kind="Q4"))
