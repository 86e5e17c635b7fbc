"""Rows of a CSV file, one at a time: a published index of 112,120 rows never lies in memory as a whole."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from umed_core.errors import DataError, MissingFile

__all__ = ["MAX_TABLE_BYTES", "read_rows"]

MAX_TABLE_BYTES = 512 << 20
"""NIH's index of 112,120 rows takes 8 MiB; one line without an end would be read whole."""


def read_rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number (the header is 1) and cells, stripped, of each row that is not blank; at least as many as `columns`.

    `columns` are how the header must begin, in any case. Raises: MissingFile; DataError for a file that is no such table.
    """
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", "Check the path, or download the set again.")
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise DataError(f"{path} takes more than {MAX_TABLE_BYTES >> 20} MiB.", "Split it up.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            lines = csv.reader(text)
            header = [cell.strip().lower() for cell in next(lines, [])]
            if header[: len(columns)] != [column.lower() for column in columns]:
                raise DataError(
                    f"{path} begins with {', '.join(header)[:120] or 'an empty line'}.",
                    f"Its header should begin with {', '.join(columns)}.",
                )
            for cells in lines:
                if any(cell.strip() for cell in cells):
                    yield lines.line_num, [c.strip() for c in cells] + [""] * (len(columns) - len(cells))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise DataError(f"{path} is no table: {problem}.", "Save it as comma-separated values in UTF-8.") from problem
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror}.", "Check the file's permissions.") from problem
