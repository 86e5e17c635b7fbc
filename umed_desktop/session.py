"""What is open, what was asked and answered, and what the person made of the boxes. Free of Qt; it decides, others show.

Every change is announced by its kind, so that a widget repaints only what moved. Verdicts and removed exchanges can be
undone; an answer that is being written is no deed of the person and is not part of the history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from umed_core.errors import InputError, UmedError, error_from_code
from umed_core.vlm.messages import Answer, Ask, Event, Failed, Loaded, PutImage, TextDelta
from umed_desktop.conversation import BoxRef, Exchange, Verdict, turns_before, with_answer, with_delta
from umed_desktop.history import History
from umed_desktop.opening import Early, Listing
from umed_desktop.reading import Marks, Selection, WordAttention

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from umed_core.images.medical_image import MedicalImage, Window
    from umed_core.images.volume import Series, Study

__all__ = ["Change", "ModelState", "Session", "series_key"]

ModelState: TypeAlias = Literal["none", "loading", "ready", "lost"]


class Change(Enum):
    """What a listener is told: which part of the session differs now."""

    LISTING = auto()  # series, refused
    IMAGE = auto()  # another series, or more of it
    FRAME = auto()
    WINDOW = auto()
    MODEL = auto()
    CONVERSATION = auto()  # exchanges came or went
    ANSWER = auto()  # text or state of the newest exchange
    MARKS = auto()  # verdicts
    SELECTION = auto()  # the word whose attention is shown
    POINTING = auto()  # the box under the pointer, in the image or in the text


def series_key(series: Series) -> str:
    """Names a series in this session: the path of its first file."""
    return str(series.files[0])


@dataclass
class Session:
    """The state behind one window. Not thread-safe: the window's thread alone calls it."""

    series: tuple[Series, ...] = ()
    study_of: tuple[str, ...] = ()
    refused: tuple[tuple[Path, UmedError], ...] = ()
    current: int = -1
    image: MedicalImage | None = None
    frame: int = 0
    window: Window | None = None
    model_state: ModelState = "none"
    model: Loaded | None = None
    pointed: BoxRef | None = None
    _early: Path | None = None
    _own_window: Window | None = None
    _exchanges: dict[int, Exchange] = field(default_factory=dict)
    _marks: History[Marks] = field(default_factory=lambda: History(Marks()))
    _selection: Selection | None = None
    _listeners: list[Callable[[Change], None]] = field(default_factory=list)

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        self._listeners.append(listener)

    def _tell(self, *changes: Change) -> None:
        for change in changes:
            for listener in self._listeners:
                listener(change)

    # ------------------------------------------------------------------------------------------ the open study
    def show_early(self, early: Early) -> None:
        """The first image of what is being opened, alone, until `show_listing` brings the rest."""
        self._early = None
        self.show_listing(Listing((early.study,)))
        self.choose(0)
        self.show_image(self.key, early.image)
        self._early = self.series[0].files[0]

    def show_listing(self, listing: Listing) -> None:
        """Replaces what is listed. Conversations are kept; nothing is shown yet, but for an early image that is listed."""
        pairs = [(_study_title(study), series) for study in listing.studies for series in study.series]
        self.study_of = tuple(title for title, _ in pairs)
        self.series = tuple(series for _, series in pairs)
        self.refused = listing.refused
        place = next((i for i, series in enumerate(self.series) if self._early in series.files), -1)
        if place >= 0:
            self._move_exchanges(str(self._early), series_key(self.series[place]), 0)
            self.current = place
            if len(self.series[place].files) == 1:
                self._early = None
            self._tell(Change.LISTING, Change.IMAGE)
            return
        self._early = None
        self.current, self.image, self.frame, self.window = -1, None, 0, None
        self._selection = self.pointed = None
        self._tell(Change.LISTING, Change.IMAGE, Change.CONVERSATION, Change.SELECTION)

    @property
    def is_early(self) -> bool:
        """Whether the image on screen is one file of a series of which the rest is not there yet."""
        return self._early is not None

    def choose(self, index: int) -> Series:
        """Makes a listed series the current one, to be read; its image follows by `show_image`."""
        self._early = None
        self.current, self.image, self.frame, self.window = index, None, 0, None
        self._selection = self.pointed = None
        self._tell(Change.IMAGE, Change.CONVERSATION, Change.SELECTION)
        return self.series[index]

    def show_image(self, key: str, image: MedicalImage) -> bool:
        """The pixels of the current series, or the first of them; False for a series that is no longer current."""
        if self.current < 0 or series_key(self.series[self.current]) != key:
            return False
        early, self._early = self._early, None
        if early is not None and image.frame_count == len(files := self.series[self.current].files):
            # What was the only slice is now one among all: it stays on screen, and so does what was said about it.
            self.frame = files.index(early)
            self._move_exchanges(key, key, self.frame)
        self.image, self._own_window = image, None
        self.frame = min(self.frame, image.frame_count - 1)
        self._tell(Change.IMAGE)
        return True

    def _move_exchanges(self, old_key: str, new_key: str, by_frames: int) -> None:
        for exchange in self._exchanges.values():
            if exchange.series == old_key:
                self._put(replace(exchange, series=new_key, frame=exchange.frame + by_frames))

    @property
    def key(self) -> str:
        """The current series, "" if there is none."""
        return series_key(self.series[self.current]) if self.current >= 0 else ""

    def show_frame(self, frame: int) -> None:
        if self.image is None:
            return
        wanted = min(max(frame, 0), self.image.frame_count - 1)
        if wanted != self.frame:
            self.frame = wanted
            self._tell(Change.FRAME)

    def show_window(self, window: Window | None) -> None:
        """Grey levels to look through; None is the file's own."""
        if window != self.window:
            self.window = window
            self._tell(Change.WINDOW)

    def shown_window(self) -> Window | None:
        """The window that is in force; None for a colour image or without one."""
        if self.image is None or self.image.is_color:
            return None
        if self.window is not None or self.image.frame_windows:
            return self.window or self.image.frame_windows[self.frame]
        if self._own_window is None:
            from umed_core.images.windowing import default_window

            self._own_window = default_window(self.image)  # looks at every frame's values: once is enough
        return self._own_window

    def pixels(self, step: int = 1) -> NDArray[np.uint8]:
        """Display values of the frame on screen, every `step`-th pixel of it; (H, W) or (H, W, 3). Needs an image."""
        assert self.image is not None
        image = self.image
        own_table = self.window is None and image.voi_lut is not None
        window = None if own_table else self.shown_window()
        if step == 1:
            return image.display(self.frame, window)
        return replace(image, pixels=image.pixels[self.frame : self.frame + 1, ::step, ::step]).display(0, window)

    # ------------------------------------------------------------------------------------------------ the model
    def model_loading(self) -> None:
        self.model_state, self.model = "loading", None
        self._tell(Change.MODEL)

    def model_lost(self, error: UmedError) -> None:
        """The process died: the running answer fails, everything else stays."""
        self.model_state = "lost"
        for exchange in [exchange for exchange in self._exchanges.values() if exchange.is_running]:
            self._put(replace(exchange, state="failed", error=error))
        self._tell(Change.MODEL, Change.ANSWER)

    def receive(self, event: Event) -> None:
        """Takes in what the worker said. Events of an exchange that was stopped or removed change nothing."""
        match event:
            case Loaded():
                self.model_state, self.model = "ready", event
                self._tell(Change.MODEL)
            case TextDelta() if (exchange := self._running(event.ask_id)) is not None:
                self._put(with_delta(exchange, event, self.model.classes if self.model else ()))
                self._tell(Change.ANSWER)
            case Answer() if (exchange := self._running(event.ask_id)) is not None:
                self._put(with_answer(exchange, event))
                self._tell(Change.ANSWER)
            case Failed(ask_id=0):
                self.model_state = "lost" if self.model_state == "loading" else self.model_state
                self._tell(Change.MODEL)
            case Failed() if (exchange := self._running(event.ask_id)) is not None:
                error = error_from_code(event.code, event.message, event.hint)
                self._put(replace(exchange, state="failed", error=error))
                self._tell(Change.ANSWER)

    # ----------------------------------------------------------------------------------------- the conversation
    def exchanges(self) -> tuple[Exchange, ...]:
        """Those of the current series, oldest first."""
        removed = self._marks.present.removed
        return tuple(e for e in self._exchanges.values() if e.series == self.key and e.id not in removed)

    def exchange(self, exchange_id: int) -> Exchange:
        return self._exchanges[exchange_id]

    @property
    def is_answering(self) -> bool:
        return any(exchange.is_running for exchange in self._exchanges.values())

    def ask(self, question: str) -> tuple[Ask, PutImage]:
        """What to send to the worker; the exchange is there, waiting.

        Raises: InputError where there is no image, no question, or an answer is still being written.
        """
        if self.image is None:
            raise InputError("No image is open to ask about.", "Open a file or a folder first.")
        if not question.strip():
            raise InputError("The question is empty.", "Write one, or choose a suggested question.")
        if self.is_answering:
            raise InputError("The model is still answering.", "Wait for it, or stop it first.")
        from umed_core.vlm.protocol import put_image

        picture = put_image(self.pixels())
        exchange = Exchange(
            id=max(self._exchanges, default=0) + 1,
            series=self.key,
            frame=self.frame,
            question=question.strip(),
            window=self.window,
            model=self.model.model if self.model else "",
        )
        turns = turns_before(self.exchanges(), self.frame, exchange.question)
        self._put(exchange)
        self._selection = None
        self._tell(Change.CONVERSATION, Change.SELECTION)
        return Ask(exchange.id, (picture.image_id,), turns), picture

    def ask_again(self, exchange_id: int) -> tuple[Ask, PutImage]:
        """The same question about the same frame and window, as a new exchange in place of the old one.

        Raises: InputError, as `ask`.
        """
        old = self._exchanges[exchange_id]
        if self.is_answering:
            raise InputError("The model is still answering.", "Wait for it, or stop it first.")
        self.show_frame(old.frame)
        self.show_window(old.window)
        self.remove(exchange_id, "Ask again")
        return self.ask(old.question)

    def stop(self) -> int:
        """Ends the running answer at what has been written; its id, 0 if there is none."""
        for exchange in self._exchanges.values():
            if exchange.is_running:
                self._put(replace(exchange, state="stopped"))
                self._tell(Change.ANSWER)
                return exchange.id
        return 0

    def remove(self, exchange_id: int, name: str = "Delete answer") -> None:
        marks = self._marks.present
        self._marks.change(name, replace(marks, removed=marks.removed | {exchange_id}))
        if self._selection is not None and self._selection.exchange == exchange_id:
            self._selection = None
        if self.pointed is not None and self.pointed.exchange == exchange_id:
            self.pointed = None
        self._tell(Change.CONVERSATION, Change.MARKS, Change.SELECTION)

    # ------------------------------------------------------------------------------------- boxes and attention
    def boxes(self) -> tuple[BoxRef, ...]:
        """Boxes of the current series, in the order they were written."""
        return tuple(BoxRef(e.id, index) for e in self.exchanges() for index in range(len(e.boxes)))

    def visible_boxes(self) -> tuple[BoxRef, ...]:
        """Those to draw: on this frame, not rejected, of the newest answer about it or accepted."""
        here = [exchange for exchange in self.exchanges() if exchange.frame == self.frame]
        newest = next((exchange.id for exchange in reversed(here) if exchange.boxes or exchange.is_running), 0)
        return tuple(
            ref
            for ref in self.boxes()
            if self._exchanges[ref.exchange].frame == self.frame
            and (
                self.verdict(ref) == "accepted"
                or ref == self.pointed
                or (ref.exchange == newest and self.verdict(ref) == "open")
            )
        )

    def verdict(self, ref: BoxRef) -> Verdict:
        return dict(self._marks.present.verdicts).get(ref, "open")

    def judge(self, ref: BoxRef, verdict: Verdict) -> None:
        verdicts = {**dict(self._marks.present.verdicts), ref: verdict}
        name = {"accepted": "Accept box", "rejected": "Reject box", "open": "Reopen box"}[verdict]
        self._marks.change(name, replace(self._marks.present, verdicts=tuple(verdicts.items())))
        if verdict == "rejected":
            self.point_at(None)  # it leaves the image at once, although the pointer may still be on its row
        self._tell(Change.MARKS)

    def point_at(self, ref: BoxRef | None) -> None:
        """The box that the pointer or the focus is on, whether in the image, in the text or in the list."""
        if ref != self.pointed:
            self.pointed = ref
            self._tell(Change.POINTING)

    def select_word(self, exchange_id: int, start: int, end: int) -> None:
        """Shows the attention of the characters start..end of an answer, on the frame that was asked about."""
        self._selection = Selection(exchange_id, start, end)
        self.show_frame(self._exchanges[exchange_id].frame)
        self._tell(Change.SELECTION)

    def select_nothing(self) -> None:
        if self._selection is not None:
            self._selection = None
            self._tell(Change.SELECTION)

    def selected_span(self) -> tuple[int, int, int] | None:
        """(exchange, start, end) of the selected word; None without one."""
        chosen = self._selection
        return None if chosen is None else (chosen.exchange, chosen.start, chosen.end)

    def attention(self) -> WordAttention | None:
        """Where the model looked for the selected word; None without one, off its frame, or where no row came."""
        chosen = self._selection
        if chosen is None or self._exchanges[chosen.exchange].frame != self.frame:
            return None
        from umed_core.vlm.answer import attention_on, share_in_box

        exchange = self._exchanges[chosen.exchange]
        weights = attention_on(exchange.deltas, chosen.start, chosen.end)
        if not weights.size:
            return None
        ref = self._box_of_word(exchange, chosen.start)
        share = None if ref is None else share_in_box(weights, exchange.box(ref))
        word = exchange.text[chosen.start : chosen.end]
        return WordAttention(word, weights, float(weights.sum()), ref, share)

    def _box_of_word(self, exchange: Exchange, start: int) -> BoxRef | None:
        """The box that a word speaks of: of its own sentence if that has one, else the answer's first."""
        from umed_desktop.answer_text import sentence_around

        if not exchange.boxes:
            return None
        begin, end = sentence_around(exchange.text, start)
        near = [(abs(b.start - start), i) for i, b in enumerate(exchange.boxes) if begin <= b.start < end]
        return BoxRef(exchange.id, min(near)[1] if near else 0)

    # ------------------------------------------------------------------------------------------------ undo, redo
    @property
    def undo_name(self) -> str:
        return self._marks.undo_name

    @property
    def redo_name(self) -> str:
        return self._marks.redo_name

    def undo(self) -> None:
        self._marks.undo()
        self._tell(Change.CONVERSATION, Change.MARKS)

    def redo(self) -> None:
        self._marks.redo()
        self._tell(Change.CONVERSATION, Change.MARKS)

    def _running(self, exchange_id: int) -> Exchange | None:
        exchange = self._exchanges.get(exchange_id)
        return exchange if exchange is not None and exchange.is_running else None

    def _put(self, exchange: Exchange) -> None:
        self._exchanges[exchange.id] = exchange


def _study_title(study: Study) -> str:
    patient = ", ".join(part for part in study.patient_name.split("^") if part)
    return " · ".join(filter(None, (patient, study.description, study.date))) or "Study"
