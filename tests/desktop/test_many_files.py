"""A folder of thousands of mixed files, some of them broken: the window never freezes, and the list comes whole."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer

from tests.builders import tiny_ct, tiny_dicom, truncated, write_dicom, write_picture

TICK_MS = 5
LONGEST_S = 0.5
"""Of this thread's own computing between two ticks: a stall is told from work here, benchmarks/desktop measures the gate."""
SOON, LATE = 60_000, 500_000


@contextmanager
def watched() -> Iterator[list[float]]:
    """The window's thread computes so many seconds between two ticks of the event loop, the longest first, at the end."""
    ticks: list[float] = []
    gaps: list[float] = []
    heart = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    heart.timeout.connect(lambda: ticks.append(time.thread_time()))
    heart.start()
    yield gaps
    heart.stop()
    gaps.extend(sorted((after - before for before, after in pairwise(ticks)), reverse=True))


def mixed_files(folder: Path, count: int) -> tuple[int, int]:
    """`count` files in folders of a thousand: of ten, four pictures, two slices of one CT, and four that are no image.

    Returns: how many are images, and how many are not. Hard links, so that 20,000 are there in a second.
    """
    sources = folder / ".sources"  # hidden: not looked at
    sources.mkdir(parents=True)
    picture = write_picture(sources / "picture.png", np.full((8, 8), 99, np.uint8))
    slices = [write_dicom(sources / f"{number}.dcm", tiny_ct(number)) for number in range(2)]
    text, empty = sources / "text", sources / "empty"
    text.write_text("Dear colleague,")
    empty.write_bytes(b"")
    cut = truncated(write_dicom(sources / "cut.dcm", tiny_dicom(np.zeros((64, 64), np.uint16))), 0.05)
    lying = sources / "lying.png"
    lying.write_bytes(picture.read_bytes()[:20])
    kinds = [picture, *slices, text, picture, empty, picture, cut, lying, picture]
    for start in range(0, count, 1000):
        inside = folder / f"{start // 1000:03}"
        inside.mkdir()
        for number in range(start, min(start + 1000, count)):
            os.link(kinds[number % 10], inside / f"{number:05}")
    return count * 6 // 10, count * 4 // 10


def listed_rows(window) -> int:
    return len(window.parts.series._items)


@pytest.mark.parametrize(
    "count",
    [
        2_000,
        pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]),
    ],
)
def test_the_window_stays_quick_and_the_list_comes_whole(qtbot, window, tmp_path, count):
    images, others = mixed_files(tmp_path / "mixed", count)
    with watched() as gaps:
        window.open_paths([tmp_path / "mixed"])
        qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
        assert window.is_looking  # the first image is there long before the index ends
        qtbot.waitUntil(lambda: not window.is_looking, timeout=LATE)
        qtbot.waitUntil(lambda: listed_rows(window) == len(window.session.series) > 1, timeout=SOON)
        window.opening.show_refused()
        qtbot.wait(200)
    assert sum(len(series.files) for series in window.session.series) == images
    assert len(window.session.refused) == others
    assert window.opening._dialog.model.rowCount() == others
    tree = window.parts.series.tree
    last = tree.topLevelItem(tree.topLevelItemCount() - 1).text(0)
    assert last == f"{others:,} files not opened\nShow why…"
    assert gaps[0] < LONGEST_S, f"the window's thread computed {[round(gap, 3) for gap in gaps[:5]]} s at a stretch"


def test_cancel_ends_the_index_before_its_end(qtbot, window, tmp_path):
    mixed_files(tmp_path / "mixed", 2_000)
    window.open_paths([tmp_path / "mixed"])
    seen = []
    window.door.progressed.connect(lambda _job, done, _total: seen.append(done))
    qtbot.waitUntil(lambda: bool(seen), timeout=SOON)
    (job,) = window._opening
    qtbot.mouseClick(window.parts.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: job.future.done() and not window.parts.cancel.isVisible(), timeout=SOON)
    assert seen[-1] < 2_000
    window.open_paths([tmp_path / "mixed" / "000" / "00000"])
    qtbot.waitUntil(lambda: len(window.session.series) == 1 and not window.is_looking, timeout=SOON)
