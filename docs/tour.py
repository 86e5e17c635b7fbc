"""Takes the screenshots: opens the window on a study, asks, clicks a word, and saves PNGs, dark and light.

    python docs/tour.py STUDY --out docs/screenshots [--scale 2] [--question "..."]
    python docs/tour.py STUDY --out FOLDER --page review=DATASET --page data=DATASET --page train=RUN --page evaluate=OUT

Screenshots that are kept show synthetic phantoms and the real model. `--worker` is for looking at the window itself, and
so is `--page`, once a page: it shows the page with that folder open (`umed build-mau`, `umed train` and `umed eval` write
such folders, and a page without a folder is `--page train=`).
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "cli"), str(ROOT / "assets")]

_PATIENCE_MS = 120_000
_SETTLE_MS = 1500  # a page looks at its folder once a second


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=int, default=1, choices=(1, 2))
    parser.add_argument("--question", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--worker", default="", help="command of another worker")
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--page", action="append", default=[], metavar="NAME=FOLDER")
    wanted = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = str(wanted.scale)

    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from umed_core.prompts import DEFAULT_QUESTION
    from umed_desktop.settings import Settings
    from umed_desktop.window.main_window import MainWindow

    app = QApplication(["umed"])
    window = MainWindow(Settings(model=wanted.model, reviewer="anna"), None, shlex.split(wanted.worker))
    width, height = map(int, wanted.size.split("x"))
    window.resize(width, height)
    window.show()

    def wait(until: object, what: str) -> None:
        loop, ticks, end = QEventLoop(), QTimer(interval=20), QTimer(singleShot=True, interval=_PATIENCE_MS)
        ticks.timeout.connect(lambda: loop.quit() if until() else None)
        end.timeout.connect(loop.quit)
        ticks.start()
        end.start()
        loop.exec()
        if not until():
            raise SystemExit(f"{what} did not happen within {_PATIENCE_MS // 1000} s.")

    def pause(milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def shot(name: str) -> None:
        for _ in range(5):
            app.processEvents()
        wanted.out.mkdir(parents=True, exist_ok=True)
        path = wanted.out / f"{name}{'@2x' if wanted.scale == 2 else ''}.png"
        window.grab().save(str(path))
        print(path)

    shot("empty")
    window.start_model()
    window.open_paths(wanted.study)
    wait(lambda: window.session.image is not None, "opening the study")
    wait(lambda: window.session.model_state == "ready", "loading the model")
    wait(lambda: not window.statusBar().isVisible(), "reading the series")
    shot("open")
    window.ask(wanted.question or DEFAULT_QUESTION)
    wait(lambda: not window.session.is_answering, "the answer")
    shot("read")
    exchange = window.session.exchanges()[-1]
    if exchange.boxes:
        from umed_core.vlm.answer import class_span

        start, end = class_span(exchange.text, exchange.boxes[0])
        window.session.select_word(exchange.id, start, end)
    seen = "attention" if exchange.boxes else "read"
    shot(seen)
    for theme in ("", "-light"):
        if theme:
            window.actions_by_name["light_theme"].trigger()
            shot(f"{seen}{theme}")
        for name, _, folder in (page.partition("=") for page in wanted.page):
            window.show_page(name, Path(folder) if folder else None)
            wait(lambda: not window.statusBar().isVisible(), f"opening {folder}")
            pause(_SETTLE_MS)
            shot(f"{name}{theme}")
        window.show_page("read")
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
