"""Reading as a person does: drop, drag, wheel, type, click a word, stop, restart."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel

from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.notice import ResearchStrip
from umed_desktop.settings import load_settings
from umed_desktop.theme import DARK, LIGHT, apply_theme
from umed_desktop.viewer.overlays import screen_rect

SOON = 20_000


from tests.desktop.acting import ask, click_piece, drag, moved, only_card, wheel


# ------------------------------------------------------------------------------------------------------ the hand
def test_the_wheel_and_the_keys_turn_slices(qtbot, window, ct_folder):
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    view = window.parts.viewer.view
    wheel(view, -2)
    assert window.session.frame == 2
    wheel(view, 1)
    assert window.session.frame == 1
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert window.session.frame == 2
    window.parts.viewer.slider.setValue(4)
    assert window.session.frame == 4
    assert "Slice 5 / 5" in " ".join(view._legend.bottom_right)


def test_dragging_right_widens_the_window_and_down_raises_the_level(qtbot, reading):
    view, before = reading.parts.viewer.view, reading.session.shown_window()
    drag(qtbot, view, Qt.MouseButton.LeftButton, QPoint(100, 100), QPoint(160, 100))
    wider = reading.session.shown_window()
    assert wider.width > before.width
    assert wider.center == before.center
    drag(qtbot, view, Qt.MouseButton.LeftButton, QPoint(100, 100), QPoint(100, 160))
    assert reading.session.shown_window().center > before.center
    reading.actions_by_name["reset"].trigger()
    assert reading.session.shown_window() == before


def test_middle_drag_pans_and_right_drag_zooms(qtbot, reading):
    view = reading.parts.viewer.view
    before = view.affine
    drag(qtbot, view, Qt.MouseButton.MiddleButton, QPoint(50, 50), QPoint(70, 40))
    assert (view.affine.dx - before.dx, view.affine.dy - before.dy) == pytest.approx((20, -10))
    fixed = view.affine.to_image(200, 200)
    drag(qtbot, view, Qt.MouseButton.RightButton, QPoint(200, 200), QPoint(200, 100))
    assert view.affine.scale > before.scale
    assert view.affine.to_image(200, 200) == pytest.approx(fixed)
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.affine.scale == pytest.approx(before.scale)


def test_invert_shows_the_negative(qtbot, reading):
    view = reading.parts.viewer.view
    x, y = view.affine.to_screen(120, 30)  # in the bright rectangle, 250
    bright = view.grab().toImage().pixelColor(int(x), int(y)).red()
    reading.actions_by_name["invert"].trigger()
    assert (bright, view.grab().toImage().pixelColor(int(x), int(y)).red()) == (250, 5)


def test_a_preset_in_hu_is_refused_on_a_picture(qtbot, reading):
    before = reading.session.shown_window()
    reading.actions_by_name["preset_2"].trigger()
    assert reading.session.shown_window() == before
    assert "not in HU" in reading.parts.notice.message.text()


# -------------------------------------------------------------------------------------------------------- asking
def test_an_answer_brings_its_box_to_the_image(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    (drawn,) = reading.parts.viewer.view._boxes
    assert drawn.text == "1  kidney stone"
    rect = screen_rect(drawn.box, reading.parts.viewer.view.affine, (200, 100))
    left, top = reading.parts.viewer.view.affine.to_screen(100, 20)
    assert (rect.left(), rect.top()) == pytest.approx((left, top))
    assert "box 1" in only_card(reading).answer.toPlainText()
    assert reading.parts.findings.table.topLevelItemCount() == 1


def test_a_clicked_word_shows_where_the_model_looked(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    click_piece(qtbot, only_card(reading), "kidney")
    bar = reading.parts.viewer.attention
    assert bar.isVisible()
    assert "“kidney”" in bar.text()
    assert "50%</b> on the image" in bar.text()  # what the fake engine gives to the image
    assert reading.parts.viewer.view._heat is not None
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert reading.parts.viewer.view._heat is None
    assert not bar.isVisible()


def test_enter_on_a_word_does_as_a_click(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    answer = only_card(reading).answer
    answer.setFocus()
    qtbot.keyClick(answer, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(answer, Qt.Key.Key_Return)
    assert reading.session.attention().word == "Answer"


def test_the_opacity_slider_and_the_colours_change_the_map(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    click_piece(qtbot, only_card(reading), "kidney")
    bar, view = reading.parts.viewer.attention, reading.parts.viewer.view
    first = view.grab().toImage()
    bar.opacity.setValue(0)
    clear = view.grab().toImage()
    assert first != clear
    bar.opacity.setValue(100)
    bar.colors.setCurrentIndex(1)
    assert view.grab().toImage() not in (first, clear)
    assert (reading.settings.attention_opacity, reading.settings.attention_colors) == (1.0, "viridis")


def test_a_sentence_lights_its_box_and_a_box_its_sentence(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    card, view = only_card(reading), reading.parts.viewer.view
    word = next(piece for piece in card.answer._pieces if piece.shown == "bright")
    card.answer.piece_pointed.emit(word)
    assert view._boxes[0].lit
    card.answer.piece_pointed.emit(None)
    assert not view._boxes[0].lit
    x, y = view.affine.to_screen(120, 30)
    QApplication.sendEvent(view, moved(view, QPoint(int(x), int(y)), Qt.MouseButton.NoButton))
    assert card.answer._lit == (0, len(card.exchange.text))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(int(x), int(y)))
    assert reading.parts.findings.chosen_ref() == reading.session.pointed


def test_a_rejected_box_leaves_the_image_until_undo(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    findings = reading.parts.findings
    findings.table.setCurrentItem(findings.table.topLevelItem(0))
    assert reading.parts.viewer.view._boxes[0].lit  # a chosen row lights its box
    qtbot.mouseClick(findings.reject, Qt.MouseButton.LeftButton)
    assert reading.parts.viewer.view._boxes == ()
    reading.actions_by_name["undo"].trigger()
    assert len(reading.parts.viewer.view._boxes) == 1


@pytest.mark.parametrize("delay_s", ["0.2"])
def test_stop_ends_the_answer_at_once_and_the_next_question_is_answered(qtbot, window, bright):
    window.start_model()
    window.open_paths([bright])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.model_state == "ready", timeout=SOON)
    ask(qtbot, window, "slow?", wait=False)
    qtbot.waitUntil(lambda: bool(window.session.exchanges()[0].text), timeout=SOON)
    qtbot.mouseClick(window.parts.chat.composer.button, Qt.MouseButton.LeftButton)
    assert window.session.exchanges()[0].state == "stopped"
    assert window.parts.chat.composer.button.text() == "Ask"
    ask(qtbot, window, "and now?")
    assert window.session.exchanges()[1].state == "done"


def test_a_crash_offers_restart_and_keeps_the_chat(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    ask(qtbot, reading, "crash please")
    first, second = reading.session.exchanges()
    assert (first.state, second.state) == ("done", "failed")
    notice = reading.parts.notice
    assert notice.action.text() == "Restart model"
    assert "hf_abcdef" not in notice.message.text()  # what the dying engine wrote is shown without its secret
    qtbot.mouseClick(notice.action, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reading.session.model_state == "ready", timeout=SOON)
    ask(qtbot, reading, "what is it?")
    assert reading.session.exchanges()[-1].text.startswith("Answer 2:")  # it was told the first exchange
    assert reading.session.exchanges()[-1].state == "done"


def test_again_and_copy(qtbot, reading):
    ask(qtbot, reading, "what is bright?")
    card = only_card(reading)
    qtbot.mouseClick(card._copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == card.exchange.text
    qtbot.mouseClick(card._again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not reading.session.is_answering, timeout=SOON)
    assert [exchange.question for exchange in reading.session.exchanges()] == ["what is bright?"]
    assert only_card(reading).exchange.state == "done"


def test_a_suggested_question_asks_at_once(qtbot, reading):
    chip = reading.parts.chat.composer._chips.itemAt(0).widget()
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(reading.session.exchanges()) and not reading.session.is_answering, timeout=SOON)
    assert reading.session.exchanges()[0].question == chip.text()
    assert not chip.isVisible()


def test_letters_are_typed_and_do_not_move_the_image(qtbot, reading):
    view, field = reading.parts.viewer.view, reading.parts.chat.composer.field
    before = view.affine
    field.setFocus()
    qtbot.keyClicks(field, "fit mirror 12/")
    assert field.toPlainText() == "fit mirror 12/"
    assert view.affine == before


# ------------------------------------------------------------------------------------------------------ the model
def test_the_model_and_its_device_are_named(reading):
    assert reading.parts.model_chip.text() == "fake · AUTO"  # the fake reports the device that it was given


def test_a_missing_model_is_a_bar_that_offers_another(qtbot, window):
    window.use_model("missing")
    qtbot.waitUntil(window.parts.notice.isVisible, timeout=SOON)
    assert "no model at missing" in window.parts.notice.message.text()
    assert window.parts.notice.action.text() == "Choose model…"


def test_a_worker_that_does_not_start_is_said(qtbot, window, monkeypatch):
    monkeypatch.setattr(window, "_worker", ("no-such-program",))
    window.start_model()
    qtbot.waitUntil(lambda: window.session.model_state == "lost", timeout=SOON)
    assert "did not start" in window.parts.notice.message.text()


def test_the_research_strip_is_always_there(qtbot, window):
    (strip,) = window.findChildren(ResearchStrip)
    assert strip.text() == RESEARCH_USE_ONLY
    for name in ("show_series", "show_findings", "show_chat", "full_screen"):
        window.actions_by_name[name].trigger()
        assert strip.isVisible()


def test_a_theme_is_put_on_once(qapp, qtbot):
    """Each time Qt looks at every widget of the program anew: a second window must not make it do so."""
    apply_theme(qapp, "dark")
    label = QLabel("dark, then light")
    qtbot.addWidget(label)
    label.show()
    restyled = []
    label.changeEvent = lambda event: restyled.append(event.type())
    apply_theme(qapp, "light")
    assert QEvent.Type.StyleChange in restyled
    assert qapp.palette().window().color().name() == LIGHT.window
    restyled.clear()
    assert apply_theme(qapp, "light") is LIGHT and restyled == []
    assert apply_theme(qapp, "dark") is DARK and QEvent.Type.StyleChange in restyled


def test_the_theme_is_kept_for_the_next_run(qtbot, tmp_path, worker):
    from umed_desktop.app import make_window

    path = tmp_path / "desktop.json"
    window = make_window(path, "fake", worker)
    qtbot.addWidget(window)
    window.actions_by_name["light_theme"].trigger()
    window.close()
    assert load_settings(path).theme == "light"


def test_unreadable_settings_are_a_bar_and_not_the_end(qtbot, tmp_path, worker):
    from umed_desktop.app import make_window

    (tmp_path / "desktop.json").write_text("{")
    window = make_window(tmp_path / "desktop.json", "", worker)
    qtbot.addWidget(window)
    window.show()
    assert "desktop.json" in window.parts.notice.message.text()
    window.close()


def test_the_tag_of_a_box_as_high_as_the_image_stays_inside_it(qtbot, window, tmp_path):
    import numpy as np

    from tests.builders import write_picture

    window.start_model()
    window.open_paths([write_picture(tmp_path / "white.png", np.full((100, 200), 250, np.uint8))])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.model_state == "ready", timeout=SOON)
    window.parts.viewer.view.zoom(3)  # the box now reaches beyond the widget on every side
    ask(qtbot, window, "what is bright?")
    # Grabbed with the window around it, as on a screen: the painter's device is larger than the widget.
    corner = window.parts.viewer.view.mapTo(window, QPoint(0, 0))
    shown = window.grab().toImage()
    names = [shown.pixelColor(corner.x() + x, corner.y() + y).name() for x in range(2, 100) for y in range(2, 20)]
    assert names.count("#ffc43d") > 300
