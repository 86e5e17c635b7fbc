"""umed-mini's tokenizer: byte-level BPE trained on its own texts, and one token a coordinate.

Each of " 0.000" .. " 1.000", its leading space included, is a token, so `[bbox_start] 0.123, 0.456, ... [bbox_end]`
is nine tokens and reads back to the same characters.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from umed_core.prompts import BOX_END, BOX_START
from umed_core.vlm.chat import ASSISTANT, CHAT_TEMPLATE, END, IMAGE, PAD, USER

__all__ = ["COORDINATES", "build_tokenizer", "coordinate_ids"]

COORDINATES: tuple[str, ...] = tuple(f" {k / 1000:.3f}" for k in range(1001))


def build_tokenizer(texts: Iterable[str], vocab_size: int = 1536) -> PreTrainedTokenizerFast:
    """`vocab_size` counts the BPE part alone; the special and coordinate tokens come on top."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[PAD, END, USER, ASSISTANT, IMAGE],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    written = (BOX_START, f" {BOX_END}", *COORDINATES)
    core.add_tokens([AddedToken(text, normalized=False) for text in written])
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=[USER, ASSISTANT, IMAGE],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        padding_side="right",
    )


def coordinate_ids(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Token ids of 0.000 .. 1.000 in order; empty for a tokenizer that spells coordinates otherwise."""
    known = tokenizer.get_vocab()
    if not all(text in known for text in COORDINATES):
        return []
    return [known[text] for text in COORDINATES]
