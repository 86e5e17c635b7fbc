"""From the session to what the widgets show: rows, drawn boxes and corner words, as plain values."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from umed_desktop.chat.conversation_bar import ConversationRow
from umed_desktop.findings.findings_panel import FindingRow
from umed_desktop.session.conversation import Exchange
from umed_desktop.session.marks import Found
from umed_desktop.session.session import Session
from umed_desktop.studies.series_panel import SeriesRow
from umed_desktop.theme import BOX_COLORS
from umed_desktop.viewer.overlays import DrawnBox
from umed_desktop.words import QT_TRANSLATE_NOOP, translate

if TYPE_CHECKING:
    from umed_core.images.volume import Series

__all__ = [
    "conversation_rows",
    "deed_words",
    "drawn_boxes",
    "empty_chat",
    "finding_color",
    "finding_details",
    "finding_rows",
    "local_time",
    "model_words",
    "series_rows",
    "slice_words",
]

_DEEDS = (
    QT_TRANSLATE_NOOP("DeedLog", "Accepted."),
    QT_TRANSLATE_NOOP("DeedLog", "Rejected."),
    QT_TRANSLATE_NOOP("DeedLog", "Verdict taken back."),
    QT_TRANSLATE_NOOP("DeedLog", "Drawn by hand."),
    QT_TRANSLATE_NOOP("DeedLog", "Class changed from {old} to {new}."),
    QT_TRANSLATE_NOOP("DeedLog", "Box changed from {old} to {new}."),
)
"""The sentences of session/marks.py."""

_STATUS = {
    "open": QT_TRANSLATE_NOOP("Presenting", "Not reviewed"),
    "accepted": QT_TRANSLATE_NOOP("Presenting", "Accepted"),
    "edited": QT_TRANSLATE_NOOP("Presenting", "Edited"),
    "rejected": QT_TRANSLATE_NOOP("Presenting", "Rejected"),
    "added": QT_TRANSLATE_NOOP("Presenting", "Added by hand"),
}


def series_rows(session: Session) -> list[SeriesRow]:
    titles = [_series_title(series) for series in session.series]
    shared = Counter(titles)
    # Series that share a title are told apart by their file.
    named = [
        title if shared[title] == 1 else series.files[0].name
        for title, series in zip(titles, session.series, strict=True)
    ]
    return [
        SeriesRow(study, title, _series_about(series), str(series.files[0]))
        for study, title, series in zip(session.study_of, named, session.series, strict=True)
    ]


def conversation_rows(session: Session) -> list[ConversationRow]:
    return [ConversationRow(thread.id, title, thread.title) for thread, title in session.conversations()]


def drawn_boxes(session: Session, series: str, study: str, frame: int) -> tuple[DrawnBox, ...]:
    """The visible boxes of a frame as they are to be drawn."""
    in_hand = (session.pointed, session.chosen) if study == session.study else ()
    return tuple(
        DrawnBox(
            ref=finding.ref,
            box=finding.box,
            text=_finding_name(finding),
            color=finding_color(finding),
            lit=finding.ref in in_hand,
            accepted=finding.status in ("accepted", "edited", "added"),
            rejected=finding.status == "rejected",
        )
        for finding in session.visible_findings(series, study, frame)
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
            status=translate("Presenting", _STATUS[finding.status]),
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
        name = asked.model or translate("Presenting", "model")
        lines.append(f"<b>{escape(name)}</b>")
        if asked.model_sha256:
            lines.append(f"<span style='white-space:nowrap'>sha256 {asked.model_sha256[:16]}…</span>")
        lines.append(
            translate("Presenting", "asked {when}: “{question}”").format(
                when=local_time(asked.asked_at), question=escape(asked.question)
            )
        )
        lines.append(
            translate("Presenting", "written: {label}").format(
                label=escape(asked.boxes[finding.ref.index].label) or translate("Presenting", "no class")
            )
        )
    lines += [f"{local_time(deed.at)}: {escape(deed_words(deed.words))}" for deed in finding.deeds]
    return "<br>".join(lines)


def deed_words(stored: str) -> str:
    """A sentence of the log, which is kept in English, in the window's language; one that nobody knows stays as it is."""
    for form in _DEEDS:
        said = re.fullmatch(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(form)), stored)
        if said is not None:
            values = {name: translate("Presenting", value) for name, value in said.groupdict().items()}
            return translate("DeedLog", form).format(**values)
    return stored


def local_time(at: str) -> str:
    """A UTC moment in ISO 8601 as this place's date and time; "" stays so."""
    return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M") if at else ""


def slice_words(session: Session, exchange: Exchange) -> str:
    """Which slice a card speaks of, its series if that is not on screen, and the window where the reader had chosen one;
    its model where that is not the one that is loaded."""
    parts = []
    place = session.index_of(exchange.series)
    is_named = bool(exchange.images)  # by the chips of the card
    if not is_named and exchange.series != session.shown_key:
        parts.append(_series_title(session.series[place]) if place >= 0 else Path(exchange.series).name)
    if not is_named and (exchange.frame or (session.image is not None and session.image.frame_count > 1)):
        parts.append(translate("Presenting", "Slice {frame}").format(frame=exchange.frame + 1))
    if exchange.window is not None:
        parts.append(f"W {exchange.window.width:.0f} L {exchange.window.center:.0f}")
    now = session.model
    if now is not None and exchange.model and (exchange.model, exchange.model_sha256) != (now.model, now.sha256):
        parts.append(f"{exchange.model} {exchange.model_sha256[:8]}")
    return " · ".join(parts)


def empty_chat(session: Session) -> str:
    if session.image is None:
        return translate("Presenting", "Open an image to ask about it.")
    return translate("Presenting", "Ask about what you see. Click a word of the answer to see where the model looked.")


def model_words(session: Session) -> tuple[str, str]:
    """The chip's words and its explanation: what runs, and on what."""
    match session.model_state, session.model:
        case "ready", model if model is not None:
            return f"{model.model} · {model.device}", (
                translate(
                    "Presenting",
                    "{model} runs on {device} by {engine}, {memory_mb} MiB, loaded in {seconds:.1f} s.\nSHA-256 "
                    "{sha256}",
                ).format(
                    model=model.model,
                    device=model.device,
                    engine=model.engine,
                    memory_mb=model.memory_mb,
                    seconds=model.seconds,
                    sha256=model.sha256,
                )
            )
        case "loading", _:
            return translate("Presenting", "Loading the model…"), translate(
                "Presenting", "The model is being loaded in its own process."
            )
        case "lost", _:
            return translate("Presenting", "Model stopped"), translate(
                "Presenting", "The model's process is gone. Click to restart it."
            )
        case _:
            return translate("Presenting", "No model"), translate("Presenting", "Click to choose a model folder.")


def _series_title(series: Series) -> str:
    name = series.description or series.files[0].name
    return f"{series.number}  {name}" if series.number and series.description else name


def _series_about(series: Series) -> str:
    count = (
        translate("Presenting", "{count} slices").format(count=series.frame_count)
        if series.frame_count > 1
        else f"{series.columns} × {series.rows}"
    )
    return " · ".join(filter(None, (series.modality, count)))


def _finding_name(finding: Found) -> str:
    """The class after the box's number in its answer; a box of no class has the number alone."""
    by_hand = finding.exchange is None
    number = "" if by_hand else f"{finding.ref.index + 1}"
    return (
        f"{number}  {finding.label}".strip()
        if finding.label
        else (
            translate("Presenting", "drawn box")
            if by_hand
            else translate("Presenting", "box {number}").format(number=number)
        )
    )


def _source(finding: Found) -> str:
    if finding.exchange is None:
        return translate("Presenting", "By hand")
    return finding.exchange.model or translate("Presenting", "model")


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
