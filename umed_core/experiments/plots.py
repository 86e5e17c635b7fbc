"""The plots of a report: a row of dots for each arm, or a curve, with 95 % intervals and the paper's figures in grey."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from umed_core.errors import ConfigError
from umed_core.experiments.comparing import ExperimentReport
from umed_core.experiments.intervals import Figure
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.records import write_atomic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["draw", "write_plots"]

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which readers with any kind of colour blindness tell apart."""
GREY = "#767676"
MEASURES = (("accuracy", "accuracy"), ("mean_iou", "mean IoU"))
DOTS_PER_INCH = 150
LINE_INCHES = 0.14
"""Of the small print."""


def write_plots(report: ExperimentReport, folder: Path) -> list[Path]:
    """One PNG a report. Raises: ConfigError without matplotlib; StorageError."""
    try:
        import matplotlib
    except ImportError as problem:
        raise ConfigError(
            "Plots need matplotlib, which is not installed.", "pip install 'umed[experiments]'"
        ) from problem
    matplotlib.use("Agg")
    content = io.BytesIO()
    draw(report).savefig(content, format="png", dpi=DOTS_PER_INCH, metadata={"Disclaimer": RESEARCH_USE_ONLY})
    path = folder / f"{report.name}.png"
    write_atomic(path, content.getvalue())
    return [path]


def draw(report: ExperimentReport) -> Canvas:
    """The plot of a report, with its small print below."""
    import matplotlib

    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        canvas = _curves(report) if report.axis else _dots(report)
        synthetic = "Columns marked phantom are synthetic. " if any(report.stands_in) else ""
        _print_below(canvas, f"{synthetic}{RESEARCH_USE_ONLY}", 0)
        # Axes measure their words when they are drawn, with the fonts of that moment.
        canvas.draw_without_rendering()
    return canvas


def _canvas(rows: int, columns: int, width: float, height: float, title: str) -> tuple[Canvas, Any]:
    # Not pyplot, which keeps every canvas and asks for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # Room for the title above and two lines of small print below.
    below, above = 2 * LINE_INCHES / height, 0.3 / height
    canvas = Canvas(figsize=(width, height), layout=ConstrainedLayoutEngine(rect=(0, below, 1, 1 - below - above)))
    FigureCanvasAgg(canvas)
    canvas.suptitle(title, x=0.01, ha="left", y=0.995, va="top", fontsize=11)
    return canvas, canvas.subplots(rows, columns, squeeze=False, sharey="row")


def _dots(report: ExperimentReport) -> Canvas:
    """A panel a heading and measure, a line an arm: its label stands at its dot's height, so that no legend is needed."""
    columns, lines = len(report.headings), len(report.rows)
    canvas, axes = _canvas(
        2, columns, max(5.2, 2.2 + 1.9 * columns), 1.6 + 0.56 * lines, f"{report.title} (size {report.size})"
    )
    for row, (measure, name) in enumerate(MEASURES):
        for column, heading in enumerate(report.headings):
            axis = axes[row][column]
            for place, line in enumerate(report.rows):
                cell, at = line.cells[column], lines - 1 - place
                _dot(axis, getattr(cell, measure), at, COLORS[place % len(COLORS)])
                if measure == "accuracy" and cell.paper is not None:
                    axis.plot(
                        cell.paper, at, marker="D", markersize=4, markerfacecolor="none", color=GREY, linestyle=""
                    )
            axis.set_xlim(-0.02, 1.02)
            axis.set_ylim(-0.6, lines - 0.4)
            axis.set_yticks(range(lines), [line.label for line in reversed(report.rows)])
            axis.set_xlabel(name)
            axis.grid(axis="x", color="#E5E5E5", linewidth=0.6)
            axis.set_axisbelow(True)
            if row == 0:
                axis.set_title(_wrapped(heading), fontsize=9)
    if any(cell.paper is not None for line in report.rows for cell in line.cells):
        _print_below(canvas, "Grey diamonds: the paper's, of another model and other images", 1)
    return canvas


def _print_below(canvas: Canvas, text: str, line: int) -> None:
    """Small print at the foot, lines counted from the last."""
    at = (0.02 + line * LINE_INCHES) / canvas.get_figheight()
    canvas.text(0.01, at, text, fontsize=7.5, color=GREY, va="bottom")


def _dot(axis: Axes, figure: Figure, at: float, color: str) -> None:
    if figure.low is not None and figure.high is not None:
        axis.plot([figure.low, figure.high], [at, at], color=color, linewidth=2, solid_capstyle="butt", clip_on=False)
    axis.plot(figure.value, at, marker="o", markersize=6, color=color, linestyle="", clip_on=False)


def _curves(report: ExperimentReport) -> Canvas:
    """Accuracy and mean IoU over the axis, a curve a heading, its name at its end; of several arms a row of panels each."""
    places = len(report.places)
    arms = max(1, len(report.rows) // places) if report.name.startswith("fig4") else 1
    canvas, axes = _canvas(arms, 2, 10.5, 0.8 + 3.6 * arms, f"{report.title} (size {report.size})")
    for arm in range(arms):
        lines = report.rows[arm : arms * places : arms]
        for column, (measure, name) in enumerate(MEASURES):
            axis: Axes = axes[arm][column]
            ends = []
            for number, heading in enumerate(report.headings):
                figures = [getattr(line.cells[number], measure) for line in lines]
                # The last heading is the average, which the paper shows.
                is_average = number == len(report.headings) - 1
                color = "#000000" if is_average else COLORS[number % len(COLORS)]
                _curve(axis, report.places, figures, color, 2.4 if is_average else 1.3)
                ends.append((figures[-1].value, heading, color))
            _label_ends(axis, report.places[-1], ends)
            papers = [paper for line in lines if (paper := line.cells[-1].paper) is not None]
            if measure == "accuracy" and len(papers) == places:
                axis.plot(
                    report.places, papers, marker="D", markerfacecolor="none", color=GREY, linestyle=":", linewidth=1
                )
                _print_below(canvas, "Grey diamonds: the paper's average, of another model and other images", 1)
            axis.set_ylim(-0.03, 1.03)
            axis.set_xticks(report.places)
            axis.set_xlabel(report.axis)
            axis.set_ylabel(name if arms == 1 else f"{name}, {lines[0].label.split(',')[0]}")
            axis.grid(axis="y", color="#E5E5E5", linewidth=0.6)
            axis.set_axisbelow(True)
    return canvas


def _curve(axis: Axes, places: tuple[float, ...], figures: list[Figure], color: str, width: float) -> None:
    axis.plot(places, [figure.value for figure in figures], color=color, linewidth=width, marker="o", markersize=3.5)
    low, high = [figure.low for figure in figures], [figure.high for figure in figures]
    if None not in low and width > 2:
        axis.fill_between(places, low, high, color=color, alpha=0.12, linewidth=0)  # type: ignore[arg-type]


def _label_ends(axis: Axes, last: float, ends: list[tuple[float, str, str]]) -> None:
    """Names at the curves' ends, moved apart where they would lie on one another, about their curves' middle."""
    apart, heights = 0.062, list[float]()
    ends = sorted(ends)
    for value, _, _ in ends:
        heights.append(max(value, heights[-1] + apart) if heights else value)
    shift = sum(heights) / len(heights) - sum(value for value, _, _ in ends) / len(ends)
    for height, (value, heading, color) in zip(heights, ends, strict=True):
        axis.annotate(heading, (last, value), xytext=(1.015, height - shift), textcoords=("axes fraction", "data"),
                      fontsize=7.5, color=color, va="center")  # fmt: skip


def _wrapped(heading: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(heading, 18))
