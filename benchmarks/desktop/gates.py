"""The gates that umed's window set itself, and what a set of runs says of each: as lines, as Markdown, as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

__all__ = ["FIGURES", "GATES", "Gate", "Verdict", "as_lines", "as_markdown", "judged"]

Figures = dict[str, float]


@dataclass(frozen=True)
class Gate:
    """What is measured, its unit, and its bound: "<" as most, ">" as least, "" for a figure without one.

    Of the start and of an event-loop gap, `part` names when it was taken: what was computed in it stands beside it.
    """

    name: str
    key: str
    unit: str
    sense: str = ""
    bound: float = 0.0
    part: str = ""


GATES = (
    Gate("window shown, from the start of the process", "window_s", "s", "<", 1.0, "start"),
    Gate("first slice shown, from opening the folder", "first_slice_s", "s", "<", 2.0),
    Gate("index of the folder", "index_s", "s", "<", 2.0),
    Gate("scroll, 512 x 512", "scroll_hz", "/s", ">", 60.0),
    Gate("film at 30 a second, slices shown", "cine_hz", "/s", ">", 25.0),
    Gate("drag of the window, 3000 x 2500, preview", "drag_hz", "/s", ">", 20.0),
    Gate("Stop, until the window says so", "stop_s", "s", "<", 0.2),
    Gate("longest event-loop gap, opening", "gap_opening_s", "s", "<", 0.1, "opening"),
    Gate("longest event-loop gap, model loading", "gap_loading_s", "s", "<", 0.1, "loading"),
    Gate("longest event-loop gap, asking", "gap_asking_s", "s", "<", 0.1, "asking"),
    Gate("longest event-loop gap, training", "gap_training_s", "s", "<", 0.1, "training"),
    Gate("series kept, of 180 MB opened in turn", "kept_mb", "MB", "<", 96.0),
    Gate("memory of the process, grown by them", "grown_mb", "MB", "<", 96.0),
)
FIGURES = (
    Gate("longest event-loop gap, idle: the machine's own", "gap_idle_s", "s", part="idle"),
    Gate("whole series in memory, from opening", "series_s", "s"),
    Gate("full picture after a drag, 3000 x 2500", "full_draw_s", "s"),
    Gate("first visit of the Train page", "page_s", "s"),
    Gate("memory of the window with the series open", "memory_mb", "MB"),
    Gate("memory of the process, most it had grown by", "peak_mb", "MB"),
)


@dataclass(frozen=True)
class Verdict:
    """One gate on one platform: the median of the runs, their least and greatest, and the judgement.

    `own_s` and `process_s` are the most that the window's thread, and all of its process, computed in one gap, or in the
    start. `judgement` is "met", "MISSED", "busy" for what the clock misses and the window's whole process cannot have
    made, "" where there is no bound.
    """

    name: str
    platform: str
    unit: str
    bound: str
    median: float
    least: float
    greatest: float
    judgement: str
    own_s: float | None = None
    process_s: float | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def judged(gates: Sequence[Gate], platform: str, runs: Sequence[Figures]) -> list[Verdict]:
    """The verdicts on the gates that these runs measured."""
    return [_verdict(gate, platform, runs) for gate in gates if all(gate.key in run for run in runs)]


def _verdict(gate: Gate, platform: str, runs: Sequence[Figures]) -> Verdict:
    values = [run[gate.key] for run in runs]
    middle = statistics.median(values)
    own, process = (
        (statistics.median(run[f"{who}_{gate.part}_s"] for run in runs) if gate.part else None)
        for who in ("own", "process")
    )
    judgement = ""
    if gate.sense:
        met = middle < gate.bound if gate.sense == "<" else middle >= gate.bound
        judgement = "met" if met else "busy" if process is not None and process < gate.bound else "MISSED"
    bound = f"{gate.sense} {gate.bound:g}".strip() if gate.sense else ""
    return Verdict(gate.name, platform, gate.unit, bound, middle, min(values), max(values), judgement, own, process)


def as_lines(verdicts: Sequence[Verdict]) -> str:
    """A line a verdict, under the name of the platform that they share."""
    return f"{verdicts[0].platform}\n" + "\n".join(
        f"{v.judgement:7} {v.name:48} {v.median:7.3g} {v.unit:3} {f'({v.least:.3g} to {v.greatest:.3g})':18}"
        f"{f' gate {v.bound}' if v.bound else ''}{_computed(v)}".rstrip()
        for v in verdicts
    )


def as_markdown(verdicts: Sequence[Verdict]) -> str:
    rows = ["| what | platform | median | least to greatest | gate | |", "|---|---|---:|---|---|---|"]
    rows += [
        f"| {v.name} | {v.platform} | {v.median:.3g} {v.unit} | {v.least:.3g} to {v.greatest:.3g}{_computed(v)} |"
        f" {v.bound} | {v.judgement} |"
        for v in verdicts
    ]
    return "\n".join(rows)


def _computed(verdict: Verdict) -> str:
    if verdict.own_s is None or verdict.process_s is None:
        return ""
    return f", at most {verdict.own_s:.3f} s computed by the window's thread, {verdict.process_s:.3f} s by its process"
