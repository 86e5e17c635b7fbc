"""Contenders timed in one process, in turn: A B, B A, A B, ... so that a shared machine's moods fall on all alike.

Of each contender the median over the rounds, of two the median of their ratio round by round. Gates are judged by this
process's processor time, which on one thread is what the clock shows on an idle machine, and holds on a busy one.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

__all__ = ["Round", "Stopwatch", "interleave", "machine", "ratio", "table", "verdict"]


@dataclass(frozen=True)
class Round:
    """One run of a contender: seconds of the clock and of the processor, and how many things it made."""

    wall_s: float
    cpu_s: float
    made: float

    @property
    def rate(self) -> float:
        """Things a second of the clock."""
        return self.made / self.wall_s

    @property
    def cpu_rate(self) -> float:
        """Things a second of processor time."""
        return self.made / self.cpu_s


class Stopwatch:
    """Runs from its making to `stop`."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, made: float) -> Round:
        return Round(time.perf_counter() - self._wall, time.process_time() - self._cpu, made)


def interleave(contenders: Mapping[str, Callable[[int], Round]], rounds: int) -> dict[str, list[Round]]:
    """Each contender once unmeasured, as round -1, then in rounds 0, 1, ...; a contender times itself."""
    for contender in contenders.values():
        contender(-1)
    runs: dict[str, list[Round]] = {name: [] for name in contenders}
    for number in range(rounds):
        order = list(contenders.items())
        for name, contender in order if number % 2 == 0 else reversed(order):
            gc.collect()  # what the last one left must not be swept up on this one's time
            runs[name].append(contender(number))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number + 1}/{rounds} ")
    return runs


def ratio(ours: Sequence[Round], theirs: Sequence[Round], by_clock: bool = False) -> float:
    """Median of our rate over theirs, round by round, by processor time or by the clock."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(a.rate / b.rate if by_clock else a.cpu_rate / b.cpu_rate for a, b in pairs)


def machine(*packages: str) -> str:
    """One line: processor, load, threads, versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", *packages))
    threads = f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}"
    return (
        f"{_processor()}, {os.cpu_count()} cores, {threads}, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, {versions}"
    )


def table(runs: Mapping[str, Sequence[Round]], unit: str) -> None:
    """A line a contender: what it makes a second of processor time and of the clock, and how often the first makes that."""
    first = next(iter(runs.values()))
    print(f"  {'':30}{unit + ' / CPU s':>20}{'ratio':>8}{'/ s of the clock':>18}{'ratio':>8}")
    for name, each in runs.items():
        cpu, wall = statistics.median(r.cpu_rate for r in each), statistics.median(r.rate for r in each)
        print(f"  {name:30}{cpu:20.2f}{ratio(first, each):8.2f}{wall:18.2f}{ratio(first, each, by_clock=True):8.2f}")
    sys.stdout.flush()


def verdict(what: str, value: float, met: bool, gate: str) -> None:
    print(f"  {'met' if met else 'MISSED'}: {what} {value:.2f} (gate {gate})\n", flush=True)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
