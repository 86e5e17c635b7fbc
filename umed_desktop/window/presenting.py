"""From the session to what the widgets show: rows, drawn boxes and corner words, as plain values."""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from umed_desktop.chat.conversation_bar import ConversationRow
from umed_desktop.findings.findings_panel import FindingRow
from umed_desktop.session.conversation import Exchange
from umed_desktop.session.marks import Found
from umed_desktop.session.session import Session
from umed_desktop.studies.series_panel import RefusedRow, SeriesRow
from umed_desktop.theme import BOX_COLORS
from umed_desktop.viewer.overlays import DrawnBox

if TYPE_CHECKING:
    from umed_core.images.volume import Series

__all__ = [
    "conversation_rows",
    "drawn_boxes",
    "empty_chat",
    "finding_color",
    "finding_details",
    "finding_rows",
    "local_time",
    "model_words",
    "refused_rows",
    "series_rows",
    "slice_words",
]

_STATUS = {
    "open": "Not reviewed",
    "accepted": "Accepted",
    "edited": "Edited",
    "rejected": "Rejected",
    "added": "Added by hand",
}


def series_rows(session: Session) -> list[SeriesRow]:
    titles = [_series_title(series) for series in session.series]
    # Series that share a title are told apart by their file.
    named = [
        title if titles.count(title) == 1 else Path(series.files[0]).name
        for title, series in zip(titles, session.series, strict=True)
    ]
    return [
        SeriesRow(study, title, _series_about(series), str(series.files[0]))
        for study, title, series in zip(session.study_of, named, session.series, strict=True)
    ]


def refused_rows(session: Session) -> list[RefusedRow]:
    return [
        RefusedRow(path.name, error.message.removeprefix(str(path)).strip(" :"), error.hint)
        for path, error in session.refused
    ]


def conversation_rows(session: Session) -> list[ConversationRow]:
    return [ConversationRow(thread.id, title, thread.title) for thread, title in session.conversations()]


def drawn_boxes(session: Session) -> tuple[DrawnBox, ...]:
    """The visible boxes as they are to be drawn."""
    visible = set(session.visible_boxes())
    return tuple(
        DrawnBox(
            ref=finding.ref,
            box=finding.box,
            text=_finding_name(finding),
            color=finding_color(finding),
            lit=finding.ref in (session.pointed, session.chosen),
            accepted=finding.status in ("accepted", "edited", "added"),
            rejected=finding.status == "rejected",
        )
        for finding in session.findings()
        if finding.ref in visible
    )


def finding_rows(session: Session) -> list[FindingRow]:
    """One row a finding; place and size in pixels, or mm where the file states its spacing."""
    return [
        FindingRow(
            ref=finding.ref,
            label=finding.label,
            name=_finding_name(finding),
            slice=str(finding.frame + 1),
            place=_place(session, finding.box.center),
            size=_size(session, finding),
            source=_source(finding),
            status=_STATUS[finding.status],
            color=finding_color(finding),
            details=finding_details(finding),
        )
        for finding in session.findings()
    ]


def finding_color(finding: Found) -> str:
    return BOX_COLORS[finding.ref.index % len(BOX_COLORS)]


def finding_details(finding: Found) -> str:
    """HTML: the model with its hash, the question and its date, and each thing that a person did, with its time."""
    asked = finding.exchange
    lines = []
    if asked is not None:
        lines.append(f"<b>{escape(asked.model or 'model')}</b>")
        if asked.model_sha256:
            lines.append(f"<span style='white-space:nowrap'>sha256 {asked.model_sha256[:16]}…</span>")
        lines.append(f"asked {local_time(asked.asked_at)}: “{escape(asked.question)}”")
        lines.append(f"written: {escape(asked.boxes[finding.ref.index].label) or 'no class'}")
    lines += [f"{local_time(deed.at)}: {escape(deed.words)}" for deed in finding.deeds]
    return "<br>".join(lines)


def local_time(at: str) -> str:
    """A UTC moment in ISO 8601 as this place's date and time; "" stays so."""
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def slice_words(session: Session, exchange: Exchange) -> str:
    """Which slice a card speaks of, its series if that is not on screen, and the window where the reader had chosen one."""
    parts = []
    place = session.index_of(exchange.series)
    if exchange.series != session.shown_key:
        parts.append(_series_title(session.series[place]) if place >= 0 else Path(exchange.series).name)
    if exchange.frame or (session.image is not None and session.image.frame_count > 1):
        parts.append(f"Slice {exchange.frame + 1}")
    if exchange.window is not None:
        parts.append(f"W {exchange.window.width:.0f} L {exchange.window.center:.0f}")
    return " · ".join(parts)


def empty_chat(session: Session) -> str:
    if session.image is None:
        return "Open an image to ask about it."
    return "Ask about what you see. Click a word of the answer to see where the model looked."


def model_words(session: Session) -> tuple[str, str]:
    """The chip's words and its explanation: what runs, and on what."""
    match session.model_state, session.model:
        case "ready", model if model is not None:
            return f"{model.model} · {model.device}", (
                f"{model.model} runs on {model.device} by {model.engine}, {model.memory_mb} MiB, "
                f"loaded in {model.seconds:.1f} s.\nSHA-256 {model.sha256}"
            )
        case "loading", _:
            return "Loading the model…", "The model is being loaded in its own process."
        case "lost", _:
            return "Model stopped", "The model's process is gone. Click to restart it."
        case _:
            return "No model", "Click to choose a model folder."


def _series_title(series: Series) -> str:
    name = series.description or Path(series.files[0]).name
    return f"{series.number}  {name}" if series.number and series.description else name


def _series_about(series: Series) -> str:
    count = f"{series.frame_count} slices" if series.frame_count > 1 else f"{series.columns} × {series.rows}"
    return " · ".join(filter(None, (series.modality, count)))


def _finding_name(finding: Found) -> str:
    """The class after the box's number in its answer; a box of no class has the number alone."""
    by_hand = finding.exchange is None
    number = "" if by_hand else f"{finding.ref.index + 1}"
    return f"{number}  {finding.label}".strip() if finding.label else ("drawn box" if by_hand else f"box {number}")


def _source(finding: Found) -> str:
    if finding.exchange is None:
        return "By hand"
    return finding.exchange.model or "model"


def _place(session: Session, center: tuple[float, float]) -> str:
    if session.image is None:
        return ""
    return f"{center[0] * session.image.width:.0f}, {center[1] * session.image.height:.0f} px"


def _size(session: Session, finding: Found) -> str:
    image = session.image
    if image is None:
        return ""
    box = finding.box.pixels(image.width, image.height)
    width, height = box.x1 - box.x0, box.y1 - box.y0
    if image.spacing_mm is None:
        return f"{width:.0f} × {height:.0f} px"
    return f"{width * image.spacing_mm[1]:.1f} × {height * image.spacing_mm[0]:.1f} mm"
