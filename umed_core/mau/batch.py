"""Asking through OpenAI's Batch API: half the price, an answer within a day, and a run that may die at any moment.

Nothing but the server knows what was ordered: every batch carries the build's name in its metadata, so one whose order was
never noted here (killed in between) is found again and its answers are kept rather than paid for twice.
Source: OpenAI's Batch API reference; 50,000 requests and 200 MB a file.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from umed_core.errors import DataError, StorageError, TeacherBusy, TeacherError, TeacherRejected
from umed_core.mau.asking import AskFailure
from umed_core.mau.teacher import TeacherReply, TeacherRequest
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import (
    ChatSettings,
    chat_body,
    error_from,
    is_refusal,
    reply_from,
    require_library,
    require_safe_key,
)
from umed_core.records import write_atomic

if TYPE_CHECKING:
    import openai
    from openai.types import Batch

__all__ = ["BatchLimits", "BatchOutcome", "BatchProgress", "ask_in_batches"]

ENDPOINT: Final = "/v1/chat/completions"
BUILD, INPUT = "umed_build", "umed_input"
"""Names of our metadata on a batch: which build ordered it, and the hash of its input."""

ENDED = ("completed", "expired", "cancelled", "failed")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The API's limits, a little below, and our patience. A request that failed is ordered again, `rounds` times in all."""

    lines: int = 50_000
    bytes: int = 190 * 1024**2
    poll_s: float = 30.0
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Batches of this round, how many have ended, and the requests that the server has answered of all in them."""

    batches: int
    ended: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """How many replies were kept in this run, and which requests have none after all rounds."""

    answered: int
    failures: tuple[AskFailure, ...]


def _no_progress(progress: BatchProgress) -> None:
    """Nobody watches."""


def ask_in_batches(
    settings: ChatSettings,
    key: ApiKey,
    build: str,
    requests: Callable[[], Iterable[TeacherRequest]],
    keep: Callable[[TeacherRequest, TeacherReply], None],
    folder: Path,
    limits: BatchLimits = BatchLimits(),
    progress: Callable[[BatchProgress], None] = _no_progress,
) -> BatchOutcome:
    """Orders every open request in batches, waits for them and keeps their replies by `custom_id`, the request's key.

    `requests` gives those without a kept reply, anew at each call. `build` names the build on the server and must be the
    same when it is run again; `folder` is private and takes one input file at a time.
    Raises: TeacherBusy, where running again goes on; TeacherError; StorageError; DataError for a part beyond the limits.
    """
    desk = _Desk(settings, key, build, folder, limits)
    answered, errors = 0, dict[str, str]()
    with desk:
        for _ in range(limits.rounds):
            batches = desk.batches()
            # What ended unseen, of an earlier run, first: it is paid for.
            for batch in batches:
                if batch.status in ENDED:
                    answered += _collect(desk, batch, requests, keep, errors)
            running = [batch for batch in batches if batch.status not in ENDED]
            covered = {key for batch in running for key in desk.keys_of(batch)}
            running += desk.order(request for request in requests() if request.key not in covered)
            if not running:
                break
            for batch in desk.wait(running, progress):
                answered += _collect(desk, batch, requests, keep, errors)
                if batch.status == "failed":
                    raise _refused(batch)
    reasons = {**errors, **desk.unsendable}
    failures = (
        AskFailure(open_.case_id, open_.stage, reasons.get(open_.key, "The batch ended without an answer."))
        for open_ in requests()
    )
    return BatchOutcome(answered, tuple(failures))


def _collect(
    desk: _Desk,
    batch: Batch,
    requests: Callable[[], Iterable[TeacherRequest]],
    keep: Callable[[TeacherRequest, TeacherReply], None],
    errors: dict[str, str],
) -> int:
    """Keeps what a batch answered of the requests that are still open, and notes why others have no answer."""
    ordered = set(desk.keys_of(batch))
    if not any(request.key in ordered for request in requests()):
        return 0
    kept = 0
    for name in filter(None, (batch.output_file_id, batch.error_file_id)):
        with desk.fetched(name) as path:
            places = _index(path)
            with path.open("rb") as lines:
                for request in requests():
                    if request.key not in places:
                        continue
                    lines.seek(places[request.key])
                    try:
                        reply = desk.reply_in(lines.readline())
                    except TeacherError as problem:
                        errors[request.key] = problem.message
                        continue
                    keep(request, reply)
                    kept += 1
    return kept


class _Ordered(msgspec.Struct):
    """A line of a batch's files; its other fields are left alone."""

    custom_id: str


class _Response(msgspec.Struct):
    status_code: int
    body: msgspec.Raw = msgspec.Raw(b"{}")


class _LineError(msgspec.Struct):
    message: str | None = None


class _Line(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: _LineError | None = None


_ordered = msgspec.json.Decoder(_Ordered)
_lines = msgspec.json.Decoder(_Line)


class _Desk:
    """The server's files and batches of one build. The client retries what is safe to repeat; an order is not."""

    def __init__(self, settings: ChatSettings, key: ApiKey, build: str, folder: Path, limits: BatchLimits) -> None:
        require_library("openai", "pybase64")
        import openai

        require_safe_key(settings, key)
        self._settings, self._key, self._build, self._folder, self._limits = settings, key, build, folder, limits
        self.unsendable: dict[str, str] = {}
        self._client = openai.OpenAI(api_key=key.value or "none", base_url=settings.base_url, max_retries=5)

    def __enter__(self) -> _Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def batches(self) -> list[Batch]:
        """All batches of this build, oldest first, whoever noted them."""
        with self._told():
            return [b for b in self._client.batches.list(limit=100) if (b.metadata or {}).get(BUILD) == self._build][
                ::-1
            ]

    def keys_of(self, batch: Batch) -> list[str]:
        """Keys of the requests in a batch: from our note, or from its input on the server where that was lost."""
        note = self._note((batch.metadata or {}).get(INPUT, batch.id))
        if note.is_file():
            return note.read_text("ascii").split()
        with self.fetched(batch.input_file_id) as path:
            keys = list(_index(path))
        write_atomic(note, "\n".join(keys).encode("ascii"))
        return keys

    def order(self, requests: Iterable[TeacherRequest]) -> list[Batch]:
        """New batches for these requests. One file is written, sent and removed before the next is begun."""
        return [self._order_part(part) for part in self._parts(requests)]

    def wait(self, running: list[Batch], progress: Callable[[BatchProgress], None]) -> Iterator[Batch]:
        """Each batch as it ends."""
        total, ended, done = len(running), 0, 0
        requests = sum(len(self.keys_of(batch)) for batch in running)
        while running:
            with self._told():
                seen = [self._client.batches.retrieve(batch.id) for batch in running]
            over = [batch for batch in seen if batch.status in ENDED]
            running = [batch for batch in seen if batch.status not in ENDED]
            ended, done = ended + len(over), done + sum(_done(batch) for batch in over)
            progress(BatchProgress(total, ended, done + sum(_done(batch) for batch in running), requests))
            yield from over
            if running:
                time.sleep(self._limits.poll_s)

    @contextmanager
    def fetched(self, file_id: str) -> Iterator[Path]:
        """A server's file on disk, for the block; it never is in memory as a whole."""
        path = self._folder / f"{hashlib.sha256(file_id.encode()).hexdigest()[:16]}.download"
        try:
            with self._told():
                self._download(file_id, path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def reply_in(self, line: bytes) -> TeacherReply:
        """The reply that a line of a batch's output or error file holds. Raises: TeacherError."""
        try:
            answer = _lines.decode(line)
        except msgspec.MsgspecError as problem:
            raise TeacherBusy(f"The batch's answer cannot be read: {problem}.", "Run again.") from problem
        if answer.response is None:
            said = answer.error.message if answer.error else None
            raise TeacherBusy(f"The batch has no answer: {said or 'no reason is given'}.")
        body = bytes(answer.response.body)
        if answer.response.status_code == 200:
            return reply_from(body)
        if is_refusal(answer.response.status_code, body):
            return TeacherReply("", "declined by the server's content filter")
        raise error_from(answer.response.status_code, {}, body, self._settings, self._key)

    def _download(self, file_id: str, path: Path) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._client.files.with_streaming_response.content(file_id) as response:
                response.stream_to_file(path)
        except OSError as problem:
            raise StorageError(f"Could not write {path}: {problem.strerror}.", "Free some space.") from problem

    def _parts(self, requests: Iterable[TeacherRequest]) -> Iterator[Path]:
        """Input files within the limits, each with a note of its keys beside it, one after the other."""
        waiting = iter(requests)
        path = self._folder / "part.jsonl"
        line, key = self._next_line(waiting)
        while line:
            digest, keys, size = hashlib.sha256(), list[str](), 0
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as out:
                    while line and len(keys) < self._limits.lines and size + len(line) <= self._limits.bytes:
                        out.write(line)
                        digest.update(line)
                        keys.append(key)
                        size += len(line)
                        line, key = self._next_line(waiting)
            except OSError as problem:
                raise StorageError(f"Could not write {path}: {problem.strerror}.", "Free some space.") from problem
            named = path.with_name(f"{digest.hexdigest()[:16]}.jsonl")
            path.replace(named)
            write_atomic(self._note(named.stem), "\n".join(keys).encode("ascii"))
            try:
                yield named
            finally:
                named.unlink(missing_ok=True)

    def _next_line(self, requests: Iterator[TeacherRequest]) -> tuple[bytes, str]:
        for request in requests:
            try:
                body = msgspec.Raw(chat_body(request, self._settings))
            except TeacherRejected as problem:
                self.unsendable[request.key] = problem.message
                continue
            order = {"custom_id": request.key, "method": "POST", "url": ENDPOINT, "body": body}
            line = msgspec.json.encode(order) + b"\n"
            if len(line) > self._limits.bytes:
                raise DataError(f"{request.case_id} alone is larger than a batch may be.", "Use smaller images.")
            return line, request.key
        return b"", ""

    def _order_part(self, part: Path) -> Batch:
        with self._told():
            uploaded = self._client.files.create(file=part, purpose="batch")
            # Not repeated by itself: an order whose answer was lost may stand, and the next run finds it by its metadata.
            return self._client.with_options(max_retries=0).batches.create(
                input_file_id=uploaded.id,
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={BUILD: self._build, INPUT: part.stem},
                extra_headers={"Idempotency-Key": f"{self._build}-{part.stem}"},
            )

    def _note(self, stem: str) -> Path:
        return self._folder / f"{stem}.keys"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the client's errors into ours."""
        import openai

        try:
            yield
        except openai.APIStatusError as problem:
            # No chain: the client's errors carry the request, and that carries the key.
            raise _told_of(problem, self._settings, self._key) from None
        except openai.APIConnectionError as problem:
            said = self._key.hidden_in(str(problem))
            raise TeacherBusy(f"{self._settings.base_url} cannot be reached: {said}", "Run again later.") from None


def _told_of(problem: openai.APIStatusError, settings: ChatSettings, key: ApiKey) -> TeacherError:
    body = msgspec.json.encode({"error": problem.body} if isinstance(problem.body, dict) else {})
    return error_from(problem.status_code, dict(problem.response.headers), body, settings, key)


def _index(path: Path) -> dict[str, int]:
    """Where the line of each key begins. Raises: TeacherBusy for a file that is no batch's."""
    places: dict[str, int] = {}
    at = 0
    with path.open("rb") as lines:
        for line in lines:
            try:
                places[_ordered.decode(line).custom_id] = at
            except msgspec.MsgspecError as problem:
                raise TeacherBusy(f"The server's file of a batch is damaged: {problem}.", "Run again.") from problem
            at += len(line)
    return places


def _done(batch: Batch) -> int:
    counts = batch.request_counts
    return counts.completed + counts.failed if counts else 0


def _refused(batch: Batch) -> TeacherError:
    said = [
        error.message for error in (batch.errors.data if batch.errors and batch.errors.data else []) if error.message
    ]
    return TeacherError(
        f"The server refused batch {batch.id}: {' '.join(said) or 'no reason is given'}.",
        "Mostly a limit of the account: smaller parts, or wait until other batches have ended.",
    )
