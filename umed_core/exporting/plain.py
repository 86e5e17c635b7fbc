"""A reading as JSON: umed's own form, which keeps everything, and COCO, which detectors and labelling tools read.

Boxes are in pixels of the frame, first pixel 0..1. A file is named by its name alone: folders often name patients.
"""

from __future__ import annotations

import msgspec

import umed_core
from umed_core.exporting.reading import FindingStatus, ImageReference, Reading
from umed_core.prompts import RESEARCH_USE_ONLY

__all__ = ["SCHEMA", "ReadingDocument", "coco_json", "reading_json"]

SCHEMA = "umed-reading/1"
"""Raise the number when a field changes its meaning or goes; a new field needs no new number."""


class ModelSource(msgspec.Struct, frozen=True):
    """The answer that something comes from; `images` names those of a question about several, in their order."""

    model: str
    model_sha256: str
    question: str
    answer: str
    images: tuple[str, ...] = ()


class FindingEntry(msgspec.Struct, frozen=True):
    """One finding; `box` is x0, y0, x1, y1 in pixels, `source` null for one that a person added."""

    label: str
    box: tuple[float, float, float, float]
    status: FindingStatus
    source: ModelSource | None
    edits: tuple[str, ...]


class AttentionEntry(msgspec.Struct, frozen=True):
    """`weights` has `rows` x `columns` values over the whole frame, row by row."""

    word: str
    rows: int
    columns: int
    weights: tuple[float, ...]
    source: ModelSource


class WindowEntry(msgspec.Struct, frozen=True):
    """A grey-level window in modality units."""

    center: float
    width: float
    name: str
    function: str


class ImageEntry(msgspec.Struct, frozen=True):
    """The frame; `frame` counts from 0, `dicom` is null for a file of another kind."""

    file_name: str
    frame: int
    width: int
    height: int
    window: WindowEntry | None
    dicom: ImageReference | None


class ReadingDocument(msgspec.Struct, frozen=True):
    """The whole file; decode it with `msgspec.json.decode(data, type=ReadingDocument)`."""

    schema: str
    notice: str
    software: str
    written: str
    reader: str
    image: ImageEntry
    findings: tuple[FindingEntry, ...]
    rejected_count: int
    attention: tuple[AttentionEntry, ...]


def reading_json(reading: Reading, reference: ImageReference | None) -> bytes:
    """umed's own form. Raises: DataError."""
    document = ReadingDocument(
        schema=SCHEMA,
        notice=RESEARCH_USE_ONLY,
        software=f"umed {umed_core.__version__}",
        written=reading.written.isoformat(timespec="seconds"),
        reader=reading.reader,
        image=ImageEntry(
            file_name=reading.image.name,
            frame=reading.frame,
            width=reading.width,
            height=reading.height,
            window=msgspec.convert(reading.window, WindowEntry | None, from_attributes=True),
            dicom=reference,
        ),
        findings=_findings(reading),
        rejected_count=reading.rejected_count,
        attention=_attention(reading),
    )
    return _laid_out(document)


def coco_json(reading: Reading) -> bytes:
    """COCO detection with one image; status and origin of each box are in its `attributes`. Raises: DataError."""
    labels = sorted({finding.name for finding in reading.reported})
    models = ", ".join(f"{m.model} sha256:{m.model_sha256}" for m in reading.models)
    name = {"id": 1, "file_name": reading.image.name, "width": reading.width, "height": reading.height}
    return _laid_out(
        {
            "info": {
                "description": f"{RESEARCH_USE_ONLY} Rejected findings left out: {reading.rejected_count}.",
                "contributor": f"umed {umed_core.__version__}" + (f", {models}" if models else ""),
                "date_created": reading.written.isoformat(timespec="seconds"),
            },
            "licenses": [],
            "images": [name | ({"frame": reading.frame} if reading.frame else {})],
            "categories": [
                {"id": number, "name": label, "supercategory": "abnormality"} for number, label in enumerate(labels, 1)
            ],
            "annotations": _coco_annotations(reading, labels),
        }
    )


def _coco_annotations(reading: Reading, labels: list[str]) -> list[dict[str, object]]:
    annotations: list[dict[str, object]] = []
    for number, finding in enumerate(reading.reported, 1):
        box = reading.pixel_box(finding)
        attributes: dict[str, object] = {"status": finding.status, "edits": finding.edits}
        if finding.provenance is not None:
            attributes |= {"model": finding.provenance.model, "question": finding.provenance.question}
        annotations.append(
            {
                "id": number,
                "image_id": 1,
                "category_id": labels.index(finding.name) + 1,
                "bbox": [box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0],
                "area": box.area,
                "iscrowd": 0,
                "segmentation": [],
                "attributes": attributes,
            }
        )
    return annotations


def _findings(reading: Reading) -> tuple[FindingEntry, ...]:
    entries = []
    for finding in reading.reported:
        box = reading.pixel_box(finding)
        source = msgspec.convert(finding.provenance, ModelSource | None, from_attributes=True)
        entries.append(
            FindingEntry(finding.label, (box.x0, box.y0, box.x1, box.y1), finding.status, source, finding.edits)
        )
    return tuple(entries)


def _attention(reading: Reading) -> tuple[AttentionEntry, ...]:
    entries = []
    for shown in reading.attention:
        rows, columns = shown.weights.shape
        source = msgspec.convert(shown.provenance, ModelSource, from_attributes=True)
        entries.append(AttentionEntry(shown.word, rows, columns, tuple(shown.weights.ravel().tolist()), source))
    return tuple(entries)


def _laid_out(document: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
