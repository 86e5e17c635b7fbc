"""Where files that a node sends are laid down: a private folder, each file whole or not at all, judged by content."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from umed_core.errors import NodeError, StorageError, UmedError
from umed_core.images.limits import DecodeLimits
from umed_core.images.sandbox import borrowed_decoder
from umed_core.images.wire import FileHeader
from umed_core.pacs.guard import TransferLimits
from umed_core.records import write_atomic

__all__ = ["Inbox", "Received", "Verdict", "private_folder"]

Verdict: TypeAlias = Literal["taken", "full", "unwanted", "unreadable"]

_PRIVATE = 0o700
_FAREWELL_S = 0.5


@dataclass(frozen=True, slots=True)
class Received:
    """What came. `missing` counts what the node said it would not send, or did not; `refused` what we did not take,
    by reason. `problem` is what ended it early. None of them names a patient."""

    folder: Path
    files: tuple[Path, ...]
    missing: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    problem: NodeError | None = None

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.refused and self.problem is None

    @property
    def summary(self) -> str:
        """In words: "5 files; 2 did not come; 1 refused: is of another study"."""
        parts = [_files(len(self.files))]
        if self.missing:
            parts.append(f"{self.missing} did not come")
        parts += [f"{count} refused: {reason}" for reason, count in self.refused]
        return "; ".join(parts)


@dataclass(eq=False)
class Inbox:
    """Takes files of one study, or of one series of it. Safe to call from several threads; closed, it takes nothing."""

    folder: Path
    study_uid: str
    series_uid: str = ""
    limits: TransferLimits = field(default_factory=TransferLimits)
    files: list[Path] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    problem: UmedError | None = None
    """Why writing failed; the talk then ends."""
    _bytes: int = 0
    _instances: set[str] = field(default_factory=set)
    _is_closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, content: bytes) -> Verdict:
        """Lays one file down. Its header is read by the sandboxed decoder, never here."""
        with self._lock:
            if self._is_closed:
                return "full"
            if len(self.files) >= self.limits.files or self._bytes + len(content) > self.limits.bytes:
                self.refused["more than the limits allow"] += 1
                return "full"
            if len(content) > self.limits.file_bytes:
                self.refused["a file is too large"] += 1
                return "full"
            path = self.folder / f"{len(self.files) + 1:06}.dcm"
            unjudged = path.with_name(f".{path.name}.unjudged")
            try:
                write_atomic(unjudged, content)
                header = _header(unjudged)
                why = self._why_not(header)
                if why:
                    self.refused[why] += 1
                    return "unreadable" if isinstance(header, UmedError) else "unwanted"
                if self._is_closed:  # while the header was read
                    return "full"
                unjudged.replace(path)
            except (OSError, UmedError) as problem:
                self.problem = _as_storage_error(problem)
                return "full"
            finally:
                unjudged.unlink(missing_ok=True)
            self._bytes += len(content)
            self.files.append(path)
            return "taken"

    def close(self, missing: int = 0) -> Received:
        """What came until now; nothing is taken after it. An empty folder is removed. Raises: what writing failed with."""
        with self._lock:
            self._is_closed = True
        if not self.files:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self.problem is not None:
            raise self.problem
        return Received(self.folder, tuple(self.files), missing, tuple(sorted(self.refused.items())))

    def discard(self) -> None:
        """Takes nothing more and keeps nothing. Returns soon, even while a file is being judged."""
        self._is_closed = True
        is_idle = self._lock.acquire(timeout=_FAREWELL_S)
        shutil.rmtree(self.folder, ignore_errors=True)
        if is_idle:
            self._lock.release()

    def _why_not(self, header: FileHeader | UmedError) -> str:
        """The reason to refuse it, "" for none. Holds no identifier."""
        if isinstance(header, UmedError) or header.kind != "dicom":
            return "is no readable DICOM object"
        if header.tags.study_instance_uid != self.study_uid:
            return "is of another study"
        if self.series_uid and header.tags.series_instance_uid != self.series_uid:
            return "is of another series"
        instance = header.tags.sop_instance_uid
        if not instance or instance in self._instances:
            return "came twice" if instance else "is no readable DICOM object"
        self._instances.add(instance)
        return ""


def private_folder(path: Path) -> Path:
    """A new folder that its owner alone may enter. Raises: StorageError where it cannot be made, or is there already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        path.mkdir(mode=_PRIVATE)
    except FileExistsError as problem:
        raise StorageError(f"{path} exists already.", "Name a folder that does not: it becomes private.") from problem
    except OSError as problem:
        raise _as_storage_error(problem) from problem
    return path


def _header(path: Path) -> FileHeader | UmedError:
    with borrowed_decoder(DecodeLimits()) as decoder:
        return decoder.headers([path])[0]


def _as_storage_error(problem: OSError | UmedError) -> UmedError:
    if isinstance(problem, UmedError):
        return problem
    return StorageError(
        f"What was received could not be kept: {problem.strerror or problem}.",
        "Free some space or choose another folder.",
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
