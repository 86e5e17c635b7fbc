"""Takes the screenshots: opens the window on a study, asks, clicks a word, and saves PNGs, dark and light.

    python docs/tour.py STUDY --out docs/screenshots [--scale 2] [--question "..."]
    python docs/tour.py STUDY --out docs/screenshots --compare MODEL \\
        --page review=DATASET --page data=DATASET --page train=RUN --page evaluate=OUT

Screenshots that are kept show synthetic phantoms and real models. `--worker` is for looking at the window itself.
`--page`, once a page, shows it with that folder open (`umed build-mau`, `umed train` and `umed eval` write such folders);
an evaluation shows its images where it was begun in the window, which keeps the folders of its sets. `--compare` asks a
second model, a folder, the same question.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from umed_desktop.window.main_window import MainWindow

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "cli"), str(ROOT / "assets")]

_PATIENCE_MS = 120_000
_SETTLE_MS = 3000  # a page looks at its folder once a second, and then draws plot by plot


def main() -> int:
    wanted = _wanted()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["QT_SCALE_FACTOR"] = str(wanted.scale)

    from PySide6.QtWidgets import QApplication

    from umed_core.prompts import DEFAULT_QUESTION
    from umed_desktop.settings import Settings
    from umed_desktop.window.main_window import MainWindow

    app = QApplication(["umed"])
    window = MainWindow(Settings(model=wanted.model, reviewer="anna"), None, shlex.split(wanted.worker))
    window.resize(*map(int, wanted.size.split("x")))
    window.show()
    tour = Tour(app, window, wanted.out, "@2x" if wanted.scale == 2 else "", wanted.question or DEFAULT_QUESTION)
    tour.shoot("empty")
    tour.open(wanted.study)
    tour.read()
    pages = [page.partition("=")[::2] for page in wanted.page]
    tour.show_pages(pages)
    if wanted.compare:
        tour.compare(wanted.compare)
    window.actions_by_name["light_theme"].trigger()
    tour.shoot("attention", "-light")
    tour.show_pages(pages, "-light")
    if wanted.compare:
        tour.compare(wanted.compare, "-light")
    window.close()
    return 0


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=int, default=1, choices=(1, 2))
    parser.add_argument("--question", default="")
    parser.add_argument("--model", default="")
    parser.add_argument("--compare", default="", metavar="MODEL")
    parser.add_argument("--worker", default="", help="command of another worker")
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--page", action="append", default=[], metavar="NAME=FOLDER")
    return parser.parse_args()


@dataclass(frozen=True)
class Tour:
    """Does what a person would, and takes a picture of the window after each step."""

    app: QApplication
    window: MainWindow
    out: Path
    suffix: str
    question: str

    def open(self, study: list[Path]) -> None:
        session = self.window.session
        self.window.start_model()
        self.window.open_paths(study)
        self._wait(lambda: session.image is not None, "opening the study")
        self._wait(lambda: session.model_state == "ready", "loading the model")
        self._wait(lambda: not self.window.statusBar().isVisible(), "reading the series")
        self.shoot("open")

    def read(self) -> None:
        """Asks, and clicks the class of the first box."""
        from umed_core.vlm.answer import class_span

        session = self.window.session
        self.window.ask(self.question)
        self._wait(lambda: not session.is_answering, "the answer")
        self.shoot("read")
        exchange = session.exchanges()[-1]
        if not exchange.boxes:
            raise SystemExit("The model found nothing here: choose a study with a finding.")
        session.select_word(exchange.id, *class_span(exchange.text, exchange.boxes[0]))
        self.shoot("attention")

    def show_pages(self, pages: list[tuple[str, str]], theme: str = "") -> None:
        for name, folder in pages:
            self.window.show_page(name, Path(folder) if folder else None)
            self._wait(lambda: not self.window.statusBar().isVisible(), f"opening {name}")
            self._pause()
            self.shoot(name, theme)
        self.window.show_page("read")

    def compare(self, model: str, theme: str = "") -> None:
        comparing = self.window.comparing
        comparing.start(model)
        comparison = comparing.comparison
        self._wait(lambda: comparison.sides["B"].state == "ready", "loading the second model")
        comparing.ask(self.question)
        self._wait(lambda: all(side.has_answered for side in comparison.sides.values()), "both answers")
        self._pause()
        self.shoot("compare", theme)
        comparing.close()

    def shoot(self, name: str, theme: str = "") -> None:
        for _ in range(5):
            self.app.processEvents()
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / f"{name}{theme}{self.suffix}.png"
        self.window.grab().save(str(path))
        print(path)

    def _wait(self, until: Callable[[], bool], what: str) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop, ticks, end = QEventLoop(), QTimer(interval=20), QTimer(singleShot=True, interval=_PATIENCE_MS)
        ticks.timeout.connect(lambda: loop.quit() if until() else None)
        end.timeout.connect(loop.quit)
        ticks.start()
        end.start()
        loop.exec()
        if not until():
            raise SystemExit(f"{what} did not happen within {_PATIENCE_MS // 1000} s.")

    def _pause(self) -> None:
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(_SETTLE_MS, loop.quit)
        loop.exec()


if __name__ == "__main__":
    sys.exit(main())
