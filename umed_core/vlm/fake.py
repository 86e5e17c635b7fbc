"""A deterministic engine for tests: it boxes what is bright, and misbehaves when the question says so.

No user can reach it: only tests/fake_worker.py opens it. Words in the last question that it obeys, after three tokens:
crash (dies of a signal), bug (an exception outside the error tree), hang (never returns, deaf to Stop),
eat memory (takes MEMORY_EATEN_MB, or dies of a bug), print (writes on stdout as a noisy library would), fail (an error
of the tree).
A model folder named "missing", "slow" or "greedy" fails, hangs or eats memory while loading; one named "several" takes
up to three images, any other one.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import MissingModel, UnusableModel
from umed_core.geometry import PixelBox
from umed_core.prompts import format_box
from umed_core.records import Turn
from umed_core.vlm.answer import located_boxes
from umed_core.vlm.messages import Answer, AskOptions, AttentionRow, Loaded, TextDelta
from umed_core.vlm.protocol import check_image_count

__all__ = ["FAKE_CLASSES", "FakeEngine", "fake_answer", "open_fake_engine"]

FAKE_CLASSES = ("kidney stone", "polyp", "tuberculosis")
BRIGHT = 200
GRID = 8
SEVERAL = 3
MEMORY_EATEN_MB = 4096
_MISCHIEF_AT = 3


def open_fake_engine(path: Path, device: str, delay_s: float = 0.0) -> FakeEngine:
    """The fake, whatever `path` holds. Raises: MissingModel for a folder named "missing"."""
    if path.name == "missing":
        raise MissingModel(f"There is no model at {path}.", "Give another folder.")
    if path.name == "slow":
        time.sleep(3600)
    if path.name == "greedy":
        _eat_memory()
    return FakeEngine(path.name, device, delay_s)


class FakeEngine:
    """Implements Engine. `delay_s` passes before each token."""

    def __init__(self, name: str = "fake", device: str = "cpu", delay_s: float = 0.0) -> None:
        several = SEVERAL if name == "several" else 1
        self.info = Loaded(name, "0" * 64, "fake", device.upper(), 0, 0.0, several, FAKE_CLASSES, layers=2)
        self._delay_s = delay_s

    def answer(
        self,
        ask_id: int,
        images: Sequence[NDArray[np.uint8]],
        image_ids: Sequence[str],  # noqa: ARG002 - of the Engine protocol
        turns: Sequence[Turn],
        options: AskOptions,
        stopped: Callable[[], bool],
    ) -> Iterator[TextDelta | Answer]:
        started = time.perf_counter()
        question = turns[-1].text.lower()
        check_image_count(len(images), self.info)
        text = fake_answer(images, turns)
        tokens = [found.span() for found in re.finditer(r"\s*\S+", text)][: options.max_new_tokens]
        told, count = 0, 0
        for index, (start, end) in enumerate(tokens):
            if index == _MISCHIEF_AT:
                _misbehave(question)  # before it listens: what hangs is deaf to a Stop that follows the first token
            if stopped():
                break
            time.sleep(self._delay_s)
            attention = _attention(images, options.attention)
            yield TextDelta(ask_id, index, text[start:end], start, end, attention)
            told, count = end, index + 1
        said = text[:told]
        yield Answer(
            ask_id,
            said,
            located_boxes(said, FAKE_CLASSES, len(images)),
            time.perf_counter() - started,
            count,
            stopped(),
            reused_tokens=len(turns) - 1,
        )


def fake_answer(images: Sequence[NDArray[np.uint8]], turns: Sequence[Turn]) -> str:
    """A sentence an image, with the box around every pixel of at least BRIGHT, or that says there is none."""
    asked = sum(turn.role == "user" for turn in turns)
    if len(images) == 1:
        return f"Answer {asked}: {_seen(images[0])}"
    return f"Answer {asked}. " + " ".join(f"Image {n}: {_seen(pixels)}" for n, pixels in enumerate(images, 1))


def _seen(pixels: NDArray[np.uint8]) -> str:
    grey = pixels.max(axis=2) if pixels.ndim == 3 else pixels
    ys, xs = np.nonzero(grey >= BRIGHT)
    if not len(ys):
        return "no abnormality is seen in this image."
    box = PixelBox(int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    height, width = grey.shape
    return f"a bright region at {format_box(box.normalized(width, height))} looks like a kidney stone."


def _attention(images: Sequence[NDArray[np.uint8]], wanted: str) -> tuple[AttentionRow, ...]:
    """Half of the attention goes to the images: the first gets twice what the second gets, and each cell by its brightness."""
    if wanted == "none":
        return ()
    shares = np.array([0.5**place for place in range(len(images))])
    grids = [_cells(pixels) * share for pixels, share in zip(images, 0.5 * shares / shares.sum(), strict=True)]
    layers = (-1, 0, 1) if wanted == "layers" else (-1,)
    return tuple(
        AttentionRow(GRID, GRID, tuple(cells.ravel().tolist()), layer, image)
        for layer in layers
        for image, cells in enumerate(grids)
    )


def _cells(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Brightness in GRID x GRID cells, 1 in sum."""
    grey = pixels.max(axis=2) if pixels.ndim == 3 else pixels
    height, width = grey.shape
    rows, columns = np.arange(height) * GRID // height, np.arange(width) * GRID // width
    cells = np.zeros((GRID, GRID))
    np.add.at(cells, (rows[:, None], columns[None, :]), grey + 1.0)
    return cells / cells.sum()


def _misbehave(question: str) -> None:
    if "print" in question:
        sys.stdout.write("a library's notice\n")
        os.write(1, b'{"type": "not yours"}\n')
    if "crash" in question:
        sys.stderr.write("fake engine: giving up, api_key=hf_abcdefghijklmnop\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    if "bug" in question:
        raise RuntimeError("a bug in the engine")
    if "hang" in question:
        time.sleep(3600)
    if "eat memory" in question:
        _eat_memory()
    if "fail" in question:
        raise UnusableModel("The fake engine was told to fail.", "Ask something else.")


def _eat_memory() -> None:
    eaten = [np.ones(MEMORY_EATEN_MB // 16 * 2**20, np.uint8) for _ in range(16)]
    raise RuntimeError(f"{sum(map(len, eaten))} bytes were there for the taking: no limit holds")
