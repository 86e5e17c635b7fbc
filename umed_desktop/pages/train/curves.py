"""The run's figures as curves: faint as logged, bold as smoothed. pyqtgraph is loaded with the first curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from umed_desktop.pages.train.run_log import Chart, charts_of, smoothed
from umed_desktop.theme import GRID_PX, Palette, styled

__all__ = ["CurvesPanel"]

_DARK_COLORS = ("#5aa9f8", "#ffc43d", "#94d378", "#f07178", "#c792ea")
_LIGHT_COLORS = ("#1767b8", "#a36200", "#2f7d32", "#b3261e", "#7a3fa0")


class CurvesPanel(QWidget):
    """One small plot a chart, two in a row, with the newest figures in words above each."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._plots: dict[str, QWidget] = {}
        self._heads: dict[str, QLabel] = {}
        self._shown: tuple[Chart, ...] = ()
        self._steps: Mapping[str, Sequence[float]] = {}
        self._values: Mapping[str, Sequence[float]] = {}
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setAccessibleName("Smoothing of the curves")
        self.smoothing.setToolTip("Smoothing of the curves")
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(60)
        self.smoothing.setFixedWidth(18 * GRID_PX)
        self.smoothing.valueChanged.connect(lambda _: self._draw())
        self.empty = styled(QLabel("Curves appear with the first logged step."), "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._grid = QGridLayout()
        self._grid.setSpacing(GRID_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty, 1)
        column.addLayout(self._grid, 1)

    def show_figures(self, steps: Mapping[str, Sequence[float]], values: Mapping[str, Sequence[float]]) -> None:
        self._steps, self._values = steps, values
        charts = charts_of(values)
        if [chart.title for chart in charts] != [chart.title for chart in self._shown]:
            self._shown = charts
            self._lay_out()
        self._shown = charts
        self._draw()

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        self._lay_out()
        self._draw()

    def words(self, chart_title: str) -> str:
        """The newest figures of a chart as its head says them."""
        return self._heads[chart_title].text()

    def _lay_out(self) -> None:
        for widget in (*self._plots.values(), *self._heads.values()):
            self._grid.removeWidget(widget)
            widget.deleteLater()
        self._plots, self._heads = {}, {}
        self.empty.setVisible(not self._shown)
        for place, chart in enumerate(self._shown):
            cell = QVBoxLayout()
            cell.setSpacing(2)
            head, plot = QLabel(), self._plot(chart)
            head.setTextFormat(Qt.TextFormat.RichText)
            head.setWordWrap(True)
            cell.addWidget(head)
            cell.addWidget(plot, 1)
            self._grid.addLayout(cell, place // 2, place % 2)
            self._plots[chart.title], self._heads[chart.title] = plot, head

    def _plot(self, chart: Chart) -> QWidget:
        import pyqtgraph

        p = self._palette
        plot = pyqtgraph.PlotWidget(background=p.panel)
        plot.setAccessibleName(f"{chart.title} over steps")
        plot.setMinimumHeight(110)
        plot.setMouseEnabled(x=True, y=False)
        plot.hideButtons()
        plot.setLogMode(y=chart.is_log)
        plot.showGrid(x=False, y=True, alpha=0.15)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(p.line)
            axis.setTextPen(p.muted)
        return plot

    def _draw(self) -> None:
        import pyqtgraph

        colors = _DARK_COLORS if QColor(self._palette.window).lightness() < 128 else _LIGHT_COLORS
        weight = self.smoothing.value() / 100
        for chart in self._shown:
            plot = self._plots[chart.title]
            plot.clear()  # type: ignore[attr-defined]
            words = []
            for name, color in zip(chart.names, colors, strict=False):
                steps, values = self._steps[name], self._values[name]
                faint = QColor(color)
                faint.setAlpha(70)
                lone = (
                    {"symbol": "o", "symbolSize": 5, "symbolBrush": color, "symbolPen": None} if len(steps) == 1 else {}
                )
                plot.plot(list(steps), list(values), pen=pyqtgraph.mkPen(faint, width=1), **lone)  # type: ignore[attr-defined]
                bold = pyqtgraph.mkPen(color, width=2)
                plot.plot(list(steps), smoothed(values, weight), pen=bold)  # type: ignore[attr-defined]
                words.append(f'<span style="color:{color}">■</span> {name} <b>{values[-1]:.4g}</b>')
            self._heads[chart.title].setText(f"<b>{chart.title}</b> &nbsp; " + " &nbsp; ".join(words))
