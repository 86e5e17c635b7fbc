"""Lets a model in a worker process answer the questions of an evaluation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import WorkerCrashed
from umed_core.evaluation.evaluate import AskModel, ModelId
from umed_core.records import Finding, Prediction, Turn
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.messages import Answer, AskOptions, Loaded

__all__ = ["ask_through", "model_id"]


def ask_through(client: WorkerClient, model: Loaded, options: AskOptions, timeout_s: float) -> AskModel:
    """A function that has the loaded model answer one question about one image, in a conversation of its own.

    It raises what `WorkerClient.ask` raises.
    """

    def ask(pixels: NDArray[np.uint8], image: str, question: str) -> Prediction:
        for event in client.ask(pixels, [Turn("user", question)], options, timeout_s):
            if isinstance(event, Answer):
                boxes = tuple(Finding(box.label, box.box) for box in event.boxes)
                return Prediction(image, event.text, boxes, model.model, event.seconds)
        raise WorkerCrashed("The model's process gave no answer.", "Run the same command again; answers are kept.")

    return ask


def model_id(model: Loaded, options: AskOptions) -> ModelId:
    """What a report says of the model; two runs with the same hash and decoding may share answers."""
    sampling = f"temperature {options.temperature:g}, seed {options.seed}" if options.temperature else "greedy"
    decoding = f"{sampling}, at most {options.max_new_tokens} tokens, box grammar {'on' if options.grammar else 'off'}"
    return ModelId(model.model, model.sha256, decoding, f"{model.engine} on {model.device}")
