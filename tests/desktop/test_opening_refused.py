"""The list of what could not be opened: by kinds of reasons, by words, copied as text, and quick with 20,000 files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from tests.desktop.acting import SOON, show_in_front
from umed_core.errors import CorruptImage, UmedError, UnsupportedImage
from umed_desktop.session.refusals import as_text, kinds_of, refusals_of
from umed_desktop.studies.refused_dialog import RefusedDialog, RefusedTable


def refused(folder: Path, count: int) -> list[tuple[Path, UmedError]]:
    """Every third file is a text, the others are cut off, each at another byte."""
    found: list[tuple[Path, UmedError]] = []
    for number in range(count):
        path = folder / f"{number:05}.dcm"
        text = UnsupportedImage(f"{path} is plain text.", "Open DICOM files.")
        cut = CorruptImage(
            f"{path} is cut off: its pixels take 900 bytes, {number} are there.", "Ask for the original."
        )
        found.append((path, text if number % 3 == 0 else cut))
    return found


# ------------------------------------------------------------------------------------------------------ as plain words
def test_a_reason_is_told_without_the_path_and_kinds_without_numbers(tmp_path):
    first, second, third = refusals_of(refused(tmp_path / "a", 3))
    assert (first.name, first.reason) == ("00000.dcm", "Is plain text.")
    assert second.reason == "Is cut off: its pixels take 900 bytes, 1 are there."
    assert second.kind == third.kind == "Is cut off: its pixels take … bytes, … are there."
    assert kinds_of([first, second, third]) == [(second.kind, 2), (first.kind, 1)]


def test_names_begin_below_what_all_files_share():
    why = UnsupportedImage("no.", "")
    paths = [Path("/cd/a/1"), Path("/cd/b/2"), Path("/cd/b/c/3")]
    assert [one.name for one in refusals_of([(path, why) for path in paths])] == ["a/1", "b/2", "b/c/3"]
    assert [one.name for one in refusals_of([(Path("/cd/a/1"), why)])] == ["1"]


@given(st.lists(st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=5), min_size=1, max_size=8))
def test_every_file_is_a_line_of_three_cells(names):
    text = as_text(refusals_of([(Path("/f") / name, CorruptImage("broken\tin\ntwo", "ask")) for name in names]))
    assert [line.count("\t") for line in text.split("\n")] == [2] * len(names)


# --------------------------------------------------------------------------------------------------------- the dialog
@pytest.fixture
def dialog(qtbot, tmp_path):
    made = RefusedDialog(refusals_of(refused(tmp_path, 9)))
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    show_in_front(qtbot, made)
    return made


def test_it_shows_each_file_with_reason_and_hint(dialog):
    model = dialog.model
    cells = [model.index(1, column).data() for column in range(model.columnCount())]
    assert cells == ["00001.dcm", "Is cut off: its pixels take 900 bytes, 1 are there.", "Ask for the original."]
    assert (model.rowCount(), dialog.count.text()) == (9, "9 of 9 files")


def test_a_kind_of_reason_is_chosen(dialog):
    assert [dialog.kind.itemText(row) for row in range(dialog.kind.count())] == [
        "All reasons (9)",
        "Is cut off: its pixels take … bytes, … are there. (6)",
        "Is plain text. (3)",
    ]
    dialog.kind.setCurrentIndex(2)
    assert [one.name for one in dialog.model.rows] == ["00000.dcm", "00003.dcm", "00006.dcm"]
    assert dialog.count.text() == "3 of 9 files"


def test_words_are_found_in_names_and_reasons(qtbot, dialog):
    qtbot.keyClicks(dialog.words, "00007")
    assert [one.name for one in dialog.model.rows] == ["00007.dcm"]
    dialog.words.clear()
    qtbot.keyClicks(dialog.words, "CUT OFF")
    assert len(dialog.model.rows) == 6
    qtbot.keyClicks(dialog.words, " nowhere")
    assert (dialog.model.rowCount(), dialog.copy.isEnabled()) == (0, False)


def test_what_is_shown_is_copied_as_text(qtbot, dialog, tmp_path):
    dialog.kind.setCurrentIndex(2)
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert lines[1] == f"{tmp_path}/00003.dcm\tIs plain text.\tOpen DICOM files."
    assert len(lines) == 3
    dialog.table.selectRow(0)
    qtbot.keyClick(dialog.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == f"{tmp_path}/00000.dcm\tIs plain text.\tOpen DICOM files."


def test_all_of_it_is_reached_by_keyboard_and_has_a_name(dialog):
    for widget in (dialog.kind, dialog.words, dialog.table, dialog.copy, dialog.close_button):
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert widget.accessibleName() or widget.text()


def test_of_twenty_thousand_files_only_the_rows_in_sight_are_asked_for(qtbot, tmp_path, monkeypatch):
    """What makes the list quick, whatever the machine: nothing measures, draws or filters by asking for every cell."""
    asked: list[int] = []

    class Counting(RefusedTable):
        def data(self, index, role=Qt.ItemDataRole.DisplayRole):
            asked.append(index.row())
            return super().data(index, role)

    monkeypatch.setattr("umed_desktop.studies.refused_dialog.RefusedTable", Counting)
    many = refused(tmp_path, 20_000)
    made = RefusedDialog(refusals_of(many))
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    made.grab()  # draws it whole
    made.words.setText("is plain")
    made.grab()
    made.table.scrollToBottom()
    made.grab()
    assert made.count.text() == "6,667 of 20,000 files"
    assert 0 < len(set(asked)) < 100


# --------------------------------------------------------------------------------------------------------- the window
def test_the_row_and_the_bar_and_the_menu_open_it(qtbot, window, ct_folder):
    action = window.actions_by_name["show_refused"]
    assert not action.isEnabled()
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    tree = window.parts.series.tree
    row = tree.topLevelItem(tree.topLevelItemCount() - 1)

    def click_row() -> None:
        qtbot.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualItemRect(row).center())

    def press_enter() -> None:
        tree.setCurrentItem(row)
        qtbot.keyClick(tree, Qt.Key.Key_Return)

    def press_button() -> None:
        qtbot.mouseClick(window.parts.notice.action, Qt.MouseButton.LeftButton)

    for deed in (press_button, click_row, press_enter, action.trigger):
        assert window.findChildren(RefusedDialog) == []
        deed()
        (dialog,) = window.findChildren(RefusedDialog)
        assert [one.name for one in dialog.model.rows] == ["report.dcm"]
        show_in_front(qtbot, dialog)
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        qtbot.waitUntil(lambda: window.findChildren(RefusedDialog) == [])
    assert window.session.image.frame_count == 5  # the series stays


def test_a_folder_without_refused_files_has_no_such_row(qtbot, window, ct_folder):
    (ct_folder / "report.dcm").unlink()
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    tree = window.parts.series.tree
    assert "not opened" not in tree.topLevelItem(tree.topLevelItemCount() - 1).text(0)
    assert not window.actions_by_name["show_refused"].isEnabled()
