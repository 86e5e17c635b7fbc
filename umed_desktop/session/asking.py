"""What was asked and answered, in conversations, and the model that answers. The second story of a session; free of Qt.

A study keeps its conversations while others are read. What a person removes can be undone; an answer that is being written
is no deed of the person and is not part of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from umed_core.errors import InputError, UmedError, error_from_code
from umed_core.vlm.messages import Answer, Ask, AskOptions, Event, Failed, Loaded, PutImage, TextDelta
from umed_desktop.session.conversation import (
    Conversation,
    Exchange,
    attention_wanted,
    title_from,
    turns_before,
    with_answer,
    with_delta,
)
from umed_desktop.session.history import History
from umed_desktop.session.marks import Marks, moved_series, without_exchanges
from umed_desktop.session.viewing import Change, Viewing, series_key

__all__ = ["Asking", "ModelState"]

ModelState: TypeAlias = Literal["none", "loading", "ready", "lost"]


@dataclass
class Asking(Viewing):
    """`clock` says the time in UTC. `touched` is told of each study whose conversations or findings change."""

    model_state: ModelState = "none"
    model: Loaded | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    touched: Callable[[str], None] = lambda _study: None
    _conversations: dict[int, Conversation] = field(default_factory=dict)
    _shown: dict[str, int] = field(default_factory=dict)
    _exchanges: dict[int, Exchange] = field(default_factory=dict)
    _histories: dict[str, History[Marks]] = field(default_factory=dict)

    def _now(self) -> str:
        return self.clock().isoformat()

    def _listed(self) -> None:
        """What was said about a file alone is about its slice, where a series that holds the file is listed now."""
        names = {exchange.series for exchange in self._exchanges.values()}
        names |= {drawn.series for history in self._histories.values() for drawn in history.present.drawn}
        for name in names - {str(self._early)}:
            series, frame = self._place_of(name)
            if series != name:
                self._series_moved(name, series, frame)

    def _place_of(self, name: str) -> tuple[str, int]:
        """The listed series and the frame in it of what is known by the path of a file; itself where none has it."""
        path = Path(name)
        for series in self.series:
            if path in series.files:
                return series_key(series), series.files.index(path)
        return name, 0

    def _series_moved(self, old: str, new: str, by_frames: int) -> None:
        for exchange in self._exchanges.values():
            if exchange.series == old:
                self._exchanges[exchange.id] = replace(exchange, series=new, frame=exchange.frame + by_frames)
        for history in self._histories.values():
            history.rewrite(lambda marks: moved_series(marks, old, new, by_frames))
        if old != new and old in (*self._shown, *self._histories):  # a study that is called by its file
            self._conversations = {
                number: replace(thread, study=new) if thread.study == old else thread
                for number, thread in self._conversations.items()
            }
            if old in self._shown:
                self._shown[new] = self._shown.pop(old)
            if old in self._histories:
                self._histories[new] = self._histories.pop(old)
            self.touched(new)

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
                self._put(with_delta(self._named(exchange), event, self.model.classes if self.model else ()))
                self._tell(Change.ANSWER)
            case Answer() if (exchange := self._running(event.ask_id)) is not None:
                self._put(with_answer(self._named(exchange), event))
                self._tell(Change.ANSWER)
            case Failed(ask_id=0):
                self.model_state = "lost" if self.model_state == "loading" else self.model_state
                self._tell(Change.MODEL)
            case Failed() if (exchange := self._running(event.ask_id)) is not None:
                error = error_from_code(event.code, event.message, event.hint)
                self._put(replace(exchange, state="failed", error=error))
                self._tell(Change.ANSWER)

    def _named(self, exchange: Exchange) -> Exchange:
        """With the model that answers: it may still have been loading when it was asked."""
        if exchange.model_sha256 or self.model is None:
            return exchange
        return replace(exchange, model=self.model.model, model_sha256=self.model.sha256)

    # --------------------------------------------------------------------------------------------- conversations
    def conversations(self) -> tuple[tuple[Conversation, str], ...]:
        """Those of the current study with what to call each, oldest first; one without exchanges only while it is shown."""
        mine = [thread for thread in self._conversations.values() if thread.study == self.study]
        titled = [(thread, title_from(thread, self._of(thread.id))) for thread in mine]
        return tuple(
            (thread, title) for thread, title in titled if thread.id == self.conversation or self._of(thread.id)
        )

    @property
    def conversation(self) -> int:
        """The one that is shown and continued; 0 before the first."""
        return self._shown.get(self.study, 0)

    def new_conversation(self) -> None:
        """An empty one, unless the one that is shown is empty already."""
        if not self.study or (self.conversation and not self._of(self.conversation)):
            return
        number = max(self._conversations, default=0) + 1
        self._conversations[number] = Conversation(number, self.study)
        self._shown[self.study] = number
        self._forget_choice()
        self.touched(self.study)
        self._tell(Change.CONVERSATION, Change.SELECTION)

    def show_conversation(self, number: int) -> None:
        if number != self.conversation and self._conversations[number].study == self.study:
            self._shown[self.study] = number
            self._forget_choice()
            self.touched(self.study)
            self._tell(Change.CONVERSATION, Change.SELECTION)

    def rename_conversation(self, number: int, title: str) -> None:
        """An empty title is the first question again."""
        self._conversations[number] = replace(self._conversations[number], title=" ".join(title.split()))
        self.touched(self.study)
        self._tell(Change.CONVERSATION)

    def remove_conversation(self, number: int) -> None:
        """Takes its exchanges away, which can be undone, and shows the newest of the others."""
        self._change("Delete conversation", without_exchanges(self._marks.present, (e.id for e in self._of(number))))
        if number == self.conversation:
            others = [thread.id for thread, _ in self.conversations() if thread.id != number]
            self._shown[self.study] = max(others, default=0)
        self._forget_choice()
        self._tell(Change.CONVERSATION, Change.MARKS, Change.SELECTION)

    def _forget_choice(self) -> None:
        """Called where what was chosen or pointed at may no longer be shown."""

    def exchanges(self) -> tuple[Exchange, ...]:
        """Those of the conversation that is shown, oldest first."""
        return self._of(self.conversation)

    def exchange(self, exchange_id: int) -> Exchange:
        return self._exchanges[exchange_id]

    def _of(self, conversation: int) -> tuple[Exchange, ...]:
        removed = self._marks.present.removed
        return tuple(e for e in self._exchanges.values() if e.conversation == conversation and e.id not in removed)

    def _of_study(self) -> tuple[Exchange, ...]:
        """Every exchange of the current study, removed ones too."""
        mine = {thread.id for thread in self._conversations.values() if thread.study == self.study}
        return tuple(e for e in self._exchanges.values() if e.conversation in mine)

    @property
    def is_answering(self) -> bool:
        return any(exchange.is_running for exchange in self._exchanges.values())

    # ---------------------------------------------------------------------------------------------------- asking
    def ask(self, question: str) -> tuple[Ask, PutImage]:
        """What to send to the worker; the exchange is there, waiting.

        Raises: InputError where there is no image, no question, or an answer is still being written.
        """
        if self.image is None:
            raise InputError("No image is open to ask about.", "Open a file or a folder first.")
        if not question.strip():
            raise InputError("The question is empty.", "Write one, or choose a suggested question.")
        self._check_free()
        from umed_core.vlm.protocol import put_image

        picture = put_image(self.pixels())
        if not self.conversation:
            self.new_conversation()
        exchange = Exchange(
            id=max(self._exchanges, default=0) + 1,
            series=self.shown_key,
            frame=self.frame,
            question=question.strip(),
            conversation=self.conversation,
            window=self.window,
            model=self.model.model if self.model else "",
            model_sha256=self.model.sha256 if self.model else "",
            asked_at=self._now(),
        )
        turns = turns_before(self.exchanges(), self.shown_key, self.frame, exchange.question)
        self._put(exchange)
        self._forget_choice()
        self._tell(Change.CONVERSATION, Change.SELECTION)
        return Ask(exchange.id, (picture.image_id,), turns, AskOptions(attention=attention_wanted(self.model))), picture

    def ask_again(self, exchange_id: int) -> tuple[Ask, PutImage]:
        """The same question about the same frame and window, as a new exchange in place of the old one.

        Raises: InputError, as `ask`, and where the old one was about a series that is not on screen.
        """
        old = self._exchanges[exchange_id]
        self._go_back_to(old)
        self.remove(exchange_id, "Ask again")
        return self.ask(old.question)

    def ask_instead(self, exchange_id: int, question: str) -> tuple[Ask, PutImage]:
        """Another question in place of an old one about the same frame: that one and all that followed it are removed.

        Raises: InputError, as `ask_again`.
        """
        old = self._exchanges[exchange_id]
        if not question.strip():
            raise InputError("The question is empty.", "Write one, or press Esc to keep the old one.")
        self._go_back_to(old)
        later = [e.id for e in self._of(old.conversation) if e.id >= exchange_id]
        self._change("Edit question", without_exchanges(self._marks.present, later))
        self._tell(Change.CONVERSATION, Change.MARKS)
        return self.ask(question)

    def _go_back_to(self, old: Exchange) -> None:
        self._check_free()
        if old.series != self.shown_key:
            raise InputError("The question was about another series.", "Choose that series first.")
        self.show_frame(old.frame)
        self.show_window(old.window)

    def _check_free(self) -> None:
        if self.is_answering:
            raise InputError("The model is still answering.", "Wait for it, or stop it first.")

    def stop(self) -> int:
        """Ends the running answer at what has been written; its id, 0 if there is none."""
        for exchange in self._exchanges.values():
            if exchange.is_running:
                self._put(replace(exchange, state="stopped"))
                self._tell(Change.ANSWER)
                return exchange.id
        return 0

    def remove(self, exchange_id: int, name: str = "Delete answer") -> None:
        self._change(name, without_exchanges(self._marks.present, (exchange_id,)))
        self._forget_choice()
        self._tell(Change.CONVERSATION, Change.MARKS, Change.SELECTION)

    # ------------------------------------------------------------------------------------------------ undo, redo
    @property
    def _marks(self) -> History[Marks]:
        return self._histories.setdefault(self.study, History(Marks()))

    def _change(self, name: str, marks: Marks) -> bool:
        """Makes these the marks of the current study; whether they are others than before."""
        if marks == self._marks.present:
            return False
        self._marks.change(name, marks)
        self.touched(self.study)
        return True

    @property
    def undo_name(self) -> str:
        return self._marks.undo_name

    @property
    def redo_name(self) -> str:
        return self._marks.redo_name

    def undo(self) -> None:
        """Takes back what was last done to the current study."""
        self._marks.undo()
        self._told_of_history()

    def redo(self) -> None:
        self._marks.redo()
        self._told_of_history()

    def _told_of_history(self) -> None:
        self.touched(self.study)
        self._tell(Change.CONVERSATION, Change.MARKS)

    # ------------------------------------------------------------------------------------------------ restoring
    def _running(self, exchange_id: int) -> Exchange | None:
        exchange = self._exchanges.get(exchange_id)
        return exchange if exchange is not None and exchange.is_running else None

    def _put(self, exchange: Exchange) -> None:
        self._exchanges[exchange.id] = exchange
        thread = self._conversations.get(exchange.conversation)
        if thread is not None:
            self.touched(thread.study)

    def _take_in(self, conversations: Iterable[Conversation], exchanges: Iterable[Exchange]) -> None:
        """Older conversations, whose numbers are free; exchanges stay in the order in which they were asked."""
        self._conversations |= {thread.id: thread for thread in conversations}
        together = {e.id: e for e in (*exchanges, *self._exchanges.values())}
        self._exchanges = dict(sorted(together.items(), key=lambda pair: pair[1].asked_at))
