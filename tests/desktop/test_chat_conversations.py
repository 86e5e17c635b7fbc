"""The conversation as a person uses it: edit and resend, several conversations, no forced scroll, a calm stream."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication

from tests.desktop.acting import SOON, ask, only_card
from umed_desktop.chat.answer_view import AnswerView
from umed_desktop.session.answer_text import pieces_of
from umed_desktop.theme import DARK

LEFT = Qt.MouseButton.LeftButton


def questions(window) -> list[str]:
    return [exchange.question for exchange in window.session.exchanges()]


def listed(window) -> list[str]:
    box = window.parts.chat.conversations.list
    return [box.itemText(number) for number in range(box.count())]


# -------------------------------------------------------------------------------------------------------- edit, resend
def test_a_question_is_edited_and_asked_in_place_of_the_old_one(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    field = reading.parts.chat.composer.field
    field.setPlainText("a draft")
    qtbot.mouseClick(only_card(reading)._edit, LEFT)
    assert field.toPlainText() == "what is bright?"
    assert reading.parts.chat.composer._edit_note.isVisible()
    qtbot.keyClicks(field, "what is dark?")  # the old one is selected: typing replaces it
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not reading.session.is_answering, timeout=SOON)
    assert questions(reading) == ["what is dark?"]
    assert field.toPlainText() == "a draft"  # what was being written is there again
    assert not reading.parts.chat.composer._edit_note.isVisible()
    reading.actions_by_name["undo"].trigger()
    assert questions(reading) == ["what is bright?", "what is dark?"]


def test_escape_leaves_an_edit_and_does_not_stop_anything(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    card = only_card(reading)
    card.answer.piece_clicked.emit(card.answer._pieces[0])  # a word is chosen: Esc would let it go
    qtbot.mouseClick(card._edit, LEFT)
    field = reading.parts.chat.composer.field
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert (field.toPlainText(), reading.parts.chat.composer.edited) == ("", 0)
    assert reading.session.selected_span() is not None


def test_a_question_that_is_deleted_while_it_is_edited_is_edited_no_more(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    qtbot.mouseClick(only_card(reading)._edit, LEFT)
    qtbot.mouseClick(only_card(reading)._remove, LEFT)
    assert reading.parts.chat.composer.edited == 0


def test_to_ask_again_leaves_a_draft_alone(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    reading.parts.chat.composer.field.setPlainText("a draft")
    qtbot.mouseClick(only_card(reading)._again, LEFT)
    qtbot.waitUntil(lambda: not reading.session.is_answering, timeout=SOON)
    assert reading.parts.chat.composer.field.toPlainText() == "a draft"


# -------------------------------------------------------------------------------------------------------- conversations
def test_a_new_conversation_and_back(qtbot, reading):
    bar = reading.parts.chat.conversations
    assert listed(reading) == ["No conversation yet"]
    ask(qtbot, reading, "what is bright?")
    qtbot.mouseClick(bar.new, LEFT)
    assert listed(reading) == ["what is bright?", "New conversation"]
    assert reading.parts.chat.cards == {}
    assert reading.parts.chat.composer._chips.itemAt(0).widget().isVisible()  # suggestions for the new one
    ask(qtbot, reading, "and now?")
    assert reading.session.exchanges()[0].text.startswith("Answer 1:")  # the model was told nothing of the other
    bar.list.setCurrentIndex(0)
    bar.list.activated.emit(0)
    assert questions(reading) == ["what is bright?"]


def test_a_conversation_is_renamed_in_place(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    bar = reading.parts.chat.conversations
    qtbot.mouseClick(bar.rename, LEFT)
    assert bar.name.isVisible() and bar.name.placeholderText() == "what is bright?"
    qtbot.keyClicks(bar.name, "left kidney")
    qtbot.keyClick(bar.name, Qt.Key.Key_Return)
    assert listed(reading) == ["left kidney"]
    qtbot.mouseClick(bar.rename, LEFT)
    qtbot.keyClicks(bar.name, "something else")
    qtbot.keyClick(bar.name, Qt.Key.Key_Escape)
    assert listed(reading) == ["left kidney"]
    assert bar.list.isVisible()


def test_a_deleted_conversation_comes_back_by_undo(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    qtbot.mouseClick(reading.parts.chat.conversations.remove, LEFT)
    assert listed(reading) == ["No conversation yet"]
    reading.actions_by_name["undo"].trigger()
    assert listed(reading) == ["what is bright?"]


def test_a_settled_finding_stays_while_another_conversation_is_shown(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    (ref,) = reading.session.boxes()
    reading.session.judge(ref, "accepted")
    qtbot.mouseClick(reading.parts.chat.conversations.new, LEFT)
    assert reading.parts.findings.table.topLevelItemCount() == 1
    assert [box.ref for box in reading.parts.viewer.view._boxes] == [ref]


# --------------------------------------------------------------------------------------------------------- the stream
def test_a_reader_who_scrolled_up_is_left_there_while_the_answer_comes(qtbot, reading):
    reading.resize(1280, 420)
    for _ in range(3):
        ask(qtbot, reading, "what is bright?")
    bar = reading.parts.chat._scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 100)
    ask(qtbot, reading, "slow?", wait=False)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())  # asking goes to the end ...
    bar.setValue(0)
    qtbot.waitUntil(lambda: not reading.session.is_answering, timeout=SOON)
    QApplication.processEvents()
    assert bar.value() == 0  # ... and what comes then does not pull


@pytest.mark.parametrize("delay_s", ["0.002"])
def test_a_fast_answer_is_repainted_twenty_times_a_second_at_most(qtbot, reading, monkeypatch):
    painted: list[float] = []
    show = AnswerView.show_pieces

    def counted(self, pieces):
        import time

        painted.append(time.perf_counter())
        show(self, pieces)

    monkeypatch.setattr(AnswerView, "show_pieces", counted)
    ask(qtbot, reading, "what is bright?")
    gaps = [later - earlier for earlier, later in pairwise(painted)]
    # The first (the question) and the last (the whole answer) come at once; those between wait for the timer.
    assert all(gap > 0.03 for gap in gaps[1:-1])


def test_a_growing_answer_keeps_what_is_selected_in_it(qtbot):
    view = AnswerView(DARK)
    qtbot.addWidget(view)
    view.show_pieces(pieces_of("One two", ()))
    cursor = view.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(3, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    view.show_pieces(pieces_of("One two three.", ()))
    assert (view.toPlainText(), view.textCursor().selectedText()) == ("One two three.", "One")
    view.show_pieces(pieces_of("One tw", ()))
    assert view.toPlainText() == "One tw"
