"""Repaints what a change of the session concerns, and nothing else: the way from the session to the widgets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QImage

from umed_desktop.conversation import suggestions
from umed_desktop.presenting import (
    drawn_boxes,
    empty_chat,
    finding_rows,
    legend_of,
    model_words,
    refused_rows,
    series_rows,
    slice_words,
)
from umed_desktop.session import Change, Session
from umed_desktop.viewer.heat import HeatMap, heat_picture
from umed_desktop.window_parts import WindowParts

__all__ = ["WindowPainter"]

_REPAINT_MS = 50
"""A streamed answer is repainted about 20 times a second, however fast its tokens come."""
_PREVIEW_FROM_PX = 2_000_000
_PREVIEW_STEP = 3
_FULL_AFTER_MS = 120


class WindowPainter(QObject):
    """Listens to the session; reads the checked state of the Show actions."""

    def __init__(self, parent: QObject, session: Session, parts: WindowParts, actions: Mapping[str, QAction]) -> None:
        super().__init__(parent)
        self.session, self.parts, self.actions = session, parts, actions
        self._opacity = -1.0  # no look yet: the first is shown
        self._colors: HeatMap = "inferno"
        self._probed: tuple[int, int] | None = None
        self._answer_timer = QTimer(self, singleShot=True, interval=_REPAINT_MS)
        self._answer_timer.timeout.connect(self.show_answer)
        self._full_timer = QTimer(self, singleShot=True, interval=_FULL_AFTER_MS)
        self._full_timer.timeout.connect(self.show_pixels)
        session.subscribe(self._changed)

    def show_all(self) -> None:
        for change in Change:
            self._changed(change)

    def set_heat_look(self, opacity: float, colors: HeatMap) -> None:
        if (opacity, colors) != (self._opacity, self._colors):
            self._opacity, self._colors = opacity, colors
            self.parts.viewer.attention.show_choice(opacity, colors)
            self.show_attention()

    def show_probe(self, place: tuple[int, int] | None) -> None:
        if place != self._probed:
            self._probed = place
            self.show_legend()

    def finish_preview(self) -> None:
        """The full picture at once, where a preview stands."""
        if self._full_timer.isActive():
            self.show_pixels()

    def _changed(self, change: Change) -> None:
        match change:
            case Change.LISTING:
                self.parts.series.show_rows(series_rows(self.session), refused_rows(self.session))
            case Change.IMAGE:
                self.show_image()
            case Change.FRAME:
                self.show_pixels()
                self.show_boxes()
                self.show_attention()
                self.show_legend()
            case Change.WINDOW:
                self.show_pixels(preview=True)
                self.show_legend()
            case Change.MODEL:
                words, more = model_words(self.session)
                self.parts.model_chip.setText(words)
                self.parts.model_chip.setToolTip(more)
                self.parts.show_model_state(self.session.model_state)
                self.show_answer()
            case Change.CONVERSATION:
                self.show_answer()
            case Change.ANSWER:
                if self.session.is_answering and not self._answer_timer.isActive():
                    self._answer_timer.start()
                elif not self.session.is_answering:
                    self.show_answer()
            case Change.MARKS:
                self.show_boxes()
            case Change.SELECTION | Change.POINTING:
                self.show_attention()
                self.show_boxes()
        self.actions["undo"].setEnabled(bool(self.session.undo_name))
        self.actions["redo"].setEnabled(bool(self.session.redo_name))
        self.actions["undo"].setText(f"&Undo {self.session.undo_name.lower()}".rstrip())
        self.actions["redo"].setText(f"&Redo {self.session.redo_name.lower()}".rstrip())

    def show_image(self) -> None:
        session, viewer = self.session, self.parts.viewer
        self.parts.series.show_chosen(session.current)
        image = session.image
        if image is None:
            viewer.view.clear("Open a study", "Drop files or a folder here, or press Ctrl+O.")
            viewer.show_slice(0, 1)
        else:
            self.show_pixels()
            self.show_boxes()
            for note in image.notes[:1]:
                self.parts.notice.show_word(note)
        self.parts.chat.composer.suggest(suggestions(image.modality) if image is not None else ())
        self.show_legend()
        self.show_answer()

    def show_pixels(self, preview: bool = False) -> None:
        image = self.session.image
        if image is None:
            return
        self._full_timer.stop()
        step = _PREVIEW_STEP if preview and image.width * image.height > _PREVIEW_FROM_PX else 1
        pixels = self.session.pixels(step)
        self.parts.viewer.view.set_pixels(
            255 - pixels if self.actions["invert"].isChecked() else pixels, (image.width, image.height)
        )
        self.parts.viewer.show_slice(self.session.frame, image.frame_count)
        if step > 1:
            self._full_timer.start()

    def show_legend(self) -> None:
        self.parts.viewer.view.set_legend(legend_of(self.session, self._probed))

    def show_boxes(self) -> None:
        shown = self.actions["show_boxes"].isChecked()
        self.parts.viewer.view.set_boxes(drawn_boxes(self.session) if shown else ())
        rows = finding_rows(self.session)
        if rows and not self.parts.findings.table.topLevelItemCount():
            self.actions["show_findings"].setChecked(True)
            self.parts.findings.show()
        self.parts.findings.show_rows(rows)
        self.parts.chat.mark(self.session.selected_span(), self.session.pointed)

    def show_attention(self) -> None:
        bar, view = self.parts.viewer.attention, self.parts.viewer.view
        looked = self.session.attention() if self.actions["show_attention"].isChecked() else None
        bar.setVisible(looked is not None)
        if looked is None:
            view.set_heat(None, 0.0)
            return
        box = f"box {looked.box.index + 1}" if looked.box is not None else ""
        bar.show_word(looked.word, looked.on_image, box, looked.in_box)
        view.set_heat(heat_picture(looked.weights, self._colors), self._opacity)

    def show_answer(self) -> None:
        session, chat = self.session, self.parts.chat
        self._answer_timer.stop()
        chat.show_exchanges(session.exchanges(), partial(slice_words, session), empty_chat(session))
        has_image = session.image is not None
        placeholder = "Ask about this image…" if has_image else "Open an image first"
        chat.composer.show_state(has_image, session.is_answering, placeholder)
        chat.composer.chips_visible(not session.exchanges())
        self.actions["stop"].setEnabled(session.is_answering or session.selected_span() is not None)
        self.show_boxes()

    def show_thumbnail(self) -> None:
        if self.session.current < 0 or self.session.image is None:
            return
        step = max(1, min(self.session.image.width, self.session.image.height) // 160)
        pixels = self.session.pixels(step)
        height, width = pixels.shape[:2]
        form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
        picture = QImage(pixels.tobytes(), width, height, width * (1 if pixels.ndim == 2 else 3), form)
        self.parts.series.show_thumbnail(self.session.current, picture)
