"""Which tokens of a sampled answer spell the true class: the set N of Eq. 9.

An answer is known by its tokens alone, so each token's characters are told by decoding the answer up to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from umed_core.prompts import CLASS_SYNONYMS

__all__ = ["class_tokens", "named_spans", "token_spans"]


def class_tokens(
    tokens: Tensor, mask: Tensor, labels: Sequence[str], decode: Callable[[Sequence[int]], str]
) -> tuple[Tensor, list[str]]:
    """Where each answer spells one of `labels`, or a synonym, and each answer's text.

    Shapes: tokens (K, T), mask (K, T), True through the end token -> (K, T) bool on the CPU.
    """
    spelt = torch.zeros(mask.shape, dtype=torch.bool)
    texts = []
    for row, (ids, used) in enumerate(zip(tokens.tolist(), mask.sum(dim=1).tolist(), strict=True)):
        answer = ids[:used]
        texts.append(decode(answer))
        named = named_spans(texts[-1], labels)
        if not named:
            continue
        for place, (start, end) in enumerate(token_spans(answer, decode)):
            spelt[row, place] = any(start < last and end > first for first, last in named)
    return spelt, texts


def named_spans(text: str, labels: Sequence[str]) -> list[tuple[int, int]]:
    """Half-open ranges of characters that name a class, as `prompts.class_named` counts them."""
    spellings = {spelling for label in labels for spelling in CLASS_SYNONYMS.get(label.lower(), (label,))}
    return sorted(
        found.span()
        for spelling in spellings
        for found in re.finditer(rf"\b{re.escape(spelling)}\b", text, re.IGNORECASE)
    )


def token_spans(ids: Sequence[int], decode: Callable[[Sequence[int]], str]) -> list[tuple[int, int]]:
    """The half-open range of characters that each token adds; one in the middle of a character has all of it."""
    spans: list[tuple[int, int]] = []
    told = 0
    for count in range(1, len(ids) + 1):
        text = decode(ids[:count])
        # A character that spans tokens decodes to U+FFFD until it is whole.
        whole = len(text.rstrip("\ufffd"))
        spans.append((told, max(whole, told + (whole < len(text)))))
        told = max(told, whole)
    return spans
