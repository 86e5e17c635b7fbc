"""What to write, where, and the writing of it: every form that a person chose, one file after the other. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from umed_core.errors import Cancelled, StorageError, UmedError
from umed_desktop.exporting.gathering import Draft, reading_of
from umed_desktop.words import QT_TRANSLATE_NOOP, translate

__all__ = ["PDF", "Exported", "Order", "carry_out", "file_stem", "form_names"]

PDF = "pdf"

_SUFFIXES = (".nii.gz", ".dcm", ".dicom", ".ima", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".nii")


@dataclass(frozen=True, slots=True)
class Order:
    """`forms` are keys of `form_names`; files are called by `stem`, and by their slice where there are several."""

    forms: tuple[str, ...]
    folder: Path
    stem: str
    frames: tuple[int, ...]
    reader: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written, and each form that could not be, with its reason."""

    written: tuple[Path, ...]
    refused: tuple[tuple[str, UmedError], ...]


def form_names() -> dict[str, str]:
    """Every form with its name for a person."""
    from umed_core.exporting.export import EXPORT_FORMS

    names = {PDF: QT_TRANSLATE_NOOP("ExportForms", "report as PDF")} | {
        str(f): name for f, name in EXPORT_FORMS.items()
    }
    return {form: translate("ExportForms", name) for form, name in names.items()}


def file_stem(name: str) -> str:
    """A file's name without the endings that images have; a DICOM UID ends in a number that is no suffix."""
    suffix = next((s for s in _SUFFIXES if name.lower().endswith(s) and len(name) > len(s)), "")
    return name[: len(name) - len(suffix)]


def carry_out(
    order: Order,
    drafts: Sequence[Draft],
    written: datetime,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> Exported:
    """Writes every form of every draft; one that a form cannot express is told and does not stop the others.

    Raises: StorageError, since no other file would fare better; Cancelled.
    """
    from umed_core.exporting.export import EXPORT_FORMS, export_reading
    from umed_core.records import write_atomic

    paths: list[Path] = []
    refused: list[tuple[str, UmedError]] = []
    total, done = len(drafts) * len(order.forms), 0
    for draft in drafts:
        reading = reading_of(draft, written, order.reader)
        stem = order.stem if len(drafts) == 1 else f"{order.stem}-slice{draft.frame + 1}"
        for form in order.forms:
            if cancelled():
                raise Cancelled("The export was cancelled.")
            try:
                if form == PDF:
                    from umed_desktop.exporting.pdf_report import pdf_report

                    path = order.folder / f"{stem}.report.pdf"
                    write_atomic(path, pdf_report(reading, draft))
                    paths.append(path)
                else:
                    known = next(key for key in EXPORT_FORMS if key == form)
                    paths += export_reading(reading, known, order.folder, stem)
            except StorageError:
                raise
            except UmedError as problem:
                refused.append((form, problem))
            done += 1
            progress(done, total)
    return Exported(tuple(paths), tuple(refused))
