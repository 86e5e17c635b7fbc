"""reviews.jsonl: every judgement, a line each, on disk before the next is asked for; lines are added and never changed.

Each line carries the hash of the line before it and of itself. A line that was edited, removed or moved is noticed, be
it the last; a tail cut off whole is not, nor a forger who computes the hashes anew: the chain guards against accidents
and well-meant edits, which on a file of judgements look like the reviewer's own word.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from umed_core.errors import DataError, StorageError
from umed_core.mau.review.events import ReviewEvent

__all__ = ["LOG_NAME", "ReviewLog"]

LOG_NAME = "reviews.jsonl"
LOCK_SECONDS = 20.0
_START = "0" * 64


class _Line(msgspec.Struct, frozen=True):
    prev_sha256: str
    sha256: str
    event: msgspec.Raw


_LINE = msgspec.json.Decoder(_Line)
_EVENT = msgspec.json.Decoder(ReviewEvent)


class ReviewLog:
    """The log at `path`, which need not exist yet; several processes may add to it at once.

    Raises: DataError where a line was changed after it was written or is no judgement; StorageError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._events: list[ReviewEvent] = []
        self._end = 0
        self._last_sha256 = _START
        self.refresh()

    @property
    def events(self) -> Sequence[ReviewEvent]:
        """In the order in which they were written."""
        return tuple(self._events)

    def refresh(self) -> None:
        """Also reads what other processes have added since. A last line that was cut short is left out."""
        for line in self._unread():
            self._take(line)

    def append(self, *events: ReviewEvent) -> None:
        """Adds judgements: they are on disk when this returns. Raises: StorageError."""
        with self._locked():
            self.refresh()
            lines, last = [], self._last_sha256
            for event in events:
                line, last = _chained(event, last)
                lines.append(line)
            self._write(b"".join(lines))
            self.refresh()

    def merge(self, others: Iterable[ReviewEvent]) -> int:
        """Adds the judgements of another log that are not in this one, in their order; the count of those added.

        For reviewers who worked on copies of one dataset. Raises: StorageError.
        """
        known = set(map(msgspec.json.encode, self._events))
        new = [event for event in others if msgspec.json.encode(event) not in known]
        if new:
            self.append(*new)
        return len(new)

    def _unread(self) -> Iterator[bytes]:
        """Whole lines from where reading ended, and a last one without its newline if it is whole all the same."""
        try:
            if not self._path.exists():
                return
            if self._path.stat().st_size < self._end - 1:
                raise DataError(f"{self._path} got shorter while it was in use.", "Restore it from a copy.")
            with self._path.open("rb") as file:
                file.seek(self._end)
                content = file.read()
        except OSError as problem:
            raise StorageError(
                f"Could not read {self._path}: {problem.strerror or problem}.", "Check the folder's permissions."
            ) from problem
        *lines, torn = content.split(b"\n")
        yield from lines
        if torn and _is_whole(torn, self._last_sha256):
            yield torn

    def _take(self, line: bytes) -> None:
        number = len(self._events) + 1
        try:
            read = _LINE.decode(line)
            event = _EVENT.decode(read.event)
        except msgspec.MsgspecError as problem:
            raise DataError(f"{self._path}, line {number}: {problem}.", _NEVER_EDITED) from problem
        if read.prev_sha256 != self._last_sha256:
            raise DataError(f"{self._path}: a line before line {number} was removed or moved.", _NEVER_EDITED)
        if read.sha256 != _link(read.prev_sha256, bytes(read.event)):
            raise DataError(f"{self._path}, line {number} was changed after it was written.", _NEVER_EDITED)
        self._events.append(event)
        self._end += len(line) + 1
        self._last_sha256 = read.sha256

    def _write(self, lines: bytes) -> None:
        """Adds whole lines by one write, after mending what a dead process left of its last line."""
        try:
            opened = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        except OSError as problem:
            raise self._unwritable(problem) from problem
        try:
            size = os.fstat(opened).st_size
            # One byte short of where reading ended: the last line is whole but lost its newline.
            prefix = b"\n" if size == self._end - 1 else b""
            if size > self._end:
                os.ftruncate(opened, self._end)
            kept = min(size, self._end)
            try:
                if os.write(opened, prefix + lines) < len(prefix + lines):
                    raise OSError("the disk is full")
                os.fsync(opened)
            except OSError:
                os.ftruncate(opened, kept)
                raise
        except OSError as problem:
            raise self._unwritable(problem) from problem
        finally:
            os.close(opened)

    def _unwritable(self, problem: OSError) -> StorageError:
        return StorageError(
            f"Could not write {self._path}: {problem.strerror or problem}.",
            "Free some space or check the folder's permissions; the judgements so far are kept.",
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import filelock

        lock = filelock.FileLock(self._path.with_name(f".{self._path.name}.lock"), timeout=LOCK_SECONDS)
        try:
            lock.acquire()
        except filelock.Timeout as problem:
            raise StorageError(
                f"Another process has held {self._path} for {LOCK_SECONDS:.0f} seconds.", "Wait for it, or end it."
            ) from problem
        except OSError as problem:
            raise self._unwritable(problem) from problem
        try:
            yield
        finally:
            lock.release()


_NEVER_EDITED = "Restore the file from a copy. A judgement is changed by judging again, never by editing the log."


def _chained(event: ReviewEvent, previous_sha256: str) -> tuple[bytes, str]:
    """The line of an event, and its hash for the line after it."""
    encoded = msgspec.json.encode(event)
    sha256 = _link(previous_sha256, encoded)
    return msgspec.json.encode(_Line(previous_sha256, sha256, msgspec.Raw(encoded))) + b"\n", sha256


def _link(previous_sha256: str, event: bytes) -> str:
    return hashlib.sha256(previous_sha256.encode() + event).hexdigest()


def _is_whole(line: bytes, previous_sha256: str) -> bool:
    try:
        read = _LINE.decode(line)
    except msgspec.MsgspecError:
        return False
    return read.prev_sha256 == previous_sha256 and read.sha256 == _link(previous_sha256, bytes(read.event))
