"""Where the model looked: attention rows of chosen tokens over the image, at sdpa's cost.

`register()` adds the attention implementation "umed_rows" to transformers. It answers with sdpa and, where the
forward call carries `row_capture`, also returns the chosen rows, reduced over heads, as the layer's attention weights;
they are differentiable. Nothing of size T x T is kept. It sees queries and keys after rotary embedding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

__all__ = ["ATTENTION", "Denominator", "RowCapture", "capturing", "mean_rows", "register"]

ATTENTION = "umed_rows"
Denominator = Literal["image", "all_keys"]

ROWS_AT_ONCE = 256
"""More than stage 1 ever asks for; the rows of longer answers are cut, so that memory grows with T and not with T x T."""


@dataclass(frozen=True)
class RowCapture:
    """Which rows to keep.

    Shapes: queries (R,) indices of query positions in this forward call, the same for the whole batch;
        image_keys (B, P) indices of the image's key positions.
    denominator: `image` normalises each head's row over the image's keys alone; `all_keys` leaves the softmax as it is.
    """

    queries: Tensor
    image_keys: Tensor
    denominator: Denominator = "image"


def rows_with_sdpa(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    row_capture: RowCapture | None = None,
    **kwargs: Any,
) -> tuple[Tensor, Tensor | None]:
    """An attention function as transformers calls it. Shapes: query (B, H, Q, d), key and value (B, G, K, d);
    the second value is (B, R, P), the mean over heads, or None without `row_capture`."""
    kwargs.pop("output_attentions", None)  # asks transformers to collect the rows; sdpa would warn of it
    rows = None if row_capture is None else _rows(query, key, attention_mask, scaling, row_capture)
    output, _ = sdpa_attention_forward(
        module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **kwargs
    )
    return output, rows


def _rows(query: Tensor, key: Tensor, mask: Tensor | None, scaling: float | None, capture: RowCapture) -> Tensor:
    """Mean over heads of the chosen rows, (B, R, P), a block of rows at a time: rows on all keys are never there at once."""
    reads = key
    if capture.denominator == "image":
        index = capture.image_keys[:, None, :, None].expand(-1, key.shape[1], -1, key.shape[3])
        reads = key.gather(2, index)
    reads = reads.float()
    scale = scaling or query.shape[-1] ** -0.5
    blocks = capture.queries.split(ROWS_AT_ONCE)
    if len(blocks) > 1 and torch.is_grad_enabled():
        # Backward, each block is computed anew: what autograd would keep of them all is R x K a head and a layer.
        rows = [
            checkpoint(_block, query, reads, mask, scale, at, capture, use_reentrant=False, preserve_rng_state=False)
            for at in blocks
        ]
    else:
        rows = [_block(query, reads, mask, scale, at, capture) for at in blocks]
    return rows[0] if len(rows) == 1 else torch.cat(rows, dim=1)


def _block(
    query: Tensor, key: Tensor, mask: Tensor | None, scale: float, queries: Tensor, capture: RowCapture
) -> Tensor:
    """Rows at `queries` (R,). Shapes: query (B, H, Q, d), key (B, G, K, d), the image's alone for `image` -> (B, R, P)."""
    batch, heads, query_count, width = query.shape
    groups, key_count = key.shape[1], key.shape[2]
    # Heads that share a key head go through one matmul; repeating the keys would cost their size once a head.
    grouped = query[:, :, queries].float().reshape(batch, groups, heads // groups * len(queries), width)
    scores = (grouped @ key.transpose(-1, -2) * scale).reshape(batch, heads, len(queries), key_count)
    if capture.denominator == "image":
        return scores.softmax(dim=-1).mean(dim=1)
    scores = scores.masked_fill(~_visible(mask, queries, query_count, key_count), float("-inf"))
    return scores.softmax(dim=-1).mean(dim=1).gather(2, capture.image_keys[:, None, :].expand(-1, len(queries), -1))


def _visible(mask: Tensor | None, queries: Tensor, query_count: int, key_count: int) -> Tensor:
    """Boolean (B or 1, 1, R, K): which keys each chosen query may see."""
    if mask is None:
        last = queries + key_count - query_count
        return (torch.arange(key_count, device=queries.device)[None, :] <= last[:, None])[None, None]
    chosen = mask[:, :, queries, :key_count]
    return chosen if chosen.dtype == torch.bool else chosen >= 0


def mean_rows(attentions: tuple[Tensor, ...]) -> Tensor:
    """Mean over layers of captured rows, (B, R, P)."""
    return torch.stack(list(attentions)).mean(dim=0)


@contextmanager
def capturing(decoder: nn.Module, capture: RowCapture) -> Iterator[list[Tensor]]:
    """Yields a list that holds one (B, R, P) a layer once `decoder`, part of any larger model, has run.

    Only the decoder hears of the capture: an image encoder that was asked for its attention, too, would warn of it.
    """
    layers: list[Tensor] = []

    def ask(
        _module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return args, {**kwargs, "row_capture": capture, "output_attentions": True}

    def keep(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        layers.extend(output.attentions)

    hooks = (decoder.register_forward_pre_hook(ask, with_kwargs=True), decoder.register_forward_hook(keep))
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def register() -> None:
    """Make "umed_rows" known to transformers; without the mask entry padding would be ignored in silence."""
    AttentionInterface.register(ATTENTION, rows_with_sdpa)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)


register()
