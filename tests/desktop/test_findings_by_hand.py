"""Findings under the hand: drawn, moved and resized on the image, named and judged in the list, undone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QComboBox

from tests.desktop.acting import ask, drag, moved, only_card
from umed_core.geometry import PixelBox

LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SIZE = (200, 100)


def on_screen(window, x: float, y: float) -> QPoint:
    there = window.parts.viewer.view.affine.to_screen(x, y)
    return QPoint(round(there[0]), round(there[1]))


def drag_image(qtbot, window, start: tuple[float, float], end: tuple[float, float]) -> None:
    drag(qtbot, window.parts.viewer.view, LEFT, on_screen(window, *start), on_screen(window, *end))


def pixels(window, number: int = 0) -> PixelBox:
    box = window.session.findings()[number].box.pixels(*SIZE)
    return PixelBox(round(box.x0, 6), round(box.y0, 6), round(box.x1, 6), round(box.y1, 6))


def row(window, number: int = 0) -> list[str]:
    item = window.parts.findings.table.topLevelItem(number)
    return [item.text(column) for column in range(6)]


@pytest.fixture
def found(qtbot, reading):
    """The bright rectangle, x 100..140 and y 20..40, found by the fake model and chosen in the list."""
    ask(qtbot, reading, "what is bright?")
    table = reading.parts.findings.table
    table.setCurrentItem(table.topLevelItem(0))
    QApplication.processEvents()  # the list has just appeared: the image is as high as it will be
    return reading


# --------------------------------------------------------------------------------------------------------- on the image
def test_a_corner_handle_resizes_the_chosen_box(qtbot, found):
    before = found.session.shown_window()
    drag_image(qtbot, found, (140, 40), (150, 60))
    assert pixels(found) == PixelBox(100, 20, 150, 60)
    assert row(found)[1] == "Edited"
    assert found.session.shown_window() == before  # the drag was the handle's, not the window's


def test_the_outline_moves_the_box_and_its_inside_is_window_and_level(qtbot, found):
    before = found.session.shown_window()
    drag_image(qtbot, found, (110, 20), (90, 30))
    assert pixels(found) == PixelBox(80, 30, 120, 50)
    drag_image(qtbot, found, (100, 40), (120, 40))
    assert pixels(found) == PixelBox(80, 30, 120, 50)
    assert found.session.shown_window() != before


def test_the_same_pixels_are_held_under_turn_and_mirror(qtbot, found):
    found.actions_by_name["turn"].trigger()
    found.actions_by_name["mirror"].trigger()
    drag_image(qtbot, found, (140, 40), (150, 60))
    assert pixels(found) == PixelBox(100, 20, 150, 60)


def test_a_handle_shows_where_it_leads_as_the_image_lies(qtbot, found):
    view = found.parts.viewer.view

    def cursor_at(x: float, y: float) -> Qt.CursorShape:
        QApplication.sendEvent(view, moved(view, on_screen(found, x, y), Qt.MouseButton.NoButton))
        return view.cursor().shape()

    assert cursor_at(140, 40) == Qt.CursorShape.SizeFDiagCursor
    assert cursor_at(140, 30) == Qt.CursorShape.SizeHorCursor
    found.actions_by_name["turn"].trigger()
    assert cursor_at(140, 40) == Qt.CursorShape.SizeBDiagCursor
    assert cursor_at(140, 30) == Qt.CursorShape.SizeVerCursor


@pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen platform's remarks about a completer's popup
def test_a_box_is_drawn_by_hand_named_and_undone(qtbot, found):
    found.actions_by_name["draw_box"].trigger()
    assert found.parts.findings.draw.isChecked()
    drag_image(qtbot, found, (10, 80), (30, 60))
    assert not found.parts.findings.draw.isChecked()  # one box, then the left button is as before
    assert pixels(found, 1) == PixelBox(10, 60, 30, 80)
    editor = found.parts.findings.table.findChild(QComboBox)
    assert editor is not None and editor.hasFocus()  # it asks for the class at once
    qtbot.keyClicks(editor, "my own words")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row(found, 1)[0] == "my own words")
    assert row(found, 1)[1] == "Added by hand"
    assert row(found, 1)[5] == "By hand"
    for _ in range(2):
        found.actions_by_name["undo"].trigger()
    assert len(found.session.findings()) == 1


def test_escape_draws_nothing(qtbot, found):
    view = found.parts.viewer.view
    found.actions_by_name["draw_box"].trigger()
    qtbot.mousePress(view, LEFT, PLAIN, on_screen(found, 10, 60))
    QApplication.sendEvent(view, moved(view, on_screen(found, 30, 80), LEFT))
    found.actions_by_name["stop"].trigger()
    qtbot.mouseRelease(view, LEFT, PLAIN, on_screen(found, 30, 80))
    assert len(found.session.findings()) == 1
    assert not found.actions_by_name["draw_box"].isChecked()


def test_a_click_in_drawing_mode_draws_nothing(qtbot, found):
    found.actions_by_name["draw_box"].trigger()
    qtbot.mouseClick(found.parts.viewer.view, LEFT, PLAIN, on_screen(found, 30, 80))
    assert len(found.session.findings()) == 1


def test_drawing_needs_an_image(qtbot, window):
    window.actions_by_name["draw_box"].trigger()
    assert "No image is open" in window.parts.notice.message.text()
    assert not window.actions_by_name["draw_box"].isChecked()


# ---------------------------------------------------------------------------------------------------------- in the list
def test_a_class_is_chosen_from_umeds_or_written(qtbot, found):
    from umed_core.mau.knowledge import CLASSES

    found.actions_by_name["edit_class"].trigger()
    editor = found.parts.findings.table.findChild(QComboBox)
    assert [editor.itemText(number) for number in range(editor.count())] == sorted(CLASSES)
    assert editor.currentText() == "kidney stone"
    editor.setCurrentIndex(editor.findText("polyp"))
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row(found)[0] == "1  polyp")
    assert found.parts.viewer.view._boxes[0].text == "1  polyp"
    found.actions_by_name["undo"].trigger()
    assert row(found)[0] == "1  kidney stone"


@pytest.mark.parametrize("label", ["pulmonary tuberculosis", "a class that somebody wrote at some length, by hand"])
def test_every_column_is_in_sight_whatever_the_class_is_called(qtbot, found, label):
    found.resize(1440, 900)
    found.session.name_class(found.parts.findings.chosen_ref(), label)
    found.session.place_box(found.parts.findings.chosen_ref(), PixelBox(2810, 2810, 2999, 2999).normalized(3000, 3000))
    QApplication.processEvents()
    table = found.parts.findings.table
    assert row(found)[0] == table.topLevelItem(0).toolTip(0) == f"1  {label}"
    widths = [table.columnWidth(column) for column in range(6)]
    assert table.horizontalScrollBar().maximum() == 0, (widths, table.viewport().width())


def test_the_origin_of_a_finding_is_told_with_the_hash_the_question_and_every_edit(qtbot, found):
    qtbot.mouseClick(found.parts.findings.accept, LEFT)
    told = found.parts.findings._details.text()
    assert "fake" in told
    assert "sha256 " + "0" * 16 in told
    assert "“what is bright?”" in told
    assert told.endswith("Accepted.")


def test_arrows_move_and_resize_the_chosen_box_by_a_pixel(qtbot, found):
    table = found.parts.findings.table
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Right, CONTROL)
    qtbot.keyClick(table, Qt.Key.Key_Up, CONTROL)
    assert pixels(found) == PixelBox(101, 19, 141, 39)
    qtbot.keyClick(table, Qt.Key.Key_Left, CONTROL | Qt.KeyboardModifier.ShiftModifier)
    assert pixels(found) == PixelBox(101, 19, 140, 39)


def test_delete_takes_a_finding_from_image_and_list_until_undo(qtbot, found):
    qtbot.mouseClick(found.parts.findings.delete, LEFT)
    assert found.parts.viewer.view._boxes == ()
    assert found.parts.findings.table.topLevelItemCount() == 0
    assert not found.parts.findings.delete.isEnabled()
    assert "box 1" in only_card(found).answer.toPlainText()  # what the model wrote stays written
    found.actions_by_name["undo"].trigger()
    assert found.parts.findings.table.topLevelItemCount() == 1


def test_an_answer_that_comes_while_a_class_is_written_does_not_tear_the_pen_away(qtbot, found):
    found.actions_by_name["edit_class"].trigger()
    editor = found.parts.findings.table.findChild(QComboBox)
    editor.setEditText("half wri")
    found.ask("what else is bright?")
    qtbot.waitUntil(lambda: not found.session.is_answering, timeout=20_000)
    assert found.parts.findings.table.findChild(QComboBox) is editor
    assert editor.currentText() == "half wri"
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: found.parts.findings.table.topLevelItemCount() == 2)
    assert row(found)[0] == "1  half wri"


def test_a_chosen_layer_is_drawn(qtbot, found):
    card = only_card(found)
    piece = next(piece for piece in card.answer._pieces if piece.shown == "kidney")
    card.answer.piece_clicked.emit(piece)
    bar = found.parts.viewer.attention
    assert [bar.layer.itemText(n) for n in range(bar.layer.count())] == ["Mean of layers", "Layer 1", "Layer 2"]
    bar.layer.setCurrentIndex(2)
    bar.layer.activated.emit(2)
    looked = found.session.attention()
    assert looked is not None and looked.layer == 1
    assert bar.layer.currentText() == "Layer 2"
