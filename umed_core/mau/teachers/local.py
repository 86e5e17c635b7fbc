"""A teacher on this machine: a model folder in a worker process, asked one question at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from umed_core.errors import TeacherBusy, TeacherRejected, UmedError, WorkerError
from umed_core.images.open_image import open_image
from umed_core.mau.teacher import TeacherReply, TeacherRequest, Tokens
from umed_core.records import Turn
from umed_core.vlm.client import ANSWER_TIMEOUT_S, WorkerClient
from umed_core.vlm.messages import Answer, AskOptions

__all__ = ["LocalTeacher", "without_system"]

MAX_NEW_TOKENS = 512


class LocalTeacher:
    """Implements Teacher. A model answers one request at a time, so more in flight only wait in line.

    `timeout_s` is the longest silence of the model; `command` starts another worker than umed's own (tests).
    """

    def __init__(
        self,
        folder: Path,
        device: str = "auto",
        max_new_tokens: int = MAX_NEW_TOKENS,
        timeout_s: float = ANSWER_TIMEOUT_S,
        command: Sequence[str] | None = None,
    ) -> None:
        """Loads the model. Raises: MissingModel, UnusableModel, WorkerCrashed, WorkerTimeout."""
        self._options = AskOptions(max_new_tokens=max_new_tokens, attention="none")
        self._timeout_s = timeout_s
        self._client = WorkerClient(command)
        # The client wants all its calls from one thread.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-teacher")
        try:
            model = self._thread.submit(self._client.load, folder, device).result()
        except BaseException:
            self._end()
            raise
        self._identity = f"local model={model.model} sha256={model.sha256} max_new_tokens={max_new_tokens}"

    @property
    def identity(self) -> str:
        return self._identity

    @property
    def is_remote(self) -> bool:
        return False

    async def answer(self, request: TeacherRequest) -> TeacherReply:
        """Raises: TeacherBusy where the worker died or hung (the next call starts it again); TeacherRejected."""
        asked = asyncio.get_running_loop().run_in_executor(self._thread, self._answer, request)
        try:
            return await asked
        except asyncio.CancelledError:
            self._client.stop()
            raise

    async def close(self) -> None:
        await asyncio.to_thread(self._end)

    def _answer(self, request: TeacherRequest) -> TeacherReply:
        try:
            pixels = open_image(request.image).display(0)
            *_, answer = self._client.ask(pixels, without_system(request.messages), self._options, self._timeout_s)
        except WorkerError as problem:
            raise TeacherBusy(f"The model's process failed: {problem.message}", problem.hint) from problem
        except UmedError as problem:
            raise TeacherRejected(f"The model cannot answer: {problem.message}", problem.hint) from problem
        assert isinstance(answer, Answer)
        return _reply(answer, self._options.max_new_tokens)

    def _end(self) -> None:
        self._client.stop()
        self._thread.submit(self._client.close).result()
        self._thread.shutdown()


def without_system(messages: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """The messages with a system's words at the head of the first user turn: many chat templates know no such role."""
    told = "\n\n".join(turn.text for turn in messages if turn.role == "system")
    first, *rest = (turn for turn in messages if turn.role != "system")
    return (Turn(first.role, f"{told}\n\n{first.text}" if told else first.text), *rest)


def _reply(answer: Answer, most: int) -> TeacherReply:
    tokens = Tokens(completion=answer.token_count)
    if answer.token_count >= most:
        return TeacherReply("", f"cut off after {answer.token_count} tokens: raise the limit of tokens", tokens)
    return TeacherReply(answer.text.strip(), "" if answer.text.strip() else "an empty answer", tokens)
