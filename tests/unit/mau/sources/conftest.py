"""Small sets, written by the tests: pictures of a stated size, and what a source makes of a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources import read_source

Read = Callable[..., tuple[list[Case], list[RefusedRow]]]


@pytest.fixture
def paint(tmp_path: Path) -> Callable[..., Path]:
    """Writes a black picture, 10 x 20 unless told otherwise, at a path relative to the set's folder."""

    def write(path: str, width: int = 10, height: int = 20, mode: str = "L") -> Path:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, (width, height)).save(target)
        return target

    return write


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a text at a path relative to the set's folder."""

    def write_text(path: str, text: str) -> Path:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    return write_text


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The cases and the refused rows of the set, by kind."""

    def read_all(kind: str, path: Path = tmp_path) -> tuple[list[Case], list[RefusedRow]]:
        items = list(read_source(kind, path))
        assert items == list(read_source(kind, path)), "a second reading differs from the first"
        cases = [item for item in items if isinstance(item, Case)]
        for case in cases:
            assert case.image.is_file()
            assert case.key == case.image.relative_to(path if path.is_dir() else path.parent).as_posix()
        return cases, [item for item in items if isinstance(item, RefusedRow)]

    return read_all
