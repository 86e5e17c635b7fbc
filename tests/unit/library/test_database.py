"""The file itself: private, brought up to date, put aside where it cannot be used."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.unit.library.shelves import ct_series, indexed, names
from umed_core.errors import DataError, StorageError
from umed_core.library import database
from umed_core.library.database import Database
from umed_core.library.index import StudyIndex
from umed_core.library.search import StudyQuery
from umed_core.library.shelf import Shelf


def version_of(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def told_by(path: Path) -> tuple[Shelf, list[str]]:
    lines: list[str] = []
    return Shelf(path, lambda message, hint: lines.append(f"{message} {hint}")), lines


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with StudyIndex(path) as index:
        indexed(index, ct_series(tmp_path / "ct"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("library.db*")}
    assert modes == {"library.db": 0o600, "library.db-wal": 0o600, "library.db-shm": 0o600}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    StudyIndex(path).close()
    path.chmod(0o644)
    StudyIndex(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_schema_is_brought_up_to_date_with_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.db"
    with StudyIndex(path) as index:
        indexed(index, ct_series(tmp_path / "ct", PatientName="KEPT"))
    before = len(database._STEPS)
    monkeypatch.setattr(database, "_STEPS", (*database._STEPS, ("ALTER TABLE studies ADD COLUMN rating TEXT",)))
    with StudyIndex(path) as index:
        assert names(index) == ["KEPT"]
    assert version_of(path) == before + 1


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.db"
    StudyIndex(path).close()
    with monkeypatch.context() as patch:
        patch.setattr(database, "_STEPS", (*database._STEPS, ("CREATE TABLE new (a)", "CREATE TABLE roots (b)")))
        with pytest.raises(StorageError):
            StudyIndex(path)
    StudyIndex(path).close()
    assert version_of(path) == len(database._STEPS)


def test_a_file_of_a_newer_umed_is_put_aside_whole(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with StudyIndex(path) as index:
        indexed(index, ct_series(tmp_path / "ct", PatientName="NEWER"))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    shelf, lines = told_by(path)
    assert shelf.use(lambda index: index.search(StudyQuery())).total == 0
    shelf.close()
    (aside,) = tmp_path.glob("library.put-aside-*.db")
    assert version_of(aside) == 99
    assert b"NEWER" in aside.read_bytes()
    assert lines == [
        "The library library.db was written by a newer umed (version 99; this one knows 1)."
        f" It was put aside as {aside.name}, and a new one is begun. Update umed to use it."
    ]


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_put_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(content)
    shelf, lines = told_by(path)
    assert shelf.use(lambda index: index.search(StudyQuery())).total == 0
    shelf.close()
    (aside,) = tmp_path.glob("library.put-aside-*.db")
    assert aside.read_bytes() == content
    assert len(lines) == 1 and "damaged" in lines[0]


def test_damage_that_shows_later_is_put_aside_too(tmp_path: Path) -> None:
    """Every page of the file but the first two is overwritten while it is open."""
    path = tmp_path / "library.db"
    shelf, lines = told_by(path)
    folder = ct_series(tmp_path / "ct", 20, PatientName="A" * 60)
    shelf.use(lambda index: indexed(index, folder))
    shelf.close()
    with path.open("r+b") as out:
        out.seek(4096 * 2)
        out.write(b"\xee" * (path.stat().st_size - 4096 * 2))
    shelf, lines = told_by(path)
    assert shelf.use(lambda index: index.search(StudyQuery("x"))).total == 0
    assert shelf.use(lambda index: indexed(index, folder)).read == 20
    shelf.close()
    assert len(lines) == 1 and "damaged" in lines[0]
    assert len(list(tmp_path.glob("library.put-aside-*.db"))) == 1


def test_what_one_window_put_aside_the_other_leaves_alone(tmp_path: Path) -> None:
    """Both find the same damage; the second must not put aside what the first has begun since."""
    path = tmp_path / "library.db"
    folder = ct_series(tmp_path / "ct", 3, PatientName="NEW")
    (one, told_one), (two, told_two) = told_by(path), told_by(path)

    def find_damage_once(index: StudyIndex) -> int:
        if index in found:
            raise DataError("The library is damaged.")
        return index.search(StudyQuery()).total

    found: list[StudyIndex] = []
    for shelf in (one, two):
        shelf.use(found.append)
    assert one.use(find_damage_once) == 0
    one.use(lambda index: indexed(index, folder))
    assert two.use(find_damage_once) == 1
    one.close()
    two.close()
    assert (len(told_one), told_two) == (1, [])
    assert len(list(tmp_path.glob("library.put-aside-*.db"))) == 1


def test_a_folder_that_takes_no_file_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not be used"):
        StudyIndex(tmp_path / "file" / "library.db")


def test_a_deed_that_fails_is_undone(tmp_path: Path) -> None:
    base = Database(tmp_path / "library.db")

    def deed(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO roots (path, is_whole) VALUES ('/a', 1)")
        raise DataError("no")

    with pytest.raises(DataError):
        base.write(deed)
    assert base.read(lambda c: c.execute("SELECT count(*) FROM roots").fetchone()) == (0,)
    base.close()
    base.close()  # twice is once
    with pytest.raises(StorageError, match="closed"):
        base.write(deed)
