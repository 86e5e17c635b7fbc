"""A report as files: report.json for programs, table.md for people, plots for papers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from umed_core.experiments.comparing import Cell, ExperimentReport
from umed_core.experiments.intervals import Figure
from umed_core.records import write_atomic

__all__ = ["markdown", "write_reports"]


def write_reports(reports: Sequence[ExperimentReport], folder: Path) -> None:
    """report.json and table.md, whole or not at all. Raises: StorageError."""
    write_atomic(folder / "report.json", msgspec.json.format(msgspec.json.encode(reports), indent=2) + b"\n")
    write_atomic(folder / "table.md", "\n\n".join(markdown(report) for report in reports).encode())


def markdown(report: ExperimentReport) -> str:
    """Accuracy, mean IoU, readable boxes, false alarms and differences as tables, each figure with its interval."""
    alarms = any(cell.false_alarms for row in report.rows for cell in row.cells)
    measures: list[tuple[str, Callable[[Cell], str]]] = [
        ("Accuracy (the true class is named)", lambda cell: _figure(cell.accuracy) + _paper(cell)),
        ("Mean IoU of the first box", lambda cell: _figure(cell.mean_iou)),
        ("Answers with a readable box", lambda cell: _figure(cell.parsable)),
    ]
    if alarms:
        measures.append(("False alarms on images without a finding", lambda cell: _figure(cell.false_alarms)))
    parts = [f"# {report.title}"]
    for title, show in measures:
        rows = [[row.label, *(show(cell) for cell in row.cells)] for row in report.rows]
        parts += [f"## {title}", _table([_count_headings(report), *rows])]
    for title, measure in (("accuracy", "accuracy"), ("mean IoU", "mean_iou")):
        if report.differences:
            rows = [
                [one.label, *(_figure(figure, signed=True) for figure in getattr(one, measure))]
                for one in report.differences
            ]
            parts += [f"## Differences in {title}", _table([["", *report.headings], *rows])]
    parts.append("\n".join(f"- {note}" for note in report.notes))
    return "\n\n".join(parts) + "\n"


def _count_headings(report: ExperimentReport) -> list[str]:
    """The headings with the images behind each."""
    images = [cell.accuracy.images for cell in report.rows[0].cells]
    return ["", *(f"{title}, n {count}" for title, count in zip(report.headings, images, strict=True))]


def _table(rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in rows[0][1:])]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (rows[0], rule, *rows[1:])
    )


def _figure(figure: Figure | None, signed: bool = False) -> str:
    """`.62 [.55, .70]`"""
    if figure is None:
        return "-"
    sign = "+" if signed else ""
    value = f"{figure.value:{sign}.3f}"
    return value if figure.low is None else f"{value} [{figure.low:{sign}.3f}, {figure.high:{sign}.3f}]"


def _paper(cell: Cell) -> str:
    return "" if cell.paper is None else f" (paper {cell.paper:.2f})"
