"""Pictures of series that are not read yet: in the series panel and in the browser, drawn once and kept."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt

from tests.desktop.acting import SOON
from tests.desktop.browsing import add, two_studies
from umed_core.library.index import StudyIndex


@pytest.fixture
def settings_path(home: Path) -> Path:
    return home / "desktop.json"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return two_studies(tmp_path / "archive")


def icon_color(item) -> str:
    return item.icon().pixmap(96, 96).toImage().pixelColor(48, 48).name()


def test_series_not_yet_read_have_their_middle_slice_in_the_panel(qtbot, window, archive, home):
    """Both series get a picture, and the library keeps those of the files that were drawn."""
    window.open_paths([archive / "a"])
    qtbot.waitUntil(lambda: window.parts.series._drawn == {0, 1}, timeout=SOON)
    qtbot.waitUntil(lambda: not window.library._drawing._jobs and not window.library._noting._jobs, timeout=SOON)
    window.close()
    with StudyIndex(home / "library.db") as index:
        drawn = index.thumbnails([str(path) for path in (archive / "a").iterdir()])
    assert sorted(Path(path).name for path in drawn) == ["1-1-2.dcm", "1-2-1.dcm"]


def test_kept_pictures_are_shown_without_decoding(qtbot, window, archive, monkeypatch):
    browser = add(qtbot, window, archive)
    qtbot.waitUntil(lambda: browser.strip.count() == 2 and not browser.strip._places, timeout=SOON)
    qtbot.waitUntil(lambda: not window.library._noting._jobs, timeout=SOON)
    from umed_core.library import thumbnails

    monkeypatch.setattr(thumbnails, "open_image", lambda *_: pytest.fail("decoded again"))
    browser.table.selectRow(1)
    browser.strip.show_series(())
    browser.table.selectRow(0)
    qtbot.waitUntil(lambda: browser.strip.count() == 2 and not browser.strip._places, timeout=SOON)


def test_more_series_than_are_drawn_are_counted(qtbot, window, archive, monkeypatch):
    """A folder of pictures is a study of as many series."""
    from umed_desktop.studies import series_strip

    monkeypatch.setattr(series_strip, "_MOST", 1)
    strip = add(qtbot, window, archive).strip
    qtbot.waitUntil(lambda: strip.count() == 2, timeout=SOON)
    assert strip.item(1).text() == "1 more, when it is opened"
    strip.setFocus()
    qtbot.keyClick(strip, Qt.Key.Key_End)
    assert strip.currentRow() == 0
    place = strip.visualItemRect(strip.item(1)).center()
    qtbot.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.session.image is None


def test_pictures_end_with_the_folder_that_they_are_of(qtbot, window, archive, monkeypatch):
    from umed_core.library import thumbnails

    going_on, drawn = Event(), []

    def held(path, frame):
        drawn.append(path)
        going_on.wait(20)
        return b""

    monkeypatch.setattr(thumbnails, "thumbnail_png", held)
    window.open_paths([archive / "a"])
    qtbot.waitUntil(lambda: len(drawn) == 1, timeout=SOON)
    window.open_paths([archive / "b"])
    qtbot.waitUntil(lambda: window.session.study_of == ("BAKER, Ben · 20230505",), timeout=SOON)
    going_on.set()
    qtbot.waitUntil(lambda: window.parts.series._drawn == {0}, timeout=SOON)
    assert [path.parent.name for path in drawn] == ["a", "b"]
