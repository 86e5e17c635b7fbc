"""Repaints what a change of the session or of the comparison concerns: the way from the state to the panel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from umed_desktop.compare.compare_panel import ComparePanel
from umed_desktop.compare.comparison import Comparison, Moved
from umed_desktop.compare.presenting import agreement_rows, agreement_words, drawn_boxes, question_words
from umed_desktop.session.session import Change
from umed_desktop.viewer.legend import legend_of

__all__ = ["ComparePainter"]

_REPAINT_MS = 50
"""Streamed answers are repainted about 20 times a second, however fast their tokens come."""
_FULL_AFTER_MS = 120
_PREVIEW_FROM_PX = 2_000_000
_PREVIEW_STEP = 3


class ComparePainter(QObject):
    """Lives and goes with its panel. `is_inverted` and `shows_boxes` say what the window's menu says."""

    def __init__(
        self,
        panel: ComparePanel,
        comparison: Comparison,
        is_inverted: Callable[[], bool],
        shows_boxes: Callable[[], bool],
    ) -> None:
        super().__init__(panel)
        self.panel, self.comparison, self.session = panel, comparison, comparison.session
        self._is_inverted, self._shows_boxes = is_inverted, shows_boxes
        self._probed: tuple[int, int] | None = None
        self._answer_timer = QTimer(self, singleShot=True, interval=_REPAINT_MS)
        self._answer_timer.timeout.connect(self.show_answers)
        self._full_timer = QTimer(self, singleShot=True, interval=_FULL_AFTER_MS)
        self._full_timer.timeout.connect(self.show_pixels)
        comparison.subscribe(self._moved)
        panel.probed.connect(self._show_probe)
        panel.window_drag_ended.connect(self.show_pixels)

    def session_changed(self, change: Change) -> None:
        match change:
            case Change.IMAGE | Change.FRAME:
                self.show_image()
            case Change.WINDOW:
                self.show_pixels(preview=True)
                self._show_legend()

    def _moved(self, moved: Moved) -> None:
        if moved is Moved.POINTING:
            self._show_boxes()
        elif moved is Moved.ANSWER and self.comparison.is_answering:
            if not self._answer_timer.isActive():
                self._answer_timer.start()
        else:
            self.show_answers()

    def look_again(self) -> None:
        """After what the menu says has changed."""
        self.show_pixels()
        self._show_boxes()

    def show_image(self) -> None:
        if self.session.image is None:
            for view in self.panel.views:
                view.clear(self.tr("Open a study"), self.tr("Both models are asked about the same image."))
        self.show_pixels()
        self._show_legend()
        self.show_answers()

    def show_pixels(self, preview: bool = False) -> None:
        image = self.session.image
        if image is None:
            return
        step = _PREVIEW_STEP if preview and image.width * image.height > _PREVIEW_FROM_PX else 1
        pixels = self.session.pixels(step)
        shown = 255 - pixels if self._is_inverted() else pixels
        aspect = image.spacing_mm[0] / image.spacing_mm[1] if image.spacing_mm is not None else 1.0
        for view in self.panel.views:
            view.set_pixels(shown, (image.width, image.height), aspect)
        if step > 1:
            self._full_timer.start()
        else:
            self._full_timer.stop()

    def _show_legend(self) -> None:
        legend = legend_of(self.session, self._probed)
        for view in self.panel.views:
            view.set_legend(legend)

    def _show_probe(self, place: tuple[int, int] | None) -> None:
        if place != self._probed:
            self._probed = place
            self._show_legend()

    def show_answers(self) -> None:
        panel, comparison = self.panel, self.comparison
        self._answer_timer.stop()
        for name, column in panel.columns.items():
            side = comparison.sides[name]
            column.show_side(side, side.exchange is not None and side.exchange.id in comparison.taken)
        panel.agreement.show_rows(agreement_words(comparison), agreement_rows(comparison))
        has_answer = any(side.has_answered for side in comparison.sides.values())
        panel.show_state(
            self.session.image is not None,
            comparison.is_answering,
            has_answer and not comparison.is_answering,
            question_words(comparison),
        )
        self._show_boxes()

    def _show_boxes(self) -> None:
        comparison, lit, shows = self.comparison, self.comparison.lit(), self._shows_boxes()
        for name, column in self.panel.columns.items():
            column.view.set_boxes(drawn_boxes(comparison, name, lit) if shows else ())
            column.show_lit(lit)
        self.panel.agreement.show_lit(lit)
