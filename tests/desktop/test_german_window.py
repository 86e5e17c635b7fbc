"""The window, its pages and its dialogs in German: no English on them, and nothing cut off."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDialog, QLabel, QMenuBar, QToolButton, QWidget

from tests.desktop.words_on_screen import cut_off, english_cells, english_on
from umed_desktop.actions import ACTIONS, PAGES
from umed_desktop.pages.data.consent_dialog import ConsentDialog
from umed_desktop.settings import Settings


@pytest.fixture
def german_window(german, worker, qtbot, tmp_path):
    """It remembers, so that what is only there in such a window is seen, too."""
    from umed_desktop.window.main_window import MainWindow

    made = MainWindow(Settings(model="fake", language="de"), tmp_path / "home" / "desktop.json", worker)
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


@pytest.fixture
def german_reading(german_window, qtbot, ct_folder):
    german_window.start_model()
    german_window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: german_window.session.image is not None, timeout=20_000)
    qtbot.waitUntil(lambda: german_window.session.model_state == "ready", timeout=20_000)
    return german_window


def test_the_window_shows_no_english_and_cuts_nothing_off(german_window, catalogue):
    assert english_on(german_window, catalogue) == []
    assert cut_off(german_window) == []


def test_a_reading_shows_no_english_and_cuts_nothing_off(german_reading, catalogue, qtbot):
    window = german_reading
    window.ask("Is there a lesion?")
    qtbot.waitUntil(lambda: bool(window.session.exchanges()) and not window.session.is_answering, timeout=20_000)
    for name in ("show_findings", "show_measurements"):
        window.actions_by_name[name].trigger()
    assert english_on(window, catalogue) == []
    assert cut_off(window) == []


def test_pages_show_no_english_and_cut_nothing_off(german_window, catalogue, qtbot):
    found = {}
    for page in [title.lower() for title in PAGES[1:]]:
        german_window.show_page(page)
        qtbot.wait(20)
        if wrong := english_on(german_window, catalogue) + cut_off(german_window):
            found[page] = wrong
    assert found == {}


def test_menus_that_do_not_fit_are_behind_a_button_that_nothing_covers(german_window, qtbot):
    german_window.resize(german_window.minimumSizeHint())
    (bar,) = german_window.findChildren(QMenuBar)
    (more,) = bar.findChildren(QToolButton, "qt_menubar_ext_button")
    qtbot.waitUntil(more.isVisible)
    assert german_window.childAt(more.mapTo(german_window, more.rect().center())) is more


NATIVE = ("open_files", "open_folder", "choose_model")
"""Actions that ask the system for a file: its dialog, in its language."""
DIALOGS = [spec.name for spec in ACTIONS if spec.text.endswith("…") and spec.name not in NATIVE] + [
    "shortcuts",
    "about",
]


def test_two_models_show_no_english_and_cut_nothing_off(german_reading, catalogue, qtbot, tmp_path):
    (tmp_path / "second").mkdir()
    german_reading.comparing.start(str(tmp_path / "second"))
    sides = german_reading.comparing.comparison.sides
    qtbot.waitUntil(lambda: all(side.state == "ready" for side in sides.values()), timeout=20_000)
    before = english_on(german_reading, catalogue) + cut_off(german_reading)
    german_reading.comparing.ask("Is there a lesion?")
    qtbot.waitUntil(lambda: all(side.exchange is not None for side in sides.values()), timeout=20_000)
    qtbot.waitUntil(lambda: not german_reading.comparing.comparison.is_answering, timeout=20_000)
    qtbot.wait(50)
    assert before + english_on(german_reading, catalogue) + cut_off(german_reading) == []
    german_reading.comparing.close()


def test_the_consent_shows_no_english_and_cuts_nothing_off(german, qtbot, catalogue):
    room = QWidget()
    qtbot.addWidget(room)
    dialog = ConsentDialog("api.example.org", "What is seen?", room)
    dialog.show()
    qtbot.waitExposed(dialog)
    assert english_on(dialog, catalogue) + cut_off(dialog) == []


def test_dialogs_show_no_english_and_cut_nothing_off(german_reading, catalogue, qtbot):
    found: dict[str, list[str]] = {}
    for name in DIALOGS:
        action = german_reading.actions_by_name[name]
        if not action.isEnabled():  # nothing to open in a window that remembers nothing
            continue
        action.trigger()
        qtbot.wait(100)
        opened = [dialog for dialog in german_reading.findChildren(QDialog) if dialog.isVisible()]
        for root in opened or [german_reading]:  # what cannot be opened is told in the window
            words = [root.windowTitle()] if catalogue.is_english(root.windowTitle()) else []
            if wrong := words + english_on(root, catalogue) + cut_off(root):
                found[name] = wrong
        for dialog in opened:
            found |= {f"{name}, cells": cells} if (cells := english_cells(dialog, catalogue)) else {}
            dialog.close()
    assert found == {}


# -------------------------------------------------------------------------------------------------- the checks themselves
def test_an_english_word_on_the_german_window_would_be_found(german, qtbot, catalogue):
    label = QLabel("Open an image first")
    qtbot.addWidget(label)
    assert english_on(label, catalogue) == ["QLabel: Open an image first"]


def test_a_label_that_is_too_narrow_would_be_found(qtbot):
    room = QWidget()
    qtbot.addWidget(room)
    label = QLabel("Nur für Forschungszwecke", room)
    label.setFixedWidth(20)
    room.show()
    assert len(cut_off(room)) == 1
