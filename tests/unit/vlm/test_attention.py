"""Attention rows: worked by hand, equal to eager attention, blind to padding, and never of size T x T."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import LlavaForConditionalGeneration

from tests import tiny_vlm
from umed_core.vlm import attention
from umed_core.vlm.attention import ATTENTION, RowCapture, capturing, mean_rows, rows_with_sdpa

pytestmark = pytest.mark.torch

MODULE = nn.Module()
MODULE_OF_TWO = nn.Module()
MODULE_OF_TWO.num_key_value_groups = 2


def keys_that_score(*weights: float) -> Tensor:
    """Keys (1, 1, K, 2) on which the query (1, 0) lays attention in proportion to `weights`, with scaling 1."""
    return torch.tensor([[[[math.log(weight), 0.0] for weight in weights]]])


ONE_QUERY = torch.tensor([[[[1.0, 0.0]]]])


def capture(*image_keys: int, denominator: str = "all_keys") -> RowCapture:
    return RowCapture(torch.tensor([0]), torch.tensor([image_keys]), denominator)


def test_a_row_is_the_softmax_of_the_scores() -> None:
    keys = keys_that_score(1, 3, 4)
    _, rows = rows_with_sdpa(MODULE, ONE_QUERY, keys, keys, None, 1.0, row_capture=capture(1, 2))
    assert rows.flatten().tolist() == pytest.approx([3 / 8, 4 / 8])


def test_the_image_denominator_shares_out_what_falls_on_the_image_alone() -> None:
    keys = keys_that_score(1, 3, 4)
    _, rows = rows_with_sdpa(MODULE, ONE_QUERY, keys, keys, None, 1.0, row_capture=capture(1, 2, denominator="image"))
    assert rows.flatten().tolist() == pytest.approx([3 / 7, 4 / 7])


@pytest.mark.parametrize("hidden", [torch.tensor([[[[False, True, True]]]]), torch.tensor([[[[-math.inf, 0.0, 0.0]]]])])
def test_a_masked_key_takes_no_share(hidden: Tensor) -> None:
    keys = keys_that_score(9, 1, 1)
    _, rows = rows_with_sdpa(MODULE, ONE_QUERY, keys, keys, hidden, 1.0, row_capture=capture(0, 1, 2))
    assert rows.flatten().tolist() == pytest.approx([0, 0.5, 0.5])


def test_without_a_mask_a_query_sees_no_later_key() -> None:
    keys = keys_that_score(1, 1, 1)
    queries = ONE_QUERY.expand(-1, -1, 3, -1)
    rows = rows_with_sdpa(
        MODULE, queries, keys, keys, None, 1.0,
        row_capture=RowCapture(torch.tensor([0, 1, 2]), torch.tensor([[0, 1, 2]]), "all_keys"),
    )[1]  # fmt: skip
    assert rows[0].tolist() == [pytest.approx(row) for row in ([1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3])]


def test_the_last_of_few_queries_sees_the_whole_cache() -> None:
    keys = keys_that_score(1, 1, 1, 1)
    _, rows = rows_with_sdpa(MODULE, ONE_QUERY, keys, keys, None, 1.0, row_capture=capture(0, 3))
    assert rows.flatten().tolist() == pytest.approx([0.25, 0.25])


def test_heads_that_share_a_key_head_count_alike() -> None:
    torch.manual_seed(0)
    query, key = torch.randn(2, 6, 5, 8), torch.randn(2, 3, 5, 8)
    asked = RowCapture(torch.tensor([4]), torch.tensor([[0, 2], [1, 3]]), "all_keys")
    grouping = nn.Module()
    grouping.num_key_value_groups = 2
    _, grouped = rows_with_sdpa(grouping, query, key, key, None, row_capture=asked)
    repeated = key.repeat_interleave(2, dim=1)
    _, plain = rows_with_sdpa(MODULE, query, repeated, repeated, None, row_capture=asked)
    assert torch.allclose(grouped, plain, atol=1e-6)


def test_a_row_can_be_learnt_from() -> None:
    key = keys_that_score(1, 3).requires_grad_()
    _, rows = rows_with_sdpa(MODULE, ONE_QUERY, key, key.detach(), None, 1.0, row_capture=capture(1))
    rows.sum().backward()
    # d softmax = p (1 - p) on the key itself.
    assert key.grad[0, 0, 1, 0].item() == pytest.approx(0.75 * 0.25)


class LargestTensor(TorchDispatchMode):
    """Remembers the size of the largest tensor that any operation returned."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        result = operation(*args, **(kwargs or {}))
        for part in result if isinstance(result, tuple | list) else (result,):
            if isinstance(part, Tensor):
                self.numbers = max(self.numbers, part.numel())
        return result


def test_nothing_of_size_t_by_t_is_ever_made() -> None:
    largest = []
    for length in (128, 256, 512):
        query = torch.randn(1, 4, length, 8)
        asked = RowCapture(torch.tensor([length - 1]), torch.arange(16)[None], "all_keys")
        with LargestTensor() as mode, torch.inference_mode():
            rows_with_sdpa(MODULE, query, query, query, None, row_capture=asked)
        largest.append(mode.numbers)
    assert largest == [4 * length * 8 for length in (128, 256, 512)]


@pytest.mark.parametrize("denominator", ["image", "all_keys"])
def test_rows_in_blocks_are_those_of_one_piece_and_so_are_their_gradients(
    denominator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    start, key, weights = torch.randn(2, 4, 10, 8), torch.randn(2, 2, 10, 8), torch.randn(2, 7, 3)
    asked = RowCapture(torch.arange(3, 10), torch.tensor([[0, 1, 2], [1, 2, 3]]), denominator)
    found = []
    for at_once in (7, 3):
        monkeypatch.setattr(attention, "ROWS_AT_ONCE", at_once)
        query = start.clone().requires_grad_()
        _, rows = rows_with_sdpa(MODULE_OF_TWO, query, key, key, None, row_capture=asked)
        (rows * weights).sum().backward()
        found.append((rows.detach(), query.grad))
    for whole, cut in zip(*found, strict=True):
        assert torch.allclose(whole, cut, atol=1e-6)
        assert whole.abs().sum() > 0


def test_rows_of_every_token_keep_no_t_by_t_for_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "ROWS_AT_ONCE", 32)
    kept, largest = [], []
    for length in (128, 256, 512):
        sizes: dict[int, int] = {}

        def note(saved: Tensor, sizes: dict[int, int] = sizes) -> Tensor:
            sizes[saved.data_ptr()] = saved.numel()  # each block keeps the same query and keys, which are there once
            return saved

        query = torch.randn(1, 4, length, 8, requires_grad=True)
        asked = RowCapture(torch.arange(length), torch.arange(16)[None], "all_keys")
        with LargestTensor() as mode, torch.autograd.graph.saved_tensors_hooks(note, lambda saved: saved):
            rows_with_sdpa(MODULE, query, query, query, None, row_capture=asked)
        kept.append(sum(sizes.values()))
        largest.append(mode.numbers)
    assert largest == [4 * 32 * length for length in (128, 256, 512)]
    assert kept[2] - kept[1] == 2 * (kept[1] - kept[0])


@pytest.mark.parametrize("connector", ["grid", "queries"])
def test_rows_of_medvint_equal_eager_attention(connector: str) -> None:
    model, processor = tiny_vlm.medvint(connector)
    ids = torch.tensor([processor.tokenizer.encode("<user>" + "<image>" * model.config.image_seq_length + "Where?")])
    images = (ids == model.config.image_token_id).nonzero()[:, 1][None]
    pixels = torch.rand(1, 3, 64, 64) * 2 - 1
    asked = RowCapture(torch.tensor([ids.shape[1] - 1, ids.shape[1] - 2]), images, "all_keys")
    with torch.inference_mode():
        model.language_model.set_attn_implementation("eager")
        eager = model(ids, pixel_values=pixels, output_attentions=True)
        model.language_model.set_attn_implementation(ATTENTION)
        with capturing(model.get_decoder(), asked) as layers:
            captured = model(ids, pixel_values=pixels)
    expected = torch.stack(eager.attentions).mean(dim=2)[:, :, asked.queries][..., images[0]]
    assert torch.allclose(captured.logits, eager.logits, atol=1e-5)
    assert torch.stack(layers).shape == (2, 1, 2, model.config.image_seq_length)
    assert torch.allclose(torch.stack(layers), expected, atol=1e-5)
    assert torch.allclose(mean_rows(tuple(layers)), expected.mean(dim=0), atol=1e-5)


def test_rows_of_llava_equal_eager_attention(tmp_path) -> None:  # type: ignore[no-untyped-def]
    model = LlavaForConditionalGeneration.from_pretrained(tiny_vlm.save_llava(tmp_path)).eval()
    image = model.config.image_token_id
    ids = torch.tensor([[1, *[image] * 16, 300, 301, 302]])
    pixels = torch.rand(1, 3, 56, 56)
    with torch.inference_mode():
        model.set_attn_implementation("eager")
        eager = model(ids, pixel_values=pixels, output_attentions=True).attentions
        model.get_decoder().set_attn_implementation(ATTENTION)
        asked = RowCapture(torch.tensor([19]), torch.arange(1, 17)[None], "all_keys")
        with capturing(model.get_decoder(), asked) as layers:
            model(ids, pixel_values=pixels)
    expected = torch.stack(eager).mean(dim=2)[:, :, 19:20, 1:17]
    assert expected.max() > 0.05
    assert torch.allclose(torch.stack(layers), expected, atol=1e-5)


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_no_row(side: str) -> None:
    model, processor = tiny_vlm.medvint("grid")
    model.language_model.set_attn_implementation(ATTENTION)
    short = torch.tensor([processor.tokenizer.encode("<user>" + "<image>" * 16 + "Where?")])
    length, pad = short.shape[1], 5
    blank = torch.full((1, pad), processor.tokenizer.pad_token_id)
    parts = [blank, short] if side == "left" else [short, blank]
    shown = (
        [torch.zeros(1, pad), torch.ones(1, length)] if side == "left" else [torch.ones(1, length), torch.zeros(1, pad)]
    )
    shift = pad if side == "left" else 0
    pixels = torch.rand(1, 3, 64, 64) * 2 - 1
    rows = []
    with torch.inference_mode():
        for ids, mask, start in ((short, torch.ones(1, length), 0), (torch.cat(parts, 1), torch.cat(shown, 1), shift)):
            positions = (mask.cumsum(-1) - 1).clamp(min=0).long()
            keys = torch.arange(start + 1, start + 17)[None]
            with capturing(
                model.get_decoder(), RowCapture(torch.tensor([start + length - 1]), keys, "all_keys")
            ) as layers:
                model(ids, pixel_values=pixels, attention_mask=mask.long(), position_ids=positions)
            rows.append(torch.stack(layers))
    assert torch.allclose(rows[0], rows[1], atol=1e-6)


def test_capturing_leaves_the_model_as_it_was() -> None:
    model, _ = tiny_vlm.medvint("grid")
    decoder = model.get_decoder()
    with pytest.raises(RuntimeError, match="stop here"), capturing(decoder, capture(0)):
        raise RuntimeError("stop here")
    assert not decoder._forward_pre_hooks
    assert not decoder._forward_hooks
