"""Any local vision-language model on torch: one conversation's cache kept over turns, attention rows as it decodes.

The image is encoded once: a later question about the same image that repeats the conversation so far feeds only what is
new. A row of attention comes out of the pass that predicts its token (`umed_core.vlm.attention`).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil
import torch
from jinja2 import TemplateError
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel
from transformers.utils import logging as transformers_logging

from umed_core.errors import ConfigError, UnusableModel, WorkerError
from umed_core.prompts import CLASS_SYNONYMS, about_images
from umed_core.records import Turn
from umed_core.vlm.attention import ATTENTION, RowCapture, capturing
from umed_core.vlm.box_grammar import BoxGrammar, piece_text
from umed_core.vlm.chat import as_words
from umed_core.vlm.decoding import Step, Vocabulary, common_prefix, decode_answer
from umed_core.vlm.families import (
    answer_tokens,
    image_mosaics,
    image_token_id,
    is_out_of_memory,
    load_model,
    takes_several_images,
    wants_first_token,
)
from umed_core.vlm.messages import Answer, AskOptions, AttentionRow, AttentionRowsWanted, Loaded, TextDelta
from umed_core.vlm.patches import Mosaic
from umed_core.vlm.pixels import as_rgb
from umed_core.vlm.protocol import KEPT_IMAGES, check_image_count

__all__ = ["TorchEngine", "open_torch_engine", "running_device", "token_pieces", "weights_hash"]

_BYTE_TOKEN = re.compile(r"<0x([0-7][0-9A-F])>")


def open_torch_engine(path: Path, device: str) -> TorchEngine:
    """Loads a model folder in transformers' form; "auto" takes CUDA where there is one.

    Weights are float32 on the CPU, as stored on CUDA.
    Raises: MissingModel; UnusableModel; ConfigError for an unknown device; MemoryError.
    """
    started = time.perf_counter()
    place = running_device(device)
    before = _memory(place)
    # A worker's stderr is for its last words.
    transformers_logging.disable_progress_bar()
    model, processor = load_model(path, str(place), torch.float32 if place.type == "cpu" else "auto")
    info = Loaded(
        model=path.name,
        sha256=weights_hash(path),
        engine="torch",
        device="CPU" if place.type == "cpu" else f"CUDA: {torch.cuda.get_device_name(place)}",
        memory_mb=max(1, (_memory(place) - before) // 2**20),
        seconds=time.perf_counter() - started,
        max_images=KEPT_IMAGES if takes_several_images(model.config) else 1,
        layers=getattr(model.config.get_text_config(), "num_hidden_layers", 0),
    )
    return TorchEngine(info, model, processor)


def running_device(device: str) -> torch.device:
    """The device for "auto", "cpu", "cuda" or "cuda:1". Raises: ConfigError; UnusableModel where CUDA is absent."""
    found = torch.cuda.device_count()
    if device == "cpu" or (device == "auto" and not found):
        return torch.device("cpu")
    number = re.fullmatch(r"auto|cuda(?::(\d+))?", device)
    if number is None:
        raise ConfigError(f"There is no device called {device!r}.", "Choose auto, cpu or cuda.")
    if int(number[1] or 0) >= found:
        raise UnusableModel(f"{device} was asked for, and torch finds {found} CUDA devices.", "Choose --device cpu.")
    return torch.device("cuda", int(number[1] or 0))


def weights_hash(folder: Path) -> str:
    """One SHA-256 over every safetensors file of the folder, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as weights:
            while block := weights.read(2**22):
                digest.update(block)
    return digest.hexdigest()


def token_pieces(tokenizer: Any, size: int) -> list[str]:
    """The text that each of `size` token ids adds to an answer; "" for special tokens and ids without a token."""
    special = set(tokenizer.all_special_ids)
    pieces = [""] * size
    for token, number in tokenizer.get_vocab().items():
        if number < size and number not in special:
            spelt = _BYTE_TOKEN.fullmatch(token)
            pieces[number] = chr(int(spelt[1], 16)) if spelt else piece_text(token)
    return pieces


class TorchEngine:
    """Implements Engine, and decoding.Stepper for the answer at hand."""

    def __init__(self, info: Loaded, model: PreTrainedModel, processor: Any) -> None:
        self.info = info
        self._model, self._processor, self._tokenizer = model, processor, processor.tokenizer
        text_config = model.config.get_text_config()
        self._decoder = model.get_decoder()
        self._decoder.set_attn_implementation(ATTENTION)
        self._max_positions = getattr(text_config, "max_position_embeddings", None) or 2**31
        self._size = model.get_output_embeddings().weight.shape[0]
        self._image_token = image_token_id(model.config)
        self._vocabulary = self._new_vocabulary(None)
        # Qwen keeps the offset of its positions from one image to the next question, which may have none.
        self._with_offsets = [module for module in model.modules() if hasattr(module, "rope_deltas")]
        self._image_ids: tuple[str, ...] = ()
        self._ids: list[int] = []
        self._cache = DynamicCache()
        self._mosaics: tuple[Mosaic, ...] = ()
        self._reading: NDArray[np.float64] | None = None
        self._wanted: AttentionRowsWanted = "mean"

    def answer(
        self,
        ask_id: int,
        images: Sequence[NDArray[np.uint8]],
        image_ids: Sequence[str],
        turns: Sequence[Turn],
        options: AskOptions,
        stopped: Callable[[], bool],
    ) -> Iterator[TextDelta | Answer]:
        started = time.perf_counter()
        check_image_count(len(images), self.info)
        if options.grammar and self._vocabulary.grammar is None:
            self._vocabulary = self._new_vocabulary(BoxGrammar(token_pieces(self._tokenizer, self._size)))
        inputs = self._inputs(turns, images)
        ids = inputs.pop("input_ids")[0].tolist()
        room = self._max_positions - len(ids)
        if room < 1:
            hint = "Start a new one." if len(images) < 2 else "Start a new one, or ask about fewer images."
            raise WorkerError("The conversation is longer than the model can read.", hint)
        if options.max_new_tokens > room:
            options = msgspec.structs.replace(options, max_new_tokens=room)
        reused = self._reuse(tuple(image_ids), ids)
        if not reused:
            self._mosaics = image_mosaics(self._model, self._processor, ids, inputs, images)
        self._wanted = options.attention
        first = self._feed(ids[reused:], {} if reused else inputs)
        yield from decode_answer(
            ask_id,
            first,
            self,
            self._vocabulary,
            options,
            stopped,
            self.info.classes or tuple(CLASS_SYNONYMS),
            started,
            reused,
            len(images),
        )

    def step(self, token_id: int) -> Step:
        """One more token of the answer (decoding.Stepper)."""
        return self._feed([token_id], {})

    def _new_vocabulary(self, grammar: BoxGrammar | None) -> Vocabulary:
        ends, never = answer_tokens(self._model, self._tokenizer)
        return Vocabulary(
            lambda ids: self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False),
            ends,
            never,
            grammar,
        )

    def _inputs(self, turns: Sequence[Turn], images: Sequence[NDArray[np.uint8]]) -> dict[str, Tensor]:
        """What the model reads, less the attention mask: one conversation has no padding."""
        text = self._render(turns, len(images))
        inputs = self._processor(
            text=[text],
            images=[Image.fromarray(as_rgb(image)) for image in images] or None,
            return_tensors="pt",
            add_special_tokens=wants_first_token(self._tokenizer, text),
        )
        inputs.pop("attention_mask", None)
        return dict(inputs.to(self._model.device, dtype=self._model.dtype))

    def _render(self, turns: Sequence[Turn], image_count: int) -> str:
        template = getattr(self._processor, "chat_template", None) or getattr(self._tokenizer, "chat_template", None)
        if template is None:
            raise UnusableModel(
                f"{self.info.model} has no chat template.", "Add chat_template.jinja to its folder (the instruct form)."
            )
        marks = (*self._tokenizer.all_special_tokens, getattr(self._processor, "image_token", None) or "")
        messages = []
        for number, turn in enumerate(as_words(turns, marks)):
            # Named in words and not between the pictures: several families' templates put all pictures first.
            pictures = [{"type": "image"}] * image_count if number == 0 else []
            words = about_images(turn.text, image_count) if number == 0 else turn.text
            content = [*pictures, {"type": "text", "text": words}]
            messages.append({"role": turn.role, "content": content})
        try:
            return self._tokenizer.apply_chat_template(
                messages, chat_template=template, tokenize=False, add_generation_prompt=True
            )
        except TemplateError as problem:
            raise WorkerError(
                f"{self.info.model} takes no such conversation: {problem}.", "Start a new one."
            ) from problem

    def _reuse(self, image_ids: tuple[str, ...], ids: Sequence[int]) -> int:
        """Cuts the cache to what it shares with `ids` about the same images; the last id is always fed again."""
        shared = common_prefix(self._ids, ids) if image_ids == self._image_ids else 0
        shared = min(shared, len(ids) - 1)
        images_end = len(ids) - ids[::-1].index(self._image_token) if self._image_token in ids else 0
        if shared < images_end:
            shared = 0
        if shared:
            for layer in self._cache.layers:
                # By layer, since a pass that ran out of memory leaves some longer than others.
                layer.crop(shared - layer.get_seq_length())
        else:
            self._cache = DynamicCache()
            self._reading = None
            for module in self._with_offsets:
                module.rope_deltas = None
        self._image_ids, self._ids = image_ids, list(ids[:shared])
        return shared

    @torch.inference_mode()
    def _feed(self, ids: Sequence[int], inputs: Mapping[str, Tensor]) -> Step:
        place = self._model.device
        with ExitStack() as stack:
            layers: list[Tensor] = []
            if self._mosaics and self._wanted != "none":
                keys = torch.from_numpy(np.concatenate([mosaic.positions for mosaic in self._mosaics])).to(place)
                last = torch.tensor([len(ids) - 1], device=place)
                layers = stack.enter_context(capturing(self._decoder, RowCapture(last, keys[None], "all_keys")))
            try:
                outputs = self._model(
                    input_ids=torch.tensor([list(ids)], device=place),
                    past_key_values=self._cache,
                    use_cache=True,
                    logits_to_keep=1,
                    **inputs,
                )
            except RuntimeError as problem:
                if is_out_of_memory(problem):
                    raise MemoryError(str(problem)) from problem
                raise
        self._ids.extend(ids)
        if getattr(outputs, "image_reading", None) is not None:
            self._reading = outputs.image_reading[0].double().cpu().numpy()
        return Step(outputs.logits[0, -1].float().cpu().numpy(), self._rows(layers) if layers else ())

    def _rows(self, layers: Sequence[Tensor]) -> tuple[AttentionRow, ...]:
        """Shapes: layers, each (1, 1, P): the last position's weights on the tokens of all images."""
        by_layer = torch.stack([layer[0, 0] for layer in layers]).double().cpu().numpy()
        wanted = [(-1, by_layer.mean(axis=0))]
        if self._wanted == "layers":
            wanted += list(enumerate(by_layer))
        rows: list[AttentionRow] = []
        for layer, weights in wanted:
            done = 0
            for number, mosaic in enumerate(self._mosaics):
                count = len(mosaic.positions)
                cells = self._on_image(mosaic, weights[done : done + count])
                rows.append(AttentionRow(*cells.shape, tuple(cells.ravel().tolist()), layer, number))
                done += count
        return tuple(rows)

    def _on_image(self, mosaic: Mosaic, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._reading is None:
            return mosaic.on_image(weights)
        # MedVInt's queries are no cells: what a query read of each cell is composed with how much it was looked at.
        cells = weights @ self._reading
        side = round(len(cells) ** 0.5)
        return cells.reshape(side, side)


def _memory(place: torch.device) -> int:
    """Bytes in use: of the process on the CPU, of torch on a CUDA device."""
    return psutil.Process().memory_info().rss if place.type == "cpu" else torch.cuda.memory_allocated(place)
