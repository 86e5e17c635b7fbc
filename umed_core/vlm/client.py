"""A worker process and a conversation with it, for programs without an event loop: the CLI, evaluation, tests.

(The desktop drives the same protocol through QProcess.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from umed_core.errors import error_from_code
from umed_core.records import Turn
from umed_core.vlm.messages import Answer, Ask, AskOptions, Failed, Load, Loaded, Stop, TextDelta, Unload, Unloaded
from umed_core.vlm.protocol import ImageShelf, check_image_count, image_id, images_to_put, put_image, worker_command
from umed_core.vlm.worker_process import Waiting, WorkerProcess

__all__ = ["WorkerClient"]

LOAD_TIMEOUT_S = 600.0
ANSWER_TIMEOUT_S = 300.0
CLOSE_TIMEOUT_S = 3.0


class WorkerClient:
    """One model in a child process. Use as a context manager: leaving it ends the process.

    A worker that dies is started again by the next call, with its model, and is sent the image again; the caller holds
    the conversation, so nothing of it is lost. Calls come from one thread, except `stop`, which any thread may call.
    `command` starts another worker than umed's own (tests); `memory_mb` as for `worker_command`.
    """

    def __init__(self, command: Sequence[str] | None = None, memory_mb: int = -1) -> None:
        self._command: Final = list(command) if command is not None else worker_command(memory_mb)
        self._process: WorkerProcess | None = None
        self._load: Load | None = None
        self._sent: ImageShelf[None] = ImageShelf()
        self._ask_id = 0
        self.model: Loaded | None = None

    def __enter__(self) -> WorkerClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the running worker; 0 when there is none."""
        return self._process.pid if self._process is not None and self._process.alive else 0

    def load(
        self, path: Path, device: str = "auto", timeout_s: float = LOAD_TIMEOUT_S, waiting: Waiting | None = None
    ) -> Loaded:
        """Loads the model folder at `path` in place of the one before; `waiting` gets the seconds so far, often.

        Raises: MissingModel, UnusableModel, WorkerCrashed, WorkerTimeout.
        """
        # A relative path means the caller's folder, now.
        self._load = Load(str(path.absolute()), device)
        self.model = None
        if self._process is None or not self._process.alive:
            self._start()
        return self._load_now(self._load, timeout_s, waiting)

    def ask(
        self,
        image: NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
        turns: Sequence[Turn],
        options: AskOptions = AskOptions(),  # noqa: B008 - frozen
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> Iterator[TextDelta | Answer]:
        """The pieces of the answer to the last of `turns` as they come, then the Answer.

        Leaving the iteration early stops the answer. `timeout_s` is the longest silence: a long answer may take longer.
        Shapes: image (H, W) or (H, W, 3) display values, or several of them where the model takes several.
        Raises: WorkerCrashed, WorkerTimeout, WorkerError for more images than the model takes, and what the engine raises.
        """
        images = [image] if isinstance(image, np.ndarray) else list(image)
        names = [image_id(pixels) for pixels in images]
        process = self._ready(timeout_s)
        if self.model is not None:
            check_image_count(len(images), self.model)
        for name in images_to_put(self._sent, names):
            process.send(put_image(images[names.index(name)]))
        self._ask_id += 1
        ask_id = self._ask_id
        process.send(Ask(ask_id, tuple(names), tuple(turns), options))
        ended = False
        try:
            while not ended:
                event = process.next_event(timeout_s, "answering")
                if isinstance(event, Failed) and event.ask_id in (0, ask_id):
                    ended = True
                    raise error_from_code(event.code, event.message, event.hint)
                if isinstance(event, TextDelta | Answer) and event.ask_id == ask_id:
                    ended = isinstance(event, Answer)
                    yield event
        finally:
            if not ended:
                process.send(Stop(ask_id))

    def stop(self) -> None:
        """Ends the answer that is being given; its Answer still comes, with `stopped` true."""
        if self._process is not None:
            self._process.send(Stop(self._ask_id))

    def unload(self, timeout_s: float = 30.0) -> None:
        """Frees the model's memory; the process stays. Raises: WorkerCrashed, WorkerTimeout."""
        self._load, self.model = None, None
        if self._process is not None and self._process.alive:
            self._process.send(Unload())
            self._process.wait_for(Unloaded, timeout_s, "unloading the model")

    def close(self) -> None:
        """Ends the process, by force if it does not end itself. The client may be used again."""
        if self._process is not None:
            self._process.end(CLOSE_TIMEOUT_S)
        self._process, self.model = None, None

    def _ready(self, timeout_s: float) -> WorkerProcess:
        if self._process is not None and self._process.alive:
            return self._process
        process = self._start()
        if self._load is not None:
            self._load_now(self._load, max(timeout_s, LOAD_TIMEOUT_S), None)
        return process

    def _start(self) -> WorkerProcess:
        self._process = WorkerProcess(self._command)
        self._sent = ImageShelf()
        return self._process

    def _load_now(self, load: Load, timeout_s: float, waiting: Waiting | None) -> Loaded:
        assert self._process is not None
        self._process.send(load)
        self.model = self._process.wait_for(Loaded, timeout_s, "loading the model", waiting)
        return self.model
