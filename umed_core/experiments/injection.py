"""Figure 3: the model's own answer up to its first box, then a box of a known IoU, then on as the model likes. Needs torch.

An answer that names the class before its box can't be changed by what the box says: how often that is so is kept beside
the levels, as the outcome set `before`. An answer without a box takes none, and stands as it is at every level.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers.cache_utils import DynamicCache

from umed_core.errors import UnusableModel
from umed_core.evaluation.metrics import score_answer
from umed_core.evaluation.samples import samples_of
from umed_core.experiments.boxes_of_iou import box_of_iou
from umed_core.experiments.jobs import InjectJob
from umed_core.experiments.outcomes import BEFORE, Outcome, as_eval_set, injected_file, write_outcomes
from umed_core.geometry import NormalizedBox, best_match
from umed_core.prompts import class_named, format_box, parse_boxes
from umed_core.records import MauRecord, Turn
from umed_core.training.aar_batches import PromptReader, answer_vocabulary
from umed_core.training.data import Sample
from umed_core.training.policy import Policy
from umed_core.training.rollout import Vocabulary
from umed_core.vlm.attention import ATTENTION
from umed_core.vlm.families import load_model
from umed_core.vlm.medvint import MedVIntForConditionalGeneration
from umed_core.vlm.pixels import as_rgb

__all__ = ["inject"]


@dataclass(frozen=True)
class _Writer:
    """A model that completes answers greedily."""

    policy: Policy
    reader: PromptReader
    vocabulary: Vocabulary
    device: torch.device
    longest: int

    def decode(self, ids: Sequence[int]) -> str:
        tokenizer = self.policy.processor.tokenizer
        return tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)


def inject(job: InjectJob, progress: Callable[[int, int], None]) -> None:
    """Asks about every image with findings, at every level, and writes an outcome set for each level, and `before`.

    Raises: ModelError, DataError, InputError, StorageError; what `progress` does.
    """
    writer = _open(Path(job.model), job.asking.device, job.asking.max_new_tokens)
    read = [(asked, [s for s in samples_of(one, one.split.test) if s.record.findings])
            for asked in job.sets for one in [as_eval_set(asked)]]  # fmt: skip
    total, done = sum(len(samples) for _, samples in read), 0
    for asked, samples in read:
        found: dict[str, list[Outcome]] = {}
        for sample in samples:
            progress(done, total)
            draw = random.Random(f"{job.seed} {sample.record.image}")
            for place, outcome in _of_image(writer, sample.record, sample.pixels(), job, draw).items():
                found.setdefault(place, []).append(outcome)
            done += 1
        for place in (BEFORE, *map(str, job.levels)):
            write_outcomes(injected_file(asked, place), asked.key, found.get(place, []))
    progress(total, total)


def _open(folder: Path, device: str, longest: int) -> _Writer:
    """The model as stage 2 reads it. Raises: ModelError."""
    model, processor = load_model(folder)
    is_medvint = isinstance(model, MedVIntForConditionalGeneration)
    where = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
    model.to(where).eval()
    model.get_decoder().set_attn_implementation(ATTENTION)
    policy = Policy(model, processor, model.config.image_size if is_medvint else 0, is_medvint)
    return _Writer(policy, PromptReader(policy), answer_vocabulary(policy, grammar=False), where, longest)


def _of_image(
    writer: _Writer, record: MauRecord, pixels: NDArray[np.uint8], job: InjectJob, draw: random.Random
) -> dict[str, Outcome]:
    """The outcome at each level, and of the words before the box."""
    inputs = _inputs(writer, record, pixels, job.asking.question)
    (own,) = _complete(writer, inputs, torch.zeros(1, 0, dtype=torch.long, device=writer.device))
    text = writer.decode(own)
    parsed = next(iter(parse_boxes(text)), None)
    truths = [finding.box for finding in record.findings]
    largest = max(truths, key=lambda box: box.area)
    boxes = {str(level): box_of_iou(largest, level, truths, draw) for level in job.levels}
    before = text[: parsed.start] if parsed else text
    named_before = any(class_named(before, finding.label) for finding in record.findings)
    kept = {BEFORE: Outcome(record.image, record.group, False, named_before, 0.0, parsed is not None, False)}
    forced = {
        place: _spelt(writer, own, text, parsed.start, box)
        for place, box in boxes.items()
        if parsed and box is not None
    }
    for length in {len(ids) for ids in forced.values()}:
        places = [place for place, ids in forced.items() if len(ids) == length]
        given = torch.tensor([forced[place] for place in places], device=writer.device)
        for place, ids in zip(places, _complete(writer, inputs, given), strict=True):
            score = score_answer(writer.decode([*forced[place], *ids]), record.findings)
            reached = best_match(_as_written(boxes[place]), truths)
            kept[place] = Outcome(record.image, record.group, False, score.named, reached, True, False)
    score = score_answer(text, record.findings)
    left = Outcome(record.image, record.group, False, score.named, score.first_iou, False, False)
    return {place: kept.get(place, left) for place in (BEFORE, *boxes)}


def _inputs(writer: _Writer, record: MauRecord, pixels: NDArray[np.uint8], question: str) -> dict[str, Tensor]:
    """The image and the question as the model reads them."""
    turns = (Turn("user", question), Turn("assistant", ""))
    encoded = writer.reader.encode(Sample(as_rgb(pixels), record.findings, turns, record.dataset))
    return {name: value.to(writer.device) for name, value in encoded.items()}


def _as_written(box: NormalizedBox) -> NormalizedBox:
    return parse_boxes(format_box(box))[0].box


def _spelt(writer: _Writer, own: Sequence[int], text: str, start: int, box: NormalizedBox) -> list[int]:
    """The model's own tokens up to its box, then the tokens of another box. Raises: UnusableModel."""
    kept = max(n for n in range(len(own) + 1) if len(writer.decode(own[:n])) <= start)
    wanted = text[:start] + format_box(box)
    tokenizer = writer.policy.processor.tokenizer
    rest = tokenizer(wanted[len(writer.decode(own[:kept])) :], add_special_tokens=False)["input_ids"]
    for ids in ([*own[:kept], *rest], tokenizer(wanted, add_special_tokens=False)["input_ids"]):
        if writer.decode(ids).strip() == wanted.strip():
            return list(ids)
    raise UnusableModel("The tokenizer cannot spell a box into this model's answer.", "Use another model for fig3.")


@torch.no_grad()
def _complete(writer: _Writer, inputs: dict[str, Tensor], given: Tensor) -> list[list[int]]:
    """Greedy answers to one prompt behind `given` beginnings, (K, L): the tokens that follow each, without the last mark."""
    model: nn.Module = writer.policy.model
    cache = DynamicCache()
    logits = model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
    count = given.shape[0]
    if count > 1:
        cache.batch_repeat_interleave(count)
    if given.shape[1]:
        logits = model(input_ids=given, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
    answers: list[list[int]] = [[] for _ in range(count)]
    going = [True] * count
    for _ in range(max(1, writer.longest - given.shape[1])):
        chosen = logits.float().index_fill(1, writer.vocabulary.suppressed, float("-inf")).argmax(dim=-1)
        ended = torch.isin(chosen, writer.vocabulary.end_ids).tolist()
        for row, token in enumerate(chosen.tolist()):
            going[row] = going[row] and not ended[row]
            if going[row]:
                answers[row].append(token)
        if not any(going):
            break
        logits = model(input_ids=chosen[:, None], past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
    return answers
