"""A record's picture with its boxes, for a reviewer without a window."""

from __future__ import annotations

from pathlib import Path

from umed_core.drawing.pictures import draw_boxes, png_bytes, with_caption
from umed_core.images.open_image import open_image
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import MauRecord, write_atomic
from umed_core.vlm.messages import LabelledBox

__all__ = ["write_preview"]


def write_preview(record: MauRecord, picture: Path, out: Path) -> None:
    """Draws the findings of `record` over its `picture` and writes a PNG to `out`. Raises: InputError; StorageError."""
    boxes = [LabelledBox(finding.label, finding.box, 0, 0) for finding in record.findings]
    drawn = draw_boxes(open_image(picture).display(0), boxes)
    labels = ", ".join(finding.label for finding in record.findings) or "no finding"
    caption = with_caption(drawn, [f"{record.image}: {labels}"])
    write_atomic(out, png_bytes(caption, {"Software": "umed", "Disclaimer": RESEARCH_USE_ONLY}))
