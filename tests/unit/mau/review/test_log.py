"""The log of judgements: nothing acknowledged is lost, nothing is edited unnoticed."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import DataError, StorageError
from umed_core.geometry import NormalizedBox
from umed_core.mau.review.events import ReviewEvent
from umed_core.mau.review.log import ReviewLog
from umed_core.records import Finding, Turn


def event(number: int, **fields: object) -> ReviewEvent:
    return ReviewEvent(f"images/k/{number:06d}.png", "anna", "2026-01-01T00:00:00+00:00", "accept", "0" * 64, **fields)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reviews.jsonl"


def test_what_was_added_is_read_again(path):
    log = ReviewLog(path)
    assert log.events == ()
    correction = event(
        2,
        turns=(Turn("user", "Où?\n«là»"),),
        findings=(Finding("polyp", NormalizedBox(0.1, 0.2, 0.3, 0.4)),),
        blind=True,
    )
    log.append(event(1))
    log.append(correction, event(3, findings=()))
    assert log.events == (event(1), correction, event(3, findings=()))
    assert ReviewLog(path).events == log.events
    assert path.read_bytes().count(b"\n") == 3


def test_each_line_names_the_one_before_it(path):
    ReviewLog(path).append(event(1), event(2))
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["prev_sha256"] == "0" * 64
    assert second["prev_sha256"] == first["sha256"]
    assert second["event"]["record"] == "images/k/000002.png"


@given(st.data())
def test_a_line_cut_short_anywhere_costs_that_line_only(data):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.jsonl"
        ReviewLog(path).append(event(1), event(2))
        content = path.read_bytes()
        whole = content.index(b"\n") + 1
        cut = data.draw(st.integers(whole, len(content)))
        path.write_bytes(content[:cut])
        kept = (event(1), event(2)) if cut >= len(content) - 1 else (event(1),)
        log = ReviewLog(path)
        assert log.events == kept
        log.append(event(3))
        assert ReviewLog(path).events == log.events == (*kept, event(3))


def test_a_line_that_lost_only_its_end_is_whole_and_gets_it_back(path):
    ReviewLog(path).append(event(1))
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    log = ReviewLog(path)
    log.refresh()
    log.append(event(2))
    assert ReviewLog(path).events == log.events == (event(1), event(2))
    assert path.read_bytes().count(b"\n") == 2


def test_a_tail_of_zeros_after_a_power_cut_is_no_line(path):
    ReviewLog(path).append(event(1))
    with path.open("ab") as file:
        file.write(b"\0" * 100)
    log = ReviewLog(path)
    log.append(event(2))
    assert ReviewLog(path).events == (event(1), event(2))


@pytest.mark.parametrize("line", [0, 1, 2])
def test_an_edited_line_is_noticed_the_last_too(path, line):
    ReviewLog(path).append(event(1), event(2), event(3))
    lines = path.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace('"accept"', '"reject"')
    path.write_text("".join(lines))
    with pytest.raises(DataError, match=f"line {line + 1} was changed") as caught:
        ReviewLog(path)
    assert "never by editing" in caught.value.hint


def test_a_line_that_is_gone_or_no_judgement_is_noticed(path):
    ReviewLog(path).append(event(1), event(2), event(3))
    lines = path.read_text().splitlines(keepends=True)
    for spoiled, message in (
        (lines[:1] + lines[2:], "a line before line 2"),
        (lines[1:], "a line before line 1"),
        ([lines[1], lines[0], lines[2]], "a line before line 1"),
        ([lines[0], "{}\n", *lines[1:]], "line 2"),
        ([lines[0], "\n", *lines[1:]], "line 2"),
        ([lines[0].replace('"accept"', '"maybe"'), *lines[1:]], "line 1"),
    ):
        path.write_text("".join(spoiled))
        with pytest.raises(DataError, match=message):
            ReviewLog(path)


def test_two_open_logs_see_each_other(path):
    one, other = ReviewLog(path), ReviewLog(path)
    one.append(event(1))
    other.append(event(2))
    one.append(event(3))
    other.refresh()
    assert one.events == other.events == (event(1), event(2), event(3))


def test_a_log_that_got_shorter_under_its_reader_is_noticed(path):
    log = ReviewLog(path)
    log.append(event(1), event(2))
    path.write_bytes(b"")
    with pytest.raises(DataError, match="shorter"):
        log.append(event(3))


def test_a_full_disk_keeps_what_was_there(path, monkeypatch):
    log = ReviewLog(path)
    log.append(event(1))
    before = path.read_bytes()
    real = os.write

    def half_then_full(file: int, content: bytes) -> int:
        if b"images/k" not in content:
            return real(file, content)
        real(file, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", half_then_full)
        with pytest.raises(StorageError, match="No space left"):
            log.append(event(2))
    assert path.read_bytes() == before
    log.append(event(2))
    assert ReviewLog(path).events == (event(1), event(2))


def test_a_folder_in_place_of_the_log_is_an_error_of_the_tree(path):
    path.mkdir()
    with pytest.raises(StorageError):
        ReviewLog(path)


def test_judgements_from_another_machine_are_taken_in_once(path, tmp_path):
    mine, theirs = ReviewLog(path), ReviewLog(tmp_path / "theirs.jsonl")
    mine.append(event(1))
    theirs.append(event(1), event(2), event(3))
    assert mine.merge(theirs.events) == 2
    assert mine.merge(theirs.events) == 0
    assert ReviewLog(path).events == (event(1), event(2), event(3))
