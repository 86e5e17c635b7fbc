"""The library under kill -9, with two windows at once, and while one reads and another writes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.unit.library.shelves import ct_series, indexed
from umed_core.library.index import StudyIndex
from umed_core.library.search import StudyQuery

PROGRAM = Path(__file__).resolve().parent / "library_to_kill.py"


def started(environment: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def is_sound(index: StudyIndex) -> bool:
    """SQLite's own check, and every study against its files."""
    rows = index._base.read(
        lambda base: base.execute(
            "SELECT image_count = (SELECT count(*) FROM files WHERE (root, study) = (s.root, s.study)) FROM studies s"
        ).fetchall()
    )
    check = index._base.read(lambda base: base.execute("PRAGMA integrity_check").fetchall())
    return check == [("ok",)] and all(agrees for (agrees,) in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four studies of 48 files in one folder."""
    for study in range(4):
        ct_series(tmp_path / "ct", 48, study=str(study))
    return tmp_path / "ct"


def test_an_index_that_is_killed_goes_on_where_it_was(
    folder: Path, tmp_path: Path, program_environment: dict[str, str]
) -> None:
    library = tmp_path / "library.db"
    known = 0
    # Between two transactions, at the first, and at whatever it does a moment later.
    for pause_s, lines, wait_s in ((0.5, 3, 0.0), (0.0, 1, 0.0), (0.0, 1, 0.03), (0.0, 1, 0.06)):
        process = started(program_environment, folder, library, pause_s)
        assert process.stdout is not None
        assert int(process.stdout.readline().split()[1]) == 192 - known
        for _ in range(lines - 1):
            process.stdout.readline()
        time.sleep(wait_s)
        process.kill()
        process.wait()
        process.stdout.close()
        with StudyIndex(library) as index:
            assert is_sound(index)
            now = len(index.stamps(folder))
            assert known <= now
            assert pause_s == 0 or 0 < now < 192
            known = now
    with StudyIndex(library) as index:
        result = indexed(index, folder)
        assert (result.read, result.known) == (192 - known, known)
        assert is_sound(index)
        assert [study.image_count for study in index.search(StudyQuery()).studies] == [48, 48, 48, 48]


def test_two_windows_index_at_once(folder: Path, tmp_path: Path, program_environment: dict[str, str]) -> None:
    """Both begin with no library at all, and take the same folder and another."""
    library, other = tmp_path / "library.db", ct_series(tmp_path / "other", 40, study="9")
    processes = [started(program_environment, place, library) for place in (folder, folder, other)]
    last = [process.communicate(timeout=100)[0].splitlines()[-1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert all(line.startswith("Indexed(") for line in last)
    with StudyIndex(library) as index:
        assert is_sound(index)
        assert sorted(study.image_count for study in index.search(StudyQuery()).studies) == [40, 48, 48, 48, 48]
        assert list(index.roots()) == [str(folder), str(other)]


def test_a_reader_never_sees_half_a_study(folder: Path, tmp_path: Path) -> None:
    """One window searches while another indexes: every state that it sees agrees with itself."""
    library = tmp_path / "library.db"
    seen: list[bool] = []
    ended = threading.Event()
    with StudyIndex(library) as writing, StudyIndex(library) as reading:

        def watch() -> None:
            while not ended.is_set():
                seen.append(is_sound(reading))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for _ in range(3):
                indexed(writing, folder)
                writing.forget_root(str(folder))
        finally:
            ended.set()
            watcher.join()
    assert len(seen) > 3
    assert all(seen)
