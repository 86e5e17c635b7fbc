"""A window that trains, for the test that kills it: python training_window_to_kill.py SETTINGS RUN UPDATE.

It starts a run of smoke-sft in RUN from the Train page, whose trainer stands still in its UPDATE-th update; prints a line
once the step before that is on the curves; and stays until it is killed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from PySide6.QtWidgets import QApplication

from tests.desktop.page_desk import TRAINER, override
from umed_desktop.app import make_window
from umed_desktop.pages import detached
from umed_desktop.pages.train.train_page import TrainPage

PATIENCE_S = 300.0


def main() -> None:
    settings, run, update = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    detached.umed_command = lambda arguments: [sys.executable, str(TRAINER), str(update), *arguments]
    app = QApplication(["umed"])
    window = make_window(settings, "fake", [sys.executable, "-c", ""])
    window.show()
    window.show_page("train")
    page = window.parts.pages.page("train")
    assert isinstance(page, TrainPage)
    page.form.choose("smoke-sft")
    override(page, "run.checkpoint_every", "2")
    page.form.out.set_text(str(run))
    page.start.click()
    assert page.watch.job is not None, page.form.fault.text()
    end = time.monotonic() + PATIENCE_S
    while page.run is None or page.run.last_step < update - 1:
        app.processEvents()
        time.sleep(0.01)
        if time.monotonic() > end or not page.watch.is_running:
            raise SystemExit(f"waited in vain: {page.log.toPlainText()}")
    print(json.dumps({"trainer": page.watch.job.record.pid, "state": page.bar.state.text()}), flush=True)
    while time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
