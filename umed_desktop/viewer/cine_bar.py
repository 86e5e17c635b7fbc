"""The film's controls beside the slice slider: play or pause, frames a second, loop."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QToolButton, QWidget

from umed_desktop.theme import GRID_PX, Palette, icon, inset
from umed_desktop.viewer.cine import FASTEST_FPS, SLOWEST_FPS

__all__ = ["CineBar"]


class CineBar(QWidget):
    play_pressed = Signal()
    fps_changed = Signal(int)
    loops_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.play = QToolButton()
        self.play.clicked.connect(self.play_pressed)
        self.fps = inset(QSpinBox())
        self.fps.setRange(SLOWEST_FPS, FASTEST_FPS)
        self.fps.setSuffix(self.tr(" fps"))
        self.fps.setAccessibleName(self.tr("Frames a second"))
        self.fps.setToolTip(self.tr("Frames a second"))
        self.fps.valueChanged.connect(self.fps_changed)
        self.loop = QToolButton()
        self.loop.setCheckable(True)
        self.loop.setAccessibleName(self.tr("Loop"))
        self.loop.setToolTip(self.tr("Begin again after the last slice"))
        self.loop.toggled.connect(self.loops_changed)
        for button in (self.play, self.loop):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX // 2)
        for widget in (self.play, self.fps, self.loop):
            row.addWidget(widget)
        self._palette: Palette | None = None
        self._is_playing = False
        self.show_playing(False)

    def show_playing(self, is_playing: bool) -> None:
        self._is_playing = is_playing
        self.play.setAccessibleName(self.tr("Pause") if is_playing else self.tr("Play"))
        self.play.setToolTip(
            self.tr("Pause the slices as a film  (Space)")
            if is_playing
            else self.tr("Play the slices as a film  (Space)")
        )
        if self._palette is not None:
            self.play.setIcon(icon("pause" if is_playing else "play", self._palette.text))

    def show_choice(self, fps: int, loops: bool) -> None:
        self.fps.setValue(fps)
        self.loop.setChecked(loops)

    def paint_icons(self, palette: Palette) -> None:
        self._palette = palette
        self.loop.setIcon(icon("repeat", palette.muted, palette.accent))
        self.show_playing(self._is_playing)
