"""What a program and the model's worker process say to each other: one JSON object a line, over pipes.

The protocol keeps no conversation in the worker: every Ask carries the image and all turns so far, and the engine
reuses its KV cache for the longest prefix it has already seen. A killed worker therefore loses nothing.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from umed_core.geometry import NormalizedBox
from umed_core.records import Turn

__all__ = [
    "Answer",
    "Ask",
    "AskOptions",
    "AttentionRow",
    "AttentionRowsWanted",
    "Event",
    "Failed",
    "LabelledBox",
    "Load",
    "Loaded",
    "PutImage",
    "Request",
    "Shutdown",
    "Stop",
    "TextDelta",
    "Unload",
    "decode_event",
    "decode_request",
    "encode",
]

AttentionRowsWanted: TypeAlias = Literal["none", "mean", "layers"]
"""No rows; one row a token (mean over heads and layers); one row a layer as well."""


class AskOptions(msgspec.Struct, frozen=True):
    """How to answer. `temperature` 0 is greedy. `grammar` constrains decoding so that every box parses."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    grammar: bool = True
    attention: AttentionRowsWanted = "mean"


class Load(msgspec.Struct, frozen=True, tag=True):
    """Load the model folder at `path` on `device` ("auto", "cpu", "cuda")."""

    path: str
    device: str = "auto"


class PutImage(msgspec.Struct, frozen=True, tag=True):
    """Display pixels of one image, row-major uint8 with `channels` 1 or 3; `image_id` is the caller's content hash.

    The worker keeps the `protocol.KEPT_IMAGES` images put last; an older one must be put again before it is asked about.
    """

    image_id: str
    width: int
    height: int
    channels: int
    data: bytes


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Answer the last of `turns` (a user's) about the images put before. `ask_id` comes back in every event.

    Several images stand at the head of the first turn in this order, with `prompts.about_images` before its words.
    """

    ask_id: int
    image_ids: tuple[str, ...]
    turns: tuple[Turn, ...]
    options: AskOptions = AskOptions()


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End the answer `ask_id` after the token in hand; its Answer follows with `stopped` true."""

    ask_id: int


class Unload(msgspec.Struct, frozen=True, tag=True):
    """Free the model's memory; the process stays."""


class Shutdown(msgspec.Struct, frozen=True, tag=True):
    """End the process."""


Request: TypeAlias = Load | PutImage | Ask | Stop | Unload | Shutdown


class Loaded(msgspec.Struct, frozen=True, tag=True):
    """The model is ready. `device` is what really runs ("CPU", "CUDA: name"), `engine` the runtime ("onnxruntime",
    "torch"), `sha256` the hash of its weights, `max_images` how many one question may be about, `classes` what it was
    taught to name, `layers` how many it has of which AskOptions.attention "layers" tells (0: unknown)."""

    model: str
    sha256: str
    engine: str
    device: str
    memory_mb: int
    seconds: float
    max_images: int = 1
    classes: tuple[str, ...] = ()
    layers: int = 0


class AttentionRow(msgspec.Struct, frozen=True):
    """Where one answer token looked: `rows` x `columns` weights over one whole image, row-major. The rows of a token on
    all its images sum to at most 1 (the rest went to text). `layer` is -1 for the mean over layers, `image` the place
    among Ask.image_ids."""

    rows: int
    columns: int
    weights: tuple[float, ...]
    layer: int = -1
    image: int = 0


class TextDelta(msgspec.Struct, frozen=True, tag=True):
    """The next piece of the answer: one token's text, its half-open character range, and where it looked."""

    ask_id: int
    index: int
    text: str
    start: int
    end: int
    attention: tuple[AttentionRow, ...] = ()


class LabelledBox(msgspec.Struct, frozen=True):
    """A box of the answer, its class, the characters that spell it, and on which of the images asked about it lies."""

    label: str
    box: NormalizedBox
    start: int
    end: int
    image: int = 0


class Answer(msgspec.Struct, frozen=True, tag=True):
    """The whole answer. `reused_tokens` came from the KV cache of earlier turns."""

    ask_id: int
    text: str
    boxes: tuple[LabelledBox, ...]
    seconds: float
    token_count: int
    stopped: bool = False
    reused_tokens: int = 0


class Unloaded(msgspec.Struct, frozen=True, tag=True):
    """The model's memory was freed."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A request failed with an error of the tree (`umed_core.errors.error_from_code`). `ask_id` 0: it was no Ask."""

    code: str
    message: str
    hint: str
    ask_id: int = 0


Event: TypeAlias = Loaded | TextDelta | Answer | Unloaded | Failed

_encoder = msgspec.json.Encoder()
_requests: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def encode(message: Request | Event) -> bytes:
    """One line of JSON, newline included."""
    return _encoder.encode(message) + b"\n"


def decode_request(line: bytes) -> Request:
    """Raises: msgspec.MsgspecError for a line that is no request."""
    return _requests.decode(line)


def decode_event(line: bytes) -> Event:
    """Raises: msgspec.MsgspecError for a line that is no event."""
    return _events.decode(line)
