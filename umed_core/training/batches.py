"""Samples to tensors: one Collator for umed-mini's fast path and for any processor of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from umed_core.errors import ConfigError, UmedError
from umed_core.records import Turn
from umed_core.training.data import Sample, SampleStream
from umed_core.training.encoding import IGNORED, NO_BOX, EncodedText, as_messages, encode_text, template_pieces
from umed_core.vlm.chat import render_chat
from umed_core.vlm.families import wants_first_token
from umed_core.vlm.pixels import model_pixels

__all__ = ["Batch", "Collator", "MicroBatches"]


@dataclass
class Batch:
    """Shapes: labels, box_of, names_class (B, T), aligned with inputs["input_ids"]; boxes (N, 4) xywh of all images'
    findings, owners (N,) their image. box_of counts in `boxes`. All of `inputs` go to the model as they are."""

    inputs: dict[str, Tensor]
    labels: Tensor
    box_of: Tensor
    names_class: Tensor
    boxes: Tensor
    owners: Tensor


class Collator:
    """Encodes conversations, drops last turns that are too long, pads right.

    `processor` is MedVInt's or any other image-text processor with a chat template and a fast tokenizer.
    """

    def __init__(self, processor: Any, max_text_tokens: int, is_medvint: bool, image_size: int) -> None:
        self.processor, self.tokenizer = processor, processor.tokenizer
        self.max_text_tokens = max_text_tokens
        self.is_medvint, self.image_size = is_medvint, image_size

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        """Raises: ConfigError when the processor writes an answer in other tokens than the tokenizer."""
        encoded, rendered = zip(*(self._encode(sample) for sample in samples), strict=True)
        inputs = self._medvint_inputs(samples, encoded) if self.is_medvint else self._inputs(samples, rendered)
        length = inputs["input_ids"].shape[1]
        boxes = [[f.box.x, f.box.y, f.box.w, f.box.h] for sample in samples for f in sample.findings]
        owners = [i for i, sample in enumerate(samples) for _ in sample.findings]
        firsts = np.cumsum([0] + [len(sample.findings) for sample in samples])
        labels = torch.full((len(samples), length), IGNORED)
        box_of = torch.full((len(samples), length), NO_BOX)
        names_class = torch.zeros((len(samples), length), dtype=torch.bool)
        for i, text in enumerate(encoded):
            # The image's placeholders precede every answer: align the text's tail with the row's unpadded end.
            end = int(inputs["attention_mask"][i].sum())
            tail = slice(end - self._tail(text), end)
            source = slice(len(text.labels) - self._tail(text), None)
            if not np.array_equal(inputs["input_ids"][i, tail].numpy(), text.input_ids[source]):
                raise ConfigError(
                    "The model's processor writes an answer in other tokens than its tokenizer.",
                    "Use the processor that belongs to this model.",
                )
            labels[i, tail] = torch.from_numpy(text.labels[source])
            own = text.box_of[source]
            box_of[i, tail] = torch.from_numpy(np.where(own == NO_BOX, NO_BOX, own + firsts[i]))
            names_class[i, tail] = torch.from_numpy(text.names_class[source])
        return Batch(
            inputs, labels, box_of, names_class, torch.tensor(boxes).view(-1, 4), torch.tensor(owners, dtype=torch.long)
        )

    @staticmethod
    def _tail(text: EncodedText) -> int:
        """Tokens from the first labelled one to the end."""
        labelled = np.flatnonzero(text.labels != IGNORED)
        return len(text.labels) - int(labelled[0]) if labelled.size else 0

    def _render(self, turns: Sequence[Turn]) -> str:
        if self.is_medvint:
            return render_chat(turns, 1, add_generation_prompt=False)
        # Older folders keep the template in the tokenizer's files.
        owner = self.processor if getattr(self.processor, "chat_template", None) else self.tokenizer
        if not owner.chat_template:
            raise ConfigError("The model has no chat template.", "Put a chat_template.jinja into its folder.")
        return owner.apply_chat_template(as_messages(turns), tokenize=False)

    def _encode(self, sample: Sample) -> tuple[EncodedText, str]:
        turns = sample.turns
        while True:
            rendered, pieces = self._render(turns), template_pieces(self._render, turns)
            text = encode_text(self.tokenizer, rendered, turns, sample.findings, pieces)
            if len(text.input_ids) <= self.max_text_tokens or len(turns) <= 2:
                return text, rendered
            turns = turns[:-2]

    def _medvint_inputs(self, samples: Sequence[Sample], encoded: Sequence[EncodedText]) -> dict[str, Tensor]:
        image_id, count = self.processor.image_token_id, self.processor.image_seq_length
        rows = []
        for text in encoded:
            place = int(np.flatnonzero(text.input_ids == image_id)[0])
            rows.append(np.concatenate([text.input_ids[:place], np.full(count, image_id), text.input_ids[place + 1 :]]))
        length = max(len(row) for row in rows)
        ids = torch.full((len(rows), length), self.tokenizer.pad_token_id)
        mask = torch.zeros((len(rows), length), dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.from_numpy(row)
            mask[i, : len(row)] = 1
        pixels = np.stack([model_pixels(sample.pixels, self.image_size) for sample in samples])
        return {"input_ids": ids, "attention_mask": mask, "pixel_values": torch.from_numpy(pixels)}

    def _inputs(self, samples: Sequence[Sample], rendered: Sequence[str]) -> dict[str, Tensor]:
        inputs = self.processor(
            images=[[sample.pixels] for sample in samples],
            text=list(rendered),
            return_tensors="pt",
            padding=True,
            padding_side="right",
            add_special_tokens=all(wants_first_token(self.tokenizer, text) for text in rendered),  # as asking does
        )
        # PaliGemma's processor gives labels of its own; the loss is ours.
        return {name: value for name, value in inputs.items() if name != "labels"}


class MicroBatches(Dataset):
    """Micro-batch n of a stream: samples n * size to (n + 1) * size, or the error that one of them raised.

    The error comes as a value, since DataLoader would raise it anew with a worker's traceback as its message.
    """

    def __init__(self, stream: SampleStream, collate: Collator, size: int) -> None:
        self.stream, self.collate, self.size = stream, collate, size

    def __len__(self) -> int:
        return len(self.stream) // self.size

    def __getitem__(self, number: int) -> Batch | UmedError:
        try:
            return self.collate([self.stream[i] for i in range(number * self.size, (number + 1) * self.size)])
        except UmedError as problem:
            return problem
