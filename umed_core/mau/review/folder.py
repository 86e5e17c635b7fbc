"""A dataset folder as review sees it: which records there are, and one of them at a time. Memory: some 500 bytes a record."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from umed_core.errors import DataError, MissingFile
from umed_core.records import MauRecord

__all__ = ["SIDES", "RecordPlace", "ReviewFolder"]

SIDES = ("train", "test")

_SHA256_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record lies: its side of the split, the byte where its line starts, its patient's group, its line's hash."""

    side: str
    offset: int
    group: str
    line_sha256: bytes


class ReviewFolder:
    """The records of `path`, which holds train.jsonl and test.jsonl as `umed build-mau` writes them.

    Raises: MissingFile; DataError for a line that is no record, or for two records of one image.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, RecordPlace] = {}
        self._shown: dict[str, str] = {}
        files = [(side, path / f"{side}.jsonl") for side in SIDES]
        if not any(file.is_file() for _, file in files):
            raise MissingFile(
                f"{path} holds no train.jsonl and no test.jsonl.",
                "Point to a folder that `umed build-mau` has written.",
            )
        for side, file in files:
            if file.is_file():
                self._index(side, file)

    @property
    def places(self) -> Mapping[str, RecordPlace]:
        """Where each record lies, by its id (its image path), in the order of the files."""
        return self._places

    def record(self, name: str) -> MauRecord:
        """The record whose image path is `name`, which must be among `places`. Raises: DataError; MissingFile."""
        return next(self.records([name]))

    def records(self, names: Iterable[str]) -> Iterator[MauRecord]:
        """The records of `names`, in that order, one at a time. Raises: DataError; MissingFile."""
        decoder = msgspec.json.Decoder(MauRecord)
        with ExitStack() as files:
            opened: dict[str, BinaryIO] = {}
            for name in names:
                side = self._places[name].side
                if side not in opened:
                    opened[side] = files.enter_context(self._open(side))
                opened[side].seek(self._places[name].offset)
                line = opened[side].readline().strip()
                if hashlib.sha256(line).digest() != self._places[name].line_sha256:
                    raise DataError(
                        f"{self.path / side}.jsonl changed while it was reviewed.", "Start the review again."
                    )
                yield decoder.decode(line)

    def picture(self, name: str) -> Path:
        """The picture of a record. Raises: DataError for a path that leaves the folder."""
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            raise DataError(f"The record {name!r} points outside the dataset.", "Rebuild the dataset.")
        return self.path / name

    def shown_sha256(self, name: str) -> str:
        """The hash of a record and its picture as they are now; "" for a record or a picture that is gone.

        The picture is part of it because a rebuilt dataset may give its path to another case.
        """
        if name not in self._places:
            return ""
        if name not in self._shown:
            self._shown[name] = self._hash(name)
        return self._shown[name]

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256(self._places[name].line_sha256)
        try:
            with self.picture(name).open("rb") as picture:
                while part := picture.read(_SHA256_BYTES):
                    digest.update(part)
        except OSError:
            return ""
        return digest.hexdigest()

    def _open(self, side: str) -> BinaryIO:
        file = self.path / f"{side}.jsonl"
        try:
            return file.open("rb")
        except OSError as problem:
            raise MissingFile(
                f"{file}: {problem.strerror or problem}.", "Was the dataset moved or rebuilt? Start the review again."
            ) from problem

    def _index(self, side: str, file: Path) -> None:
        decoder = msgspec.json.Decoder(MauRecord)
        for number, offset, line in _lines(file):
            try:
                found = decoder.decode(line)
            except msgspec.MsgspecError as problem:
                raise DataError(
                    f"{file}, line {number}: {problem}.", "Rebuild the dataset or mend that line."
                ) from problem
            if found.image in self._places:
                raise DataError(f"{file}, line {number}: a second record of {found.image}.", "Rebuild the dataset.")
            self._places[found.image] = RecordPlace(side, offset, found.group, hashlib.sha256(line.strip()).digest())


def _lines(file: Path) -> Iterator[tuple[int, int, bytes]]:
    """Number from 1, offset and content of every line that is not blank."""
    offset = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, offset, line
            offset += len(line)
