"""The first page: there while nothing is open, and every way on it leads somewhere."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

from tests.desktop.acting import SOON, drop
from umed_desktop.settings import Settings
from umed_desktop.translation import research_use_only
from umed_desktop.welcome.samples import PICTURE_PX, SAMPLES, draw_sample, picture_of, shipped_picture
from umed_desktop.welcome.welcome_page import RecentRow
from umed_desktop.window.main_window import MainWindow


def shows_welcome(window: MainWindow) -> bool:
    return window.parts.welcome.isVisible() and not window.parts.viewer.isVisible()


def test_it_stands_until_something_is_open(window, qtbot, bright: Path):
    assert shows_welcome(window)
    drop(window, bright)
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert not shows_welcome(window) and window.parts.viewer.isVisible()


def test_it_stays_where_nothing_could_be_opened(window, qtbot, tmp_path: Path):
    (tmp_path / "notes.dcm").write_text("not an image")
    drop(window, tmp_path / "notes.dcm")
    qtbot.waitUntil(lambda: bool(window.session.refused) or window.parts.notice.isVisible(), timeout=SOON)
    assert shows_welcome(window)


def test_it_says_what_this_is_not_and_that_samples_are_synthetic(window):
    from PySide6.QtWidgets import QLabel

    said = " ".join(label.text() for label in window.parts.welcome.findChildren(QLabel))
    assert research_use_only() in said
    assert "Synthetic" in said and "no patient" in said
    assert all("Synthetic" in button.accessibleName() for button in window.parts.welcome.samples.values())


def test_its_buttons_are_the_actions(window, qtbot):
    done = []
    for name, button in window.welcome.page.ways.items():
        action = window.actions_by_name[name]
        action.triggered.disconnect()
        action.triggered.connect(lambda _=False, name=name: done.append(name))
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done[:2] == ["open_files", "open_folder"] and "archive_import" in done


def test_a_sample_is_drawn_and_opened_by_the_keyboard(qtbot, worker, tmp_path: Path):
    window = MainWindow(Settings(model="fake"), tmp_path / "conf" / "desktop.json", worker)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    button = window.parts.welcome.samples["tb"]
    button.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert not button.isEnabled()  # one at a time
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=3 * SOON)
    assert "SYNTHETIC" in window.session.series[0].description.upper()
    assert button.isEnabled()
    assert window.session.series[0].files[0].is_relative_to(tmp_path / "conf" / "samples" / "tb")
    window.close()


def test_a_window_that_remembers_nothing_leaves_no_sample(window, qtbot):
    qtbot.mouseClick(window.parts.welcome.samples["endoscopy"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=3 * SOON)
    file = window.session.series[0].files[0]
    assert file.exists()
    window.close()
    assert not file.exists()


def test_recent_paths_are_named_with_those_that_are_gone(qtbot, worker, tmp_path: Path, bright: Path):
    gone = tmp_path / "gone"
    window = MainWindow(Settings(model="fake", recent=(str(gone), str(bright))), None, worker)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    page = window.welcome.page
    qtbot.waitUntil(lambda: len(page.recent) == 2 and not page.recent[0].isEnabled(), timeout=SOON)
    first, second = page.recent
    assert "not there any more" in first.accessibleName() and second.isEnabled()
    qtbot.keyClick(second, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    window.close()


def test_it_fits_between_wide_panels(window, qtbot):
    """Nothing is cut: each button is as wide as its words, and the page never scrolls sideways."""
    window.welcome.page.show_recent([RecentRow(f"/a/very/long/way/{'down/' * 30}to/study_17")])
    window.resize(1000, 700)
    qtbot.wait(50)
    page = window.parts.welcome
    assert page.horizontalScrollBar().maximum() == 0
    for button in page.ways.values():
        assert button.width() >= QFontMetrics(button.font()).horizontalAdvance(button.text())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.kind)
def test_a_shipped_picture_is_the_sample(sample):
    shipped = Image.open(io.BytesIO(shipped_picture(sample)))
    assert shipped.size == (PICTURE_PX, PICTURE_PX)
    drawn = picture_of(sample)
    difference = np.abs(np.asarray(shipped, np.int16) - np.asarray(drawn, np.int16))
    assert difference.mean() < 1.0  # another Pillow may round another way


def test_a_sample_is_drawn_once(tmp_path: Path):
    folder = draw_sample(SAMPLES[0], tmp_path, lambda done, total: None)
    (file,) = folder.iterdir()
    before = file.stat().st_mtime_ns
    assert draw_sample(SAMPLES[0], tmp_path, lambda done, total: None) == folder
    assert file.stat().st_mtime_ns == before
