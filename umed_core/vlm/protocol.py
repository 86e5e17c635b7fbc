"""The caller's half of the worker's protocol, free of Qt, threads and processes: what any client does with the bytes.

A client writes `messages.encode(request)` to the worker's stdin and feeds what comes from its stdout to an EventBuffer.
"""

from __future__ import annotations

import hashlib
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from umed_core.errors import WorkerCrashed, WorkerError
from umed_core.vlm.messages import Event, Loaded, PutImage, decode_event

__all__ = [
    "KEPT_IMAGES",
    "MAX_LINE_BYTES",
    "EventBuffer",
    "ImageShelf",
    "crash_error",
    "check_image_count",
    "image_id",
    "images_to_put",
    "last_words",
    "pixels_of",
    "put_image",
    "worker_command",
]

T = TypeVar("T")

KEPT_IMAGES = 16
"""The worker keeps the images put last; one that fell off must be put again before it is asked about."""

MAX_LINE_BYTES = 512 * 2**20
"""No message is longer: an image of the decode limits in base64, or one token's attention of every layer."""

_SECRETS = re.compile(
    r"""(?xi)
    (?P<url>://)[^/\s:@]+:[^/\s@]+(?=@)                            # user:password@ in an address
    | \b(?:hf|sk|pk|ghp|gho|github_pat|glpat|xox[abp])[-_][\w-]{8,}  # tokens known by their prefix
    | \b(?P<bearer>bearer\s+)[\w.~+/=-]{8,}
    | (?P<name>\b\w*(?:token|secret|password|passwd|api_?key|authorization)\w*["']?
        \s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?)[^\s"',;&]+         # named as one
    """
)


class EventBuffer:
    """Turns the bytes of a worker's stdout, in whatever pieces they arrive, into events."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._waiting = 0

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes, in order; an unfinished line waits for the next call.

        Raises: WorkerCrashed for a line that is no event; the worker can't be trusted after it.
        """
        *complete, rest = data.split(b"\n")
        if complete:
            complete[0] = b"".join([*self._parts, complete[0]])
            self._parts, self._waiting = [], 0
        if rest:
            self._parts.append(rest)
            self._waiting += len(rest)
        if self._waiting > MAX_LINE_BYTES:
            raise _broken_protocol(f"a line of more than {MAX_LINE_BYTES} bytes")
        return [_event(line) for line in complete if line.strip()]


class ImageShelf(Generic[T]):
    """The KEPT_IMAGES things put last, by image id. Both ends keep one, so that a client knows what to send again."""

    def __init__(self) -> None:
        self._things: dict[str, T] = {}

    def put(self, image_id: str, thing: T) -> None:
        """Makes `thing` the newest; the oldest falls off a full shelf."""
        self._things.pop(image_id, None)
        self._things[image_id] = thing
        if len(self._things) > KEPT_IMAGES:
            del self._things[next(iter(self._things))]

    def __contains__(self, image_id: str) -> bool:
        return image_id in self._things

    def __getitem__(self, image_id: str) -> T:
        return self._things[image_id]


def check_image_count(count: int, model: Loaded) -> None:
    """Raises: WorkerError where one question is about more images than the model takes."""
    if count > model.max_images:
        images = "one image" if model.max_images == 1 else f"{model.max_images} images"
        raise WorkerError(
            f"{model.model} answers about {images} at a time, not {count}.",
            "Ask about each alone, or choose a model that takes several."
            if model.max_images == 1
            else "Ask about fewer.",
        )


def images_to_put(shelf: ImageShelf[None], wanted: Sequence[str]) -> Iterator[str]:
    """The ids that must be put, one after the other, before a question about `wanted`; the caller's `shelf` follows.

    An image that is there already may fall off as another is put, and is put again.
    Raises: WorkerError for more images than a shelf holds.
    """
    if len(set(wanted)) > KEPT_IMAGES:
        raise WorkerError(f"No question can be about {len(set(wanted))} images.", f"Ask about {KEPT_IMAGES} at most.")
    while missing := [name for name in wanted if name not in shelf]:
        shelf.put(missing[0], None)
        yield missing[0]


def worker_command(memory_mb: int = -1) -> list[str]:
    """The command that starts a worker. `memory_mb`: 0 is no limit, -1 the worker's own default."""
    limit = [] if memory_mb < 0 else ["--memory-mb", str(memory_mb)]
    return [sys.executable, "-m", "umed_core.vlm.worker", *limit]


def image_id(pixels: NDArray[np.uint8]) -> str:
    """Content hash of display pixels: equal for equal shape and values, whatever the memory layout."""
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()[:32]


def put_image(pixels: NDArray[np.uint8]) -> PutImage:
    """The request that gives the worker an image. Shapes: pixels (H, W) or (H, W, 3), display values.

    Raises: ValueError for another shape or dtype.
    """
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ValueError(f"display pixels are uint8 (H, W) or (H, W, 3), not {pixels.dtype} {pixels.shape}")
    channels = 1 if pixels.ndim == 2 else 3
    height, width = pixels.shape[:2]
    return PutImage(image_id(pixels), width, height, channels, pixels.tobytes())


def pixels_of(image: PutImage) -> NDArray[np.uint8]:
    """The pixels that `put_image` was given, read-only. Raises: ValueError when size and data disagree."""
    if image.channels not in (1, 3) or min(image.width, image.height) < 1:
        raise ValueError(f"{image.width} x {image.height} pixels of {image.channels} channels is no image")
    if len(image.data) != image.width * image.height * image.channels:
        raise ValueError(f"{image.width} x {image.height} x {image.channels} pixels came as {len(image.data)} bytes")
    flat = np.frombuffer(image.data, np.uint8)
    shape = (image.height, image.width) if image.channels == 1 else (image.height, image.width, 3)
    return flat.reshape(shape)


def last_words(stderr: bytes) -> str:
    """The last line that a dying process wrote, without secrets, at most 300 characters; "" if it wrote none."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return _SECRETS.sub(_hidden, lines[-1])[:300] if lines else ""


def crash_error(exit_code: int, stderr: bytes, doing: str) -> WorkerCrashed:
    """What to tell the person when the worker ended with `exit_code` (negative: the signal) while `doing` something."""
    words = last_words(stderr)
    said = f": {words}" if words else "."
    hint = "Ask again: the model is loaded anew and the conversation is kept."
    if exit_code < 0 and -exit_code == getattr(signal, "SIGKILL", 9):
        hint = f"The system may have run out of memory: close other programs or use a smaller model. {hint}"
    return WorkerCrashed(f"The model's process ended ({_ending(exit_code)}) while {doing}{said}", hint)


def _ending(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"signal {-exit_code}"


def _hidden(found: re.Match[str]) -> str:
    return (found["url"] or found["bearer"] or found["name"] or "") + "***"


def _event(line: bytes) -> Event:
    try:
        return decode_event(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise _broken_protocol(repr(line[:80])) from problem


def _broken_protocol(what: str) -> WorkerCrashed:
    return WorkerCrashed(
        f"The model's process broke the protocol: it sent {what}.",
        "Restart it; if that happens again, the model folder or the installation is damaged.",
    )
