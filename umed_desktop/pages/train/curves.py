"""The run's figures as curves: faint as logged, bold as smoothed.

pyqtgraph takes a third of a second to load: `load_plotting` does it ahead, off the window's thread. Four plots take as long
to make: they come by steps, one a turn of the event loop, so that the window stays free between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from umed_desktop.pages.train.run_log import Chart, charts_of, smoothed
from umed_desktop.theme import GRID_PX, Palette, styled
from umed_desktop.words import translate

if TYPE_CHECKING:
    import pyqtgraph

__all__ = ["CurvesPanel", "load_plotting"]

_TURN_MS = 10
_DARK_COLORS = ("#5aa9f8", "#ffc43d", "#94d378", "#f07178", "#c792ea")
_LIGHT_COLORS = ("#1767b8", "#a36200", "#2f7d32", "#b3261e", "#7a3fa0")


def load_plotting() -> None:
    """Loads what draws curves, so that the first one finds it there. Any thread may call."""
    import pyqtgraph  # noqa: F401 - the import is the deed


class CurvesPanel(QWidget):
    """One small plot a chart, two in a row, with the newest figures in words above each."""

    def __init__(self, palette: Palette, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._palette = palette
        self._plots: dict[str, pyqtgraph.PlotWidget] = {}
        self._lines: dict[tuple[str, str], tuple[pyqtgraph.PlotDataItem, pyqtgraph.PlotDataItem]] = {}
        self._heads: dict[str, QLabel] = {}
        self._cells: dict[str, QVBoxLayout] = {}
        self._due: list[Chart] = []
        self._turns = QTimer(self, interval=_TURN_MS)
        self._turns.timeout.connect(self._draw_next)
        self._shown: tuple[Chart, ...] = ()
        self._steps: Mapping[str, Sequence[float]] = {}
        self._values: Mapping[str, Sequence[float]] = {}
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setAccessibleName(self.tr("Smoothing of the curves"))
        self.smoothing.setToolTip(self.tr("Smoothing of the curves"))
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(60)
        self.smoothing.setFixedWidth(18 * GRID_PX)
        self.smoothing.valueChanged.connect(lambda _: self._draw())
        self.empty = styled(QLabel(self.tr("Curves appear with the first logged step.")), "muted")
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
        if charts != self._shown:
            self._shown = charts
            self._lay_out()
        self._draw()

    def set_palette(self, palette: Palette) -> None:
        self._palette = palette
        self._lay_out()
        self._draw()

    @property
    def is_drawing(self) -> bool:
        """Whether a plot still lacks the newest figures."""
        return bool(self._due)

    def words(self, chart_title: str) -> str:
        """The newest figures of a chart as its head says them."""
        return self._heads[chart_title].text()

    def _lay_out(self) -> None:
        for widget in (*self._plots.values(), *self._heads.values()):
            widget.deleteLater()
        for cell in self._cells.values():
            self._grid.removeItem(cell)
            cell.deleteLater()
        self._plots, self._heads, self._lines, self._cells = {}, {}, {}, {}
        self.empty.setVisible(not self._shown)
        for place, chart in enumerate(self._shown):
            cell = QVBoxLayout()
            cell.setSpacing(2)
            head = QLabel()
            head.setTextFormat(Qt.TextFormat.RichText)
            head.setWordWrap(True)
            cell.addWidget(head)
            self._grid.addLayout(cell, place // 2, place % 2)
            self._grid.setRowStretch(place // 2, 1)  # the place of each is kept: a new plot moves no other
            self._grid.setColumnStretch(place % 2, 1)
            self._cells[chart.title], self._heads[chart.title] = cell, head

    def _plot(self, chart: Chart) -> pyqtgraph.PlotWidget:
        import pyqtgraph

        p = self._palette
        plot = pyqtgraph.PlotWidget(background=p.panel, enableMenu=False)  # its menu takes half of the time to make
        plot.setAccessibleName(self.tr("{title} over steps").format(title=translate("Charts", chart.title)))
        plot.setMinimumHeight(110)
        plot.setMouseEnabled(x=True, y=False)
        plot.hideButtons()
        plot.setLogMode(y=chart.is_log)
        plot.setDownsampling(auto=True, mode="peak")  # 10,000 steps are drawn as fast as the plot is wide
        plot.showGrid(x=False, y=True, alpha=0.15)
        for side in ("left", "bottom"):
            axis = plot.getAxis(side)
            axis.setPen(p.line)
            axis.setTextPen(p.muted)
        return plot

    def _draw(self) -> None:
        """The newest figures in words at once, their curves plot by plot."""
        for chart in self._shown:
            words = [
                f'<nobr><span style="color:{color}">■</span> {name} <b>{self._values[name][-1]:.4g}</b></nobr>'
                for name, color in zip(chart.names, self._colors(), strict=False)
            ]
            self._heads[chart.title].setText(
                f"<b>{translate('Charts', chart.title)}</b> &nbsp; " + " &nbsp; ".join(words)
            )
        self._due = list(self._shown)
        self._turns.start()

    def _draw_next(self) -> None:
        if not self._due:
            self._turns.stop()
            return
        chart = self._due[0]
        if chart.title not in self._plots:
            self._plots[chart.title] = self._plot(chart)
            return
        plot = self._plots[chart.title]
        if plot.parent() is None:
            self._cells[chart.title].addWidget(plot, 1)
            return
        colors = dict(zip(chart.names, self._colors(), strict=False))
        new = next((name for name in colors if (chart.title, name) not in self._lines), None)
        if new is not None:
            self._lines[chart.title, new] = _made_lines(plot, colors[new])
            return
        del self._due[0]
        weight = self.smoothing.value() / 100
        for name in colors:
            steps, values = self._steps[name], self._values[name]
            logged, smooth = self._lines[chart.title, name]
            logged.setData(steps, values, symbol="o" if len(steps) == 1 else None)  # one point alone draws no line
            smooth.setData(steps, smoothed(values, weight))

    def _colors(self) -> tuple[str, ...]:
        return _DARK_COLORS if QColor(self._palette.window).lightness() < 128 else _LIGHT_COLORS


def _made_lines(plot: pyqtgraph.PlotWidget, color: str) -> tuple[pyqtgraph.PlotDataItem, pyqtgraph.PlotDataItem]:
    """The faint line and the bold one of a figure; made once, since new ones cost more than new data."""
    import pyqtgraph

    faint = QColor(color)
    faint.setAlpha(70)
    ratio = plot.devicePixelRatioF()  # its pens are as wide as pixels of the screen
    return (
        plot.plot(pen=pyqtgraph.mkPen(faint, width=ratio), symbolSize=5, symbolBrush=color, symbolPen=None),
        plot.plot(pen=pyqtgraph.mkPen(color, width=2 * ratio)),
    )
