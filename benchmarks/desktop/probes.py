"""The window, measured from inside: one fresh process a probe, which prints its figures as one line of JSON.

python probes.py NAME STARTED PATH...      STARTED is time.time() just before this process was
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from umed_desktop.app import make_window
from umed_desktop.settings import Settings, save_settings
from umed_desktop.window.main_window import MainWindow

CINE_FPS = 30
CINE_S = 3.0
BUDGET_MB = 96
"""Of series in memory, in the memory probe: each of its three series takes 60 MB."""
TRAIN_STEPS = 8

Figures = dict[str, float]


def main() -> None:
    name, started, *paths = sys.argv[1:]
    print(json.dumps(PROBES[name](float(started), *map(Path, paths))))


# ---------------------------------------------------------------------------------------------------------- reading
def read(started: float, slices: Path, radiograph: Path) -> Figures:
    """Start, opening, scrolling, film, model, question, stop and a drag, as one sitting."""
    app, window = shown_window(Settings())
    found = {
        "window_s": time.time() - started,
        "own_start_s": time.thread_time(),
        "process_start_s": time.process_time(),
    }
    from pulse import Pulse

    pulse = Pulse(app, lambda: window.parts.notice.message.text())
    session, view = window.session, window.parts.viewer.view
    pulse.rest(20)
    found |= idle(pulse) | opening(window, pulse, slices)

    count = session.image.frame_count if session.image is not None else 0
    frames = [*range(1, min(120, count))]
    found["scroll_hz"] = rate(len(frames), lambda step: session.show_frame(frames[step]), view)
    found["cine_hz"] = film(window, pulse)
    found |= answering(window, pulse)

    window.open_paths([radiograph])
    pulse.wait(lambda: session.image is not None and session.image.width == 2500)
    found["drag_hz"] = rate(20, lambda _: window._drag_window(0.002, 0.001), view)
    begin = time.perf_counter()
    window.painter.finish_preview()
    view.repaint()
    found["full_draw_s"] = time.perf_counter() - begin
    window.close()
    return found


def idle(pulse: Any) -> Figures:
    """A second in which the window does nothing: its gap is the machine's own."""
    begin = time.perf_counter()
    pulse.wait(lambda: time.perf_counter() - begin > 1)
    return pulse.longest("idle")


def opening(window: MainWindow, pulse: Any, folder: Path) -> Figures:
    session, view = window.session, window.parts.viewer.view
    found: Figures = {}
    begin = time.perf_counter()
    listed = window._listed

    def note(listing: Any) -> None:
        found["index_s"] = time.perf_counter() - begin
        listed(listing)

    window._listed = note  # type: ignore[method-assign]
    window.open_paths([folder])
    pulse.wait(lambda: session.image is not None)
    view.repaint()
    found["first_slice_s"] = time.perf_counter() - begin
    pulse.wait(lambda: session.image is not None and session.image.frame_count > 1)
    found["series_s"] = time.perf_counter() - begin
    found["memory_mb"] = resident_mb()
    return found | pulse.longest("opening")


def rate(times: int, deed: Callable[[int], None], view: QWidget) -> float:
    """Deeds a second, each drawn before the next."""
    begin = time.perf_counter()
    for step in range(times):
        deed(step)
        view.repaint()
    return times / (time.perf_counter() - begin)


class Paints(QObject):
    """Counts the repaints of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002, N802 - Qt calls it so
        self.count += event.type() is QEvent.Type.Paint
        return False


def film(window: MainWindow, pulse: Any) -> float:
    """Slices shown a second while they play at CINE_FPS."""
    paints = Paints(window.parts.viewer.view)
    window.viewports.cine.set_fps(CINE_FPS)
    window.viewports.play_or_pause()
    begin, before = time.perf_counter(), paints.count
    pulse.wait(lambda: time.perf_counter() - begin > CINE_S)
    shown = (paints.count - before) / (time.perf_counter() - begin)
    window.viewports.play_or_pause()
    return shown


def answering(window: MainWindow, pulse: Any) -> Figures:
    session = window.session
    pulse.forget()
    window.start_model()
    pulse.wait(lambda: session.model_state in ("ready", "lost"))
    found: Figures = pulse.longest("loading")
    window.ask("What is abnormal in this image, and where is it?")
    pulse.wait(lambda: bool(session.exchanges()[-1].text))
    begin = time.perf_counter()
    window.stop()
    window.parts.chat.repaint()
    found["stop_s"] = time.perf_counter() - begin
    window.ask("Where is it?")
    pulse.wait(lambda: not session.is_answering)
    return found | pulse.longest("asking")


# --------------------------------------------------------------------------------------------------------- training
def train(started: float, slices: Path) -> Figures:  # noqa: ARG001 - as every probe
    """A real `umed train` on phantoms, started and watched from its page, while a series lies open."""
    from pulse import Pulse

    app, window = shown_window(Settings())
    pulse = Pulse(app, lambda: window.parts.notice.message.text())
    pulse.rest(50)
    begin = time.perf_counter()
    window.show_page("train")
    app.processEvents()
    found = {"page_s": time.perf_counter() - begin}
    page: Any = window.parts.pages.page("train")
    page.form.choose("smoke-sft")
    page.form.out.set_text(str(Path(tempfile.mkdtemp()) / "run"))
    pulse.rest(10)
    page.start.click()
    pulse.wait(lambda: not page.watch.is_running)
    if page.run.last_step != TRAIN_STEPS:
        raise SystemExit(f"the run ended after step {page.run.last_step}: {page.bar.failure.text()}")
    found |= pulse.longest("training")
    window.close()
    return found


# ----------------------------------------------------------------------------------------------------------- memory
def remember(started: float, folder: Path) -> Figures:  # noqa: ARG001 - as every probe
    """Three series, one after the other, in memory for one and a half."""
    from pulse import Pulse

    app, window = shown_window(Settings(volumes_mb=BUDGET_MB))
    pulse = Pulse(app, lambda: window.parts.notice.message.text())
    session, volumes = window.session, window.viewports.volumes
    window.open_paths([next((folder / "1").iterdir())])  # what opening loads, libraries first of all, is no series
    pulse.wait(lambda: session.image is not None and not session.is_early)
    before = resident_mb()
    window.open_paths([folder])
    kept = 0.0
    pulse.wait(lambda: len(session.series) == 3)
    for number in (0, 1, 2, 0):
        window.choose_series(number)
        pulse.wait(lambda: session.image is not None and session.image.frame_count > 1)
        pulse.wait(lambda: not window.statusBar().isVisible())
        session.show_frame(session.image.frame_count - 1 if session.image is not None else 0)
        kept = max(kept, volumes.size / 2**20)
    found = {"kept_mb": kept, "grown_mb": resident_mb() - before, "peak_mb": peak_mb() - before}
    window.close()
    return found


# ------------------------------------------------------------------------------------------------------------ shared
def shown_window(settings: Settings) -> tuple[QApplication, MainWindow]:
    """The program's own window on a screen, its first picture drawn, with settings of its own."""
    app = QApplication(["umed"])
    path = Path(tempfile.mkdtemp()) / "desktop.json"
    save_settings(path, settings)
    window = make_window(path)
    window.show()
    handle = window.windowHandle()
    while not handle.isExposed():
        app.processEvents()
    window.repaint()
    return app, window


def resident_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 2**20


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB; bytes on macOS
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


PROBES: dict[str, Callable[..., Figures]] = {"read": read, "train": train, "remember": remember}

if __name__ == "__main__":
    main()
