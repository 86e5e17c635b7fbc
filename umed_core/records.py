"""What flows between the rooms: a question-answer record with its boxes, and a model's prediction; JSON lines on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from umed_core.errors import DataError, MissingFile, StorageError
from umed_core.geometry import NormalizedBox

__all__ = [
    "Finding",
    "MauRecord",
    "Prediction",
    "Turn",
    "read_jsonl",
    "write_atomic",
    "write_jsonl",
    "write_parts",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One abnormality: its class in words ("kidney stone") and its box."""

    label: str
    box: NormalizedBox


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of a conversation; role is "user" or "assistant"."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class MauRecord:
    """One image with its findings and the conversation about it (paper, "Data"; Fig. 2 and 6).

    `image` is relative to the folder of the JSONL file. `findings` is empty for an image without an abnormality.
    `group` is the patient or augmentation group that a split must not tear apart. `turns` alternates user and
    assistant and may be empty when a recipe writes the conversation itself.
    """

    image: str
    dataset: str
    group: str
    findings: tuple[Finding, ...] = ()
    turns: tuple[Turn, ...] = ()
    modality: str = ""
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer to one question about one image."""

    image: str
    text: str
    boxes: tuple[Finding, ...]
    model: str
    seconds: float


def read_jsonl(path: Path, kind: type[T]) -> Iterator[T]:
    """Records of `kind`, one a line.

    Raises: MissingFile; DataError that names the first line which does not fit.
    """
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", "Check the path, or build the dataset first.")
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
                raise DataError(
                    f"{path}, line {number}: {problem}.", "Rebuild the file or mend that line."
                ) from problem


def write_jsonl(path: Path, records: Iterable[object]) -> None:
    """One record a line, written as they come; the file appears whole or not at all. Raises: StorageError.

    Equal records give equal bytes, whatever the order of a dictionary's keys.
    """
    encoder = msgspec.json.Encoder(order="deterministic")
    write_parts(path, (encoder.encode(record) + b"\n" for record in records))


def write_atomic(path: Path, content: bytes) -> None:
    """Replaces `path` by `content` through a temporary file and fsync; a failure leaves the old file. Raises: StorageError."""
    write_parts(path, (content,))


def write_parts(path: Path, parts: Iterable[bytes]) -> None:
    """`write_atomic` of content that comes in parts and need not fit in memory. Raises: StorageError; what `parts` raises."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _as_storage_error(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            out = temporary.open("wb")
        try:
            # Only the writing is guarded: an OSError of whoever makes the parts is not a failed write.
            for part in parts:
                with _as_storage_error(path):
                    out.write(part)
            with _as_storage_error(path):
                out.flush()
                os.fsync(out.fileno())
        finally:
            with suppress(OSError):  # a full disk refuses once more what is still in the buffer
                out.close()
        with _as_storage_error(path):
            temporary.replace(path)
    finally:
        # Also after Ctrl-C; on success it is gone already, and below a file that is no folder it never was.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _as_storage_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageError(
            f"Could not write {path}: {problem.strerror or problem}.", "Free some space or choose another folder."
        ) from problem
