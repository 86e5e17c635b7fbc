"""Opening as a person does it: folders, series, damaged files, the first image before the index ends."""

from __future__ import annotations

from pathlib import Path
from threading import Event

from PySide6.QtCore import Qt

from tests.builders import truncated
from umed_core.images.sandbox import Decoder

SOON = 20_000


from tests.desktop.acting import drop


def test_a_dropped_folder_is_listed_with_what_was_refused(qtbot, window, ct_folder):
    drop(window, ct_folder)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)
    tree = window.parts.series.tree
    words = [tree.topLevelItem(row).text(0) for row in range(tree.topLevelItemCount())]
    assert "5 slices" in words[1]
    assert words[2:] == ["NOT OPENED", "1 file not opened\nShow why…"]
    assert "1 file was not opened" in window.parts.notice.message.text()


def test_the_first_image_is_there_before_the_index_ends(qtbot, window, ct_folder, monkeypatch):
    """The index is held up after its first batch until the image has been seen."""
    from umed_core.images import gathering as door

    monkeypatch.setattr(door, "_BATCH", 2)
    seen, headers = Event(), Decoder.headers
    batches = []

    def held(self, paths):
        if batches:
            seen.wait(20)
        batches.append(len(paths))
        return headers(self, paths)

    monkeypatch.setattr(Decoder, "headers", held)
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert window.session.is_early
    assert window.session.image.frame_count == 1
    assert (len(window.session.series), len(batches)) == (1, 1)
    window.choose_series(0)  # a click on its row disturbs nothing
    seen.set()
    qtbot.waitUntil(lambda: window.session.image.frame_count == 5, timeout=SOON)
    assert Path(window.session.key).name == "0.dcm"
    assert batches == [2, 2, 2]


def test_a_series_whose_reading_was_cancelled_is_read_by_a_click(qtbot, window, ct_folder, monkeypatch):
    going_on, decode = Event(), Decoder.decode

    def held(self, path):
        if path.name != "0.dcm":
            going_on.wait(20)
        return decode(self, path)

    monkeypatch.setattr(Decoder, "decode", held)
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None and len(window.session.series[0].files) == 5, timeout=SOON)
    window.actions_by_name["cancel_work"].trigger()
    going_on.set()
    qtbot.waitUntil(lambda: not window.parts.cancel.isVisible(), timeout=SOON)
    assert window.session.image.frame_count == 1
    window.choose_series(0)
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.image.frame_count == 5, timeout=SOON)


def test_an_early_file_that_is_damaged_is_passed_over(qtbot, window, ct_folder):
    truncated(ct_folder / "0.dcm")
    first = ct_folder / "1.dcm"
    window.open_paths([ct_folder])
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    assert window.session.image.source == str(first)


def test_a_single_file_is_decoded_once(qtbot, window, bright, monkeypatch):
    decoded, decode = [], Decoder.decode

    def counted(self, path):
        decoded.append(path)
        return decode(self, path)

    monkeypatch.setattr(Decoder, "decode", counted)
    window.open_paths([bright])
    qtbot.waitUntil(lambda: window.session.current == 0 and not window.session.is_early, timeout=SOON)
    assert decoded == [bright]
    assert window.parts.viewer.view.has_image


def test_a_damaged_file_is_a_bar_with_a_hint(qtbot, window, ct_folder):
    damaged = truncated(ct_folder / "0.dcm")
    window.open_paths([damaged])
    qtbot.waitUntil(window.parts.notice.isVisible, timeout=SOON)
    assert "0.dcm" in window.parts.notice.message.text()
    assert window.parts.notice.hint.text()
    qtbot.mouseClick(window.parts.notice.close_button, Qt.MouseButton.LeftButton)
    assert not window.parts.notice.isVisible()


def test_a_path_that_is_not_there_is_named(qtbot, window, tmp_path):
    window.open_paths([tmp_path / "gone.dcm"])
    qtbot.waitUntil(window.parts.notice.isVisible, timeout=SOON)
    assert "gone.dcm does not exist" in window.parts.notice.message.text()
