"""`umed build-mau` at the size of the public sets: rows and records a second, and how much memory its processes take over time.

    python benchmarks/mau_scale.py [--count 100000] [--rows 112120] [--folder DIR] [--only index|build]

index  A copy of NIH ChestX-ray14's layout (the tables of its 112,120 rows, pictures in images_001 to images_012) is read
       into the store of a build: once with as many boxes as were published, once with a box on every row. Its pictures
       are hard links to twelve files: the index opens headers only.
build  As many distinct pictures of 64 px (*synthetic*) go through the whole command with the template teacher, as a child
       process; then the same command again, with nothing left to do.

Memory is the resident memory of the process and its children together, looked at twice a second; pages that they share count
twice. What stands at 25 / 50 / 75 / 100 % of a span is the most in the twentieth of it that ends there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
ENVIRONMENT = {
    **os.environ,
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": os.pathsep.join(str(REPOSITORY / room) for room in (".", "cli", "assets")),
}
SAMPLED_EVERY_S = 0.5
MEGABYTE = 1e6
MOST_MB = 500
ARCHIVES = 12
NORMAL_SHARE = 0.538  # "No Finding" in Data_Entry_2017.csv: 60,361 of 112,120
BOXED_AS_PUBLISHED = 880 / 112_120


# ------------------------------------------------------------------------------------------------- synthetic sources
def write_index(folder: Path, rows: int, boxed_share: float) -> None:
    """NIH's tables over `rows` pictures; those of a share have a box, of the others a little over half are normal."""
    from PIL import Image

    per_archive = -(-rows // ARCHIVES)
    entries = ["Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position"]
    boxes = ["Image Index,Finding Label,Bbox [x,y,w,h],,,"]
    boxed_every = round(1 / boxed_share)
    for number in range(rows):
        archive = folder / f"images_{number // per_archive + 1:03d}" / "images"
        original = archive / f"{number // 4:08d}_{number % 4:03d}.png"
        if number % per_archive == 0:
            archive.mkdir(parents=True)
            first = original
            Image.new("L", (1024, 1024)).save(first, compress_level=9)
        else:
            os.link(first, original)
        if number % boxed_every == 0:
            boxes.append(f"{original.name},Mass,{100 + number % 500},200,300,250,,,")
            label = "Mass"
        else:
            label = "No Finding" if number % 1000 < 1000 * NORMAL_SHARE else "Infiltration|Mass"
        entries.append(f"{original.name},{label},{number % 4},{number // 4},50,F,PA")
    (folder / "Data_Entry_2017.csv").write_text("\n".join(entries) + "\n")
    (folder / "BBox_List_2017.csv").write_text("\n".join(boxes) + "\n")


def write_pictures(folder: Path, count: int) -> None:
    """A csv source of `count` pictures of 64 px: a seeded pattern of grey squares, one in ten without a bright one."""
    sys.path[:0] = [str(REPOSITORY)]
    from tests.integration.annotated_pictures import write_annotated

    write_annotated(folder, count - count // 10, count // 10)


# ------------------------------------------------------------------------------------------------------- measuring
@dataclass
class Run:
    """What was seen of a child: (seconds, MB) samples, (seconds, line) of its stderr, its exit code."""

    samples: list[tuple[float, float]] = field(default_factory=list)
    lines: list[tuple[float, str]] = field(default_factory=list)
    seconds: float = 0.0

    def peak(self, begin: float = 0.0, end: float = float("inf")) -> float:
        return max((mb for at, mb in self.samples if begin <= at <= end), default=0.0)

    def quarters(self, begin: float, end: float) -> list[float]:
        """The most in each twentieth of the span that ends at 25, 50, 75 and 100 % of it, in MB."""
        span = end - begin
        return [self.peak(begin + (share - 0.05) * span, begin + share * span) for share in (0.25, 0.5, 0.75, 1.0)]


def watched(command: Sequence[str]) -> Run:
    """Runs a child to its end, noting what it says on stderr and when. Raises: SystemExit where it fails."""
    run = Run()
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            run.lines.append((time.perf_counter() - begun, line.rstrip()))

    listener = threading.Thread(target=listen)
    listener.start()
    root = psutil.Process(process.pid)
    while process.poll() is None:
        run.samples.append((time.perf_counter() - begun, tree_mb(root)))
        time.sleep(SAMPLED_EVERY_S)
    run.seconds = time.perf_counter() - begun
    listener.join()
    if process.returncode:
        raise SystemExit("\n".join(line for _, line in run.lines[-20:]))
    return run


def tree_mb(root: psutil.Process) -> float:
    """Resident memory of a process and its children; 0 where one ended between two looks."""
    try:
        return sum(process.memory_info().rss for process in (root, *root.children(recursive=True))) / MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0


# ------------------------------------------------------------------------------------------------------- the report
STEPS = (
    ("collect", "reading the sources"),
    ("clean", "cleaning pictures"),
    ("choose", "choosing sides"),
    ("compare", "looking for near-duplicates"),
    ("ask", "asking"),
    ("place", "placing pictures"),
    ("write", "writing"),
)
"""The steps of a build, and the words with which the command begins each of its lines; counting what is open, which comes
again and again, falls to the step before."""


def spans(run: Run) -> dict[str, tuple[float, float]]:
    """When each step began and ended, by the first line of each."""
    begins = {step: at for step, words in reversed(STEPS) for at, line in reversed(run.lines) if line.startswith(words)}
    ordered = [(step, begins[step]) for step, _ in STEPS if step in begins]
    ends = [begin for _, begin in ordered[1:]] + [run.seconds]
    return {step: (begin, end) for (step, begin), end in zip(ordered, ends, strict=True)}


def tell(what: str, count: int, run: Run, begin: float, end: float) -> None:
    quarters = " / ".join(f"{mb:.0f}" for mb in run.quarters(begin, end))
    rate = count / (end - begin)
    print(
        f"{what:34}{end - begin:8.1f} s {rate:9,.0f} /s   {quarters:>24} MB   {run.peak(begin, end):5.0f} MB",
        flush=True,
    )


def measure_index(folder: Path, rows: int) -> float:
    """Peak of both ways of the index, in MB."""
    peaks = []
    for what, share in (("boxes as published", BOXED_AS_PUBLISHED), ("a box on every row", 1.0)):
        source = folder / f"nih-{share:.3f}"
        write_index(source, rows, share)
        run = watched([sys.executable, __file__, "--probe", str(source), str(folder / f"store-{share:.3f}")])
        tell(f"index, {what}", rows, run, 0.0, run.seconds)
        peaks.append(run.peak())
    return max(peaks)


def probe_index(source: str, out: str) -> None:
    """Reads the sources of a build into its store, as its first step does."""
    sys.path[:0] = [str(REPOSITORY)]
    from umed_core.mau.build import MauConfig, collect
    from umed_core.mau.build_store import BuildStore
    from umed_core.mau.collecting import parse_source
    from umed_core.mau.pictures import PictureShelf
    from umed_core.mau.privacy.burned_in_text import no_scan

    config = MauConfig((parse_source(f"nih={source}"),), Path(out))
    with BuildStore(config.work / "build.sqlite") as store:
        collect(config, store, PictureShelf(config.work / "pictures", no_scan), lambda _: None)


def measure_build(folder: Path, count: int) -> float:
    """Peak of a build and of its second run, in MB."""
    begun = time.perf_counter()
    write_pictures(folder / "squares", count)
    print(f"{count:,} pictures drawn in {time.perf_counter() - begun:.0f} s", flush=True)
    command = [sys.executable, "-m", "umed_cli", "build-mau", "--source", f"csv={folder / 'squares'}"]
    peaks = []
    for what in ("build", "again, nothing to do"):
        run = watched([*command, "--out", str(folder / "mau")])
        tell(what, count, run, 0.0, run.seconds)
        for step, (begin, end) in spans(run).items():
            tell(f"  {step}", count, run, begin, end)
        peaks.append(run.peak())
    written = sum(1 for side in ("train", "test") for _ in (folder / "mau" / f"{side}.jsonl").open())
    print(f"{written:,} records, build.sqlite {(folder / 'mau/work/build.sqlite').stat().st_size / MEGABYTE:.0f} MB")
    return max(peaks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=112_120)
    parser.add_argument("--folder", type=Path, help="where to work (default: the system's temporary folder)")
    parser.add_argument("--only", choices=("index", "build"))
    parser.add_argument("--probe", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.probe:
        probe_index(*wanted.probe)
        return
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'':34}{'time':>10} {'rate':>12}   {'memory at 25 / 50 / 75 / 100 %':>24}      peak")
    peaks = []
    with tempfile.TemporaryDirectory(dir=wanted.folder) as scratch:
        if wanted.only != "build":
            peaks.append(measure_index(Path(scratch), wanted.rows))
        if wanted.only != "index":
            peaks.append(measure_build(Path(scratch), wanted.count))
    print(f"{'met' if max(peaks) < MOST_MB else 'MISSED'}: peak of all {max(peaks):.0f} MB, gate < {MOST_MB} MB")


if __name__ == "__main__":
    main()
