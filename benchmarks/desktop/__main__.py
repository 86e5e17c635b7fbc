"""Every gate of the window, met or missed, and how soon it stands beside labelme and napari.

    python benchmarks/desktop [--runs 3] [--platforms offscreen,xcb] [--peers VENV] [--markdown FILE] [--json FILE]

Every run is a fresh process with synthetic images and the model that umed ships, in settings of its own. On the xcb
platform it draws on an X server of its own (Xvfb). The peers are no part of umed: `python -m venv VENV` and
`VENV/bin/pip install labelme "napari[pyside6]"` (GPL-3.0 and BSD-3) put them beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform as system
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gates import FIGURES, GATES, Verdict, as_lines, as_markdown, judged
from peers import Start, as_ratios, compared

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
SCREEN = "1600x1000x24"
MEMORY_SLICES = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--platforms", default="offscreen,xcb" if shutil.which("Xvfb") else "offscreen")
    parser.add_argument("--only", choices=["read", "train", "remember"], help="one probe alone")
    parser.add_argument("--peers", type=Path, help="a virtual environment with labelme and napari")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    began = time.monotonic()
    verdicts: list[Verdict] = []
    starts: list[Start] = []
    with tempfile.TemporaryDirectory() as scratch:
        studies = Path(scratch)
        write_all(studies, wanted.slices)
        for platform in wanted.platforms.split(","):
            with environment(platform, studies) as child:
                verdicts += gates_on(platform, studies, child, wanted.runs, wanted.only)
                print(as_lines([v for v in verdicts if v.platform == platform]), end="\n\n", flush=True)
        if wanted.peers is not None:
            # On X where there is one: napari draws by OpenGL, which the offscreen platform has not.
            with environment("xcb" if shutil.which("Xvfb") else "offscreen", studies) as child:
                starts = compared(wanted.peers, studies / "pictures", child, wanted.runs)
    foot = machine(wanted.runs, time.monotonic() - began)
    if starts:
        print(as_ratios(starts), end="\n\n")
    print(foot)
    if wanted.markdown is not None:
        parts = [as_markdown(verdicts), *([as_ratios(starts)] if starts else []), foot]
        wanted.markdown.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    if wanted.json is not None:
        told = {"gates": [v.as_json() for v in verdicts], "starts": [s.as_json() for s in starts], "machine": foot}
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def write_all(studies: Path, slices: int) -> None:
    sys.path[:0] = [str(REPOSITORY)]
    from studies import write_pictures, write_radiograph, write_series

    write_series(studies / "slices", slices)
    write_radiograph(studies / "radiograph.dcm")
    for number in (1, 2, 3):
        write_series(studies / "three" / str(number), MEMORY_SLICES, number)
    write_pictures(studies / "pictures")


def gates_on(platform: str, studies: Path, child: dict[str, str], runs: int, only: str | None) -> list[Verdict]:
    """Each probe in turn, round by round, so that a machine's moods fall on all alike."""
    paths = {
        "read": (studies / "slices", studies / "radiograph.dcm"),
        "train": (studies / "slices",),
        "remember": (studies / "three",),
    }
    names = [only] if only else list(paths)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            found[name].append(probed(name, paths[name], child))
    return [verdict for gates in (GATES, FIGURES) for name in names for verdict in judged(gates, platform, found[name])]


def probed(name: str, paths: tuple[Path, ...], child: dict[str, str]) -> dict[str, float]:
    """One run in a fresh process."""
    command = [sys.executable, str(HERE / "probes.py"), name, repr(time.time()), *map(str, paths)]
    ran = subprocess.run(command, env=child, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


@contextmanager
def environment(platform: str, home: Path) -> Iterator[dict[str, str]]:
    """Of a child that draws on `platform`, with a home of its own: no settings of the person's, and none for them."""
    child = {
        **os.environ, "QT_QPA_PLATFORM": platform, "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONPATH": os.pathsep.join(str(REPOSITORY / room) for room in (".", "cli", "assets")),
        "QT_LOGGING_RULES": "*.warning=false",
    }  # fmt: skip
    if platform != "xcb":
        yield child
        return
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp"],
        pass_fds=(writer,), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writer)
    try:
        with os.fdopen(reader) as told:
            yield child | {"DISPLAY": f":{told.readline().strip()}"}
    finally:
        server.terminate()
        server.wait()


def machine(runs: int, seconds: float) -> str:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{runs} runs on {os.cpu_count()} cores{load}; {system.system()}, Python {system.python_version()}; "
        f"{seconds:.0f} s. Synthetic images; research use only."
    )


if __name__ == "__main__":
    main()
