"""A reading as a picture: its boxes, or the attention of a word, drawn over what the person saw."""

from __future__ import annotations

from umed_core.drawing.pictures import draw_attention, draw_boxes, png_bytes, with_caption
from umed_core.exporting.reading import AttentionMap, Reading
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.vlm.messages import LabelledBox

__all__ = ["attention_png", "findings_png"]

_MARKS = {"open": "not reviewed", "accepted": "accepted", "edited": "edited", "added": "added by hand"}


def findings_png(reading: Reading) -> bytes:
    """The frame with the reported boxes; below it what each is and who says so. Raises: DataError."""
    named = [f"{finding.name} ({_MARKS[finding.status]})" for finding in reading.reported]
    lines = [", ".join(named) or "No finding", *_models(reading)]
    if reading.rejected_count:
        lines.append(f"Rejected and left out: {reading.rejected_count}")
    return png_bytes(with_caption(draw_boxes(reading.pixels, _boxes(reading)), lines), _about(reading))


def attention_png(reading: Reading, shown: AttentionMap) -> bytes:
    """The frame under the word's heat map, with the reported boxes. Raises: DataError."""
    lines = [f"Attention while writing: {shown.word}", *_models(reading)]
    picture = draw_attention(reading.pixels, shown.weights, _boxes(reading))
    return png_bytes(with_caption(picture, lines), _about(reading) | {"Attention": shown.word})


def _boxes(reading: Reading) -> list[LabelledBox]:
    sized = [(finding.name, reading.pixel_box(finding)) for finding in reading.reported]
    return [LabelledBox(name, box.normalized(reading.width, reading.height), 0, 0) for name, box in sized]


def _models(reading: Reading) -> list[str]:
    return [f"{model.model}, sha256 {model.model_sha256[:12]}" for model in reading.models]


def _about(reading: Reading) -> dict[str, str]:
    """The PNG's text: everything that the picture itself has no room for."""
    answers = {f.provenance.answer for f in reading.reported if f.provenance is not None}
    questions = {f.provenance.question for f in reading.reported if f.provenance is not None}
    boxes = [(finding.name, reading.pixel_box(finding)) for finding in reading.reported]
    return {
        "Software": "umed",
        "Disclaimer": RESEARCH_USE_ONLY,
        "Creation Time": reading.written.isoformat(timespec="seconds"),
        "Model": "; ".join(f"{model.model} sha256:{model.model_sha256}" for model in reading.models),
        "Question": "\n".join(sorted(questions)),
        "Answer": "\n".join(sorted(answers)),
        "Boxes": "; ".join(f"{n}: {b.x0:.2f}, {b.y0:.2f} to {b.x1:.2f}, {b.y1:.2f} px" for n, b in boxes),
        "Rejected": str(reading.rejected_count),
    }
