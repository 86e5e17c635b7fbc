"""What a build has done so far, in one SQLite file: the cases, the cleaned pictures, every answer of the teacher.

WAL mode, one commit an answer: a process that is killed loses nothing that had arrived, and the commit takes .05 ms of
processor time. (A power cut may cost the last moments, never the file: synchronous = NORMAL.) One build at a time holds
it. The file is private - it holds the sources' own names - and stays in work/.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from umed_core.errors import StorageError
from umed_core.geometry import NormalizedBox
from umed_core.mau.cases import Case
from umed_core.mau.teacher import TeacherReply, TeacherRequest, Tokens

__all__ = ["BuildStore", "NamedCase", "Picture"]

_CASES = "CREATE TABLE cases (number INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, body BLOB NOT NULL)"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (fingerprint TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, stage TEXT NOT NULL, attempt INTEGER NOT NULL, text TEXT NOT NULL, refusal TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL
);
"""
_WALK = """
SELECT number, fingerprint, cases.body, pictures.body FROM cases LEFT JOIN pictures USING (fingerprint)
WHERE number > ? ORDER BY number LIMIT ?
"""
_BATCH = 1000
_ENCODER = msgspec.json.Encoder(enc_hook=str)  # a Path as its text


@dataclass(frozen=True, slots=True)
class NamedCase:
    """A case under the names that the dataset gives it, which hold no identifier: ("kidneystone", 123, "kidneystone-0017")."""

    dataset: str
    number: int
    group: str
    case: Case

    @property
    def case_id(self) -> str:
        return f"{self.dataset}/{self.number:06d}"


@dataclass(frozen=True, slots=True)
class Picture:
    """The cleaned picture of a case, or why there is none (`refused`); `suffix` is ".png" or ".jpg"."""

    refused: str = ""
    sha256: str = ""
    suffix: str = ""
    width: int = 0
    height: int = 0
    perceptual_hash: bytes = b""
    removed: tuple[str, ...] = ()
    blanked: tuple[NormalizedBox, ...] = ()


class BuildStore:
    """Opens or makes the file; every method raises StorageError where the disk or the file fails."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA locking_mode=EXCLUSIVE;" + _SCHEMA
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def replace_cases(self, cases: Iterable[tuple[NamedCase, str]]) -> int:
        """Takes the sources as they are now, each case with its picture's fingerprint, all or nothing; how many there are."""
        with self._told(), self._transaction():
            self._connection.execute("DROP TABLE IF EXISTS cases")
            self._connection.execute(_CASES)
            rows = ((number, fingerprint, _ENCODER.encode(case)) for number, (case, fingerprint) in enumerate(cases))
            self._connection.executemany("INSERT INTO cases VALUES (?, ?, ?)", rows)
        return self.count("cases")

    def cases(self) -> Iterator[tuple[NamedCase, str, Picture | None]]:
        """Every case in the order of the sources, its picture's fingerprint, and its picture or None if not yet cleaned.

        The store may be written meanwhile; some of what is written shows in the next walk only.
        """
        case = msgspec.json.Decoder(NamedCase, dec_hook=lambda kind, text: kind(text))
        picture = msgspec.json.Decoder(Picture)
        last = -1
        while rows := self._rows(_WALK, last, _BATCH):
            for _, fingerprint, body, cleaned in rows:
                yield case.decode(body), fingerprint, None if cleaned is None else picture.decode(cleaned)
            last = rows[-1][0]

    def keep_picture(self, fingerprint: str, picture: Picture) -> None:
        self._rows("INSERT OR REPLACE INTO pictures VALUES (?, ?)", fingerprint, msgspec.json.encode(picture))

    def answer(self, key: str) -> TeacherReply | None:
        """The teacher's answer under a request's key, or None if it has not arrived."""
        rows = self._rows("SELECT text, refusal, prompt_tokens, completion_tokens FROM answers WHERE key = ?", key)
        return TeacherReply(rows[0][0], rows[0][1], Tokens(*rows[0][2:])) if rows else None

    def keep_answer(self, request: TeacherRequest, reply: TeacherReply) -> None:
        """On disk before this returns; a second answer under the same key is not kept."""
        values = (reply.text, reply.refusal, reply.tokens.prompt, reply.tokens.completion)
        insert = "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._rows(insert, request.key, request.stage, request.attempt, *values)

    def paid(self) -> Tokens:
        """What all answers so far cost."""
        sums = self._rows("SELECT total(prompt_tokens), total(completion_tokens) FROM answers")[0]
        return Tokens(*map(int, sums))

    def count(self, table: str) -> int:
        return int(self._rows(f"SELECT count(*) FROM {table}")[0][0])

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        with self._told():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as problem:
            raise StorageError(
                f"Could not use {self._path}: {problem}.",
                "Free some space, or check that no other build runs there; what was answered is kept.",
            ) from problem
