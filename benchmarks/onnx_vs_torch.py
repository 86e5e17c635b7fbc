"""umed-mini on onnxruntime against the same weights on torch: do they say the same, and how fast?

    python benchmarks/onnx_vs_torch.py [--count 100] [--images FOLDER] [--torch FOLDER] [--onnx FOLDER]

The two engines answer each image in turn, A B, B A, ..., in one process with one thread each. Without --images the
images are phantoms. Prints the share of equal answers, and per engine the median seconds to the first token (image and
prompt), tokens/s after it, and the ratio image by image.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from umed_assets import embedded_model
from umed_core.images.open_image import find_images, open_image
from umed_core.phantoms import KINDS, display, make_phantom
from umed_core.prompts import DEFAULT_QUESTION
from umed_core.records import Turn
from umed_core.vlm.engine import Engine
from umed_core.vlm.messages import Answer, AskOptions, TextDelta
from umed_core.vlm.onnx_engine import open_onnx_engine
from umed_core.vlm.torch_engine import open_torch_engine

PHANTOM_SEED = 2_000_000


def main() -> None:
    options = _options()
    engines: dict[str, Engine] = {
        "onnxruntime": open_onnx_engine(options.onnx, "cpu"),
        "torch": open_torch_engine(options.torch, "cpu"),
    }
    pictures = _pictures(options.images, options.count)
    runs: dict[str, list[tuple[str, float, float]]] = {name: [] for name in engines}
    for name, engine in engines.items():
        _timed(engine, pictures[0], f"warm-up {name}")
    for number, picture in enumerate(pictures):
        order = list(engines.items())
        for name, engine in order if number % 2 == 0 else reversed(order):
            runs[name].append(_timed(engine, picture, str(number)))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number + 1}/{len(pictures)} ")
    equal = sum(a[0] == b[0] for a, b in zip(runs["onnxruntime"], runs["torch"], strict=True))
    speed = {name: [tokens for _, _, tokens in run] for name, run in runs.items()}
    ratios = [a / b for a, b in zip(speed["onnxruntime"], speed["torch"], strict=True)]
    report = {
        "images": len(pictures),
        "equal_answers": equal,
        **{f"{name}_first_token_s": round(statistics.median(f for _, f, _ in run), 3) for name, run in runs.items()},
        **{f"{name}_tokens_per_s": round(statistics.median(rates), 1) for name, rates in speed.items()},
        "tokens_per_s_ratio": round(statistics.median(ratios), 2),
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--torch", type=Path, default=embedded_model() / "torch")
    parser.add_argument("--onnx", type=Path, default=embedded_model())
    parser.add_argument("--images", type=Path)
    parser.add_argument("--count", type=int, default=100)
    return parser.parse_args()


def _pictures(folder: Path | None, count: int) -> list[NDArray[np.uint8]]:
    if folder is not None:
        return [open_image(path).display() for path in find_images([folder]).images[:count]]
    return [display(make_phantom(KINDS[i % len(KINDS)], PHANTOM_SEED + i)) for i in range(count)]


def _timed(engine: Engine, picture: NDArray[np.uint8], image_id: str) -> tuple[str, float, float]:
    """The answer's text, seconds to the first token, tokens/s after it."""
    clock: Callable[[], float] = time.perf_counter
    started = clock()
    first = 0.0
    turns = (Turn("user", DEFAULT_QUESTION),)
    settings = AskOptions(max_new_tokens=64)
    text, count = "", 0
    for event in engine.answer(1, [picture], [image_id], turns, settings, lambda: False):
        if isinstance(event, TextDelta):
            first = first or clock() - started
        elif isinstance(event, Answer):
            text, count = event.text, event.token_count
    return text, first, (count - 1) / max(1e-9, clock() - started - first)


if __name__ == "__main__":
    main()
