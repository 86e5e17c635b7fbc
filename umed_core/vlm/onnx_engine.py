"""umed's own models on onnxruntime, without torch: the image encoded once, the cache kept over turns.

One conversation's cache is kept: when the next question brings the same image and repeats the tokens so far, only the
new ones are fed. The answer's attention rows come out of the same pass that predicts each token.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import psutil
from numpy.typing import NDArray
from tokenizers import Tokenizer

from umed_core.errors import UnusableModel, WorkerError
from umed_core.records import Turn
from umed_core.vlm.box_grammar import BoxGrammar
from umed_core.vlm.chat import as_words, render_chat
from umed_core.vlm.decoding import Step, Vocabulary, common_prefix, decode_answer
from umed_core.vlm.messages import Answer, AskOptions, AttentionRow, AttentionRowsWanted, Loaded, TextDelta
from umed_core.vlm.onnx_form import DECODER, EMBED, TOKENIZER, VISION, OnnxForm, read_form
from umed_core.vlm.pixels import model_pixels
from umed_core.vlm.protocol import check_image_count

__all__ = ["OnnxEngine", "open_onnx_engine"]

Floats = NDArray[np.float32]


def open_onnx_engine(path: Path, device: str) -> OnnxEngine:
    """Loads a folder that `umed export-onnx` wrote. Raises: MissingModel, UnusableModel."""
    started = time.perf_counter()
    form = read_form(path)
    before = psutil.Process().memory_info().rss
    try:
        sessions = {name: _session(path / name, device) for name in (VISION, EMBED, DECODER)}
        tokenizer = Tokenizer.from_file(str(path / TOKENIZER))
    except Exception as problem:  # onnxruntime and tokenizers raise bare RuntimeError and Exception kinds of their own
        first = str(problem).strip().splitlines()[0][:160]
        raise UnusableModel(f"{path} could not be loaded: {first}", "Install or export the model again.") from problem
    running = sessions[DECODER].get_providers()[0]
    if device == "cuda" and running != "CUDAExecutionProvider":
        raise UnusableModel(
            f"onnxruntime runs {path.name} on {running}, not on CUDA.", "Install umed[gpu], or choose --device cpu."
        )
    info = Loaded(
        model=form.name,
        sha256=_weights_hash(path),
        engine="onnxruntime",
        device="CUDA" if running == "CUDAExecutionProvider" else "CPU",
        memory_mb=max(1, (psutil.Process().memory_info().rss - before) // 2**20),
        seconds=time.perf_counter() - started,
        max_images=1,
        classes=form.classes,
        layers=form.layers,
    )
    return OnnxEngine(info, form, sessions[VISION], sessions[EMBED], sessions[DECODER], tokenizer)


def _session(path: Path, device: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # Spinning threads burn a core between tokens and slow everything else on a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    available = ort.get_available_providers()
    wanted = ["CPUExecutionProvider"]
    if device in ("auto", "cuda") and "CUDAExecutionProvider" in available:
        wanted.insert(0, "CUDAExecutionProvider")
    return ort.InferenceSession(str(path), options, providers=wanted)


def _weights_hash(path: Path) -> str:
    """One SHA-256 over the three graphs, in a fixed order."""
    digest = hashlib.sha256()
    for name in (VISION, EMBED, DECODER):
        digest.update((path / name).read_bytes())
    return digest.hexdigest()


class OnnxEngine:
    """Implements Engine."""

    def __init__(
        self,
        info: Loaded,
        form: OnnxForm,
        vision: ort.InferenceSession,
        embed: ort.InferenceSession,
        decoder: ort.InferenceSession,
        tokenizer: Tokenizer,
    ) -> None:
        self.info = info
        self._form, self._tokenizer = form, tokenizer
        self._vision, self._embed, self._decoder = vision, embed, decoder
        pieces = [tokenizer.decode([i], skip_special_tokens=False) for i in range(tokenizer.get_vocab_size())]
        silent = {*form.banned_token_ids, *form.end_token_ids}
        grammar = BoxGrammar(["" if i in silent else piece for i, piece in enumerate(pieces)])
        self._vocabulary = Vocabulary(
            lambda ids: tokenizer.decode(list(ids), skip_special_tokens=False),
            frozenset(form.end_token_ids),
            form.banned_token_ids,
            grammar,
        )
        self._marks = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
        self._image_id = ""
        self._ids: list[int] = []
        self._past = self._empty_past()
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
        if not images:
            raise WorkerError(f"{self.info.model} answers about an image, and there is none.", "Open one first.")
        text = render_chat(as_words(turns, self._marks), self._form.image_tokens)
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        room = self._form.max_positions - len(ids)
        if room < 1:
            raise WorkerError("The conversation is longer than the model can read.", "Start a new one.")
        reused = self._reuse(image_ids[0], ids)
        self._wanted = options.attention
        first = self._feed(ids[reused:], images[0] if reused < self._image_end(ids) else None)
        if options.max_new_tokens > room:
            import msgspec

            options = msgspec.structs.replace(options, max_new_tokens=room)
        yield from decode_answer(
            ask_id, first, self, self._vocabulary, options, stopped, self.info.classes, started, reused
        )

    def step(self, token_id: int) -> Step:
        """One more token of the answer (decoding.Stepper)."""
        return self._feed([token_id], None)

    def _image_end(self, ids: Sequence[int]) -> int:
        """Position after the last image placeholder."""
        return len(ids) - list(reversed(ids)).index(self._form.image_token_id)

    def _reuse(self, image_id: str, ids: Sequence[int]) -> int:
        """Cuts the cache to what it shares with `ids` about the same image; the last id is always fed again."""
        shared = common_prefix(self._ids, ids) if image_id == self._image_id else 0
        shared = min(shared, len(ids) - 1)
        if shared < self._image_end(ids):
            shared = 0
        self._image_id = image_id
        self._ids = list(ids[:shared])
        self._past = [part[:, :, :shared] for part in self._past] if shared else self._empty_past()
        return shared

    def _empty_past(self) -> list[Floats]:
        empty = np.zeros((1, self._form.key_value_heads, 0, self._form.head_width), np.float32)
        return [empty] * (2 * self._form.layers)

    def _feed(self, ids: Sequence[int], image: NDArray[np.uint8] | None) -> Step:
        (embeddings,) = self._embed.run(None, {"input_ids": np.array([ids], np.int64)})
        if image is not None:
            pixels = model_pixels(image, self._form.image_size)[None]
            (tokens,) = self._vision.run(None, {"pixel_values": pixels})
            embeddings[0, np.array(ids) == self._form.image_token_id] = tokens[0]
        positions = np.arange(len(self._ids), len(self._ids) + len(ids), dtype=np.int64)[None]
        past = dict(zip(self._form.past_names, self._past, strict=True))
        logits, attention, *present = self._decoder.run(
            None, {"embeddings": embeddings, "position_ids": positions, **past}
        )
        self._past = present
        self._ids.extend(ids)
        return Step(logits[0], self._rows(attention))

    def _rows(self, attention: Floats) -> tuple[AttentionRow, ...]:
        """Shapes: attention (L, K) of one position over all keys, of which the image's are kept."""
        if self._wanted == "none":
            return ()
        first = self._ids.index(self._form.image_token_id)
        on_image = attention[:, first : first + self._form.image_tokens]
        rows = [(-1, on_image.mean(axis=0))]
        if self._wanted == "layers":
            rows += list(enumerate(on_image))
        return tuple(
            AttentionRow(self._form.grid_rows, self._form.grid_columns, tuple(weights.tolist()), layer)
            for layer, weights in rows
        )
