"""What was asked and answered, in conversations of studies. Free of Qt.

A study keeps its conversations while others are read. What a person removes can be undone; an answer that is being written
is no deed of the person and is not part of the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from umed_core.errors import InputError
from umed_desktop.session.attaching import Attaching
from umed_desktop.session.conversation import Conversation, Exchange, moved_exchange, title_from
from umed_desktop.session.history import History
from umed_desktop.session.marks import Marks, moved_series, without_exchanges
from umed_desktop.session.viewing import Change, series_key
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["Conversing"]


@dataclass
class Conversing(Attaching):
    """`clock` says the time in UTC. `touched` is told of each study whose conversations or findings change."""

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
        names = {image.series for exchange in self._exchanges.values() for image in exchange.places}
        names |= {one.image.series for one in self.attached}
        names |= {drawn.series for history in self._histories.values() for drawn in history.present.drawn}
        for name in names - {str(self._early)}:
            series, frame = self._place_of(name)
            if series != name:
                self._series_moved(name, series, frame)
        super()._listed()

    def _place_of(self, name: str) -> tuple[str, int]:
        """The listed series and the frame in it of what is known by the path of a file; itself where none has it."""
        path = Path(name)
        for series in self.series:
            if path in series.files:
                return series_key(series), series.files.index(path)
        return name, 0

    def _series_moved(self, old: str, new: str, by_frames: int) -> None:
        super()._series_moved(old, new, by_frames)
        for exchange in self._exchanges.values():
            self._exchanges[exchange.id] = moved_exchange(exchange, old, new, by_frames)
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

    # --------------------------------------------------------------------------------------------- conversations
    def conversations(self) -> tuple[tuple[Conversation, str], ...]:
        """Those of the current study with what to call each, oldest first; one without exchanges only while it is shown."""
        mine = [thread for thread in self._conversations.values() if self._concerns(thread, self.study)]
        titled = [(thread, title_from(thread, self._of(thread.id))) for thread in mine]
        return tuple(
            (thread, title) for thread, title in titled if thread.id == self.conversation or self._of(thread.id)
        )

    def _concerns(self, thread: Conversation, study: str) -> bool:
        """Whether it belongs to the study, or one of its questions went with an image of it."""
        return thread.study == study or any(
            image.study == study
            for exchange in self._exchanges.values()
            if exchange.conversation == thread.id
            for image in exchange.images
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
        if number != self.conversation and self._concerns(self._conversations[number], self.study):
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
        """Takes its exchanges away, which can be undone, and shows the newest of the others.

        Raises: InputError for one that is kept with another study.
        """
        self._check_home(number)
        self._change(
            QT_TRANSLATE_NOOP("Deeds", "Delete conversation"),
            without_exchanges(self._marks.present, (e.id for e in self._of(number))),
        )
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
        return tuple(e for e in self._exchanges.values() if e.conversation == conversation and not self._is_removed(e))

    def _is_removed(self, exchange: Exchange) -> bool:
        home = self.home_of(exchange.conversation)
        return home in self._histories and exchange.id in self._histories[home].present.removed

    def _about_study(self, study: str) -> tuple[Exchange, ...]:
        """Every exchange that was asked in a study or went with an image of it, but for what was removed elsewhere."""
        return tuple(
            exchange
            for exchange in self._exchanges.values()
            if self.home_of(exchange.conversation) == study
            or (any(image.study == study for image in exchange.images) and not self._is_removed(exchange))
        )

    def home_of(self, conversation: int) -> str:
        """The study that a conversation is kept with, "" for an unknown one."""
        return self._conversations[conversation].study if conversation in self._conversations else ""

    def _check_home(self, conversation: int) -> None:
        if self.home_of(conversation) != self.study:
            raise InputError("This conversation is kept with another study.", "Show that study first.")

    @property
    def is_answering(self) -> bool:
        return any(exchange.is_running for exchange in self._exchanges.values())

    def remove(self, exchange_id: int, name: str = QT_TRANSLATE_NOOP("Deeds", "Delete answer")) -> None:
        """Raises: InputError for one that is kept with another study."""
        self._check_home(self._exchanges[exchange_id].conversation)
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
    def _put(self, exchange: Exchange) -> None:
        self._exchanges[exchange.id] = exchange
        homes = {self.home_of(exchange.conversation), *(image.study for image in exchange.images)}
        for study in sorted(homes - {""}):
            self.touched(study)

    def _take_in(self, conversations: Iterable[Conversation], exchanges: Iterable[Exchange]) -> None:
        """Older conversations, whose numbers are free; exchanges stay in the order in which they were asked."""
        self._conversations |= {thread.id: thread for thread in conversations}
        together = {e.id: e for e in (*exchanges, *self._exchanges.values())}
        self._exchanges = dict(sorted(together.items(), key=lambda pair: pair[1].asked_at))
