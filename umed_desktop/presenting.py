"""From the session to what the widgets show: rows, drawn boxes and corner words, as plain values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from umed_desktop.conversation import BoxRef, Exchange
from umed_desktop.findings_panel import FindingRow
from umed_desktop.series_panel import RefusedRow, SeriesRow
from umed_desktop.session import Session
from umed_desktop.theme import BOX_COLORS
from umed_desktop.viewer.legend import Legend
from umed_desktop.viewer.overlays import DrawnBox

if TYPE_CHECKING:
    from umed_core.images.volume import Series

__all__ = [
    "drawn_boxes",
    "empty_chat",
    "finding_rows",
    "legend_of",
    "model_words",
    "refused_rows",
    "series_rows",
    "slice_words",
]


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


def drawn_boxes(session: Session) -> tuple[DrawnBox, ...]:
    """The visible boxes as they are to be drawn."""
    return tuple(
        DrawnBox(
            ref=ref,
            box=session.exchange(ref.exchange).box(ref),
            text=_box_name(session, ref),
            color=BOX_COLORS[ref.index % len(BOX_COLORS)],
            lit=ref == session.pointed,
            accepted=session.verdict(ref) == "accepted",
            rejected=session.verdict(ref) == "rejected",
        )
        for ref in session.visible_boxes()
    )


def finding_rows(session: Session) -> list[FindingRow]:
    """One row a box; place and size in pixels, or mm where the file states its spacing."""
    rows = []
    for ref in session.boxes():
        exchange = session.exchange(ref.exchange)
        rows.append(
            FindingRow(
                ref=ref,
                label=_box_name(session, ref),
                slice=str(exchange.frame + 1),
                place=_place(session, exchange.box(ref).center),
                size=_size(session, ref),
                source=exchange.model or "model",
                verdict={"open": "–", "accepted": "Accepted", "rejected": "Rejected"}[session.verdict(ref)],
                color=BOX_COLORS[ref.index % len(BOX_COLORS)],
            )
        )
    return rows


def legend_of(session: Session, probed: tuple[int, int] | None) -> Legend:
    """The words around the image, from the file's own tags; nothing is guessed."""
    image = session.image
    if image is None:
        return Legend()
    tags, window = image.tags, session.shown_window()
    born = f"* {tags.patient_birth_date}" if tags.patient_birth_date else ""
    who = (_name(tags.patient_name), " ".join(filter(None, (tags.patient_id, tags.patient_sex, born))))
    what = (tags.study_description, tags.series_description, tags.study_date)
    kind = " ".join(filter(None, (image.modality, tags.body_part_examined)))
    levels = f"W {window.width:.0f}  L {window.center:.0f}" if window is not None else "RGB"
    if window is not None and window.name:
        levels += f"  {window.name}"
    place = [f"Slice {session.frame + 1} / {image.frame_count}"] if image.frame_count > 1 else []
    if image.slice_positions_mm and image.frame_count > 1:
        place.append(f"{image.slice_positions_mm[session.frame]:.1f} mm")
    return Legend(
        top_left=tuple(filter(None, who)) or (Path(image.source).name,),
        top_right=tuple(dict.fromkeys(filter(None, what))),
        bottom_left=(*_probe(session, probed), levels),
        bottom_right=(*filter(None, (kind, "  ".join(place))), f"{image.width} × {image.height}"),
        orientation=image.orientation,
        spacing_mm=image.spacing_mm,
    )


def slice_words(session: Session, exchange: Exchange) -> str:
    """Which slice a card speaks of, and the window where the reader had chosen one."""
    parts = []
    if session.image is not None and session.image.frame_count > 1:
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


def _box_name(session: Session, ref: BoxRef) -> str:
    label = session.exchange(ref.exchange).boxes[ref.index].label
    return f"{ref.index + 1}  {label}" if label else f"box {ref.index + 1}"


def _place(session: Session, center: tuple[float, float]) -> str:
    if session.image is None:
        return ""
    return f"{center[0] * session.image.width:.0f}, {center[1] * session.image.height:.0f} px"


def _size(session: Session, ref: BoxRef) -> str:
    image = session.image
    if image is None:
        return ""
    box = session.exchange(ref.exchange).box(ref).pixels(image.width, image.height)
    width, height = box.x1 - box.x0, box.y1 - box.y0
    if image.spacing_mm is None:
        return f"{width:.0f} × {height:.0f} px"
    return f"{width * image.spacing_mm[1]:.1f} × {height * image.spacing_mm[0]:.1f} mm"


def _probe(session: Session, probed: tuple[int, int] | None) -> tuple[str, ...]:
    image = session.image
    if image is None or probed is None or not (probed[0] < image.width and probed[1] < image.height):
        return ()
    value = image.pixels[session.frame, probed[1], probed[0]]
    shown = ", ".join(str(v) for v in value) if image.is_color else f"{value:g}"
    return (f"{probed[0]}, {probed[1]}:  {shown} {image.unit}".rstrip(),)


def _name(patient_name: str) -> str:
    return ", ".join(part for part in patient_name.split("^") if part)
