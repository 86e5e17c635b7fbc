"""Queries of stage 2: a sample's image and first question as the model reads them, and what its answers are held against."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from jinja2 import TemplateError
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from umed_core.config import AarConfig
from umed_core.errors import ConfigError, DataError, UmedError
from umed_core.records import Finding
from umed_core.training.data import Sample, SampleStream
from umed_core.training.policy import Policy
from umed_core.training.rollout import Prompt, Vocabulary
from umed_core.vlm.box_grammar import BoxGrammar
from umed_core.vlm.chat import as_words
from umed_core.vlm.families import answer_tokens, image_mosaics, wants_first_token
from umed_core.vlm.patches import View
from umed_core.vlm.pixels import as_rgb
from umed_core.vlm.torch_engine import token_pieces

__all__ = ["PromptReader", "Query", "answer_vocabulary", "query_batches"]


@dataclass(frozen=True)
class Query:
    """One question about one image. `reference` is the dataset's answer; `findings` is empty for a normal image.

    Shapes: pixels (H, W, 3) uint8 display values.
    """

    prompt: Prompt
    question: str
    reference: str
    findings: tuple[Finding, ...]
    pixels: NDArray[np.uint8]

    @property
    def labels(self) -> tuple[str, ...]:
        """The true classes, each once."""
        return tuple(dict.fromkeys(finding.label for finding in self.findings))


class PromptReader:
    """Samples to the model's inputs, as the torch engine asks: the image, then the first question, then the model's turn."""

    def __init__(self, policy: Policy) -> None:
        self._model, self._processor, self._tokenizer = policy.model, policy.processor, policy.processor.tokenizer
        self._read_cells = _cells_that_queries_read(policy)

    def encode(self, sample: Sample) -> dict[str, Tensor]:
        """The processor's work. Raises: ConfigError for a model without a chat template; DataError without a question."""
        if len(sample.turns) < 2:
            raise DataError(f"A sample of {sample.dataset} holds no question with an answer.", "Rebuild that dataset.")
        text = self._render(sample)
        inputs = self._processor(
            text=[text],
            images=[Image.fromarray(as_rgb(sample.pixels))],
            return_tensors="pt",
            add_special_tokens=wants_first_token(self._tokenizer, text),
        )
        # One conversation has no padding.
        return {name: value for name, value in inputs.items() if name not in ("attention_mask", "labels")}

    def query(self, sample: Sample, inputs: dict[str, Tensor], device: torch.device) -> Query:
        """The sample with its inputs on the device, and the share of each image token's cell that the true boxes cover."""
        ids = inputs["input_ids"][0].tolist()
        mosaics = image_mosaics(self._model, self._processor, ids, inputs, [sample.pixels])
        boxes = [finding.box for finding in sample.findings]
        positions, share = np.zeros(0, dtype=np.int64), np.zeros(0)
        if mosaics:
            positions, share = mosaics[0].positions, mosaics[0].covered_by(boxes)
        if self._read_cells:
            share = View(0, *self._read_cells).covered_by(boxes)
        prompt = Prompt(
            {name: value.to(device) for name, value in inputs.items()},
            torch.from_numpy(positions).to(device),
            torch.from_numpy(share).to(device, torch.float32),
        )
        return Query(prompt, sample.turns[0].text, sample.turns[1].text, sample.findings, sample.pixels)

    def _render(self, sample: Sample) -> str:
        owner = self._processor if getattr(self._processor, "chat_template", None) else self._tokenizer
        if not owner.chat_template:
            raise ConfigError("The model has no chat template.", "Put a chat_template.jinja into its folder.")
        marks = (*self._tokenizer.all_special_tokens, getattr(self._processor, "image_token", None) or "")
        (question,) = as_words(sample.turns[:1], marks)
        content = [{"type": "image"}, {"type": "text", "text": question.text}]
        try:
            return self._tokenizer.apply_chat_template(
                [{"role": "user", "content": content}],
                chat_template=owner.chat_template,
                tokenize=False,
                add_generation_prompt=True,
            )
        except TemplateError as problem:
            raise ConfigError(f"The model's chat template takes no question: {problem}.", "Mend it.") from problem


def answer_vocabulary(policy: Policy, grammar: bool) -> Vocabulary:
    """The tokens that end an answer of this model, and those that it may never say: its marks, and rows without a token.

    Raises: UnusableModel where the grammar is wanted and the tokenizer cannot spell a box.
    """
    model, tokenizer = policy.model, policy.processor.tokenizer
    size = model.get_output_embeddings().weight.shape[0]
    ends, never = answer_tokens(model, tokenizer)
    device = model.device
    return Vocabulary(
        torch.tensor(sorted(ends), dtype=torch.long, device=device),
        torch.tensor(never, dtype=torch.long, device=device),
        tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(ends, default=0),
        BoxGrammar(token_pieces(tokenizer, size)) if grammar else None,
    )


def query_batches(
    config: AarConfig, policy: Policy, reader: PromptReader, steps: int, start: int, accelerator: Accelerator
) -> Iterator[list[Query]]:
    """This process's queries of each update from `start` on: those of update n are the same in any run of the recipe.

    Each process has as many as the others, in a row: the first process the first ones.
    Raises: ConfigError, DataError; on the way, what reading a sample raises.
    """
    size = config.optimizer.batch_size
    own = size // accelerator.num_processes
    first = own * accelerator.process_index
    stream = SampleStream(config.data, steps * size, policy.image_size or config.model.image_size, config.run.seed)
    loader = DataLoader(
        _Encoded(stream, reader),
        batch_size=None,
        sampler=[step * size + first + n for step in range(start, steps) for n in range(own)],
        collate_fn=_as_it_is,
        num_workers=config.data.workers,
        prefetch_factor=own if config.data.workers else None,
        persistent_workers=config.data.workers > 0,
        worker_init_fn=_ignore_interrupts,
        generator=torch.Generator(),  # its own, or starting workers would advance the generator that checkpoints keep
    )
    # Workers start here and not at the first `next`: a fork belongs before TensorBoard's thread.
    return _in_updates(iter(loader), reader, own, accelerator.device)


class _Encoded(Dataset):
    """Sample n and its inputs, or the error that reading it raised: as a value, without a worker's traceback."""

    def __init__(self, stream: SampleStream, reader: PromptReader) -> None:
        self.stream, self.reader = stream, reader

    def __len__(self) -> int:
        return len(self.stream)

    def __getitem__(self, number: int) -> tuple[Sample, dict[str, Tensor]] | UmedError:
        try:
            sample = self.stream[number]
            return sample, self.reader.encode(sample)
        except UmedError as problem:
            return problem


def _in_updates(encoded: Iterator[Any], reader: PromptReader, size: int, device: torch.device) -> Iterator[list[Query]]:
    update: list[Query] = []
    for item in encoded:
        if isinstance(item, UmedError):
            raise item
        update.append(reader.query(*item, device))
        if len(update) == size:
            yield update
            update = []


def _as_it_is(item: Any) -> Any:
    return item


def _ignore_interrupts(worker: int) -> None:  # noqa: ARG001 - DataLoader's signature
    """Ctrl-C reaches the whole group; the step in hand still needs its samples."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@torch.no_grad()
def _cells_that_queries_read(policy: Policy) -> tuple[int, int] | None:
    """Rows and columns of the map that MedVInt's queries read; None for a model whose image tokens are cells themselves."""
    if not policy.is_medvint or policy.model.config.connector != "queries":
        return None
    side = policy.model.config.image_size
    blank = torch.zeros(1, 3, side, side, device=policy.model.device, dtype=policy.model.dtype)
    cells = math.isqrt(policy.model.encode_images(blank).reading.shape[-1])
    return cells, cells
