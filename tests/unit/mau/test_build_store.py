"""The file that a build lives in: cases with their pictures, answers, and what a failure leaves of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from umed_core.errors import StorageError
from umed_core.geometry import NormalizedBox
from umed_core.mau.build_store import BuildStore, NamedCase, Picture
from umed_core.mau.cases import Case
from umed_core.mau.teacher import TeacherReply, TeacherRequest, Tokens
from umed_core.records import Finding


def case(number: int) -> NamedCase:
    found = (Finding("polyp", NormalizedBox(0.1, 0.2, 0.3, 0.4)),)
    return NamedCase("set", number, f"set-{number:05d}", Case(f"{number}.png", Path(f"/p/{number}.png"), found, "p"))


def request(key: str) -> TeacherRequest:
    return TeacherRequest(key, "set/000001", "diagnosis", 0, (), Path("1.png"), (), "CT")


def test_a_case_comes_without_a_picture_until_it_is_cleaned(tmp_path: Path):
    picture = Picture(sha256="ab", suffix=".png", width=4, height=3, perceptual_hash=b"\x00\xff", removed=("EXIF",))
    with BuildStore(tmp_path / "build.sqlite") as store:
        assert store.replace_cases([(case(1), "mark-1"), (case(2), "mark-2")]) == 2
        store.keep_picture("mark-2", picture)
        assert list(store.cases()) == [(case(1), "mark-1", None), (case(2), "mark-2", picture)]


def test_more_cases_than_are_read_at_once_come_in_order(tmp_path: Path):
    with BuildStore(tmp_path / "build.sqlite") as store:
        store.replace_cases((case(n), f"mark-{n}") for n in range(2500))
        assert [named.number for named, _, _ in store.cases()] == list(range(2500))


def test_a_source_that_fails_midway_leaves_the_cases_of_before(tmp_path: Path):
    def broken() -> Iterator[tuple[NamedCase, str]]:
        yield case(7), "mark-7"
        raise ValueError("the source")

    with BuildStore(tmp_path / "build.sqlite") as store:
        store.replace_cases([(case(1), "mark-1")])
        with pytest.raises(ValueError, match="the source"):
            store.replace_cases(broken())
        assert [named.number for named, _, _ in store.cases()] == [1]


def test_pictures_and_answers_outlive_the_cases_and_the_process(tmp_path: Path):
    with BuildStore(tmp_path / "build.sqlite") as store:
        store.replace_cases([(case(1), "mark-1")])
        store.keep_picture("mark-1", Picture(refused="no picture"))
        store.keep_answer(request("k"), TeacherReply("first", "", Tokens(700, 120)))
        store.keep_answer(request("k"), TeacherReply("second", "", Tokens(700, 120)))
    with BuildStore(tmp_path / "build.sqlite") as store:
        store.replace_cases([(case(1), "mark-1")])
        assert [picture for _, _, picture in store.cases()] == [Picture(refused="no picture")]
        assert store.answer("k") == TeacherReply("first", "", Tokens(700, 120))
        assert store.answer("other") is None
        assert store.paid() == Tokens(700, 120)


def test_a_second_build_cannot_use_it_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **how: connect(path, timeout=0.01, **how))
    with BuildStore(tmp_path / "build.sqlite") as store:
        store.replace_cases([(case(1), "mark-1")])
        with pytest.raises(StorageError, match="locked"):
            BuildStore(tmp_path / "build.sqlite")


def test_a_file_that_is_no_store_is_a_storage_error(tmp_path: Path):
    (tmp_path / "build.sqlite").write_bytes(b"no database, and long enough to be looked at" * 50)
    with pytest.raises(StorageError, match="not a database"):
        BuildStore(tmp_path / "build.sqlite")
