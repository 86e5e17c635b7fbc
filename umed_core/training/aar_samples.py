"""Pictures of what the policy answers along a run: its boxes and the true ones on the image, its words and rewards below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from umed_core.drawing.pictures import draw_boxes, png_bytes, with_caption
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import write_atomic
from umed_core.training.aar_batches import Query
from umed_core.vlm.answer import located_boxes
from umed_core.vlm.messages import LabelledBox

__all__ = ["save_samples"]

MOST = 4
"""Pictures a step."""


def save_samples(folder: Path, step: int, answers: Sequence[tuple[Query, str, Mapping[str, float]]]) -> list[Path]:
    """One picture each of the first few queries with one sampled answer and what it was paid. Raises: StorageError."""
    saved = []
    for number, (query, text, paid) in enumerate(answers[:MOST], 1):
        true = [LabelledBox(f"true: {finding.label}", finding.box, 0, 0) for finding in query.findings]
        picture = draw_boxes(query.pixels, [*true, *located_boxes(text, query.labels)])
        rewards = ", ".join(f"{name} {value:.2f}" for name, value in paid.items())
        lines = [f"Step {step}. {query.question}", text or "(no answer)", rewards]
        about = {"Software": "umed", "Disclaimer": RESEARCH_USE_ONLY, "Question": query.question, "Answer": text}
        path = folder / f"step-{step:06d}-{number}.png"
        write_atomic(path, png_bytes(with_caption(picture, lines), about))
        saved.append(path)
    return saved
