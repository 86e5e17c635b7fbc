"""Several images in one question, as a person puts them together: paperclip, chips, answer, boxes and attention on each."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.builders import tiny_ct, write_dicom, write_picture
from tests.desktop.acting import SOON, ask, click_piece, only_card, show_in_front
from umed_desktop.session.conversation import BoxRef

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def corner(tmp_path):
    """64 x 64 pixels, bright in x 0..16, y 48..64: the box 0, 0.75, 0.25, 0.25."""
    pixels = np.full((64, 64), 40, np.uint8)
    pixels[48:, :16] = 250
    return write_picture(tmp_path / "corner.png", pixels)


@pytest.fixture
def opened(qtbot, worker):
    """Opens paths in a window whose model takes three images."""
    from umed_desktop.settings import Settings
    from umed_desktop.window.main_window import MainWindow

    made: list[MainWindow] = []

    def open_paths(*paths) -> MainWindow:
        window = MainWindow(Settings(model="several"), None, worker)
        made.append(window)
        qtbot.addWidget(window)
        window.resize(1280, 800)
        show_in_front(qtbot, window)
        window.start_model()
        window.open_paths(paths)
        qtbot.waitUntil(lambda: window.session.image is not None and not window.session.is_early, timeout=SOON)
        qtbot.waitUntil(lambda: window.session.model_state == "ready", timeout=SOON)
        return window

    yield open_paths
    for window in made:
        window.close()


def attach(qtbot, window) -> None:
    qtbot.mouseClick(window.parts.chat.composer.attach_button, LEFT)


def chips(window) -> list[str]:
    return [chip.words for chip in window.parts.chat.composer.attachments.chips]


def said(bar) -> str:
    return bar.text().replace("&nbsp;", " ")


def show(qtbot, window, place: int) -> None:
    """A press on a row of the studies."""
    window.parts.series.chosen.emit(place)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.current == place, timeout=SOON)


@pytest.fixture
def both(qtbot, opened, bright, corner):
    """The bright picture and the corner in one question, not asked yet; the corner is on screen."""
    window = opened(bright, corner)
    attach(qtbot, window)
    show(qtbot, window, 1)
    attach(qtbot, window)
    return window


def test_the_paperclip_puts_what_is_on_screen_above_the_question(both):
    assert chips(both) == ["1  bright.png", "2  corner.png"]
    composer = both.parts.chat.composer
    assert composer.attachments.isVisible()
    assert composer.field.placeholderText() == "Ask about the 2 images above…"
    assert composer.field.hasFocus()
    assert not composer.attach_button.isEnabled()  # the corner is there already
    assert composer.attach_button.toolTip() == "This image is in the question already."


def test_a_chip_shows_its_image_and_can_be_taken_out(qtbot, both):
    row = both.parts.chat.composer.attachments
    qtbot.mouseClick(row.chips[0], LEFT)
    qtbot.waitUntil(lambda: both.session.image is not None and both.session.current == 0, timeout=SOON)
    qtbot.mouseClick(row.removers[0], LEFT)
    assert chips(both) == ["1  corner.png"]
    assert both.parts.chat.composer.attach_button.isEnabled()
    qtbot.mouseClick(row.removers[0], LEFT)
    assert not row.isVisible()
    assert both.parts.chat.composer.field.placeholderText() == "Ask about this image…"


def test_the_question_goes_with_both_and_each_box_is_on_its_image(qtbot, both):
    ask(qtbot, both, "what is bright?")
    card = only_card(both)
    assert [button.text() for button in card.images.buttons] == ["1  bright.png", "2  corner.png"]
    assert card.exchange.text.startswith("Answer 1. Image 1: a bright region at")
    (finding,) = both.session.findings()  # the corner is on screen
    assert (finding.ref.index, finding.box.x, finding.box.y) == (1, 0, 0.75)
    assert [box.ref.index for box in both.parts.viewer.view._boxes] == [1]
    qtbot.mouseClick(card.images.buttons[0], LEFT)
    qtbot.waitUntil(lambda: both.session.image is not None and both.session.current == 0, timeout=SOON)
    (finding,) = both.session.findings()
    assert (finding.ref.index, finding.box.x, finding.box.y) == (0, 0.5, 0.2)
    assert len(both.parts.chat.cards) == 1  # the answer stays beside each of its images


def test_a_box_in_the_text_leads_to_its_image(qtbot, both):
    ask(qtbot, both, "what is bright?")
    click_piece(qtbot, only_card(both), "box 1")
    qtbot.waitUntil(lambda: both.session.image is not None and both.session.current == 0, timeout=SOON)
    click_piece(qtbot, only_card(both), "box 1")
    assert both.session.chosen == BoxRef(only_card(both).exchange.id, 0)


def test_a_words_attention_is_that_on_the_image_on_screen(qtbot, both):
    ask(qtbot, both, "what is bright?")
    click_piece(qtbot, only_card(both), "looks")
    bar = both.parts.viewer.attention
    # Half of it goes to the images, two thirds of that to the first.
    assert "17%</b> on the image" in bar.text()
    assert said(bar).endswith("33% on image 1 · <b>17% on image 2</b>")
    qtbot.mouseClick(only_card(both).images.buttons[0], LEFT)
    qtbot.waitUntil(lambda: both.session.image is not None and both.session.current == 0, timeout=SOON)
    assert "33%</b> on the image" in bar.text()  # the word stays chosen
    assert said(bar).endswith("<b>33% on image 1</b> · 17% on image 2")


@pytest.mark.parametrize(("width", "is_one_line"), [(900, True), (400, False)])
def test_the_shares_of_many_images_leave_the_image_its_room(qtbot, width: int, is_one_line: bool):
    from umed_desktop.viewer.attention_bar import AttentionBar

    bar = AttentionBar()
    qtbot.addWidget(bar)
    bar.show_word("kidney", 0.07, "box 2", 0.97)
    bar.show_shares(2, [0.05] * 16)
    bar.resize(width, 10)
    bar.show()
    qtbot.waitExposed(bar)
    needed = bar.heightForWidth(width)
    bar.resize(width, needed)
    assert needed < 160
    assert (bar.layer.x() > bar._shares.geometry().right()) == is_one_line
    assert (bar.layer.y() > bar._shares.geometry().bottom()) != is_one_line
    bar.show_shares(0, [0.05])
    assert not bar._shares.isVisible()


def test_the_next_question_is_about_the_same_images_and_knows_the_first(qtbot, both):
    ask(qtbot, both, "what is bright?")
    assert chips(both) == ["1  bright.png", "2  corner.png"]
    ask(qtbot, both, "how large?")
    first, second = both.session.exchanges()
    assert second.images == first.images
    assert second.text.startswith("Answer 2. Image 1:")


def test_edited_or_asked_again_a_question_keeps_its_images(qtbot, both):
    ask(qtbot, both, "what is bright?")
    images = only_card(both).exchange.images
    row = both.parts.chat.composer.attachments
    qtbot.mouseClick(row.removers[1], LEFT)
    qtbot.mouseClick(row.removers[0], LEFT)
    show(qtbot, both, 0)
    qtbot.mouseClick(only_card(both)._again, LEFT)
    qtbot.waitUntil(lambda: bool(both.session.exchanges()) and not both.session.is_answering, timeout=SOON)
    assert only_card(both).exchange.images == images
    assert chips(both) == ["1  bright.png", "2  corner.png"]  # the next goes with them, too
    qtbot.mouseClick(only_card(both)._edit, LEFT)
    field = both.parts.chat.composer.field
    qtbot.keyClicks(field, "what is dark?")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: both.session.exchanges()[0].question == "what is dark?", timeout=SOON)
    qtbot.waitUntil(lambda: not both.session.is_answering, timeout=SOON)
    assert only_card(both).exchange.images == images


def test_an_answer_is_deleted_from_beside_either_image(qtbot, both):
    ask(qtbot, both, "what is bright?")
    show(qtbot, both, 0)
    home = both.session.home_of(only_card(both).exchange.conversation)
    assert home != both.session.study
    qtbot.mouseClick(only_card(both)._remove, LEFT)
    assert both.session.study == home
    assert both.session.exchanges() == ()
    show(qtbot, both, 0)
    assert (both.session.exchanges(), both.session.findings()) == ((), ())
    show(qtbot, both, 1)
    both.actions_by_name["undo"].trigger()
    assert len(both.session.exchanges()) == 1


def test_a_verdict_stands_beside_the_image_on_which_the_box_lies(qtbot, both):
    ask(qtbot, both, "what is bright?")
    (ref,) = both.session.boxes()
    both.session.judge(ref, "accepted")
    show(qtbot, both, 0)
    (other,) = both.session.findings()
    assert other.status == "open"
    show(qtbot, both, 1)
    assert [finding.status for finding in both.session.findings()] == ["accepted"]


def test_a_model_for_one_image_says_why_it_takes_no_second(qtbot, reading):
    button = reading.parts.chat.composer.attach_button
    assert not button.isEnabled()
    assert button.toolTip() == "fake answers about one image at a time."


def test_a_full_question_takes_no_more(qtbot, opened, ct_folder):
    window = opened(ct_folder)
    for frame in range(3):
        window.session.show_frame(frame)
        window.actions_by_name["attach_image"].trigger()
    assert [text.split(", ")[-1] for text in chips(window)] == ["slice 1", "slice 2", "slice 3"]
    window.session.show_frame(3)
    assert not window.actions_by_name["attach_image"].isEnabled()
    assert "takes 3 images" in window.parts.chat.composer.attach_button.toolTip()
    window.session.model_loading()
    assert "once it is loaded" in window.parts.chat.composer.attach_button.toolTip()


def test_images_attached_for_another_model_are_not_sent_to_one_that_takes_one(qtbot, both):
    both.use_model("fake")
    qtbot.waitUntil(lambda: both.session.model_state == "ready", timeout=SOON)
    ask(qtbot, both, "what is bright?", wait=False)
    assert "one image at a time, and the question has 2" in both.parts.notice.message.text()
    assert both.session.exchanges() == ()
    assert both.parts.chat.composer.field.toPlainText() == "what is bright?"


def test_what_is_opened_instead_leaves_no_chips(qtbot, both, tmp_path):
    other = write_picture(tmp_path / "other.png", np.full((8, 8), 9, np.uint8))
    both.open_paths([other])
    qtbot.waitUntil(lambda: both.session.shown_key == str(other), timeout=SOON)
    assert chips(both) == []


def test_a_slice_beside_the_active_viewport_is_shown_there(qtbot, opened, bright, corner):
    window = opened(bright, corner)
    attach(qtbot, window)
    window.actions_by_name["layout_1x2"].trigger()
    qtbot.waitUntil(lambda: window.viewports.panes[1].image is not None, timeout=SOON)
    window.viewports.touch(1)
    attach(qtbot, window)
    ask(qtbot, window, "what is bright?")
    qtbot.mouseClick(only_card(window).images.buttons[0], LEFT)
    assert window.viewports.active == 0
    qtbot.mouseClick(only_card(window).images.buttons[1], LEFT)
    assert window.viewports.active == 1


def test_the_chips_are_named_and_reached_by_tab(qtbot, both):
    ask(qtbot, both, "what is bright?")
    row = both.parts.chat.composer.attachments
    for button in (*row.chips, *row.removers, *only_card(both).images.buttons):
        assert button.accessibleName()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    row.chips[1].setFocus()
    qtbot.keyClick(row.chips[1], Qt.Key.Key_Space)
    assert both.session.current == 1


# --------------------------------------------------------------------------------------------------- kept and exported
@pytest.fixture
def remembered(qtbot, worker, bright, corner, tmp_path):
    """Two pictures asked about together in a window that has been closed; makes another one on what it kept."""
    from umed_desktop.app import make_window

    def make():
        made = make_window(tmp_path / "settings" / "desktop.json", "several", worker)
        qtbot.addWidget(made)
        made.show()
        made.start_model()
        made.open_paths([bright, corner])
        qtbot.waitUntil(lambda: made.session.image is not None and made.session.model_state == "ready", timeout=SOON)
        qtbot.waitUntil(lambda: len(made.session.series) == 2, timeout=SOON)
        return made

    window = make()
    attach(qtbot, window)
    show(qtbot, window, 1)
    attach(qtbot, window)
    ask(qtbot, window, "what is bright?")
    show(qtbot, window, 0)
    (ref,) = window.session.boxes()
    window.session.judge(ref, "accepted")  # on the image of the study that the question was not asked in
    window.close()
    return make


def test_a_question_about_two_studies_comes_back_once_with_its_images(qtbot, remembered):
    again = remembered()
    qtbot.waitUntil(lambda: bool(again.session.exchanges()), timeout=SOON)
    show(qtbot, again, 0)
    qtbot.waitUntil(lambda: bool(again.session.exchanges()), timeout=SOON)
    assert [image.file for image in only_card(again).exchange.images] == ["bright.png", "corner.png"]
    assert [(f.ref.index, f.status) for f in again.session.findings()] == [(0, "accepted")]
    show(qtbot, again, 1)
    qtbot.waitUntil(lambda: bool(again.session.exchanges()), timeout=SOON)
    QApplication.processEvents()
    assert len(again.session._exchanges) == 1
    assert [(f.ref.index, f.status) for f in again.session.findings()] == [(1, "open")]
    click_piece(qtbot, only_card(again), "looks")
    assert "33% on image 1" in said(again.parts.viewer.attention)
    again.close()


def test_exports_name_the_images_of_the_question(qtbot, opened, tmp_path):
    from datetime import UTC, datetime

    import msgspec
    import pydicom

    from umed_core.exporting.plain import ReadingDocument
    from umed_desktop.exporting.gathering import drafts_of, reading_of
    from umed_desktop.exporting.orders import Order, carry_out
    from umed_desktop.exporting.pdf_report import report_html

    folder = tmp_path / "ct"
    folder.mkdir()
    for number in range(2):
        dataset = tiny_ct(number)
        values = np.full((dataset.Rows, dataset.Columns), 40, np.uint16)
        values[1:3, 1:4] = 4000
        dataset.PixelData = values.tobytes()
        write_dicom(folder / f"{number}.dcm", dataset)
    window = opened(folder)
    for frame in (1, 0):
        window.session.show_frame(frame)
        attach(qtbot, window)
    ask(qtbot, window, "what is bright?")
    names = ("1.dcm, slice 2", "0.dcm, slice 1")
    written = datetime(2026, 11, 22, tzinfo=UTC)
    drafts = drafts_of(window.session, (0, 1))
    assert [[f.ref.index for f in draft.findings] for draft in drafts] == [[1], [0]]
    done = carry_out(
        Order(("json", "sr"), tmp_path / "out", "x", (0, 1)), drafts, written, lambda *_: None, lambda: False
    )
    assert done.refused == ()
    documents = [
        msgspec.json.decode(path.read_bytes(), type=ReadingDocument) for path in done.written if path.suffix == ".json"
    ]
    for document in documents:
        (finding,) = document.findings
        assert finding.source is not None
        assert finding.source.images == names
    reports = [pydicom.dcmread(path) for path in done.written if path.suffix == ".dcm"]
    assert len(reports) == 2
    assert "Image 1: 1.dcm, slice 2" in reports[0].to_json()
    html = report_html(reading_of(drafts[0], written, ""), drafts[0], (10, 10))
    assert "1: 1.dcm, slice 2; 2: 0.dcm, slice 1" in html
