"""Lines of records: what was written comes back, and a line that does not fit is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from umed_core.errors import DataError, MissingFile
from umed_core.geometry import NormalizedBox
from umed_core.records import Finding, MauRecord, Turn, read_jsonl, write_jsonl

RECORD = MauRecord(
    "images/a.png",
    "kvasir",
    "kvasir-0001",
    (Finding("polyp", NormalizedBox(0.1, 0.2, 0.3, 0.4)),),
    (Turn("user", "Was ist das?"), Turn("assistant", "Ein Polyp \N{EN DASH} größer als 10 %.")),
)


def test_records_come_back_as_they_were(tmp_path: Path):
    write_jsonl(tmp_path / "a.jsonl", [RECORD, RECORD])
    assert list(read_jsonl(tmp_path / "a.jsonl", MauRecord)) == [RECORD, RECORD]


@pytest.mark.parametrize(
    "line",
    [
        b'{"image": "\xff\xfe", "dataset": "d", "group": "g"}',
        b'{"image": "Gr\xf6\xdfe.png", "dataset": "d", "group": "g"}',  # Latin-1
        b'{"image": "a", "dataset": "d"}',
        b'{"image": "a", "dataset": "d", "group": "g"',
        b"\x00\x00",
        b'{"image": "a", "dataset": "d", "group": "g", "later": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
    ids=["no UTF-8", "Latin-1", "a field is missing", "cut off", "NUL", "5,000 deep"],
)
def test_a_line_that_does_not_fit_is_named_and_the_lines_before_it_are_read(tmp_path: Path, line: bytes):
    write_jsonl(tmp_path / "a.jsonl", [RECORD])
    with (tmp_path / "a.jsonl").open("ab") as file:
        file.write(b"\n" + line + b"\n")
    records = read_jsonl(tmp_path / "a.jsonl", MauRecord)
    assert next(records) == RECORD
    with pytest.raises(DataError, match=r"a\.jsonl, line 3: .*\. Hint: Rebuild the file"):
        next(records)


def test_no_file_is_said(tmp_path: Path):
    with pytest.raises(MissingFile):
        next(read_jsonl(tmp_path / "none.jsonl", MauRecord))
