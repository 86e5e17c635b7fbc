"""The model that answers, and what it is asked: about the frame on screen, or about the attached images. Free of Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from umed_core.errors import InputError, UmedError, error_from_code
from umed_core.vlm.messages import Answer, Ask, AskOptions, Event, Failed, Loaded, PutImage, TextDelta, Unloaded
from umed_desktop.session.attaching import Attached, attached_from
from umed_desktop.session.conversation import (
    AskedImage,
    Exchange,
    attention_wanted,
    turns_before,
    with_answer,
    with_delta,
)
from umed_desktop.session.conversing import Conversing
from umed_desktop.session.marks import without_exchanges
from umed_desktop.session.viewing import Change
from umed_desktop.words import QT_TRANSLATE_NOOP, translate

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage

__all__ = ["Asking", "ModelState", "NoAttaching"]

ModelState: TypeAlias = Literal["none", "loading", "ready", "lost"]
NoAttaching: TypeAlias = Literal["", "no image", "no model", "takes one", "full", "there"]
"""Why the frame on screen can't be added to the question; "" where it can."""


@dataclass
class Asking(Conversing):
    """`image_of` finds the image of a listed series that is in memory, None for one that is not."""

    model_state: ModelState = "none"
    model: Loaded | None = None
    image_of: Callable[[str], MedicalImage | None] = lambda _series: None

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
            case Unloaded():
                self.model_state, self.model = "none", None
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

    # ---------------------------------------------------------------------------------------------------- asking
    def why_not_attach(self) -> NoAttaching:
        """Why the frame on screen can't be added to the question."""
        if self.image is None:
            return "no image"
        if self.model is None:
            return "no model"
        if self.model.max_images < 2:
            return "takes one"
        if self.is_attached:
            return "there"
        return "full" if len(self.attached) >= self.model.max_images else ""

    def ask(self, question: str) -> tuple[Ask, tuple[PutImage, ...]]:
        """What to send to the worker about the attached images, or the frame on screen; the exchange is there, waiting.

        Raises: InputError where there is no image, no question, more images than the model takes, or an answer is still
            being written.
        """
        if not self.attached and self.image is None:
            raise InputError("No image is open to ask about.", "Open a file or a folder first.")
        if not question.strip():
            raise InputError("The question is empty.", "Write one, or choose a suggested question.")
        return self._ask_about(question, self.attached)

    def ask_again(self, exchange_id: int) -> tuple[Ask, tuple[PutImage, ...]]:
        """The same question about the same frames and windows, as a new exchange in place of the old one.

        Raises: InputError, as `ask`, and where the old one was about a series that is not at hand.
        """
        old = self._exchanges[exchange_id]
        attached = self._go_back_to(old)
        self.remove(exchange_id, QT_TRANSLATE_NOOP("Deeds", "Ask again"))
        return self._ask_about(old.question, attached)

    def ask_instead(self, exchange_id: int, question: str) -> tuple[Ask, tuple[PutImage, ...]]:
        """Another question in place of an old one about the same frames: that one and all that followed it are removed.

        Raises: InputError, as `ask_again`.
        """
        old = self._exchanges[exchange_id]
        if not question.strip():
            raise InputError("The question is empty.", "Write one, or press Esc to keep the old one.")
        attached = self._go_back_to(old)
        later = [e.id for e in self._of(old.conversation) if e.id >= exchange_id]
        self._change(QT_TRANSLATE_NOOP("Deeds", "Edit question"), without_exchanges(self._marks.present, later))
        self._tell(Change.CONVERSATION, Change.MARKS)
        return self._ask_about(question, attached)

    def _ask_about(self, question: str, attached: tuple[Attached, ...]) -> tuple[Ask, tuple[PutImage, ...]]:
        """Asks about these images; about the frame on screen where there are none."""
        self._check_free()
        self._check_count(len(attached))
        from umed_core.vlm.protocol import put_image

        asked = attached or (self._on_screen(),)
        pictures = tuple(put_image(one.pixels) for one in asked)
        if not self.conversation:
            self.new_conversation()
        exchange = Exchange(
            id=max(self._exchanges, default=0) + 1,
            series=asked[0].image.series,
            frame=asked[0].image.frame,
            question=question.strip(),
            conversation=self.conversation,
            window=asked[0].image.window,
            model=self.model.model if self.model else "",
            model_sha256=self.model.sha256 if self.model else "",
            asked_at=self._now(),
            images=tuple(one.image for one in attached),
        )
        turns = turns_before(self.exchanges(), exchange)
        # Whoever goes to another study's image of the question finds the answer there, too.
        self._shown |= {one.image.study: self.conversation for one in attached}
        self._put(exchange)
        self._forget_choice()
        self._tell(Change.CONVERSATION, Change.SELECTION)
        options = AskOptions(attention=attention_wanted(self.model))
        return Ask(exchange.id, tuple(picture.image_id for picture in pictures), turns, options), pictures

    def _check_count(self, count: int) -> None:
        most = self.model.max_images if self.model is not None else count
        if count > most:
            one, several = translate("Errors", "one image"), translate("Errors", "{count} images").format(count=most)
            raise InputError(
                translate("Errors", "The model answers about {takes} at a time, and the question has {count}.").format(
                    takes=one if most == 1 else several, count=count
                ),
                "Remove images from the question, or choose a model that takes several.",
            )

    def keep(self, given: Exchange) -> Exchange:
        """Takes an answer that was given beside the conversation into it, under a number of its own, with its model.

        Raises: InputError where another series is on screen, or an answer is still being written.
        """
        self._check_free()
        if given.series != self.shown_key:
            raise InputError("The answer is about another series.", "Choose that series first.")
        if not self.conversation:
            self.new_conversation()
        taken = replace(given, id=max(self._exchanges, default=0) + 1, conversation=self.conversation)
        self._put(taken)
        self._tell(Change.CONVERSATION)
        return taken

    def _go_back_to(self, old: Exchange) -> tuple[Attached, ...]:
        """The images of a question that had some of its own, attached again; else its frame and window are shown."""
        self._check_free()
        self._check_home(old.conversation)
        if old.images:
            attached = tuple(self._pixels_of(image) for image in old.images)
            self._check_count(len(attached))
            self._attach_all(attached)
            return attached
        if old.series != self.shown_key:
            raise InputError("The question was about another series.", "Choose that series first.")
        self.show_frame(old.frame)
        self.show_window(old.window)
        return ()

    def _pixels_of(self, asked: AskedImage) -> Attached:
        """Raises: InputError for an image of a series that is not in memory."""
        same = [one for one in self.attached if one.image == asked]
        if same:
            return same[0]
        image = self.image if asked.series == self.shown_key else self.image_of(asked.series)
        return attached_from(asked, image)

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

    def _running(self, exchange_id: int) -> Exchange | None:
        exchange = self._exchanges.get(exchange_id)
        return exchange if exchange is not None and exchange.is_running else None
