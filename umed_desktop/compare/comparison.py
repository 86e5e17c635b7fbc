"""Two models that are asked the same question about the same frame: what each said, how fast, and what they agree on.

Free of Qt. It reads the session for what is on screen and changes nothing there. Its exchanges are numbered downwards from
-1, a study's upwards from 1, so that a process which serves both can be told apart by the number alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING, Literal, TypeAlias

from umed_core.errors import InputError, UmedError, error_from_code
from umed_core.records import Turn
from umed_core.vlm.messages import Answer, Ask, AskOptions, Event, Failed, Loaded, PutImage, TextDelta, Unloaded
from umed_desktop.session.asking import ModelState
from umed_desktop.session.conversation import BoxRef, Exchange, attention_wanted, with_answer, with_delta
from umed_desktop.session.session import Session
from umed_desktop.words import translate

if TYPE_CHECKING:
    from umed_core.evaluation.agreement import Agreement

__all__ = ["SIDES", "Comparison", "Moved", "Side", "SideName"]

SideName: TypeAlias = Literal["A", "B"]
SIDES: tuple[SideName, SideName] = ("A", "B")

_SHORTEST_S = 0.1
"""Of writing, to speak of a rate."""


class Moved(Enum):
    """What a listener is told: which part of the comparison differs now."""

    MODEL = auto()
    ANSWER = auto()
    POINTING = auto()


@dataclass(frozen=True, slots=True)
class Side:
    """A model and its answer. `asked_s`, `first_s` and `last_s` are moments of one clock in seconds: the question, the
    first token and the newest one, None before they came."""

    state: ModelState = "none"
    model: Loaded | None = None
    error: UmedError | None = None
    exchange: Exchange | None = None
    asked_s: float = 0.0
    first_s: float | None = None
    last_s: float | None = None

    @property
    def is_running(self) -> bool:
        return self.exchange is not None and self.exchange.is_running

    @property
    def has_answered(self) -> bool:
        """Whether there is an answer, whole or stopped, to look at and to keep."""
        return self.exchange is not None and self.exchange.state in ("done", "stopped") and bool(self.exchange.text)

    @property
    def first_token_s(self) -> float | None:
        """From the question to the first token, loading and waiting included; None before it came."""
        return None if self.first_s is None else self.first_s - self.asked_s

    @property
    def tokens_per_s(self) -> float | None:
        """While it was writing: tokens after the first by the time they took. None while that is too short to tell: tokens
        that waited for the window arrive in a bunch."""
        count = len(self.exchange.deltas) if self.exchange is not None else 0
        if self.first_s is None or self.last_s is None or self.last_s - self.first_s < _SHORTEST_S:
            return None
        return (count - 1) / (self.last_s - self.first_s)


@dataclass
class Comparison:
    """Not thread-safe: the window's thread alone calls it. `clock_s` gives seconds that only grow."""

    session: Session
    clock_s: Callable[[], float] = monotonic
    sides: dict[SideName, Side] = field(default_factory=lambda: {"A": Side(), "B": Side()})
    pointed: BoxRef | None = None
    taken: set[int] = field(default_factory=set)
    """Exchanges whose answer is in the study's conversation."""
    _newest: int = 0
    _listeners: list[Callable[[Moved], None]] = field(default_factory=list)
    _agreement: tuple[tuple[Exchange, Exchange], Agreement] | None = None

    def subscribe(self, listener: Callable[[Moved], None]) -> None:
        self._listeners.append(listener)

    def _tell(self, moved: Moved) -> None:
        for listener in self._listeners:
            listener(moved)

    def _put(self, name: SideName, side: Side, moved: Moved) -> None:
        self.sides[name] = side
        self._tell(moved)

    # ------------------------------------------------------------------------------------------------- the models
    def model_loading(self, name: SideName) -> None:
        side = self._broken_off(name, None)
        self._put(name, replace(side, state="loading", model=None, error=None), Moved.MODEL)

    def model_loaded(self, name: SideName, model: Loaded) -> None:
        """It is ready. An answer that another model gave on this side goes: it would stand under the wrong name."""
        side = self.sides[name]
        given = side.exchange
        if given is not None and given.model and (given.model, given.model_sha256) != (model.model, model.sha256):
            side = Side()
        self._put(name, replace(side, state="ready", model=model, error=None), Moved.MODEL)

    def forget(self, name: SideName) -> None:
        """Another model is to come: what the old one said would stand under the wrong name."""
        self._put(name, Side(), Moved.MODEL)

    def model_lost(self, name: SideName, error: UmedError) -> None:
        """It is gone or could not be loaded; its running answer fails, the other side goes on."""
        side = self._broken_off(name, error)
        self._put(name, replace(side, state="lost", error=error), Moved.MODEL)

    def _broken_off(self, name: SideName, error: UmedError | None) -> Side:
        """The side, with a running answer ended."""
        side = self.sides[name]
        if side.exchange is None or not side.exchange.is_running:
            return side
        return replace(side, exchange=replace(side.exchange, state="failed", error=error))

    def receive(self, name: SideName, event: Event) -> None:
        """Takes in what a side's worker said. Events of other exchanges, or of one that was ended, change nothing."""
        side = self.sides[name]
        match event:
            case Loaded():
                self.model_loaded(name, event)
            case Unloaded():
                self._put(name, replace(side, state="none", model=None), Moved.MODEL)
            case Failed(ask_id=0) if side.state == "loading":
                self.model_lost(name, error_from_code(event.code, event.message, event.hint))
            case TextDelta() if (exchange := self._running(name, event.ask_id)) is not None:
                now, classes = self.clock_s(), side.model.classes if side.model else ()
                first = now if side.first_s is None else side.first_s
                exchange = with_delta(self._named(name, exchange), event, classes)
                self._put(name, replace(side, exchange=exchange, first_s=first, last_s=now), Moved.ANSWER)
            case Answer() if (exchange := self._running(name, event.ask_id)) is not None:
                exchange = with_answer(self._named(name, exchange), event)
                self._put(name, replace(side, exchange=exchange), Moved.ANSWER)
            case Failed() if (exchange := self._running(name, event.ask_id)) is not None:
                error = error_from_code(event.code, event.message, event.hint)
                self._put(name, replace(side, exchange=replace(exchange, state="failed", error=error)), Moved.ANSWER)

    def _running(self, name: SideName, ask_id: int) -> Exchange | None:
        exchange = self.sides[name].exchange
        return exchange if exchange is not None and exchange.id == ask_id and exchange.is_running else None

    def _named(self, name: SideName, exchange: Exchange) -> Exchange:
        """With the model that answers: it may still have been loading when it was asked."""
        model = self.sides[name].model
        if exchange.model_sha256 or model is None:
            return exchange
        return replace(exchange, model=model.model, model_sha256=model.sha256)

    # ---------------------------------------------------------------------------------------------------- asking
    @property
    def is_answering(self) -> bool:
        return any(side.is_running for side in self.sides.values())

    def ask(self, question: str) -> tuple[dict[SideName, Ask], PutImage]:
        """What to send to each side's worker: one image, one question, nothing of the study's conversation.

        Raises: InputError where there is no image, no question, or either model is not free.
        """
        session = self.session
        if session.image is None or session.is_early:
            raise InputError("No whole series is open to ask about.", "Open one, or wait until it has been read.")
        if not question.strip():
            raise InputError("The question is empty.", "Write one.")
        if self.is_answering or session.is_answering:
            raise InputError("A model is still answering.", "Wait for it, or stop it first.")
        from umed_core.vlm.protocol import put_image

        picture, now = put_image(session.pixels()), self.clock_s()
        asks: dict[SideName, Ask] = {}
        for name in SIDES:
            side = self.sides[name]
            self._newest -= 1
            exchange = Exchange(
                id=self._newest,
                series=session.shown_key,
                frame=session.frame,
                question=question.strip(),
                window=session.window,
                model=side.model.model if side.model else "",
                model_sha256=side.model.sha256 if side.model else "",
                asked_at=session.clock().isoformat(),
            )
            self.sides[name] = replace(side, exchange=exchange, asked_s=now, first_s=None, last_s=None)
            options = AskOptions(attention=attention_wanted(side.model))
            asks[name] = Ask(exchange.id, (picture.image_id,), (Turn("user", exchange.question),), options)
        self.pointed = None
        self._tell(Moved.ANSWER)
        return asks, picture

    def stop(self) -> dict[SideName, int]:
        """Ends the running answers at what has been written: the exchange to stop, by side."""
        running = {name: side.exchange.id for name, side in self.sides.items() if side.exchange and side.is_running}
        for name in running:
            side = self.sides[name]
            assert side.exchange is not None
            self.sides[name] = replace(side, exchange=replace(side.exchange, state="stopped"))
        if running:
            self._tell(Moved.ANSWER)
        return running

    def kept(self, name: SideName) -> Exchange:
        """The answer of a side, to be put into the conversation. Raises: InputError where there is none yet."""
        side = self.sides[name]
        if side.exchange is None or not side.has_answered:
            raise InputError(
                translate("Errors", "Model {name} has not answered.").format(name=name), "Ask a question first."
            )
        return side.exchange

    def note_taken(self, exchange_id: int) -> None:
        self.taken.add(exchange_id)
        self._tell(Moved.ANSWER)

    # ------------------------------------------------------------------------------------------------- agreement
    def agreement(self) -> Agreement | None:
        """What both answers agree on; None until both are there."""
        a, b = self.sides["A"], self.sides["B"]
        if not (a.has_answered and b.has_answered and a.exchange is not None and b.exchange is not None):
            return None
        known = self._agreement
        if known is None or known[0][0] is not a.exchange or known[0][1] is not b.exchange:
            from umed_core.evaluation.agreement import agreement_of

            classes = [name for side in (a, b) if side.model is not None for name in side.model.classes]
            found = agreement_of(a.exchange.text, a.exchange.boxes, b.exchange.text, b.exchange.boxes, classes)
            self._agreement = known = ((a.exchange, b.exchange), found)
        return known[1]

    def point_at(self, ref: BoxRef | None) -> None:
        """The box that the pointer or the focus is on, in an image, in an answer or in the list."""
        if ref != self.pointed:
            self.pointed = ref
            self._tell(Moved.POINTING)

    def lit(self) -> frozenset[BoxRef]:
        """The pointed box with its partner in the other answer."""
        if self.pointed is None:
            return frozenset()
        partners = (pair for pair in self.pairs() if self.pointed in pair)
        return frozenset({self.pointed, *next(partners, ())})

    def pairs(self) -> tuple[tuple[BoxRef, BoxRef], ...]:
        """A's and B's boxes that belong together, in the order of the agreement."""
        found, a, b = self.agreement(), self.sides["A"].exchange, self.sides["B"].exchange
        if found is None or a is None or b is None:
            return ()
        return tuple((BoxRef(a.id, pair.a), BoxRef(b.id, pair.b)) for pair in found.pairs)

    @property
    def asked(self) -> Exchange | None:
        """Either side's exchange, for the question and the frame that both were asked about; None before the first."""
        return next((side.exchange for side in self.sides.values() if side.exchange is not None), None)

    def is_about_what_is_shown(self) -> bool:
        """Whether the answers speak of the frame on screen."""
        asked = self.asked
        return asked is not None and asked.place(self.session.shown_key, self.session.frame) == 0
