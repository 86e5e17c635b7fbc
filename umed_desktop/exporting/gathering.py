"""From the session to what is exported: one draft a slice, taken on the window's thread and finished off it. Free of Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import InputError
from umed_desktop.session.conversation import Exchange
from umed_desktop.session.marks import Found
from umed_desktop.session.reading import WordAttention
from umed_desktop.session.session import Session

if TYPE_CHECKING:
    from umed_core.exporting.reading import Provenance, Reading
    from umed_core.images.medical_image import MedicalImage, Window

__all__ = ["Draft", "drafts_of", "frames_with_findings", "image_names", "reading_of"]


@dataclass(frozen=True, eq=False, slots=True)
class Draft:
    """One frame and what was said about it.

    `file` and `file_frame` are where it lies on disk, `frame` is its number on screen; both count from 0.
    """

    image: MedicalImage
    frame: int
    window: Window | None
    file: Path
    file_frame: int
    findings: tuple[Found, ...]
    answers: tuple[Exchange, ...]
    attention: WordAttention | None = None
    looked: Exchange | None = None


def frames_with_findings(session: Session) -> tuple[int, ...]:
    """Slices that carry a finding which an export would write."""
    return tuple(sorted({finding.frame for finding in session.findings() if finding.status != "rejected"}))


def drafts_of(session: Session, frames: Sequence[int]) -> tuple[Draft, ...]:
    """What there is to export of these frames of the current series. Raises: InputError without an image."""
    image = session.image
    if image is None:
        raise InputError("No image is open to export.", "Open a file or a folder first.")
    files = session.series[session.current].files
    if session.is_early:
        files = (Path(session.shown_key),)
    findings, span = session.findings_to_export(), session.selected_span()
    looked = session.attention()
    drafts = []
    for frame in frames:
        is_stack = len(files) > 1
        here = looked is not None and frame == session.frame
        drafts.append(
            Draft(
                image=image,
                frame=frame,
                window=session.window,
                file=files[frame] if is_stack else files[0],
                file_frame=0 if is_stack else frame,
                findings=tuple(finding for finding in findings if finding.frame == frame),
                answers=tuple(e for e in session.exchanges() if e.place(session.shown_key, frame) >= 0 and e.text),
                attention=looked if here else None,
                looked=session.exchange(span[0]) if here and span is not None else None,
            )
        )
    return tuple(drafts)


def reading_of(draft: Draft, written: datetime, reader: str) -> Reading:
    """The draft as umed_core.exporting takes it; draws the frame's pixels, so off the window's thread."""
    from umed_core.exporting.reading import AttentionMap, ReadFinding, Reading

    attention: tuple[AttentionMap, ...] = ()
    if draft.attention is not None and draft.looked is not None:
        attention = (AttentionMap(draft.attention.word, draft.attention.weights, _provenance(draft.looked)),)
    return Reading(
        image=draft.file,
        pixels=draft.image.display(draft.frame, draft.window),
        written=written,
        findings=tuple(
            ReadFinding(
                label=finding.label,
                box=finding.box,
                status=finding.status,
                provenance=_provenance(finding.exchange) if finding.exchange is not None else None,
                edits=tuple(f"{deed.at[:19]}Z {deed.words}" for deed in finding.deeds),
            )
            for finding in draft.findings
        ),
        frame=draft.file_frame,
        window=draft.window,
        attention=attention,
        reader=reader,
    )


def _provenance(exchange: Exchange) -> Provenance:
    from umed_core.exporting.reading import Provenance

    return Provenance(exchange.model, exchange.model_sha256, exchange.question, exchange.text, image_names(exchange))


def image_names(exchange: Exchange) -> tuple[str, ...]:
    """The files that a question was put together with, by their names alone, each with its frame; () for a plain one."""
    return tuple(
        f"{image.file}, slice {image.frame + 1}" if image.frames > 1 else image.file for image in exchange.images
    )
