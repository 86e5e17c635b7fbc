"""What the inbox takes: of the study that was asked for, judged by content, within limits, whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from tests.builders import tiny_ct
from umed_core.errors import StorageError
from umed_core.pacs.guard import TransferLimits
from umed_core.pacs.inbox import Inbox, private_folder

STUDY = "2.25.20261122.1"


def content(number: int = 0, **keywords: object) -> bytes:
    out = io.BytesIO()
    tiny_ct(number, **keywords).save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(private_folder(tmp_path / "in"), STUDY)


def test_files_of_the_study_are_kept_as_they_came(inbox: Inbox):
    assert [inbox.take(content(number)) for number in range(2)] == ["taken", "taken"]
    got = inbox.close()
    assert [path.name for path in got.files] == ["000001.dcm", "000002.dcm"]
    assert [path.read_bytes() for path in got.files] == [content(0), content(1)]
    assert sorted(path.name for path in got.folder.iterdir()) == ["000001.dcm", "000002.dcm"]
    assert got.is_complete


@pytest.mark.parametrize(
    ("what", "verdict", "reason"),
    [
        (content(StudyInstanceUID="1.2.3"), "unwanted", "is of another study"),
        (b"", "unreadable", "is no readable DICOM object"),
        (b"plain text", "unreadable", "is no readable DICOM object"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 64, "unreadable", "is no readable DICOM object"),
        (content()[:140], "unwanted", "is of another study"),
    ],
)
def test_anything_else_is_not(inbox: Inbox, what: bytes, verdict: str, reason: str):
    taken = inbox.take(what)
    assert taken != "taken"
    assert dict(inbox.refused).keys() <= {reason, "is no readable DICOM object"}
    folder = inbox.folder
    assert inbox.close().files == ()
    assert not folder.exists()


def test_one_series_alone(tmp_path: Path):
    inbox = Inbox(private_folder(tmp_path / "in"), STUDY, "9.9")
    assert inbox.take(content()) == "unwanted"
    assert inbox.take(content(SeriesInstanceUID="9.9")) == "taken"


def test_limits(tmp_path: Path):
    size = len(content())
    inbox = Inbox(private_folder(tmp_path / "in"), STUDY, limits=TransferLimits(bytes=2 * size))
    assert [inbox.take(content(number)) for number in range(3)] == ["taken", "taken", "full"]
    small = Inbox(private_folder(tmp_path / "small"), STUDY, limits=TransferLimits(file_bytes=size - 1))
    assert small.take(content()) == "full"


def test_closed_it_takes_nothing_and_discarded_it_keeps_nothing(inbox: Inbox):
    inbox.take(content())
    inbox.discard()
    assert inbox.take(content(1)) == "full"
    assert not inbox.folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_folder_is_the_owners_alone_and_new(tmp_path: Path):
    folder = private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(StorageError, match="exists already"):
        private_folder(folder)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        private_folder(tmp_path / "file" / "below")


def test_what_came_in_words(inbox: Inbox):
    inbox.take(content())
    inbox.take(b"text")
    assert inbox.close(missing=2).summary == "1 file; 2 did not come; 1 refused: is no readable DICOM object"
