"""The form in which a study's conversations and findings lie on disk. Free of Qt; JSON by msgspec.

An answer that was being written is stored as stopped: what had been written comes back, and nobody writes on. Attention is
stored in single precision, in which engines compute it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from umed_core.errors import UmedError, error_from_code
from umed_core.geometry import NormalizedBox
from umed_core.vlm.messages import AttentionRow, LabelledBox, TextDelta
from umed_desktop.session.conversation import AskedImage, BoxRef, Conversation, Exchange
from umed_desktop.session.marks import Deed, Drawn, Mark, Marks, Verdict
from umed_desktop.session.session import StudyState

if TYPE_CHECKING:
    from umed_core.images.medical_image import VoiFunction, Window

__all__ = ["SCHEMA", "StoredImage", "asked_image", "decode_study", "encode_study", "stored_image"]

SCHEMA = "umed-study/1"
"""Raise the number when a field changes its meaning or goes; a new field with a default needs no new number."""


class StoredRow(msgspec.Struct, frozen=True, array_like=True):
    """`weights` are rows x columns float32, little-endian."""

    rows: int
    columns: int
    weights: bytes
    layer: int
    image: int


class StoredDelta(msgspec.Struct, frozen=True, array_like=True):
    """One token: where its characters lie in the answer, and where the model looked."""

    start: int
    end: int
    attention: tuple[StoredRow, ...]


class StoredWindow(msgspec.Struct, frozen=True):
    center: float
    width: float
    name: str
    function: Literal["linear", "linear_exact", "sigmoid"]


class StoredImage(msgspec.Struct, frozen=True):
    """One of the images that a question was put together with."""

    series: str
    frame: int
    window: StoredWindow | None
    study: str
    title: str
    file: str
    frames: int


class StoredExchange(msgspec.Struct, frozen=True):
    id: int
    conversation: int
    series: str
    frame: int
    question: str
    asked_at: str
    state: Literal["done", "stopped", "failed"]
    text: str = ""
    window: StoredWindow | None = None
    model: str = ""
    model_sha256: str = ""
    seconds: float = 0.0
    token_count: int = 0
    boxes: tuple[LabelledBox, ...] = ()
    deltas: tuple[StoredDelta, ...] = ()
    error: tuple[str, str, str] | None = None
    """Code, message, hint."""
    images: tuple[StoredImage, ...] = ()


class StoredMark(msgspec.Struct, frozen=True):
    ref: BoxRef
    verdict: Verdict
    label: str | None
    box: NormalizedBox | None
    deeds: tuple[Deed, ...]


class StoredStudy(msgspec.Struct, frozen=True):
    """The whole file."""

    schema: str
    study: str
    shown: int
    conversations: tuple[Conversation, ...]
    exchanges: tuple[StoredExchange, ...]
    marks: tuple[StoredMark, ...]
    drawn: tuple[Drawn, ...]
    deleted: tuple[BoxRef, ...]


def encode_study(state: StudyState) -> bytes:
    """What a file holds. Takes a moment for long answers: not for the window's thread."""
    order: Callable[[BoxRef], tuple[int, int]] = lambda ref: (ref.exchange, ref.index)  # noqa: E731 - used once
    stored = StoredStudy(
        schema=SCHEMA,
        study=state.study,
        shown=state.shown,
        conversations=state.conversations,
        exchanges=tuple(_stored(exchange) for exchange in state.exchanges),
        marks=tuple(StoredMark(ref, m.verdict, m.label, m.box, m.deeds) for ref, m in state.marks.of),
        drawn=state.marks.drawn,
        deleted=tuple(sorted(state.marks.deleted, key=order)),
    )
    return msgspec.json.encode(stored)


def decode_study(content: bytes) -> StudyState:
    """Raises: ValueError for anything but what `encode_study` wrote."""
    try:
        stored = msgspec.json.decode(content, type=StoredStudy)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise ValueError(f"no stored study: {problem}") from problem
    if stored.schema != SCHEMA:
        raise ValueError(f"written by another version of umed, as {stored.schema!r}")
    threads = {thread.id for thread in stored.conversations}
    if not threads.issuperset(exchange.conversation for exchange in stored.exchanges):
        raise ValueError("an answer belongs to no conversation")
    return StudyState(
        study=stored.study,
        shown=stored.shown,
        conversations=stored.conversations,
        exchanges=tuple(_exchange(exchange) for exchange in stored.exchanges),
        marks=Marks(
            of=tuple((mark.ref, Mark(mark.verdict, mark.label, mark.box, mark.deeds)) for mark in stored.marks),
            drawn=stored.drawn,
            deleted=frozenset(stored.deleted),
        ),
    )


def _stored(exchange: Exchange) -> StoredExchange:
    error, state = exchange.error, exchange.state
    return StoredExchange(
        id=exchange.id,
        conversation=exchange.conversation,
        series=exchange.series,
        frame=exchange.frame,
        question=exchange.question,
        asked_at=exchange.asked_at,
        state="stopped" if state == "waiting" or state == "streaming" else state,
        text=exchange.text,
        window=_stored_window(exchange.window),
        model=exchange.model,
        model_sha256=exchange.model_sha256,
        seconds=exchange.seconds,
        token_count=exchange.token_count,
        boxes=exchange.boxes,
        deltas=tuple(StoredDelta(d.start, d.end, tuple(map(_stored_row, d.attention))) for d in exchange.deltas),
        error=(error.code, error.message, error.hint) if error is not None else None,
        images=tuple(map(stored_image, exchange.images)),
    )


def _exchange(stored: StoredExchange) -> Exchange:
    deltas = tuple(
        TextDelta(stored.id, index, stored.text[d.start : d.end], d.start, d.end, tuple(map(_row, d.attention)))
        for index, d in enumerate(stored.deltas)
    )
    error: UmedError | None = error_from_code(*stored.error) if stored.error is not None else None
    return Exchange(
        id=stored.id,
        series=stored.series,
        frame=stored.frame,
        question=stored.question,
        conversation=stored.conversation,
        window=_window(stored.window),
        state=stored.state,
        text=stored.text,
        deltas=deltas,
        boxes=stored.boxes,
        model=stored.model,
        model_sha256=stored.model_sha256,
        asked_at=stored.asked_at,
        seconds=stored.seconds,
        token_count=stored.token_count,
        error=error,
        images=tuple(map(asked_image, stored.images)),
    )


def stored_image(image: AskedImage) -> StoredImage:
    return StoredImage(
        image.series, image.frame, _stored_window(image.window), image.study, image.title, image.file, image.frames
    )


def asked_image(stored: StoredImage) -> AskedImage:
    return AskedImage(
        stored.series, stored.frame, _window(stored.window), stored.study, stored.title, stored.file, stored.frames
    )


def _stored_row(row: AttentionRow) -> StoredRow:
    import numpy as np

    return StoredRow(row.rows, row.columns, np.asarray(row.weights, "<f4").tobytes(), row.layer, row.image)


def _row(stored: StoredRow) -> AttentionRow:
    import numpy as np

    if len(stored.weights) != 4 * stored.rows * stored.columns:
        raise ValueError("the attention of a word is incomplete")
    weights = tuple(np.frombuffer(stored.weights, "<f4").tolist())
    return AttentionRow(stored.rows, stored.columns, weights, stored.layer, stored.image)


def _stored_window(window: Window | None) -> StoredWindow | None:
    return None if window is None else StoredWindow(window.center, window.width, window.name, window.function)


def _window(stored: StoredWindow | None) -> Window | None:
    if stored is None:
        return None
    from umed_core.images.medical_image import Window

    function: VoiFunction = stored.function
    return Window(stored.center, stored.width, stored.name, function)
