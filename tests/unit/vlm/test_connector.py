"""MedVInt's connectors: which cell a token saw, and a second opinion from torch's own layers."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from tests import tiny_vlm
from umed_core.vlm.medvint.connector import CODE_WIDTH, QueryBlock, SelfAttentionBlock, cell_positions, coordinate_code

pytestmark = pytest.mark.torch


def test_cell_centres_run_along_the_rows() -> None:
    centers = cell_positions(1, 2)[:, :2]
    assert centers.tolist() == [[0.25, 0.5], [0.75, 0.5]]


def test_the_first_fourier_feature_is_a_half_wave_over_the_image() -> None:
    features = cell_positions(1, 2)
    assert features.shape == (2, 22)
    assert features[0, 2].item() == pytest.approx(math.sin(math.pi * 0.25))


def test_no_two_cells_stand_in_the_same_place() -> None:
    features = cell_positions(32, 32)
    assert len(features.unique(dim=0)) == 32 * 32


def test_a_grid_token_is_its_cell() -> None:
    model, _ = tiny_vlm.medvint("grid")
    with torch.inference_mode():
        image = model.encode_images(torch.rand(2, 3, 64, 64))
    assert image.tokens.shape == (2, 16, 32)
    assert image.estimates.shape == (2, 16, 5)
    assert image.reading is None


def test_a_grid_token_follows_what_moves_in_its_cell() -> None:
    """Of all tokens, the one whose cell changed changes most, wherever that is."""
    model, _ = tiny_vlm.medvint("grid")
    blank = torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        before = model.encode_images(blank).tokens[0]
        for row, column in ((0, 0), (0, 3), (2, 1), (3, 3)):
            changed = blank.clone()
            changed[:, :, 16 * row + 4 : 16 * row + 12, 16 * column + 4 : 16 * column + 12] = 6.0
            moved = (model.encode_images(changed).tokens[0] - before).norm(dim=-1)
            place = int(moved.argmax())
            assert abs(place // 4 - row) <= 1 and abs(place % 4 - column) <= 1


def test_a_cell_writes_the_box_it_estimates() -> None:
    """Two rows, two columns; the first cell's centre is (.25, .25): .25 to each side reaches from 0 to .5."""
    model, _ = tiny_vlm.medvint("grid")
    estimates = torch.zeros(1, 4, 5)
    estimates[0, 0, 1:] = 0.25
    boxes = model.connector._boxes(estimates, 2, 2)
    assert boxes[0, 0].tolist() == [0.0, 0.0, 0.5, 0.5]


def test_a_coordinates_code_is_most_like_its_own() -> None:
    values = torch.linspace(0, 1, 1001)
    code = coordinate_code(values)
    assert code.shape == (1001, CODE_WIDTH)
    alike = code @ code.T
    near = (alike.argmax(dim=1) - torch.arange(1001)).abs()
    assert int(near.max()) <= 2


def test_a_query_shares_out_one_whole_look() -> None:
    model, _ = tiny_vlm.medvint("queries")
    with torch.inference_mode():
        image = model.encode_images(torch.rand(2, 3, 64, 64))
    assert image.tokens.shape == (2, tiny_vlm.QUERIES, 32)
    assert image.reading.shape == (2, tiny_vlm.QUERIES, 4)
    assert torch.allclose(image.reading.sum(dim=-1), torch.ones(2, tiny_vlm.QUERIES))


def test_self_attention_equals_torchs_encoder_layer() -> None:
    torch.manual_seed(0)
    ours = SelfAttentionBlock(16, 4).eval()
    theirs = nn.TransformerEncoderLayer(16, 4, 32, 0.0, "gelu", batch_first=True, norm_first=True).eval()
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.qkv.weight, "self_attn.in_proj_bias": ours.qkv.bias,
            "self_attn.out_proj.weight": ours.out.weight, "self_attn.out_proj.bias": ours.out.bias,
            "linear1.weight": ours.mlp[0].weight, "linear1.bias": ours.mlp[0].bias,
            "linear2.weight": ours.mlp[2].weight, "linear2.bias": ours.mlp[2].bias,
            "norm1.weight": ours.norm1.weight, "norm1.bias": ours.norm1.bias,
            "norm2.weight": ours.norm2.weight, "norm2.bias": ours.norm2.bias,
        }
    )  # fmt: skip
    cells = torch.randn(2, 9, 16)
    with torch.no_grad():
        assert torch.allclose(ours(cells), theirs(cells), atol=1e-5)


def test_a_querys_reading_equals_torchs_cross_attention() -> None:
    torch.manual_seed(0)
    block = QueryBlock(16, 4).eval()
    theirs = nn.MultiheadAttention(16, 4, batch_first=True).eval()
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat([block.query.weight, block.key_value.weight]),
            "in_proj_bias": torch.cat([block.query.bias, block.key_value.bias]),
            "out_proj.weight": block.out.weight,
            "out_proj.bias": block.out.bias,
        }
    )
    queries, cells = torch.randn(2, 5, 16), torch.randn(2, 9, 16)
    with torch.no_grad():
        result, reading = block(queries, cells)
        read, weights = theirs(block.norm(queries), cells, cells)
        assert torch.allclose(reading, weights, atol=1e-6)
        assert torch.allclose(result, block.own(queries + read), atol=1e-5)
