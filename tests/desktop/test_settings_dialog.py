"""What a person chooses in the settings holds at once; Cancel brings back; what is kept is counted and cleared."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QMessageBox, QSpinBox, QWidget

from tests.desktop.acting import show_in_front
from umed_core.library.index import StudyIndex
from umed_core.library.search import StudyQuery
from umed_desktop.app import keep_house
from umed_desktop.recovery.keeping import conversations_folder
from umed_desktop.settings import Settings, load_settings
from umed_desktop.settings_dialog.settings_dialog import EDITED, SettingsDialog
from umed_desktop.window.main_window import MainWindow
from umed_desktop.window.settings_wiring import SettingsWiring

SOON = 20_000


@pytest.fixture(autouse=True)
def faults_are_pytests_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start has faults logged for the rest of the process."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)


@pytest.fixture
def kept(qtbot, worker, tmp_path: Path):
    """A shown window that remembers, with the fake model."""
    made = MainWindow(Settings(model="fake", recent=("/a", "/b")), tmp_path / "conf" / "desktop.json", worker)
    qtbot.addWidget(made)
    show_in_front(qtbot, made)
    yield made
    made.close()


@pytest.fixture
def dialog(kept, qtbot) -> SettingsDialog:
    made = SettingsWiring(kept).open()
    show_in_front(qtbot, made)
    return made


def choose(field: QWidget, value: object) -> None:
    """As a person picks an entry of a list."""
    assert isinstance(field, QComboBox)
    field.setCurrentIndex(field.findData(value))
    field.activated.emit(field.currentIndex())


def keep_conversation(path: Path, name: str, days_ago: float = 0) -> Path:
    folder = conversations_folder(path)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text("{}")
    os.utime(file, (time.time() - 86_400 * days_ago,) * 2)
    return file


def test_the_key_opens_it(kept, qtbot):
    qtbot.keyClick(kept, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = kept.findChildren(SettingsDialog)
    assert dialog.isVisible()


def test_it_opens_on_every_page(kept):
    kept.show_page("evaluate")
    assert kept.actions_by_name["settings"].isEnabled()
    assert not kept.actions_by_name["undo"].isEnabled()


def test_a_theme_holds_at_once_and_cancel_brings_back(kept, dialog):
    choose(dialog.fields["theme"], "light")
    assert kept.settings.theme == "light" and kept.actions_by_name["light_theme"].isChecked()
    dialog.reject()
    assert kept.settings.theme == "dark" and not kept.actions_by_name["light_theme"].isChecked()


def test_ok_keeps_it_and_writes_it_down_at_once(kept, dialog):
    dialog.fields["volumes_mb"].setValue(2048)
    dialog.accept()
    assert kept.viewports.volumes.budget == 2048 * 2**20
    assert load_settings(kept.settings_path).volumes_mb == 2048


def test_cancel_brings_back_no_more_than_was_changed_here(kept, dialog):
    """What the window remembered meanwhile stays."""
    dialog.fields["cine_fps"].setValue(25)
    assert kept.parts.viewer.cine.fps.value() == 25
    kept.settings = replace(kept.settings, recent=("/new",))
    dialog.reject()
    assert kept.settings.cine_fps == Settings().cine_fps and kept.settings.recent == ("/new",)
    assert kept.parts.viewer.cine.fps.value() == Settings().cine_fps


def test_links_loop_and_attention_reach_the_viewer(kept, dialog):
    for name in ("cine_loops", "links_scroll", "links_window"):
        field = dialog.fields[name]
        assert isinstance(field, QCheckBox)
        before = getattr(kept.settings, name)
        field.click()
        assert getattr(kept.settings, name) is not before
    assert kept.viewports.links_window and not kept.viewports.links_scroll
    assert kept.actions_by_name["link_window"].isChecked() and not kept.actions_by_name["loop"].isChecked()
    dialog.fields["attention_opacity"].setValue(25)
    choose(dialog.fields["attention_colors"], "viridis")
    assert (kept.settings.attention_opacity, kept.settings.attention_colors) == (0.25, "viridis")


def test_another_device_loads_the_model_again(kept, dialog, qtbot):
    kept.start_model()
    qtbot.waitUntil(lambda: kept.session.model_state == "ready", timeout=SOON)
    choose(dialog.fields["device"], "cpu")
    qtbot.waitUntil(lambda: kept.session.model is not None and kept.session.model.device == "CPU", timeout=SOON)


def test_a_language_says_when_it_comes(dialog):
    word = dialog._language_word
    assert word.isHidden()
    choose(dialog.fields["language"], "de")
    assert not word.isHidden() and "again" in word.text()
    choose(dialog.fields["language"], "system")
    assert word.isHidden()


def test_defaults_come_back_all_at_once(kept, dialog):
    choose(dialog.fields["theme"], "light")
    dialog.fields["keep_days"].setValue(7)
    dialog.defaults.click()
    assert (kept.settings.theme, kept.settings.keep_days, kept.settings.model) == ("dark", 0, "")
    days = dialog.fields["keep_days"]
    assert isinstance(days, QSpinBox) and days.text() == "always"


def test_every_field_has_a_label_that_leads_to_it(dialog):
    assert set(dialog.fields) == set(EDITED)
    led_to = {label.buddy() for label in dialog.findChildren(QLabel)}
    for name, field in dialog.fields.items():
        assert field in led_to, name
        assert field.accessibleName() or field.text(), name
        assert field.focusPolicy() & Qt.FocusPolicy.TabFocus, name


def test_labels_stand_beside_their_fields(dialog, qtbot):
    """The label's middle is at the height of its field's."""
    for number in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(number)
        for form in dialog.tabs.widget(number).findChildren(QFormLayout):
            for row in range(form.rowCount()):
                label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
                field = form.itemAt(row, QFormLayout.ItemRole.FieldRole)
                if label is not None and isinstance(label.widget(), QLabel) and label.widget().text():
                    gap = label.geometry().center().y() - field.geometry().center().y()
                    assert abs(gap) <= 4, label.widget().text()


# ------------------------------------------------------------------------------------------------------ what is kept
def test_what_is_kept_is_counted_and_cleared_after_a_question(kept, qtbot):
    file = keep_conversation(kept.settings_path, "a")
    dialog = SettingsWiring(kept).open()
    button = dialog.kept.buttons["conversations"]
    qtbot.waitUntil(button.isEnabled, timeout=SOON)
    assert "1" in dialog.kept.much["conversations"].text()
    button.click()
    question = dialog.kept.question
    assert question is not None and "nothing brings them back" in question.text()
    assert file.exists()
    qtbot.mouseClick(question.button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not file.exists(), timeout=SOON)
    qtbot.waitUntil(lambda: not button.isEnabled(), timeout=SOON)


def test_a_question_that_is_refused_clears_nothing(kept, qtbot):
    file = keep_conversation(kept.settings_path, "a")
    dialog = SettingsWiring(kept).open()
    qtbot.waitUntil(dialog.kept.buttons["conversations"].isEnabled, timeout=SOON)
    dialog.kept.buttons["conversations"].click()
    qtbot.keyClick(dialog.kept.question, Qt.Key.Key_Escape)
    assert file.exists()


def test_the_recent_list_is_cleared(kept, qtbot):
    dialog = SettingsWiring(kept).open()
    dialog.kept.buttons["recent"].click()
    qtbot.mouseClick(dialog.kept.question.button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)
    assert kept.settings.recent == ()
    assert kept.welcome.page.recent == []


def test_the_study_browser_forgets_all(kept, qtbot, bright: Path):
    kept.open_paths([bright])
    qtbot.waitUntil(lambda: kept.session.image is not None, timeout=SOON)
    index = kept.settings_path.parent / "library.db"
    qtbot.waitUntil(index.exists, timeout=SOON)
    dialog = SettingsWiring(kept).open()
    button = dialog.kept.buttons["library"]
    qtbot.waitUntil(button.isEnabled, timeout=SOON)
    button.click()
    qtbot.mouseClick(dialog.kept.question.button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: known_studies(index) == 0, timeout=SOON)


def known_studies(index: Path) -> int:
    with StudyIndex(index) as opened:
        return opened.search(StudyQuery()).total


def test_the_switch_of_the_study_browser_is_here_too(kept, dialog):
    kept.library.open_browser()
    browser = kept.library._browser
    dialog.fields["remember_studies"].click()
    assert not kept.settings.remember_studies and not browser.remember.isChecked()
    browser.close()


def test_a_window_that_remembers_nothing_says_so(window):
    dialog = SettingsWiring(window).open()
    assert not any(dialog.kept.buttons[name].isEnabled() for name in ("conversations", "measurements", "samples"))
    dialog.reject()


def test_old_conversations_go_when_umed_starts(kept, qtbot):
    old, young = keep_conversation(kept.settings_path, "old", 31), keep_conversation(kept.settings_path, "young", 29)
    kept.settings = replace(kept.settings, keep_days=30)
    keep_house(kept)
    qtbot.waitUntil(lambda: not old.exists(), timeout=SOON)
    assert young.exists()
    qtbot.waitUntil(lambda: "older than 30 days" in kept.log.path.read_text("utf-8"), timeout=SOON)


def test_without_a_number_of_days_they_stay(kept, qtbot):
    old = keep_conversation(kept.settings_path, "old", 4000)
    keep_house(kept)
    qtbot.wait(100)
    assert old.exists()


def test_the_archives_have_a_dialog_of_their_own(kept, dialog, qtbot):
    from umed_desktop.pacs.nodes_dialog import NodesDialog

    qtbot.mouseClick(dialog.archives, Qt.MouseButton.LeftButton)
    (nodes,) = dialog.findChildren(NodesDialog)
    assert nodes.isVisible()
    nodes.reject()
