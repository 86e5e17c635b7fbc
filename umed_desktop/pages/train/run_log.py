"""A run folder as it grows: figures of metrics.jsonl, sample pictures, what can be gone on with. Free of Qt."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from umed_core.training.run import RunFolder, step_of_checkpoint
from umed_desktop.words import QT_TRANSLATE_NOOP

__all__ = ["CHARTS", "Chart", "RunLog", "charts_of", "sample_pictures", "smoothed"]


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures that share an axis."""

    title: str
    names: tuple[str, ...]
    is_log: bool = False


CHARTS = (
    Chart(QT_TRANSLATE_NOOP("Charts", "Loss"), ("loss", "policy_loss", "value_loss")),
    Chart(
        QT_TRANSLATE_NOOP("Charts", "Parts of the loss"), ("words", "coordinates", "spelt_giou", "dense", "attention")
    ),
    Chart(QT_TRANSLATE_NOOP("Charts", "Rewards"), ("r_llm", "r_loc", "r_att")),
    Chart(QT_TRANSLATE_NOOP("Charts", "Parsable share"), ("parsable_share", "ended_share")),
    Chart(QT_TRANSLATE_NOOP("Charts", "KL from stage 1"), ("kl_k3", "kl")),
    Chart(QT_TRANSLATE_NOOP("Charts", "Gradient and rate"), ("grad_norm", "learning_rate"), is_log=True),
)


class RunLog:
    """metrics.jsonl of one run, read on from where the last look ended; a resumed run that rewrote it is read anew."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._file = RunFolder(run).metrics_file
        self._read_to = 0
        self._inode = 0
        self.steps: dict[str, list[float]] = {}
        self.values: dict[str, list[float]] = {}

    def refresh(self) -> bool:
        """Whether anything is new. A line that is being written is left for the next time."""
        try:
            state = self._file.stat()
            if state.st_size < self._read_to or (self._inode and state.st_ino != self._inode):
                self._read_to, self.steps, self.values = 0, {}, {}
            self._inode = state.st_ino
            with self._file.open("rb") as lines:
                lines.seek(self._read_to)
                content = lines.read()
        except FileNotFoundError:
            return False
        whole = content[: content.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.splitlines():
            self._take(line)
        return bool(whole)

    def _take(self, line: bytes) -> None:
        try:
            row = json.loads(line)
            step = float(row.pop("step"))
        except (ValueError, KeyError, AttributeError):  # cut short by a kill; the trainer drops it at its resume
            return
        for name, value in row.items():
            if isinstance(value, int | float) and math.isfinite(value):
                self.steps.setdefault(name, []).append(step)
                self.values.setdefault(name, []).append(float(value))

    @property
    def last_step(self) -> int:
        return int(max((steps[-1] for steps in self.steps.values()), default=0))

    @property
    def model(self) -> Path | None:
        """The trained model; None while there is none."""
        folder = RunFolder(self.run).model_folder
        return folder if (folder / "config.json").is_file() else None

    @property
    def can_resume(self) -> bool:
        return self.checkpoint_step > 0

    @property
    def checkpoint_step(self) -> int:
        """The step that a resume goes on from; 0 where there is no checkpoint."""
        latest = RunFolder(self.run).latest_checkpoint()
        return step_of_checkpoint(latest) if latest is not None else 0

    @property
    def trainer(self) -> int:
        """The number of the process that trains here now, whoever started it; 0 where none does."""
        holder = RunFolder(self.run).holder()
        return holder.pid if holder is not None else 0


def charts_of(values: Mapping[str, Sequence[float]]) -> tuple[Chart, ...]:
    """The charts that have figures, with the names that do."""
    kept = ((chart, tuple(name for name in chart.names if values.get(name))) for chart in CHARTS)
    return tuple(Chart(chart.title, names, chart.is_log) for chart, names in kept if names)


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """The running mean with `weight` (0..1) on the past, without the pull towards 0 at the start.

    Source: Kingma and Ba, 2015, section 3: the bias of an exponential mean is 1 - weight^n.
    """
    mean, share, out = 0.0, 1.0, []
    for value in values:
        mean = weight * mean + (1 - weight) * value
        share *= weight
        out.append(mean / (1 - share))
    return out


def sample_pictures(run: Path) -> tuple[Path, ...]:
    """What the policy answered along the run, oldest first."""
    return tuple(sorted((run / "samples").glob("step-*.png")))
