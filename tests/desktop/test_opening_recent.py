"""File > Open recent: what was opened, the newest first, and what of it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from tests.desktop.acting import SOON


@pytest.fixture
def recent(window) -> QMenu:
    return window.opening.menu


def entries(recent: QMenu) -> list[QAction]:
    return [action for action in recent.actions() if not action.isSeparator()]


def shown(qtbot, window, recent: QMenu) -> list[str]:
    """The menu as it stands once its paths have been looked for."""
    recent.aboutToShow.emit()
    qtbot.waitUntil(lambda: not window.opening.door._jobs, timeout=SOON)
    return [action.text() for action in entries(recent)]


def test_it_is_in_the_file_menu_below_open_folder(window, recent):
    (menu,) = [menu for menu in window.menuWidget().findChildren(QMenu) if recent.menuAction() in menu.actions()]
    actions = menu.actions()
    assert menu.title() == "&File"
    assert actions.index(recent.menuAction()) == actions.index(window.actions_by_name["open_folder"]) + 1


def test_nothing_is_said_to_be_nothing(qtbot, window, recent):
    assert shown(qtbot, window, recent) == ["Nothing was opened yet"]
    assert not entries(recent)[0].isEnabled()


def test_what_was_opened_last_comes_first_and_opens_again(qtbot, window, recent, bright, ct_folder):
    window.opening.note([bright])
    window.opening.note([ct_folder])
    assert shown(qtbot, window, recent) == ["&1  ct", "&2  bright.png", "&Clear the list"]
    entries(recent)[1].trigger()
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert window.session.key == str(bright)
    assert window.settings.recent == (str(bright), str(ct_folder))


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # offscreen: a menu cannot grab the keyboard
def test_a_key_opens_what_is_listed(qtbot, window, recent, bright):
    window.opening.note([bright])
    recent.popup(window.mapToGlobal(window.rect().center()))
    qtbot.keyClick(recent, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert not recent.isVisible()


def test_what_is_gone_is_grey_and_says_so(qtbot, window, recent, bright, tmp_path):
    window.opening.note([tmp_path / "gone & lost.zip", bright])
    texts = shown(qtbot, window, recent)
    assert texts[0] == "&1  gone && lost.zip  (not there any more)"
    assert [action.isEnabled() for action in entries(recent)] == [False, True, True]
    assert entries(recent)[0].toolTip() == str(tmp_path / "gone & lost.zip")


def test_ten_are_kept_and_the_last_has_the_digit_nought(qtbot, window, recent, tmp_path):
    for number in range(12):
        path = tmp_path / f"{number}"
        path.mkdir()
        window.opening.note([path])
    texts = shown(qtbot, window, recent)
    assert texts == [f"&{(n + 1) % 10}  {11 - n}" for n in range(10)] + ["&Clear the list"]


def test_the_list_is_cleared(qtbot, window, recent, bright):
    window.opening.note([bright])
    shown(qtbot, window, recent)
    entries(recent)[-1].trigger()
    assert window.settings.recent == ()
    assert shown(qtbot, window, recent) == ["Nothing was opened yet"]


def test_a_path_from_the_command_line_is_kept_whole(window, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    window.opening.note([Path("scan.dcm")])
    assert window.settings.recent == (str(tmp_path / "scan.dcm"),)
