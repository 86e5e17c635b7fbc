"""Repaints what a change of the session concerns, and nothing else: the way from the session to the widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QImage

from umed_desktop.session.conversation import suggestions
from umed_desktop.session.reading import WordAttention
from umed_desktop.session.session import Change, Session
from umed_desktop.viewer.heat import HeatMap, heat_picture
from umed_desktop.viewer.legend import legend_of
from umed_desktop.viewer.panes import Pane
from umed_desktop.window.parts import WindowParts
from umed_desktop.window.presenting import (
    drawn_boxes,
    empty_chat,
    finding_rows,
    model_words,
    series_rows,
    slice_words,
)

if TYPE_CHECKING:
    from umed_core.images.medical_image import MedicalImage

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
        self._probed: dict[int, tuple[int, int] | None] = {}
        self._noted: MedicalImage | None = None
        self._held: set[Change] | None = None
        self._previews: dict[int, Pane] = {}
        self._looks: dict[int, WordAttention] = {}
        self.panes: Callable[[], Sequence[Pane]] = tuple
        """What the viewports show; that of the active one is the session's."""
        self._answer_timer = QTimer(self, singleShot=True, interval=_REPAINT_MS)
        self._answer_timer.timeout.connect(self.show_answer)
        self._full_timer = QTimer(self, singleShot=True, interval=_FULL_AFTER_MS)
        self._full_timer.timeout.connect(self._show_full)
        session.subscribe(self._changed)

    def show_all(self) -> None:
        for change in Change:
            self._changed(change)

    def set_heat_look(self, opacity: float, colors: HeatMap) -> None:
        if (opacity, colors) != (self._opacity, self._colors):
            self._opacity, self._colors = opacity, colors
            self.parts.viewer.attention.show_choice(opacity, colors)
            self.show_attention()

    def note_probe(self, number: int, place: tuple[int, int] | None) -> bool:
        """Remembers the pixel under the pointer of a view; whether that is news, to be shown with its legend."""
        is_news = self._probed.get(number) != place
        self._probed[number] = place
        return is_news

    def finish_preview(self) -> None:
        """The full picture at once, where a preview stands."""
        if self._full_timer.isActive():
            self._show_full()

    @property
    def is_inverted(self) -> bool:
        return self.actions["invert"].isChecked()

    def set_inverted(self, is_inverted: bool) -> None:
        self.actions["invert"].setChecked(is_inverted)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Shows what changes meanwhile at the end, once: a viewport that becomes active does not flicker."""
        self._held = set()
        try:
            yield
        finally:
            held, self._held = self._held, None
            if Change.IMAGE in held:
                held -= {Change.FRAME, Change.WINDOW}
            for change in Change:
                if change in held:
                    self._changed(change)

    def _changed(self, change: Change) -> None:
        if self._held is not None:
            self._held.add(change)
            return
        match change:
            case Change.LISTING:
                self.parts.series.show_rows(series_rows(self.session), len(self.session.refused))
            case Change.IMAGE:
                self.show_image()
            case Change.FRAME:
                self.show_pixels()
                self._show_own_boxes()
                self._show_own_attention()
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

    def show_image(self) -> None:
        session, viewer = self.session, self.parts.viewer
        self.parts.series.show_chosen(session.current)
        image = session.image
        if image is None:
            viewer.view.clear(self.tr("Open a study"), self.tr("Drop files or a folder here, or press Ctrl+O."))
            viewer.show_slice(0, 1)
        else:
            self.show_pixels()
            self.show_boxes()
            self._show_own_attention()
            if image.notes and image is not self._noted:
                self.parts.notice.show_word(image.notes[0])
            self._noted = image
        self.parts.chat.composer.suggest(suggestions(image.modality) if image is not None else ())
        self.show_legend()
        self.show_answer()

    def show_pixels(self, preview: bool = False) -> None:
        image = self.session.image
        if image is None:
            return
        step = _preview_step(image) if preview else 1
        pixels = self.session.pixels(step)
        self.parts.viewer.view.set_pixels(
            255 - pixels if self.is_inverted else pixels, (image.width, image.height), _aspect(image)
        )
        self.parts.viewer.show_slice(self.session.frame, image.frame_count)
        if step > 1:
            self._full_timer.start()
        elif not self._previews:
            self._full_timer.stop()

    def show_legend(self) -> None:
        viewer = self.parts.viewer
        viewer.view.set_legend(legend_of(self.session, self._probed.get(viewer.active)))

    def show_pane(self, number: int, pane: Pane, preview: bool = False) -> None:
        """A viewport that is not the active one: its image with what was found there, and its legend."""
        view, image = self.parts.viewer.views[number], pane.image
        self._previews.pop(number, None)
        if image is None:
            view.clear(self.tr("Reading…") if pane.key else "", Path(pane.key).name)
            return
        step = _preview_step(image) if preview else 1
        view.set_pixels(pane.pixels(step), (image.width, image.height), _aspect(image))
        self._show_pane_boxes(number, pane)
        self._show_heat(number, pane.key, pane.frame)
        self._show_attention_line()
        self.show_pane_legend(number, pane)
        if step > 1:
            self._previews[number] = pane
            self._full_timer.start()

    def show_pane_legend(self, number: int, pane: Pane) -> None:
        self.parts.viewer.views[number].set_legend(legend_of(pane, self._probed.get(number)))

    def _show_full(self) -> None:
        """In place of every preview."""
        waiting, self._previews = self._previews, {}
        for number, pane in waiting.items():
            if number != self.parts.viewer.active and pane.image is not None:
                self.show_pane(number, pane)
        self.show_pixels()

    def show_boxes(self) -> None:
        self._show_own_boxes()
        for number, pane in self._beside():
            self._show_pane_boxes(number, pane)

    def _beside(self) -> list[tuple[int, Pane]]:
        """The viewports that show an image and are not the active one."""
        others = [(number, pane) for number, pane in enumerate(self.panes()) if number != self.parts.viewer.active]
        return [(number, pane) for number, pane in others if pane.image is not None and pane.index >= 0]

    def _show_pane_boxes(self, number: int, pane: Pane) -> None:
        shown = self.actions["show_boxes"].isChecked() and pane.index < len(self.session.study_keys)
        study = self.session.study_keys[pane.index] if shown else ""
        boxes = drawn_boxes(self.session, pane.key, study, pane.frame) if shown else ()
        self.parts.viewer.views[number].set_boxes(boxes)

    def _show_own_boxes(self) -> None:
        session, shown = self.session, self.actions["show_boxes"].isChecked()
        boxes = drawn_boxes(session, session.shown_key, session.study, session.frame) if shown else ()
        self.parts.viewer.view.set_boxes(boxes)
        rows = finding_rows(self.session)
        if rows and not self.parts.findings.table.topLevelItemCount():
            self.actions["show_findings"].setChecked(True)
            self.parts.findings.show()
        self.parts.findings.show_rows(rows)
        self.parts.chat.mark(self.session.selected_span(), self.session.pointed)

    def show_attention(self) -> None:
        self._looks.clear()
        for number, pane in self._beside():
            self._show_heat(number, pane.key, pane.frame)
        self._show_own_attention()

    def _show_own_attention(self) -> None:
        self._show_heat(self.parts.viewer.active, self.session.shown_key, self.session.frame)
        self._show_attention_line()

    def _show_heat(self, number: int, series: str, frame: int) -> None:
        """Where the model looked, on a viewport that shows the frame which was asked about."""
        looked = self.session.attention_on(series, frame) if self.actions["show_attention"].isChecked() else None
        view = self.parts.viewer.views[number]
        if looked is None:
            self._looks.pop(number, None)
            view.set_heat(None, 0.0)
        else:
            self._looks[number] = looked
            view.set_heat(heat_picture(looked.weights, self._colors), self._opacity)

    def _show_attention_line(self) -> None:
        """The line under the viewports speaks of the active one, else of the first beside it that shows the frame."""
        bar, active = self.parts.viewer.attention, self.parts.viewer.active
        numbers = [number for number in (active, *range(len(self.panes()))) if number in self._looks]
        bar.setVisible(bool(numbers))
        if numbers:
            looked = self._looks[numbers[0]]
            box = self.tr("box {index}").format(index=looked.box.index + 1) if looked.box is not None else ""
            bar.show_word(looked.word, looked.on_image, box, looked.in_box)
            bar.show_shares(looked.image, looked.shares)
            bar.show_layers(looked.layers, looked.layer)

    def show_answer(self) -> None:
        session, chat = self.session, self.parts.chat
        self._answer_timer.stop()
        chat.show_exchanges(session.exchanges(), partial(slice_words, session), empty_chat(session))
        has_image = session.image is not None
        placeholder = self.tr("Ask about this image…") if has_image else self.tr("Open an image first")
        chat.composer.show_state(has_image, session.is_answering, placeholder)
        chat.composer.chips_visible(not session.exchanges())
        self.show_boxes()

    def show_thumbnail(self, pane: Pane) -> None:
        if pane.index < 0 or pane.image is None:
            return
        pixels = pane.pixels(max(1, min(pane.image.width, pane.image.height) // 160))
        height, width = pixels.shape[:2]
        form = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
        picture = QImage(pixels.tobytes(), width, height, width * (1 if pixels.ndim == 2 else 3), form)
        self.parts.series.show_thumbnail(pane.index, picture)


def _preview_step(image: MedicalImage) -> int:
    return _PREVIEW_STEP if image.width * image.height > _PREVIEW_FROM_PX else 1


def _aspect(image: MedicalImage) -> float:
    """Height of a pixel by its width, so that a circle in the patient is one on the screen."""
    return image.spacing_mm[0] / image.spacing_mm[1] if image.spacing_mm is not None else 1.0
