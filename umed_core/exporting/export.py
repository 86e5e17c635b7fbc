"""A reading into files: what can be written, and the one door to it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from umed_core.errors import ConfigError, DataError
from umed_core.exporting.reading import AttentionMap, Reading
from umed_core.records import write_atomic

__all__ = ["EXPORT_FORMS", "ExportForm", "export_bytes", "export_reading"]

ExportForm: TypeAlias = Literal["sr", "gsps", "map", "coco", "json", "png", "heat"]

EXPORT_FORMS: dict[ExportForm, str] = {
    "sr": "DICOM structured report (TID 1500)",
    "gsps": "DICOM presentation state",
    "map": "DICOM parametric map of the attention",
    "coco": "COCO boxes",
    "json": "umed's own JSON, with everything",
    "png": "picture with the boxes",
    "heat": "picture of the attention",
}
"""Each form with its name for a person."""

_SUFFIXES: dict[ExportForm, str] = {
    "sr": "report.dcm",
    "gsps": "presentation.dcm",
    "map": "attention.dcm",
    "coco": "coco.json",
    "json": "reading.json",
    "png": "boxes.png",
    "heat": "attention.png",
}


def export_reading(reading: Reading, form: ExportForm, folder: Path, stem: str) -> tuple[Path, ...]:
    """Writes the reading in one form: `stem`.report.dcm, ...; one for each word of "map" and "heat".

    A file appears whole or not at all; one of the same name is replaced. The DICOM forms take seconds at the first call.
    Raises: UnsupportedImage where the file behind the reading is no DICOM image that a DICOM form can refer to; CorruptImage;
        MissingFile; DataError; ConfigError where highdicom is not installed; StorageError.
    """
    written = []
    for number, content in enumerate(export_bytes(reading, form), 1):
        mark = "" if number == 1 else f"-{number}"
        path = folder / f"{stem}{mark}.{_SUFFIXES[form]}"
        if path.exists() and reading.image.exists() and path.samefile(reading.image):
            raise DataError(f"{path} is the image itself.", "Choose another folder or another name.")
        write_atomic(path, content)
        written.append(path)
    return tuple(written)


def export_bytes(reading: Reading, form: ExportForm) -> tuple[bytes, ...]:
    """What `export_reading` writes: one file, or one for each word of "map" and "heat". Raises: as it, less StorageError."""
    match form:
        case "json":
            from umed_core.exporting.plain import reading_json
            from umed_core.exporting.source import find_reference

            return (reading_json(reading, find_reference(reading)),)
        case "coco":
            from umed_core.exporting.plain import coco_json

            return (coco_json(reading),)
        case "png":
            from umed_core.exporting.picture import findings_png

            return (findings_png(reading),)
        case "heat":
            from umed_core.exporting.picture import attention_png

            return tuple(attention_png(reading, shown) for shown in _chosen_words(reading))
        case "sr" | "gsps" | "map":
            return _dicom(reading, form)


def _dicom(reading: Reading, form: Literal["sr", "gsps", "map"]) -> tuple[bytes, ...]:
    from umed_core.exporting.source import read_source

    read_source(reading)  # the reason that no DICOM form is possible comes before that highdicom is missing
    try:
        import highdicom  # noqa: F401
    except ImportError as problem:
        raise ConfigError(
            "DICOM reports are written by the package highdicom, which is not installed.",
            'Run: pip install "umed[dicom]", or export JSON, COCO or PNG.',
        ) from problem
    match form:
        case "sr":
            from umed_core.exporting.report import structured_report

            return (structured_report(reading),)
        case "gsps":
            from umed_core.exporting.presentation import presentation_state

            return (presentation_state(reading),)
        case "map":
            from umed_core.exporting.attention_map import parametric_map

            return tuple(parametric_map(reading, shown) for shown in _chosen_words(reading))


def _chosen_words(reading: Reading) -> tuple[AttentionMap, ...]:
    if not reading.attention:
        raise DataError("No word is chosen whose attention could be exported.", "Choose a word of an answer.")
    return reading.attention
