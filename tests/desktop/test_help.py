"""What Help shows: every key, versions to pass on, licences with their texts, and a log that names nobody."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLineEdit, QTreeWidget

from tests.desktop.acting import SOON, drop, show_in_front
from umed_core import __version__
from umed_desktop.actions import ACTIONS, action_word, keys_said
from umed_desktop.dialogs import shortcuts_dialog
from umed_desktop.help import versions
from umed_desktop.help.about_dialog import AboutDialog
from umed_desktop.help.faults import log_faults
from umed_desktop.help.logs_dialog import LogsDialog
from umed_desktop.help.versions import licence_lines, licence_text, version_lines
from umed_desktop.help.window_log import LAST_LINES, WindowLog
from umed_desktop.settings import Settings
from umed_desktop.window.main_window import MainWindow


@pytest.fixture
def kept(qtbot, worker, tmp_path: Path):
    """A shown window that remembers, and so keeps a log."""
    made = MainWindow(Settings(model="fake"), tmp_path / "conf" / "desktop.json", worker)
    qtbot.addWidget(made)
    show_in_front(qtbot, made)
    yield made
    made.close()


# --------------------------------------------------------------------------------------------------- keys and mouse
def shown_rows(table: QTreeWidget) -> list[tuple[str, str, str]]:
    """(section, key, what it does) of what is not hidden."""
    sections = [table.topLevelItem(number) for number in range(table.topLevelItemCount())]
    rows = [(section, section.child(row)) for section in sections for row in range(section.childCount())]
    return [
        (section.text(0), row.text(0), row.text(1))
        for section, row in rows
        if not section.isHidden() and not row.isHidden()
    ]


def test_f1_shows_every_action_with_a_key_below_its_menu(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_F1)
    (table,) = [found for found in window.findChildren(QTreeWidget) if found.headerItem().text(0) == "Key"]
    rows = shown_rows(table)
    for spec in ACTIONS:
        if spec.keys:
            words = action_word(spec.text).replace("&", "").rstrip("…")
            assert (spec.menu.replace("&", ""), keys_said(spec.keys).replace("; ", ", "), words) in rows
    assert ("Mouse", "Wheel", "Slice") in rows


def test_a_key_or_a_word_is_found(window, qtbot):
    dialog = shortcuts_dialog(window)
    table, find = dialog.findChild(QTreeWidget), dialog.findChild(QLineEdit)
    qtbot.keyClicks(find, "ctrl+b")
    assert ("File", "Ctrl+B", "Study browser") in shown_rows(table)
    assert all("ctrl+b" in key.casefold() for _, key, _ in shown_rows(table))
    find.setText("no such word")
    assert shown_rows(table) == []
    find.clear()
    assert len(shown_rows(table)) > 60
    dialog.close()


def test_each_key_that_the_guide_names_is_one_of_the_window(repository: Path):
    guide = (repository / "docs" / "READING.md").read_text()
    named = set(re.findall(r"\b(?:Ctrl|Alt|Shift)\+(?:,|[^\s),.]+)|\bF\d+\b|(?<=\()[A-Z](?=[),])", guide))
    assert {"Ctrl+,", "Ctrl+Shift+A", "Alt+2", "F1", "K", "D", "Shift+K"} <= named
    assert named <= {key for spec in ACTIONS for key in spec.keys}


# ----------------------------------------------------------------------------------------------------- About
def test_the_versions_are_copied(window, qtbot):
    window.actions_by_name["about"].trigger()
    (dialog,) = window.findChildren(AboutDialog)
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == f"umed {__version__}" and f"Qt {qVersion()}" in copied
    assert copied == dialog.versions.toPlainText().splitlines()
    dialog.close()


def test_a_version_is_told_of_what_is_installed_and_of_nothing_else(monkeypatch: pytest.MonkeyPatch):
    told = version_lines("6.0")
    assert any(line.startswith("pydicom ") for line in told)
    monkeypatch.setattr("umed_desktop.help.versions._TOLD", ("no-such-package",))
    assert len(version_lines("6.0")) == 4  # umed, Python, Qt and the system


def test_a_licence_is_read_where_it_is_chosen(window, qtbot):
    dialog = AboutDialog("umed-mini · CPU", window)
    dialog.tabs.setCurrentIndex(1)
    assert "Apache License" in dialog.licence.toPlainText()  # umed's own, until another is chosen
    (row,) = dialog.licences.findItems("PySide6-Essentials", Qt.MatchFlag.MatchExactly)
    dialog.licences.setCurrentItem(row)
    assert row.text(2) == "LGPL-3.0"
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in dialog.licence.toPlainText()
    dialog.close()


def test_what_is_shipped_is_named_with_its_licence_and_its_text():
    for name, _, licence in licence_lines():
        assert licence not in ("", "not stated"), name
        assert len(licence_text(name)) > 100, name


def test_what_umed_depends_on_is_named(repository: Path):
    """Every direct dependency of what the window needs and can do; those of training are not shipped."""
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(need for extra in ("cpu", "dicom", "desktop", "pacs", "mau") for need in extras[extra]),
    ]
    names = {need.partition(">")[0].partition("=")[0].strip().casefold() for need in wanted}
    assert names <= {name.casefold() for name, _, _ in licence_lines()}


# ----------------------------------------------------------------------------------------------------- the log
def test_the_last_lines_are_shown_and_copied_and_the_folder_is_opened(kept, qtbot, monkeypatch: pytest.MonkeyPatch):
    for number in range(LAST_LINES + 50):
        kept.log.note(f"line {number}")
    kept.actions_by_name["logs"].trigger()
    (dialog,) = kept.findChildren(LogsDialog)
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert len(copied) == LAST_LINES and copied[0].endswith("line 50") and copied[-1].endswith("line 249")
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())))
    qtbot.mouseClick(dialog.folder, Qt.MouseButton.LeftButton)
    assert opened == [kept.log.path.parent]
    dialog.close()


def test_a_window_that_remembers_nothing_keeps_no_log(window):
    window.actions_by_name["logs"].trigger()
    (dialog,) = window.findChildren(LogsDialog)
    assert not dialog.copy.isEnabled() and not dialog.folder.isEnabled()
    dialog.close()


def test_what_could_not_be_opened_is_logged_without_its_name(kept, qtbot, tmp_path: Path):
    patient = tmp_path / "DOE^JANE"
    patient.mkdir()
    (patient / "PAT-00417.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\1" * 60)
    drop(kept, patient)
    qtbot.waitUntil(lambda: bool(kept.session.refused) or kept.parts.notice.isVisible(), timeout=SOON)
    qtbot.waitUntil(lambda: kept.log.path.exists(), timeout=SOON)
    logged = kept.log.path.read_text("utf-8")
    assert "WARNING" in logged
    assert not [secret for secret in ("DOE", "PAT-00417", str(tmp_path)) if secret in logged]


def test_a_bug_is_logged_by_its_kind_and_still_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shown = []
    monkeypatch.setattr(sys, "excepthook", lambda *what: shown.append(what))
    log = WindowLog(tmp_path / "desktop.log")
    log_faults(log)
    bug = ValueError("DOE^JANE")
    sys.excepthook(ValueError, bug, None)
    log.close()
    (line,) = log.path.read_text("utf-8").splitlines()
    assert line.endswith("ERROR ValueError at elsewhere")
    assert shown == [(ValueError, bug, None)]


class StrictMetadata:
    """As a newer importlib_metadata has it: a field that is not stated raises."""

    def get_all(self, name: str) -> list[str] | None:
        return {"Classifier": ["Topic :: Imaging", "License :: OSI Approved :: MIT License"]}.get(name)

    def __getitem__(self, name: str) -> str:
        raise KeyError(name)


def test_a_package_that_states_its_licence_by_a_classifier_alone_is_listed(monkeypatch):
    package = SimpleNamespace(version="1.0", metadata=StrictMetadata())
    monkeypatch.setattr(versions, "_installed", lambda name: package if name == "pydicom" else None)
    assert ("pydicom", "1.0", "MIT License") in licence_lines()
