"""The library's file: made private, brought up to date, put aside where it cannot be used. One thread writes, others read.

SQLite in WAL mode: a reader sees the last whole transaction while a writer works, several windows may use the file at
once, and a killed process loses at most the transaction it was in.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from threading import Lock
from typing import TypeVar

from umed_core.errors import DataError, StorageError

__all__ = ["Database", "library_files", "set_aside"]

T = TypeVar("T")

_STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE roots (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, is_whole INTEGER NOT NULL)",
        "CREATE TABLE files (id INTEGER PRIMARY KEY, root INTEGER NOT NULL REFERENCES roots ON DELETE CASCADE,"
        " path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, study TEXT NOT NULL,"
        " header BLOB)",
        "CREATE INDEX files_of_study ON files (root, study)",
        "CREATE TABLE thumbnails (file INTEGER PRIMARY KEY REFERENCES files ON DELETE CASCADE, size INTEGER NOT NULL,"
        " mtime_ns INTEGER NOT NULL, png BLOB NOT NULL)",
        "CREATE TABLE studies (id INTEGER PRIMARY KEY, root INTEGER NOT NULL REFERENCES roots ON DELETE CASCADE,"
        " study TEXT NOT NULL, patient_name TEXT NOT NULL, patient_id TEXT NOT NULL, date TEXT NOT NULL,"
        " modalities TEXT NOT NULL, description TEXT NOT NULL, series_count INTEGER NOT NULL,"
        " image_count INTEGER NOT NULL, folder TEXT NOT NULL, folded TEXT NOT NULL, UNIQUE (root, study))",
        "CREATE TABLE series (study INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE, place INTEGER NOT NULL,"
        " number TEXT NOT NULL, modality TEXT NOT NULL, description TEXT NOT NULL, image_count INTEGER NOT NULL,"
        " first TEXT NOT NULL, middle TEXT NOT NULL, frame INTEGER NOT NULL, PRIMARY KEY (study, place)) WITHOUT ROWID",
    ),
)
"""What leads from one version of the schema to the next; step n makes version n + 1. A step that was released stays."""

_PATIENCE_S = 20.0
"""How long to wait for another window's transaction; ours take well below a second."""
_UNUSABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_COMPANIONS = ("", "-wal", "-shm")
_ASIDE = "put-aside"


class Database:
    """Opens or makes the file. Any thread may call; a write is one transaction on the one writing thread.

    Raises: DataError for a file that is damaged or of a newer umed: `set_aside` makes room for a new one. StorageError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _told(path):
            _make_private(path)
            with closing(_connect(path)) as connection:
                _bring_up_to_date(connection, path)
            self._reader = _connect(path)
            self._file = _file_at(path)
        self._reading, self._closing, self._is_closed = Lock(), Lock(), False
        self._writer: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, "umed-library")

    @property
    def is_in_place(self) -> bool:
        """Whether this file is still the one at its path: another window may have put it aside. Raises: StorageError."""
        with _told(self.path):
            return self.path.exists() and _file_at(self.path) == self._file

    def read(self, deed: Callable[[sqlite3.Connection], T]) -> T:
        """What `deed` finds in the last whole state, one from its first look to its last. Raises: DataError; StorageError."""
        with self._reading, _told(self.path), _transaction(self._reader, "DEFERRED"):
            return deed(self._reader)

    def write(self, deed: Callable[[sqlite3.Connection], T]) -> T:
        """`deed` in a transaction, whole or not at all; on disk when this returns. Raises: DataError; StorageError."""
        return self._on_thread(lambda: self._write(deed))

    def wipe(self) -> None:
        """Writes over what was deleted, in the journal too. Raises: DataError; StorageError."""
        self._on_thread(self._wipe)

    def close(self) -> None:
        """Ends the writing thread after what it has to do."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            last = self._thread.submit(self._close_writer)
        last.result()
        self._thread.shutdown()
        with self._reading:
            self._reader.close()

    def _on_thread(self, deed: Callable[[], T]) -> T:
        with self._closing:
            if self._is_closed:
                raise StorageError(f"The library {self.path.name} is closed.", "Try again.")
            promised = self._thread.submit(deed)
        return promised.result()

    def _write(self, deed: Callable[[sqlite3.Connection], T]) -> T:
        with _told(self.path), _transaction(self._writing()) as connection:
            return deed(connection)

    def _wipe(self) -> None:
        with _told(self.path):
            self._writing().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = _connect(self.path)
        return self._writer

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def set_aside(path: Path) -> Path:
    """Gives an unusable file another name, which is returned, so that a new one can be made. Raises: StorageError."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    names = (f"{path.stem}.{_ASIDE}-{stamp}{f'-{n}' if n else ''}{path.suffix}" for n in count())
    aside = next(free for name in names if not (free := path.with_name(name)).exists())
    with _told(path):
        for end in _COMPANIONS:
            source = Path(f"{path}{end}")
            if source.exists():
                source.rename(f"{aside}{end}")
    return aside


def library_files(path: Path) -> list[Path]:
    """The file at `path` with what SQLite keeps beside it, and all that was put aside: whatever may hold a name."""
    asides = sorted(path.parent.glob(f"{path.stem}.{_ASIDE}-*"))
    return [found for found in (*(Path(f"{path}{end}") for end in _COMPANIONS), *asides) if found.exists()]


def _make_private(path: Path) -> None:
    """Nobody else may read it, from its first byte; SQLite gives its journal the same mode. On Windows a user's folder is
    private already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)


def _file_at(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_dev, seen.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
    # secure_delete: a forgotten name is written over and not merely unlinked.
    connection.executescript("PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;")
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Raises: DataError for a version that this umed does not know."""
    version = _version(connection)
    if version > len(_STEPS):
        raise DataError(
            f"The library {path.name} was written by a newer umed (version {version}; this one knows {len(_STEPS)}).",
            "Update umed to use it.",
        )
    if version < len(_STEPS):
        _use_wal(connection)
        with _transaction(connection):
            for number in range(_version(connection), len(_STEPS)):  # another window may have been quicker
                for statement in _STEPS[number]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number + 1}")
    connection.execute("SELECT count(*) FROM roots, (SELECT 1 FROM studies LIMIT 1)").fetchall()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite waits for no other window here, so we do."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as problem:
        if (getattr(problem, "sqlite_errorcode", 0) or 0) & 0xFF in _UNUSABLE:
            raise DataError(
                f"The library {path.name} is damaged: {problem}.", "Its folders can be added again."
            ) from problem
        raise StorageError(
            f"The library {path} could not be used: {problem}.", "Free some space, or close other windows of umed."
        ) from problem
    except OSError as problem:
        raise StorageError(
            f"The library {path} could not be used: {problem}.", "Check the folder's permissions and free space."
        ) from problem
