"""The study browser as a person uses it: Ctrl+B, a folder, a word, Enter; what is opened by hand; what is forgotten."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QMessageBox, QWidget

from tests.desktop.acting import SOON
from tests.desktop.browsing import add, browser_of, cells, known, patients, two_studies
from umed_core.images.sandbox import Decoder
from umed_desktop.settings import Settings, load_settings
from umed_desktop.window.main_window import MainWindow


@pytest.fixture
def settings_path(home: Path) -> Path:
    return home / "desktop.json"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return two_studies(tmp_path / "archive")


def test_a_folder_is_listed_newest_first(qtbot, window, archive):
    browser = add(qtbot, window, archive)
    assert cells(browser) == [
        ["ADAMS, Anna", "TINY", "2024-01-02", "CT", "Head", "2", "7", str(archive / "a")],
        ["BAKER, Ben", "TINY", "2023-05-05", "MR", "", "1", "3", str(archive / "b")],
    ]
    assert browser.found.text() == "2 studies"
    assert browser.word.text() == "archive: 10 files read, 0 unchanged, 0 gone; 0 hold no image."
    assert not browser.stop.isVisible()


def test_one_searches_while_typing_and_opens_by_enter(qtbot, window, archive):
    browser = add(qtbot, window, archive)
    qtbot.keyClicks(browser.search, "ben bak")
    qtbot.waitUntil(lambda: patients(browser) == ["BAKER, Ben"], timeout=SOON)
    browser.search.setFocus()
    qtbot.keyClick(browser.search, Qt.Key.Key_Return)
    assert browser.isVisible()
    qtbot.keyClick(browser.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 3, timeout=SOON)
    assert not browser.isVisible()
    assert window.session.study_of == ("BAKER, Ben · 20230505",)
    assert window.settings.recent[0] == str(archive / "b")


def test_a_double_click_opens_that_study_alone_and_reads_no_header_again(qtbot, window, archive, monkeypatch):
    browser = add(qtbot, window, archive)
    asked = []
    monkeypatch.setattr(Decoder, "headers", lambda self, paths: asked.append(paths))
    place = browser.table.visualRect(browser.table.rows.index(0, 0)).center()
    qtbot.mouseClick(browser.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(browser.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert len(window.session.series) == 2
    assert asked == []


def test_a_series_is_opened_by_its_picture(qtbot, window, archive):
    browser = add(qtbot, window, archive)
    strip = browser.strip
    qtbot.waitUntil(lambda: strip.count() == 2, timeout=SOON)
    assert [strip.item(row).text() for row in range(2)] == ["2 Scout\nCT · 2 images", "1-1-0.dcm\nCT · 5 images"]
    strip.setFocus()
    strip.setCurrentRow(1)
    qtbot.keyClick(strip, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    assert window.session.current == 1


def test_filters_narrow_and_headings_sort(qtbot, window, archive):
    browser = add(qtbot, window, archive)
    qtbot.waitUntil(lambda: browser.modality.count() == 3, timeout=SOON)
    browser.modality.setCurrentIndex(browser.modality.findData("MR"))
    qtbot.waitUntil(lambda: patients(browser) == ["BAKER, Ben"], timeout=SOON)
    browser.modality.setCurrentIndex(0)
    browser.date_from.setText("2024")
    qtbot.waitUntil(lambda: patients(browser) == ["ADAMS, Anna"], timeout=SOON)
    browser.date_from.setText("last year")
    qtbot.waitUntil(lambda: "2024-05-31" in browser.found.text(), timeout=SOON)
    browser.date_from.clear()
    header = browser.table.horizontalHeader()
    for expected in (["BAKER, Ben", "ADAMS, Anna"], ["ADAMS, Anna", "BAKER, Ben"]):
        middle = header.sectionViewportPosition(5) + 20
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.rect().center().__class__(middle, 8))
        qtbot.waitUntil(lambda expected=expected: patients(browser) == expected, timeout=SOON)


def test_indexing_tells_how_far_it_is_and_is_cancelled(qtbot, window, archive, monkeypatch):
    going_on, headers = Event(), Decoder.headers
    from umed_core.library import indexing

    monkeypatch.setattr(indexing, "_BATCH", 4)

    def held(self, paths):
        if paths[0].name != "1-1-0.dcm":
            going_on.wait(20)
        return headers(self, paths)

    monkeypatch.setattr(Decoder, "headers", held)
    browser = browser_of(qtbot, window)
    browser.folder_added.emit(archive)
    qtbot.waitUntil(lambda: "4 of 10 files" in browser.word.text(), timeout=SOON)
    assert (browser.progress.value(), browser.progress.maximum()) == (4, 10)
    qtbot.mouseClick(browser.stop, Qt.MouseButton.LeftButton)
    going_on.set()
    qtbot.waitUntil(lambda: not browser.stop.isVisible() and "is kept" in browser.word.text(), timeout=SOON)
    qtbot.waitUntil(lambda: not window.library._indexing._jobs, timeout=SOON)
    browser.refresh_asked.emit(str(archive))
    qtbot.waitUntil(lambda: "files read" in browser.word.text(), timeout=SOON)
    assert "10 files read" not in browser.word.text()


def test_a_folder_that_is_not_there_is_said_in_the_browser(qtbot, window, tmp_path):
    browser = browser_of(qtbot, window)
    browser.folder_added.emit(tmp_path / "gone")
    qtbot.waitUntil(lambda: "no folder" in browser.trouble.text(), timeout=SOON)
    assert not browser.stop.isVisible()


def test_a_study_that_moved_away_is_said_in_the_browser(qtbot, window, archive):
    browser = add(qtbot, window, archive)
    (archive / "a").rename(archive.parent / "elsewhere")
    browser.table.selectRow(0)
    qtbot.keyClick(browser.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "no longer in" in browser.trouble.text(), timeout=SOON)
    assert browser.isVisible() and window.session.image is None
    browser.show_progress("archive", 4, 10, "")
    assert "no longer in" in browser.trouble.text() and browser.stop.isVisible()  # neither hides the other
    browser.table.selectRow(1)
    assert not browser.trouble.isVisible()


# --------------------------------------------------------------------------------------------------- opened by hand
def test_what_is_opened_by_hand_is_known(qtbot, window, archive, home):
    window.open_paths([archive / "a"])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count > 1, timeout=SOON)
    browser = browser_of(qtbot, window)
    qtbot.waitUntil(lambda: patients(browser) == ["ADAMS, Anna"], timeout=SOON)
    window.close()
    assert known(home) == ["ADAMS^Anna"]


def test_switched_off_nothing_is_written(qtbot, window, archive, home):
    browser = browser_of(qtbot, window)
    qtbot.waitUntil(lambda: bool(browser.found.text()), timeout=SOON)
    browser.remember.setFocus()
    qtbot.keyClick(browser.remember, Qt.Key.Key_Space)
    assert not browser.add.isEnabled()
    assert not load_settings(home / "desktop.json").remember_studies  # at once, whatever happens to the window
    window.open_paths([archive / "a"])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count > 1, timeout=SOON)
    qtbot.waitUntil(lambda: bool(window.parts.series._drawn), timeout=SOON)
    browser.folder_added.emit(archive)
    window.close()
    assert known(home) == []


def test_a_window_that_never_remembers_makes_no_file(qtbot, worker, archive, home):
    window = MainWindow(Settings(model="fake", remember_studies=False), home / "desktop.json", worker)
    qtbot.addWidget(window)
    window.show()
    window.open_paths([archive / "a"])
    qtbot.waitUntil(lambda: bool(window.parts.series._drawn), timeout=SOON)
    browser = browser_of(qtbot, window)
    qtbot.waitUntil(lambda: bool(browser.found.text()), timeout=SOON)
    assert "not remembered" in browser.found.text()
    window.close()
    assert list(home.glob("library*")) == []


# ------------------------------------------------------------------------------------------------------- forgetting
def choose(browser, text: str) -> None:
    """An entry of the Forget menu, as it is when it opens."""
    menu = browser.forget.menu()
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text().startswith(text)).trigger()


def agree(qtbot, browser) -> None:
    qtbot.waitUntil(lambda: bool(browser.findChildren(QMessageBox)), timeout=SOON)
    (box,) = browser.findChildren(QMessageBox)
    assert "No image is deleted" in box.text()
    yes = next(each for each in box.buttons() if box.buttonRole(each) == QMessageBox.ButtonRole.DestructiveRole)
    qtbot.mouseClick(yes, Qt.MouseButton.LeftButton)


def test_a_study_is_forgotten_and_its_files_stay(qtbot, window, archive, home):
    browser = add(qtbot, window, archive)
    choose(browser, "This study")
    qtbot.waitUntil(lambda: patients(browser) == ["BAKER, Ben"], timeout=SOON)
    window.close()
    assert known(home) == ["BAKER^Ben"]
    assert len(list((archive / "a").iterdir())) == 7


@pytest.mark.parametrize("entry", ["All in", "Everything"])
def test_a_folder_or_everything_is_forgotten_after_a_question(qtbot, window, archive, home, entry):
    browser = add(qtbot, window, archive)
    choose(browser, entry)
    assert len(patients(browser)) == 2
    agree(qtbot, browser)
    qtbot.waitUntil(lambda: patients(browser) == [], timeout=SOON)
    assert "No study is known yet" in browser.found.text()
    qtbot.waitUntil(lambda: browser.strip.count() == 0, timeout=SOON)
    window.close()
    assert known(home) == []


def test_what_is_forgotten_while_its_folder_is_indexed_stays_forgotten(qtbot, window, archive, home, monkeypatch):
    """The batch that is being read when one clicks would bring it back."""
    from umed_core.library import indexing

    going_on, asked, headers = Event(), [], Decoder.headers
    monkeypatch.setattr(indexing, "_BATCH", 4)
    monkeypatch.setattr(indexing, "_COMMIT_EVERY_S", 0.0)

    def held(self, paths):
        asked.append(paths)
        if len(asked) > 1:
            going_on.wait(20)
        return headers(self, paths)

    monkeypatch.setattr(Decoder, "headers", held)
    browser = browser_of(qtbot, window)
    browser.folder_added.emit(archive)
    qtbot.waitUntil(lambda: "4 of 10 files" in browser.word.text() and len(asked) == 2, timeout=SOON)
    choose(browser, "Everything")
    agree(qtbot, browser)
    qtbot.waitUntil(lambda: not browser.stop.isVisible(), timeout=SOON)
    going_on.set()
    qtbot.waitUntil(lambda: not window.library._indexing._jobs and not window.library._noting._jobs, timeout=SOON)
    window.close()
    assert known(home) == []


# ------------------------------------------------------------------------------------------------------- two windows
def test_what_one_window_adds_the_other_finds(qtbot, window, worker, archive, home):
    other = MainWindow(Settings(model="fake"), home / "desktop.json", worker)
    qtbot.addWidget(other)
    other.show()
    theirs = browser_of(qtbot, other)
    qtbot.waitUntil(lambda: "No study is known yet" in theirs.found.text(), timeout=SOON)
    add(qtbot, window, archive)
    qtbot.keyClicks(theirs.search, "adams")
    qtbot.waitUntil(lambda: patients(theirs) == ["ADAMS, Anna"], timeout=SOON)
    choose(theirs, "This study")
    qtbot.waitUntil(lambda: patients(theirs) == [], timeout=SOON)
    window.library._browser.ask_again()
    qtbot.waitUntil(lambda: patients(window.library._browser) == ["BAKER, Ben"], timeout=SOON)
    other.close()


# ----------------------------------------------------------------------------------------------------- what goes wrong
def test_a_damaged_library_is_one_line_and_no_crash(qtbot, worker, home, archive):
    home.mkdir()
    (home / "library.db").write_bytes(b"not a database, " * 500)
    window = MainWindow(Settings(model="fake"), home / "desktop.json", worker)
    qtbot.addWidget(window)
    window.show()
    browser = browser_of(qtbot, window)
    qtbot.waitUntil(lambda: "damaged" in window.parts.notice.message.text(), timeout=SOON)
    assert "put aside" in window.parts.notice.hint.text()
    qtbot.waitUntil(lambda: "No study is known yet" in browser.found.text(), timeout=SOON)
    window.close()
    assert len(list(home.glob("library.put-aside-*.db"))) == 1


def test_the_dialog_says_who_reads_it_and_what_it_is_for(qtbot, window, home):
    browser = browser_of(qtbot, window)
    assert str(home / "library.db") in browser.privacy.text()
    assert "only you" in browser.privacy.text()
    QApplication.processEvents()


def test_every_part_of_the_browser_has_a_name_and_a_tab_stop(qtbot, window, archive):
    from tests.desktop.test_accessibility import interactive

    browser = add(qtbot, window, archive)
    # Not the list that a combo box drops down, nor the cross within the search field: Escape and Ctrl+A do as much.
    parts = [
        widget
        for kind in (QComboBox, QLineEdit)
        for each in browser.findChildren(kind)
        for widget in each.findChildren(QWidget)
    ]
    own = [widget for widget in interactive(browser) if widget not in parts]
    nameless = [widget for widget in own if not (widget.accessibleName() or getattr(widget, "text", str)())]
    unreachable = [widget for widget in own if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert (nameless, unreachable) == ([], [])
