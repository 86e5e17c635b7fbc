"""A comparison as JSON: both answers with their models, and what they agree on. Free of Qt.

Boxes are in pixels of the frame, x0, y0, x1, y1, first pixel 0..1. The image is named by its name alone: folders often name
patients.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

import umed_core
from umed_core.errors import InputError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.compare.comparison import SIDES, Comparison, Side, SideName

__all__ = ["SCHEMA", "ComparisonDocument", "comparison_json"]

SCHEMA = "umed-comparison/1"
"""Raise the number when a field changes its meaning or goes; a new field needs no new number."""


class BoxEntry(msgspec.Struct, frozen=True):
    label: str
    box: tuple[float, float, float, float]


class SideEntry(msgspec.Struct, frozen=True):
    """One model's answer. `state` is "done", "stopped" or "failed"; speeds are as they came in the window, where both
    models ran at once, and null where too few tokens came."""

    side: SideName
    model: str
    model_sha256: str
    engine: str
    device: str
    memory_mb: int | None
    state: str
    answer: str
    boxes: tuple[BoxEntry, ...]
    token_count: int
    first_token_s: float | None
    tokens_per_s: float | None
    error: str


class PairEntry(msgspec.Struct, frozen=True):
    """Places among the sides' `boxes`, from 0."""

    a: int
    b: int
    iou: float
    same_class: bool


class AgreementEntry(msgspec.Struct, frozen=True):
    both_name: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    pairs: tuple[PairEntry, ...]
    unmatched_a: tuple[int, ...]
    unmatched_b: tuple[int, ...]
    mean_iou: float | None


class ComparisonDocument(msgspec.Struct, frozen=True):
    """The whole file; `agreement` is null where not both have answered. `frame` counts from 0."""

    schema: str
    notice: str
    software: str
    written: str
    asked_at: str
    question: str
    file_name: str
    frame: int
    width: int
    height: int
    sides: tuple[SideEntry, ...]
    agreement: AgreementEntry | None


def comparison_json(comparison: Comparison, written: datetime) -> bytes:
    """Raises: InputError where nothing has been asked about the image on screen."""
    asked, image = comparison.asked, comparison.session.image
    if asked is None or image is None:
        raise InputError("There is no answer to export.", "Ask a question first.")
    found = comparison.agreement()
    document = ComparisonDocument(
        schema=SCHEMA,
        notice=RESEARCH_USE_ONLY,
        software=f"umed {umed_core.__version__}",
        written=written.isoformat(timespec="seconds"),
        asked_at=asked.asked_at,
        question=asked.question,
        file_name=Path(asked.series).name,
        frame=asked.frame,
        width=image.width,
        height=image.height,
        sides=tuple(_side(name, comparison.sides[name], image.width, image.height) for name in SIDES),
        agreement=None if found is None else AgreementEntry(
            found.both, found.only_a, found.only_b,
            tuple(PairEntry(pair.a, pair.b, pair.iou, pair.same_class) for pair in found.pairs),
            found.unmatched_a, found.unmatched_b, found.mean_iou,
        ),
    )  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _side(name: SideName, side: Side, width: int, height: int) -> SideEntry:
    exchange, model = side.exchange, side.model
    error = exchange.error if exchange is not None else side.error
    boxes = exchange.boxes if exchange is not None else ()
    pixels = [(box.label, box.box.pixels(width, height)) for box in boxes]
    return SideEntry(
        side=name,
        model=exchange.model if exchange is not None else "",
        model_sha256=exchange.model_sha256 if exchange is not None else "",
        engine=model.engine if model is not None else "",
        device=model.device if model is not None else "",
        memory_mb=model.memory_mb if model is not None else None,
        state=exchange.state if exchange is not None else "failed",
        answer=exchange.text if exchange is not None else "",
        boxes=tuple(BoxEntry(label, (box.x0, box.y0, box.x1, box.y1)) for label, box in pixels),
        token_count=exchange.token_count if exchange is not None else 0,
        first_token_s=side.first_token_s,
        tokens_per_s=side.tokens_per_s,
        error=error.message if error is not None else "",
    )
