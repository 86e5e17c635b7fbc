"""The child process that holds a model: `python -m umed_core.vlm.worker [--memory-mb N]`.

Requests come as JSON lines on stdin, events leave as JSON lines on stdout (umed_core/vlm/messages.py). A thread reads,
so that Stop is heard while an answer runs. The end of stdin ends the process, whatever it is doing: no orphan stays.
An error of the tree becomes a Failed event; any other exception is a bug and ends the process with its traceback.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from umed_core.errors import MissingModel, UmedError, UnusableModel, WorkerError
from umed_core.vlm.engine import Engine
from umed_core.vlm.messages import (
    Ask,
    Event,
    Failed,
    Load,
    PutImage,
    Request,
    Shutdown,
    Stop,
    Unload,
    Unloaded,
    decode_request,
    encode,
)
from umed_core.vlm.protocol import ImageShelf, pixels_of

__all__ = ["OpenEngine", "default_memory_mb", "limit_memory", "open_engine", "run_worker", "serve"]

OpenEngine: TypeAlias = Callable[[Path, str], Engine]

MEMORY_SHARE = 0.8
"""Of the machine's memory: what a worker may take unless it is told otherwise."""

LAST_SECONDS = 2.0
"""How long an answer may take to notice that stdin ended before the process ends under it."""

_OUT_OF_MEMORY = "Close other programs, or use a smaller model, or smaller or fewer images."


def open_engine(path: Path, device: str) -> Engine:
    """The engine that can run the model folder at `path`: onnxruntime for umed's own format, else torch.

    Raises: MissingModel; UnusableModel for a folder that is no model, or without the runtime that it needs.
    """
    if not path.is_dir():
        raise MissingModel(
            f"There is no model folder at {path}.", "Check the path; without one the built-in model runs."
        )
    # The one door to torch: only this process, and only for a model that needs it.
    try:
        if (path / "umed.json").is_file() and any(path.glob("*.onnx")):
            extra = "cpu"
            from umed_core.vlm.onnx_engine import open_onnx_engine

            opener: OpenEngine = open_onnx_engine
        elif (path / "config.json").is_file():
            extra = "train"
            from umed_core.vlm.torch_engine import open_torch_engine

            opener = open_torch_engine
        else:
            raise UnusableModel(
                f"{path} holds no model: neither umed.json with *.onnx, nor config.json with its weights.",
                "Give the folder that holds these files itself.",
            )
    except ModuleNotFoundError as missing:
        raise UnusableModel(
            f"{path.name} needs {missing.name}, which is not installed.", f"Install it: pip install 'umed[{extra}]'."
        ) from missing
    return opener(path, device)


def default_memory_mb() -> int:
    """MEMORY_SHARE of this machine's memory, in MiB."""
    import psutil

    return int(psutil.virtual_memory().total * MEMORY_SHARE / 2**20)


def limit_memory(megabytes: int) -> bool:
    """Caps the private memory that this process can write to; False where the platform has no such limit (Windows).

    RLIMIT_DATA and not RLIMIT_AS: mapped weight files and the address space that CUDA reserves cost no memory.
    macOS takes the limit and does not enforce it. 0 means no limit.
    """
    if sys.platform == "win32" or megabytes <= 0:
        return False
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
    return True


def run_worker(opener: OpenEngine, memory_mb: int) -> None:
    """Serves this process's stdin and stdout until the end."""
    # Ctrl-C reaches the whole foreground group; what it means is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory(memory_mb)
    requests, events = _take_pipes()
    serve(requests, events, opener, _end_soon)


def serve(requests: BinaryIO, events: BinaryIO, opener: OpenEngine, at_end: Callable[[], None] = lambda: None) -> None:
    """Answers `requests` on `events` until Shutdown, the end of the stream, or a reader that is gone.

    `at_end` is called on the reading thread when the stream ends, while an answer may still run.
    """
    inbox = _Inbox(requests, at_end)
    threading.Thread(target=inbox.read, name="requests", daemon=True).start()
    model = _Model(opener)

    def send(event: Event) -> None:
        events.write(encode(event))
        events.flush()

    try:
        while True:
            request = inbox.next()
            if isinstance(request, Shutdown):
                return
            if isinstance(request, Failed):
                send(request)
                continue
            ask_id = request.ask_id if isinstance(request, Ask) else 0
            try:
                model.obey(request, send, lambda ask_id=ask_id: inbox.wants_stop(ask_id))  # type: ignore[misc]
            except UmedError as error:
                send(Failed(error.code, error.message, error.hint, ask_id))
            except MemoryError:
                gc.collect()
                doing = "answering" if ask_id else "loading the model"
                send(Failed(WorkerError.__name__, f"There was not enough memory for {doing}.", _OUT_OF_MEMORY, ask_id))
            inbox.done(ask_id)
    except BrokenPipeError:
        return


class _Inbox:
    """The requests in order; Stop and the end of the stream jump the queue."""

    def __init__(self, requests: BinaryIO, at_end: Callable[[], None]) -> None:
        self._requests = requests
        self._at_end = at_end
        self._queue: queue.SimpleQueue[Request | Failed] = queue.SimpleQueue()
        self._open_asks: set[int] = set()
        self._stopped: set[int] = set()
        self._ended = False

    def read(self) -> None:
        """Runs on its own thread to the end of the stream."""
        for line in self._requests:
            try:
                request = decode_request(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
                self._queue.put(
                    Failed(WorkerError.__name__, f"A line is no request: {problem}.", "Restart the program.")
                )
                continue
            if isinstance(request, Stop):
                self._stopped.update({request.ask_id} & self._open_asks)
                continue
            if isinstance(request, Ask):
                self._open_asks.add(request.ask_id)
            if isinstance(request, Shutdown):
                break
            self._queue.put(request)
        self._ended = True
        self._queue.put(Shutdown())
        self._at_end()

    def next(self) -> Request | Failed:
        return self._queue.get()

    def wants_stop(self, ask_id: int) -> bool:
        return self._ended or ask_id in self._stopped

    def done(self, ask_id: int) -> None:
        self._open_asks.discard(ask_id)
        self._stopped.discard(ask_id)


class _Model:
    """What the process holds: at most one engine, and the images put last."""

    def __init__(self, opener: OpenEngine) -> None:
        self._opener = opener
        self._engine: Engine | None = None
        self._images: ImageShelf[NDArray[np.uint8]] = ImageShelf()

    def obey(self, request: Request, send: Callable[[Event], None], stopped: Callable[[], bool]) -> None:
        match request:
            case Load():
                self._unload()
                started = time.perf_counter()
                self._engine = self._opener(Path(request.path), request.device)
                send(msgspec.structs.replace(self._engine.info, seconds=time.perf_counter() - started))
            case PutImage():
                self._put(request)
            case Ask():
                for event in self._ready_engine().answer(
                    request.ask_id,
                    [self._image(image_id) for image_id in request.image_ids],
                    request.image_ids,
                    request.turns,
                    request.options,
                    stopped,
                ):
                    send(event)
            case Unload():
                self._unload()
                send(Unloaded())

    def _ready_engine(self) -> Engine:
        if self._engine is None:
            raise WorkerError("No model is loaded.", "Load a model first.")
        return self._engine

    def _put(self, image: PutImage) -> None:
        try:
            self._images.put(image.image_id, pixels_of(image))
        except ValueError as problem:
            raise WorkerError(f"Image {image.image_id}: {problem}.", "Open the image again.") from problem

    def _image(self, image_id: str) -> NDArray[np.uint8]:
        if image_id not in self._images:
            raise WorkerError(f"Image {image_id} is not with the model.", "Send the image again, then ask.")
        return self._images[image_id]

    def _unload(self) -> None:
        self._engine = None
        gc.collect()
        if sys.platform == "linux":
            # glibc keeps freed memory for itself unless it is asked to give it back; musl has no such function.
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
            if trim is not None:
                trim(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """This process's stdin and stdout, kept for the protocol: what a library prints goes to stderr instead."""
    requests = os.fdopen(os.dup(0), "rb")
    events = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, events


def _end_soon() -> None:
    """Ends the process even if the engine never comes back from native code."""
    timer = threading.Timer(LAST_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m umed_core.vlm.worker")
    parser.add_argument("--memory-mb", type=int, default=None, help="0: no limit; default: 80 %% of this machine's")
    given: int | None = parser.parse_args().memory_mb
    run_worker(open_engine, default_memory_mb() if given is None else given)


if __name__ == "__main__":
    main()
