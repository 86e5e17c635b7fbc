"""A report as a table a person reads, in plain text or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from umed_core.evaluation.evaluate import Report, SetScores
from umed_core.evaluation.intervals import Estimate

__all__ = ["COLUMNS", "markdown_table", "report_lines", "text_table"]

COLUMNS = (
    "dataset",
    "n",
    "accuracy [95 %]",
    "mean IoU [95 %]",
    "IoU > .5",
    "parsable",
    "matched IoU",
    "shuffled",
    "centre box",
    "normal n",
    "false alarms [95 %]",
)
"""`shuffled` and `centre box` are controls: mean IoU against other images' truths, and of one fixed box."""


def text_table(report: Report) -> str:
    """Columns aligned by spaces."""
    rows = [list(COLUMNS), *(_cells(scores) for scores in report.sets)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join(_aligned(row, widths) for row in rows)


def markdown_table(report: Report) -> str:
    """A GitHub-style table."""
    rule = ["---", *("---:" for _ in COLUMNS[1:])]
    rows = [list(COLUMNS), rule, *(_cells(scores) for scores in report.sets)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def report_lines(report: Report) -> list[str]:
    """What the table does not say: model, part, split, what was left out."""
    model, config = report.model, report.config
    sampled = f"; a fixed sample of at most {config.limit} images a set" if config.limit else ""
    lines = [
        f"model {model.name} ({model.sha256[:12]}), {model.decoding}",
        *(f"{config.part} part of {split}{sampled}" for split in _splits(report)),
        "shuffled, centre box: controls; a model that looks at the image leaves them behind",
    ]
    lines += [
        f"{name}: {count} annotation rows could not be used" for name, count in report.refused_rows.items() if count
    ]
    lines += [f"not asked: {image.dataset} {image.image}: {image.reason}" for image in report.unasked]
    return lines


def _splits(report: Report) -> list[str]:
    """Who told train from test, and how."""
    said = []
    if len(report.brought_splits) < len(report.splits) or not report.splits:
        said.append(f"a group-wise split: test share {report.config.test_share:g}, seed {report.config.seed}")
    names_of: dict[str, list[str]] = {}
    for name in report.brought_splits:
        split = report.splits[name]
        names_of.setdefault(f"test share {split['test_share']}, seed {split['seed']}", []).append(name)
    said += [f"the split that {', '.join(names)} came with: {drawn}" for drawn, names in names_of.items()]
    return said


def _cells(scores: SetScores) -> list[str]:
    abnormal, normal = scores.abnormal, scores.normal
    found = ["0", *["-"] * 7]
    if abnormal is not None:
        found = [
            str(abnormal.accuracy.count),
            _with_interval(abnormal.accuracy),
            _with_interval(abnormal.mean_iou),
            f"{abnormal.over_half.value:.3f}",
            f"{abnormal.parsable.value:.3f}",
            f"{abnormal.matched_iou.value:.3f}",
            f"{abnormal.shuffled_iou:.3f}",
            f"{abnormal.center_iou:.3f}",
        ]
    alarms = ["0", "-"] if normal is None else [str(normal.false_alarms.count), _with_interval(normal.false_alarms)]
    return [scores.dataset, *found, *alarms]


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip()
