"""Connects the session to the files that leave it: the dialog, the writing in the background, and what became of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed
from PySide6.QtCore import QCoreApplication

from umed_core.errors import InputError, UmedError
from umed_desktop.background import Job
from umed_desktop.exporting.gathering import drafts_of, frames_with_findings
from umed_desktop.exporting.orders import PDF, Exported, Order, carry_out, file_stem, form_names
from umed_desktop.session.session import Session

if TYPE_CHECKING:
    from umed_desktop.exporting.export_dialog import ExportChoices
    from umed_desktop.window.main_window import MainWindow

__all__ = ["choices_of", "export", "open_export_dialog"]


def open_export_dialog(window: MainWindow) -> None:
    """Shows the dialog; what it orders is written in the background."""
    from umed_desktop.exporting.export_dialog import ExportDialog

    if window.session.image is None:
        window.show_error(
            InputError(
                QCoreApplication.translate("Exporting", "No image is open to export."),
                QCoreApplication.translate("Exporting", "Open a file or a folder first."),
            )
        )
        return
    dialog = ExportDialog(choices_of(window.session, window.settings.export_folder, window.settings.reviewer), window)
    dialog.ordered.connect(partial(export, window))
    dialog.open()


def choices_of(session: Session, folder: str, reader: str) -> ExportChoices:
    """What the open image allows; needs one."""
    from umed_desktop.exporting.export_dialog import ExportChoices

    assert session.image is not None
    (draft,) = drafts_of(session, (session.frame,))
    reported = [finding for finding in draft.findings if finding.status != "rejected"]
    models = {(f.exchange.model, f.exchange.model_sha256) for f in reported if f.exchange is not None}
    impossible: dict[str, str] = {}
    if draft.attention is None:
        impossible |= dict.fromkeys(
            ("map", "heat"), QCoreApplication.translate("Exporting", "click a word of the answer first")
        )
    if not session.image.tags.sop_instance_uid:
        impossible |= dict.fromkeys(
            ("sr", "gsps", "map"), QCoreApplication.translate("Exporting", "the image is no DICOM file")
        )
    elif not reported and not frames_with_findings(session):
        impossible |= dict.fromkeys(("sr", "gsps"), QCoreApplication.translate("Exporting", "there is no finding"))
    stem = file_stem(draft.file.name)
    return ExportChoices(
        forms=form_names(),
        impossible=impossible,
        chosen=(PDF, "json"),
        folder=Path(folder) if folder else Path.home(),
        stem=stem if session.image.frame_count == 1 else f"{stem}-slice{session.frame + 1}",
        frame=session.frame,
        frame_count=session.image.frame_count,
        frames_with_findings=frames_with_findings(session),
        finding_count=len(reported),
        models=tuple(f"{name}, sha256 {digest[:12]}…" for name, digest in sorted(models)),
        reader=reader,
    )


def export(window: MainWindow, order: Order) -> None:
    """Writes what was ordered, off the window's thread."""
    try:
        drafts = drafts_of(window.session, order.frames)
    except UmedError as problem:
        window.show_error(problem)
        return
    window.settings = changed(window.settings, export_folder=str(order.folder))
    written = datetime.now().astimezone().replace(microsecond=0)

    def work(job: Job) -> Exported:
        return carry_out(order, drafts, written, window.door.report(job), job.cancelled.is_set)

    window.door.run(
        QCoreApplication.translate("Exporting", "Exporting"), work, partial(_tell, window, order), window.show_error
    )


def _tell(window: MainWindow, order: Order, exported: Exported) -> None:
    count = len(exported.written)
    one = QCoreApplication.translate("Exporting", "1 file was written to {folder}.")
    many = QCoreApplication.translate("Exporting", "{count} files were written to {folder}.")
    told = (one if count == 1 else many).format(count=count, folder=order.folder)
    if exported.refused:
        names = form_names()
        form, problem = exported.refused[0]
        refused = QCoreApplication.translate("Exporting", "Not the {form}: {problem}")
        told += " " + refused.format(form=names[form], problem=problem.message)
        if (others := len(exported.refused) - 1) > 0:
            told += " " + QCoreApplication.translate("Exporting", "{count} more could not be written.").format(
                count=others
            )
        window.show_error(type(problem)(told, problem.hint))
        return
    window.parts.notice.show_word(
        told,
        ", ".join(p.name for p in exported.written),
    )
