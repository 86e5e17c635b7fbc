"""K candidate answers to one query, and what the policy thinks of them: the prompt and its image run once for all K.

Sampling prefills the prompt alone and expands its keys and values to the candidates; scoring does the same with
gradients, which flow through the shared keys back into the prompt. So an update costs T0 + K T tokens, not K (T0 + T).
Shapes: T0 prompt tokens, K candidates, T tokens of the longest answer, P image tokens or cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache, DynamicCache

from umed_core.errors import TrainingError
from umed_core.training.answer_cache import RoomyLayer
from umed_core.vlm.attention import RowCapture, capturing, mean_rows
from umed_core.vlm.box_grammar import LONGEST_BOX, BoxGrammar, BoxState

__all__ = ["Candidates", "Prompt", "Sampling", "Scored", "Vocabulary", "sample_candidates", "score_candidates"]


@dataclass(frozen=True)
class Prompt:
    """One query as the model reads it, a batch of one.

    `inputs` go to the model as they are (input_ids (1, T0), pixel_values, ...); image_positions (P0,) are the image's
    tokens among them; box_share (P,) the fraction of each token's cell, or of each cell that the connector's queries
    read, that the true boxes cover.
    """

    inputs: dict[str, Tensor]
    image_positions: Tensor
    box_share: Tensor


@dataclass(frozen=True)
class Sampling:
    """How candidates are drawn. Defaults: the paper's (8 candidates, temperature .9, top-p .9); 256 tokens are ours."""

    candidates: int = 8
    temperature: float = 0.9
    top_p: float = 0.9
    max_new_tokens: int = 256


@dataclass(frozen=True)
class Vocabulary:
    """What sampling knows of the tokens: those that end an answer, those that may never be said, the box grammar or None."""

    end_ids: Tensor
    suppressed: Tensor
    pad_id: int
    grammar: BoxGrammar | None = None


@dataclass(frozen=True)
class Candidates:
    """Shapes: tokens (K, T), padded behind each answer's end token; mask (K, T), True through that token."""

    tokens: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Scored:
    """Of response tokens. Shapes: hidden (K, T, D), the states that predict them; rows (K, R, P) attention on the image of
    the R places asked for, a softmax over all keys, mean over heads and layers; None where none was."""

    hidden: Tensor
    rows: Tensor | None


@torch.no_grad()
def sample_candidates(
    model: nn.Module, prompt: Prompt, sampling: Sampling, vocabulary: Vocabulary, generator: torch.Generator
) -> Candidates:
    """Draws the candidates; an answer that has ended takes no further part in the batch. Raises: TrainingError."""
    cache, logits = _prefill(model, prompt, sampling.candidates)
    device = logits.device
    tokens = torch.full((sampling.candidates, sampling.max_new_tokens), vocabulary.pad_id, device=device)
    mask = torch.zeros_like(tokens, dtype=torch.bool)
    states = [vocabulary.grammar.start() for _ in range(sampling.candidates)] if vocabulary.grammar else []
    going = torch.arange(sampling.candidates, device=device)
    for t in range(sampling.max_new_tokens):
        logits = logits.float().index_fill(1, vocabulary.suppressed, float("-inf"))
        if vocabulary.grammar:
            chosen = _draw_within_grammar(logits, going.tolist(), states, sampling, vocabulary.grammar, t, generator)
        else:
            chosen = _draw(logits, sampling, generator)
        tokens[going, t], mask[going, t] = chosen, True
        goes_on = ~torch.isin(chosen, vocabulary.end_ids)
        if not bool(goes_on.any()):
            break
        if not bool(goes_on.all()):
            cache.batch_select_indices(goes_on.nonzero().squeeze(1))
            going, chosen = going[goes_on], chosen[goes_on]
        if t + 1 < sampling.max_new_tokens:
            outputs = model(input_ids=chosen[:, None], past_key_values=cache, use_cache=True, logits_to_keep=1)
            logits = outputs.logits[:, -1]
    length = int(mask.any(dim=0).sum())
    return Candidates(tokens[:, :length], mask[:, :length])


def score_candidates(model: nn.Module, prompt: Prompt, candidates: Candidates, rows_at: Tensor) -> Scored:
    """Hidden states of every response token, and attention rows of some, differentiable where gradients are on.

    The row and the state of a token are those of the position that predicts it. Padding behind an answer is computed and
    means nothing. Shapes: rows_at (R,) ascending places in the answers; empty: no rows, at no cost.
    """
    decoder = model.get_decoder()
    count, length = candidates.tokens.shape
    images = prompt.image_positions
    prompt_end = torch.tensor([prompt.inputs["input_ids"].shape[1] - 1], device=images.device)
    later = rows_at[rows_at > 0] - 1  # the prompt's end predicts the first token, token t - 1 predicts token t
    rows: list[Tensor] = []
    cache = DynamicCache()
    with _states(decoder) as states:
        with _rows(decoder, prompt_end, images[None], wanted=len(later) < len(rows_at)) as layers:
            outputs = model(**prompt.inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        reading = getattr(outputs, "image_reading", None)
        hidden = states.pop()[:, -1:].expand(count, -1, -1)
        rows += [mean_rows(layers).expand(count, -1, -1)] if layers else []
        if length > 1:
            cache.batch_repeat_interleave(count)
            with _rows(decoder, later, images.expand(count, -1), wanted=len(later) > 0) as layers:
                model(input_ids=candidates.tokens[:, :-1], past_key_values=cache, use_cache=True, logits_to_keep=1)
            hidden = torch.cat([hidden, states.pop()], dim=1)
            rows += [mean_rows(layers)] if layers else []
    if not rows:
        return Scored(hidden, None)
    on_tokens = torch.cat(rows, dim=1)
    # MedVInt's queries are no patches: what a token looked at is composed with what each query read.
    return Scored(hidden, on_tokens if reading is None else on_tokens @ reading[0].to(on_tokens.dtype))


def _prefill(model: nn.Module, prompt: Prompt, candidates: int) -> tuple[Cache, Tensor]:
    """The prompt's keys and values for every candidate, and the logits of the first token, (K, V)."""
    cache = Cache(layer_class_to_replicate=RoomyLayer)
    logits = model(**prompt.inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
    cache.batch_repeat_interleave(candidates)
    return cache, logits.expand(candidates, -1)


def _draw(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> Tensor:
    """One token a row from the smallest set that holds `top_p` of the probability. Shapes: (K, V) -> (K,).

    Raises: TrainingError.
    """
    shares = (logits / sampling.temperature).softmax(dim=-1)
    if not bool(torch.isfinite(shares).all()):
        raise TrainingError("The model's scores of the next token are no numbers.", "Start from another model folder.")
    if sampling.top_p < 1:
        ordered, order = shares.sort(dim=-1, descending=True, stable=True)
        # The token that crosses top_p belongs to the set.
        beyond = ordered.cumsum(dim=-1) - ordered >= sampling.top_p
        shares = shares.scatter(1, order, ordered.masked_fill(beyond, 0.0))
    return torch.multinomial(shares, 1, generator=generator).squeeze(1)


def _draw_within_grammar(
    logits: Tensor, going: list[int], states: list[BoxState], sampling: Sampling, grammar: BoxGrammar, t: int,
    generator: torch.Generator,
) -> Tensor:  # fmt: skip
    """As `_draw`, but no token spoils a box or begins one that cannot end in time; moves `states` of `going` on."""
    logits = logits.clone()
    for row, k in zip(logits, going, strict=True):
        allowed = grammar.allowed(states[k])
        if allowed is not None:
            row[torch.from_numpy(~allowed).to(row.device)] = float("-inf")
    chosen = _draw(logits, sampling, generator)
    is_late = sampling.max_new_tokens - t <= LONGEST_BOX
    for number, k in enumerate(going):
        after = grammar.advance(states[k], int(chosen[number]))
        while is_late and states[k].phase == "outside" and after.phase != "outside":
            logits[number, chosen[number]] = float("-inf")
            chosen[number] = _draw(logits[number : number + 1], sampling, generator)[0]
            after = grammar.advance(states[k], int(chosen[number]))
        states[k] = after
    return chosen


@contextmanager
def _states(decoder: nn.Module) -> Iterator[list[Tensor]]:
    """Yields a list that gets the last hidden states, (B, T, D), of each run of `decoder`."""
    states: list[Tensor] = []
    hook = decoder.register_forward_hook(lambda _module, _args, output: states.append(output.last_hidden_state))
    try:
        yield states
    finally:
        hook.remove()


@contextmanager
def _rows(decoder: nn.Module, queries: Tensor, image_keys: Tensor, wanted: bool) -> Iterator[list[Tensor]]:
    if not wanted:
        yield []
        return
    with capturing(decoder, RowCapture(queries, image_keys, "all_keys")) as layers:
        yield layers
