"""umed's start beside labelme's and napari's: the same picture, in turn, each with its own libraries."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Start", "as_ratios", "compared"]

SCRIPT = Path(__file__).resolve().with_name("start_of.py")
CONTENDERS = (
    ("umed", "slice.png"),
    ("labelme", "slice.png"),
    ("napari", "slice.png"),
    ("umed", "slice.dcm"),
    ("napari", "slice.npy"),
)


@dataclass(frozen=True)
class Start:
    """One viewer with one picture: seconds from the start of its process, a value a round."""

    viewer: str
    picture: str
    window_s: tuple[float, ...]
    image_s: tuple[float, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def compared(peers: Path, pictures: Path, child: dict[str, str], rounds: int) -> list[Start]:
    """Every contender in every round, the order turned round each time; once before, unmeasured, to fill the disk's cache."""
    runs: dict[tuple[str, str], list[dict[str, float]]] = {contender: [] for contender in CONTENDERS}
    for number in range(-1, rounds):
        for viewer, picture in CONTENDERS if number % 2 == 0 else reversed(CONTENDERS):
            told = _started(viewer, pictures / picture, peers, child)
            if number >= 0:
                runs[viewer, picture].append(told)
    return [
        Start(viewer, picture, tuple(run["window_s"] for run in each), tuple(run["image_s"] for run in each))
        for (viewer, picture), each in runs.items()
    ]


def _started(viewer: str, picture: Path, peers: Path, child: dict[str, str]) -> dict[str, float]:
    ours = viewer == "umed"
    python = sys.executable if ours else str(peers / "bin" / "python")
    environment = child if ours else {key: value for key, value in child.items() if key != "PYTHONPATH"}
    command = [python, str(SCRIPT), viewer, str(picture), repr(time.time())]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{viewer} did not show {picture.name} (exit {ran.returncode}): {ran.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def as_ratios(starts: Sequence[Start]) -> str:
    """A Markdown table: medians, and how many times umed's, median of the rounds."""
    ours = {Path(start.picture).suffix == ".png": start for start in starts if start.viewer == "umed"}
    rows = ["| viewer | picture | window, s | picture painted, s | times umed's |", "|---|---|---:|---:|---:|"]
    for start in starts:
        umed = ours[Path(start.picture).suffix == ".png"]
        times = statistics.median(a / b for a, b in zip(start.image_s, umed.image_s, strict=True))
        rows.append(
            f"| {start.viewer} | {start.picture} | {statistics.median(start.window_s):.2f} |"
            f" {statistics.median(start.image_s):.2f} | {times:.2f} |"
        )
    return "\n".join(rows)
