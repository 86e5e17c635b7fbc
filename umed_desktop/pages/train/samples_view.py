"""Sampled answers of a run, drawn on their images: those of one step side by side; a click shows one large."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from umed_desktop.pages.train.sample_picture import SamplePicture
from umed_desktop.theme import GRID_PX, styled
from umed_desktop.words import grouped

__all__ = ["SamplesView"]


class SamplesView(QWidget):
    """The newest step, until the person goes back; then that one stays while new ones come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps: tuple[tuple[Path, ...], ...] = ()
        self.pictures: list[SamplePicture] = []
        self.empty = styled(QLabel(self.tr("Stage 2 shows sampled answers here while it runs.")), "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Step of the sampled answers"))
        self.slider.setToolTip(self.tr("Step of the sampled answers"))
        self.slider.valueChanged.connect(self._show)
        self.name = styled(QLabel(), "muted")
        below = QHBoxLayout()
        below.setSpacing(2 * GRID_PX)
        below.addWidget(self.slider, 1)
        below.addWidget(self.name)
        self._row = QHBoxLayout()
        self._row.setSpacing(GRID_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID_PX, 0, 0)
        column.addWidget(self.empty, 1)
        column.addLayout(self._row, 1)
        column.addLayout(below)
        self.show_pictures(())

    def show_pictures(self, pictures: Sequence[Path]) -> None:
        """Pictures called step-000050-1.png and so on, in the order of their names."""
        steps = tuple(tuple(files) for _, files in groupby(pictures, lambda path: path.stem.rpartition("-")[0]))
        if steps == self._steps and steps:
            return
        follows = self.slider.value() == self.slider.maximum()
        self._steps = steps
        self.slider.setEnabled(len(steps) > 1)
        self.slider.setRange(0, max(0, len(steps) - 1))
        if follows:
            self.slider.setValue(self.slider.maximum())
        self.empty.setVisible(not steps)
        self._show(self.slider.value())

    def _show(self, number: int) -> None:
        for picture in self.pictures:
            self._row.removeWidget(picture)
            picture.deleteLater()
        files = self._steps[number] if self._steps else ()
        self.pictures = [SamplePicture(path) for path in files]
        for picture in self.pictures:
            self._row.addWidget(picture, 1)
        step = int(files[0].stem.split("-")[1]) if files else 0
        self.name.setText(
            self.tr("Step {step}, {number} of {count}").format(
                step=grouped(step), number=number + 1, count=len(self._steps)
            )
            if files
            else ""
        )
