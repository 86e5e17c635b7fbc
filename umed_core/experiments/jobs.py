"""What one child process does, as its parent writes it on the first line of its stdin, and what it tells in return."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from umed_core.experiments.outcomes import AskedSet
from umed_core.experiments.recipe import EvaluationConfig

__all__ = [
    "AskJob",
    "Event",
    "Failed",
    "Finished",
    "InjectJob",
    "Job",
    "Stepped",
    "TrainJob",
    "decode_event",
    "decode_job",
]


class TrainJob(msgspec.Struct, frozen=True, tag=True):
    """Stage one or two by its whole recipe; it goes on from the run folder's last checkpoint."""

    stage: Literal["sft", "aar"]
    config: dict[str, Any]


class AskJob(msgspec.Struct, frozen=True, tag=True):
    """Ask a trained model about test sets."""

    model: str
    sets: tuple[AskedSet, ...]
    asking: EvaluationConfig
    answers: str


class InjectJob(msgspec.Struct, frozen=True, tag=True):
    """Figure 3: ask a trained model with boxes of known IoU written into its answers."""

    model: str
    sets: tuple[AskedSet, ...]
    levels: tuple[float, ...]
    asking: EvaluationConfig
    seed: int


Job: TypeAlias = TrainJob | AskJob | InjectJob


class Stepped(msgspec.Struct, frozen=True, tag=True):
    """`done` of `total` steps or images."""

    done: int
    total: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An error of the tree; Cancelled, too, once the parent has asked for an end."""

    code: str
    message: str
    hint: str


class Finished(msgspec.Struct, frozen=True, tag=True):
    pass


Event: TypeAlias = Stepped | Failed | Finished

decode_job = msgspec.json.Decoder(Job).decode
decode_event = msgspec.json.Decoder(Event).decode
