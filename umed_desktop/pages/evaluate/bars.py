"""A bar a set, with its 95 % interval and what its controls reach: how good, and how sure of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from umed_core.evaluation.evaluate import SetScores
from umed_core.evaluation.intervals import Estimate
from umed_desktop.theme import GRID_PX, Palette

__all__ = ["Bar", "BarsView", "bars_of"]

_ROW_PX = 26
_NUMBER_PX = 48


@dataclass(frozen=True, slots=True)
class Bar:
    """A share 0..1 with its interval; `control` is what knowing nothing of the image would reach, None for none."""

    label: str
    estimate: Estimate
    control: float | None = None
    is_bad: bool = False


def bars_of(sets: Sequence[SetScores]) -> tuple[Bar, ...]:
    """IoU and accuracy of each set with findings, false alarms of each without."""
    bars: list[Bar] = []
    for scores in sets:
        if scores.abnormal is not None:
            control = max(scores.abnormal.shuffled_iou, scores.abnormal.center_iou)
            bars.append(
                Bar(
                    QCoreApplication.translate("Bars", "{dataset}: mean IoU").format(dataset=scores.dataset),
                    scores.abnormal.mean_iou,
                    control,
                )
            )
            bars.append(
                Bar(
                    QCoreApplication.translate("Bars", "{dataset}: class named").format(dataset=scores.dataset),
                    scores.abnormal.accuracy,
                )
            )
        if scores.normal is not None:
            bars.append(
                Bar(
                    QCoreApplication.translate("Bars", "{dataset}: false alarms").format(dataset=scores.dataset),
                    scores.normal.false_alarms,
                    is_bad=True,
                )
            )
    return tuple(bars)


class BarsView(QWidget):
    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._bars: tuple[Bar, ...] = ()
        self.setAccessibleName(self.tr("Scores of each set"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        self._bars = tuple(bars)
        told = (
            self.tr("{label} {value:.2f}, {low:.2f} to {high:.2f}").format(
                label=bar.label, value=bar.estimate.value, low=bar.estimate.low, high=bar.estimate.high
            )
            for bar in bars
        )
        self.setAccessibleDescription("; ".join(told))
        self.setToolTip(self.tr("The thin line is the 95 % interval; the tick is the better of the two controls."))
        self.updateGeometry()
        self.update()

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, _ROW_PX * len(self._bars) + GRID_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt calls it so
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        p = self._palette
        metrics = QFontMetricsF(self.font())
        names = min(max((metrics.horizontalAdvance(bar.label) for bar in self._bars), default=0.0), self.width() * 0.4)
        left, length = names + 2 * GRID_PX, max(40.0, self.width() - names - 2 * GRID_PX - _NUMBER_PX)
        for row, bar in enumerate(self._bars):
            top, middle = row * _ROW_PX + 4.0, row * _ROW_PX + 4.0 + (_ROW_PX - 8) / 2
            painter.setPen(QColor(p.text))
            label = metrics.elidedText(bar.label, Qt.TextElideMode.ElideMiddle, names)
            painter.drawText(QRectF(0, top, names, _ROW_PX - 8), int(Qt.AlignmentFlag.AlignVCenter), label)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(p.raised))
            painter.drawRoundedRect(QRectF(left, top + 3, length, _ROW_PX - 14), 3, 3)
            painter.setBrush(QColor(p.danger if bar.is_bad else p.accent))
            painter.drawRoundedRect(QRectF(left, top + 3, length * bar.estimate.value, _ROW_PX - 14), 3, 3)
            painter.setPen(QPen(QColor(p.text), 1.5))
            low, high = left + length * bar.estimate.low, left + length * bar.estimate.high
            painter.drawLine(int(low), int(middle), int(high), int(middle))
            for end in (low, high):
                painter.drawLine(int(end), int(middle) - 4, int(end), int(middle) + 4)
            if bar.control is not None:
                painter.setPen(QPen(QColor(p.warning), 2))
                painter.drawLine(
                    int(left + length * bar.control), int(top), int(left + length * bar.control), int(top) + 18
                )
            painter.setPen(QColor(p.text))
            number = QRectF(left + length + GRID_PX, top, _NUMBER_PX, _ROW_PX - 8)
            painter.drawText(number, int(Qt.AlignmentFlag.AlignVCenter), f"{bar.estimate.value:.2f}")
