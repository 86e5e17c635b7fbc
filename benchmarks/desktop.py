"""How quickly the window comes, opens a folder of 400 slices, scrolls and stops, beside the gates that umed set itself.

Run: python benchmarks/desktop.py [--runs 5] [--slices 400]. Every run is a fresh process on the offscreen platform (on
the platform of QT_QPA_PLATFORM where that is set), with synthetic images and the model that umed ships.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ENVIRONMENT = {
    "QT_QPA_PLATFORM": "offscreen",
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(REPOSITORY / room) for room in (".", "cli", "assets")),
}
PATIENCE_S = 120.0
TICK_MS = 5


@dataclass(frozen=True)
class Gate:
    """What is measured, its unit, and its bound: "<" as most, ">" as least. A gap has `part`: who computed in it."""

    name: str
    key: str
    unit: str
    sense: str
    bound: float
    part: str = ""


GATES = (
    Gate("window shown, from the start of the process", "window_s", "s", "<", 1.0),
    Gate("first slice shown, from opening the folder", "first_slice_s", "s", "<", 2.0),
    Gate("index of the folder", "index_s", "s", "<", 2.0),
    Gate("scroll, 512 x 512", "scroll_hz", "/s", ">", 60.0),
    Gate("drag of the window, 3000 x 2500, preview", "drag_hz", "/s", ">", 20.0),
    Gate("Stop, until the window says so", "stop_s", "s", "<", 0.2),
    Gate("longest event-loop gap, opening", "gap_opening_s", "s", "<", 0.1, "opening"),
    Gate("longest event-loop gap, model loading", "gap_loading_s", "s", "<", 0.1, "loading"),
    Gate("longest event-loop gap, asking", "gap_asking_s", "s", "<", 0.1, "asking"),
)
FIGURES = (
    ("longest event-loop gap, idle: the machine's own", "gap_idle_s", "s"),
    ("whole series in memory, from opening", "series_s", "s"),
    ("full picture after a drag, 3000 x 2500", "full_draw_s", "s"),
    ("memory of the window with the series open", "memory_mb", "MB"),
)
PARTS = (("own", "computed by the window's thread"), ("others", "by others of its process"))
NOT_YET_BUILT = ("event loop while training", "memory of series under a budget (LRU)")


# ------------------------------------------------------------------------------------------------ synthetic studies
def write_slices(folder: Path, count: int) -> None:
    """One CT series of 512 x 512 slices, 2 mm apart, each a phantom moved by a few pixels."""
    import io

    import numpy as np
    import pydicom

    from umed_core.phantoms import make_phantom
    from umed_core.phantoms.dicom_file import dicom_bytes

    folder.mkdir()
    dataset = pydicom.dcmread(io.BytesIO(dicom_bytes(make_phantom("ct", 1))))
    stored = dataset.pixel_array
    x, y, _ = dataset.ImagePositionPatient
    for number in range(count):
        dataset.InstanceNumber = number + 1
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"2.25.400{number + 1}"
        dataset.ImagePositionPatient = [x, y, 2.0 * number]
        dataset.PixelData = np.roll(stored, number, axis=1).tobytes()
        dataset.save_as(folder / f"{number:04d}.dcm")


def write_radiograph(path: Path) -> None:
    """One grey DICOM file of 3000 x 2500."""
    import io

    import numpy as np
    import pydicom
    from PIL import Image

    from umed_core.phantoms import make_phantom
    from umed_core.phantoms.dicom_file import dicom_bytes

    dataset = pydicom.dcmread(io.BytesIO(dicom_bytes(make_phantom("cxr", 1))))
    large = Image.fromarray(dataset.pixel_array.astype(np.int32)).resize((2500, 3000))
    dataset.Rows, dataset.Columns = 3000, 2500
    dataset.PixelData = np.asarray(large).astype("<u2").tobytes()
    dataset.save_as(path)


# ------------------------------------------------------------------------------------------- one run, in its process
def probe(started: float, slices: Path, radiograph: Path) -> dict[str, float]:
    """Everything but the report; `started` is time.time() just before this process was."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from umed_desktop.app import make_window

    app = QApplication(["umed"])
    window = make_window(Path(tempfile.mkdtemp()) / "desktop.json")
    window.show()
    app.processEvents()
    window.repaint()
    found = {"window_s": time.time() - started}
    session, view = window.session, window.parts.viewer.view

    ticks: list[tuple[float, float, float]] = []
    heart = QTimer(interval=TICK_MS)
    heart.timeout.connect(lambda: ticks.append((time.perf_counter(), time.thread_time(), time.process_time())))
    heart.start()

    def waited(for_what: Callable[[], bool]) -> float:
        begin = time.perf_counter()
        while not for_what():
            if time.perf_counter() - begin > PATIENCE_S:
                raise SystemExit(f"nothing came in {PATIENCE_S:.0f} s: {window.parts.notice.message.text()}")
            app.processEvents()
            time.sleep(0.001)
        return time.perf_counter() - begin

    def longest_gap(name: str) -> None:
        """Of the ticks since the last call: the longest wait, and what this thread and the others computed in it."""
        gaps = [[after - before for before, after in zip(*pair, strict=True)] for pair in itertools.pairwise(ticks)]
        gap, own, process = max(gaps)
        found.update({f"gap_{name}_s": gap, f"own_{name}_s": own, f"others_{name}_s": process - own})
        ticks.clear()

    waited(lambda: len(ticks) > 20)
    ticks.clear()
    waited(lambda: len(ticks) > 200)
    longest_gap("idle")
    begin = time.perf_counter()
    indexed: list[float] = []
    listed = window._listed
    window._listed = lambda listing: (indexed.append(time.perf_counter() - begin), listed(listing))  # type: ignore[method-assign,func-returns-value]
    window.open_paths([slices])
    waited(lambda: session.image is not None)
    view.repaint()
    found["first_slice_s"] = time.perf_counter() - begin
    waited(lambda: session.image is not None and session.image.frame_count > 1)
    found["series_s"] = time.perf_counter() - begin
    found["index_s"] = indexed[0]
    waited(lambda: len(ticks) > 3)
    longest_gap("opening")

    import psutil

    found["memory_mb"] = psutil.Process().memory_info().rss / 2**20
    frames = range(min(120, session.image.frame_count - 1))
    begin = time.perf_counter()
    for frame in frames:
        session.show_frame(frame + 1)
        view.repaint()
    found["scroll_hz"] = len(frames) / (time.perf_counter() - begin)

    ticks.clear()
    window.start_model()
    waited(lambda: session.model_state in ("ready", "lost"))
    waited(lambda: len(ticks) > 3)
    longest_gap("loading")
    window.ask("What is abnormal in this image, and where is it?")
    waited(lambda: bool(session.exchanges()[-1].text))
    begin = time.perf_counter()
    window.stop()
    window.parts.chat.repaint()
    found["stop_s"] = time.perf_counter() - begin
    window.ask("Where is it?")
    waited(lambda: not session.is_answering)
    waited(lambda: len(ticks) > 3)
    longest_gap("asking")

    window.open_paths([radiograph])
    waited(lambda: session.image is not None and session.image.width == 2500)
    begin = time.perf_counter()
    for _ in range(20):
        window._drag_window(0.002, 0.001)
        view.repaint()
    found["drag_hz"] = 20 / (time.perf_counter() - begin)
    begin = time.perf_counter()
    window.painter.finish_preview()
    view.repaint()
    found["full_draw_s"] = time.perf_counter() - begin
    window.close()
    return found


# ------------------------------------------------------------------------------------------------------- the report
def measured(slices: Path, radiograph: Path) -> dict[str, float]:
    """One run in a fresh process."""
    command = [sys.executable, str(Path(__file__)), "--probe", repr(time.time()), str(slices), str(radiograph)]
    ran = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def report(runs: list[dict[str, float]]) -> None:
    def spread(key: str) -> tuple[float, str]:
        values = sorted(run[key] for run in runs)
        return statistics.median(values), f"({values[0]:.3g} to {values[-1]:.3g})"

    for gate in GATES:
        middle, around = spread(gate.key)
        met = middle < gate.bound if gate.sense == "<" else middle >= gate.bound
        parts = (
            [f"{spread(f'{who}_{gate.part}_s')[0]:.3f} s of it {words}" for who, words in PARTS] if gate.part else []
        )
        print(
            f"{'met   ' if met else 'MISSED'}  {gate.name:46} {middle:7.3g} {gate.unit:3} {around:16}"
            f" gate {gate.sense} {gate.bound:g}{''.join(f', {part}' for part in parts)}"
        )
    for name, key, unit in FIGURES:
        middle, around = spread(key)
        print(f"        {name:46} {middle:7.3g} {unit:3} {around}")
    for name in NOT_YET_BUILT:
        print(f"        {name:46} not yet built")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{len(runs)} runs on {os.cpu_count()} cores{load}, {ENVIRONMENT['QT_QPA_PLATFORM']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--probe", nargs=3, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.probe:
        print(json.dumps(probe(float(wanted.probe[0]), Path(wanted.probe[1]), Path(wanted.probe[2]))))
        return
    sys.path[:0] = [str(REPOSITORY)]
    with tempfile.TemporaryDirectory() as scratch:
        slices, radiograph = Path(scratch) / "slices", Path(scratch) / "radiograph.dcm"
        write_slices(slices, wanted.slices)
        write_radiograph(radiograph)
        report([measured(slices, radiograph) for _ in range(wanted.runs)])


if __name__ == "__main__":
    main()
