"""One question and its answer, from the first token to the last: frozen values and how an event changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from umed_core.errors import UmedError
from umed_core.geometry import NormalizedBox
from umed_core.prompts import DEFAULT_QUESTION
from umed_core.records import Turn
from umed_core.vlm.messages import Answer, AttentionRowsWanted, LabelledBox, Loaded, TextDelta
from umed_desktop.words import translate

if TYPE_CHECKING:
    from umed_core.images.medical_image import Window

__all__ = [
    "AskedImage",
    "BoxRef",
    "Conversation",
    "Exchange",
    "ExchangeState",
    "attention_wanted",
    "moved_exchange",
    "suggestions",
    "title_from",
    "turns_before",
    "with_answer",
    "with_delta",
]

ExchangeState: TypeAlias = Literal["waiting", "streaming", "done", "stopped", "failed"]

_EVERY_LAYER_UP_TO = 8
"""Layers of a model of which every one's attention is kept; a deeper one would fill the memory, and sends the mean."""
_TITLE_LENGTH = 40

_SUGGESTED = {
    "CT": ("Is there a kidney stone, and where?", "Describe the lesion."),
    "DX": ("Are there signs of tuberculosis?", "Is there a pleural effusion?"),
    "ES": ("Is there a polyp, and where?",),
}
_AS_X_RAY = ("CR", "RG", "RF", "XA", "PX")


@dataclass(frozen=True, slots=True)
class BoxRef:
    """Names a box: the exchange and the index among its answer's boxes; exchange 0 is the hand that drew it."""

    exchange: int
    index: int


@dataclass(frozen=True, slots=True)
class AskedImage:
    """One frame that a question was put together with. `study` is what it belongs to, `title` how its series is called,
    `file` the name of its file, `frames` how many slices the series has."""

    series: str
    frame: int
    window: Window | None = None
    study: str = ""
    title: str = ""
    file: str = ""
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question about one frame of one series, or about several, and as much of the answer as there is.

    `id` is the ask_id of the protocol. `window` is what the reader saw and so what the model saw; None is the file's own.
    `asked_at` is UTC in ISO 8601; `model_sha256` the hash of the weights that answered. `images` are those that a person
    put the question together with, in their order; `series`, `frame` and `window` are then the first one's.
    """

    id: int
    series: str
    frame: int
    question: str
    conversation: int = 0
    window: Window | None = None
    state: ExchangeState = "waiting"
    text: str = ""
    deltas: tuple[TextDelta, ...] = ()
    boxes: tuple[LabelledBox, ...] = ()
    model: str = ""
    model_sha256: str = ""
    asked_at: str = ""
    seconds: float = 0.0
    token_count: int = 0
    error: UmedError | None = None
    images: tuple[AskedImage, ...] = ()

    @property
    def places(self) -> tuple[AskedImage, ...]:
        """Every image that it is about, in the order of LabelledBox.image and AttentionRow.image."""
        return self.images or (AskedImage(self.series, self.frame, self.window),)

    def place(self, series: str, frame: int) -> int:
        """Which of its images a frame is, from 0; -1 for none."""
        return next((i for i, image in enumerate(self.places) if (image.series, image.frame) == (series, frame)), -1)

    def image_of(self, box: LabelledBox) -> AskedImage:
        """The image that one of its boxes lies on."""
        return self.places[min(box.image, len(self.places) - 1)]

    @property
    def is_running(self) -> bool:
        return self.state in ("waiting", "streaming")

    def box(self, ref: BoxRef) -> NormalizedBox:
        return self.boxes[ref.index].box


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread of exchanges about one study; `title` "" is called by its first question."""

    id: int
    study: str
    title: str = ""


def title_from(conversation: Conversation, exchanges: Sequence[Exchange]) -> str:
    """What to call a conversation in a list."""
    if conversation.title or not exchanges:
        return conversation.title or translate("ConversationBar", "New conversation")
    question = " ".join(exchanges[0].question.split())
    return question if len(question) <= _TITLE_LENGTH else f"{question[: _TITLE_LENGTH - 1].rstrip()}…"


def attention_wanted(model: Loaded | None) -> AttentionRowsWanted:
    """Every layer's attention of a shallow model, the mean over layers of any other."""
    return "layers" if model is not None and 0 < model.layers <= _EVERY_LAYER_UP_TO else "mean"


def with_delta(exchange: Exchange, delta: TextDelta, classes: tuple[str, ...]) -> Exchange:
    """The exchange after one more token; a box appears with the token that completes it."""
    text = exchange.text + delta.text
    boxes = exchange.boxes
    if "]" in delta.text or len(boxes):  # only a closing bracket makes a box; a later word may give it its class
        from umed_core.vlm.answer import located_boxes

        boxes = located_boxes(text, classes, len(exchange.places))
    return replace(exchange, state="streaming", text=text, deltas=(*exchange.deltas, delta), boxes=boxes)


def with_answer(exchange: Exchange, answer: Answer) -> Exchange:
    """The exchange with its whole answer."""
    return replace(
        exchange,
        state="stopped" if answer.stopped or exchange.state == "stopped" else "done",
        text=answer.text,
        boxes=answer.boxes,
        seconds=answer.seconds,
        token_count=answer.token_count,
    )


def turns_before(exchanges: Sequence[Exchange], asked: Exchange) -> tuple[Turn, ...]:
    """What the model is told: the finished exchanges about the same frames in the same order, then the question."""
    turns: list[Turn] = []
    frames = [(image.series, image.frame) for image in asked.places]
    for exchange in exchanges:
        is_here = [(image.series, image.frame) for image in exchange.places] == frames
        if is_here and exchange.text and not exchange.is_running and exchange.state != "failed":
            turns += [Turn("user", exchange.question), Turn("assistant", exchange.text)]
    return (*turns, Turn("user", asked.question))


def moved_exchange(exchange: Exchange, old: str, new: str, by_frames: int) -> Exchange:
    """The same exchange, after a series got another name and its frames other numbers."""
    images = tuple(
        replace(image, series=new, frame=image.frame + by_frames) if image.series == old else image
        for image in exchange.images
    )
    if exchange.series == old:
        return replace(exchange, series=new, frame=exchange.frame + by_frames, images=images)
    return exchange if images == exchange.images else replace(exchange, images=images)


def suggestions(modality: str) -> tuple[str, ...]:
    """Questions to offer for an image of `modality` (a DICOM code, "" if unknown)."""
    known = "DX" if modality in _AS_X_RAY else modality
    return (DEFAULT_QUESTION, *_SUGGESTED.get(known, ()))
