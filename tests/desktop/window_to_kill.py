"""A window of its own process, for the tests that kill it: python window_to_kill.py SETTINGS PATH... says what it has.

It asks, edits and draws as told by `--do`, prints a line once that is done, and stays until it is killed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from PySide6.QtWidgets import QApplication

from umed_core.geometry import NormalizedBox
from umed_desktop.app import make_window
from umed_desktop.window.main_window import MainWindow

PATIENCE_S = 60.0
FAKE_WORKER = Path(__file__).resolve().parent.parent / "fake_worker.py"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", type=Path)
    parser.add_argument("paths", nargs="*", type=Path)
    parser.add_argument("--do", choices=["edit", "stream", "restore"], required=True)
    parser.add_argument("--attached", type=int, default=0, help="images of the question that are waited for")
    options = parser.parse_args()
    app = QApplication(["umed"])
    delay = "0.3" if options.do == "stream" else "0"
    window = make_window(options.settings, "fake", [sys.executable, str(FAKE_WORKER), "--delay", delay])
    window.show()

    def wait(ready: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not ready():
            app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                raise SystemExit(f"waited in vain for {what}")

    assert window.memory is not None
    autosave = window.memory.autosave
    if options.do == "restore":
        window.memory.restore()
        wait(lambda: bool(window.session.exchanges()), "what was said")
        wait(lambda: window.session.image is not None and not window.session.is_early, "the image")
        wait(lambda: len(window.session.attached) == options.attached, "the images of the question")
        for _ in range(20):
            app.processEvents()
            time.sleep(0.01)
        print(json.dumps(state(window)), flush=True)
        window.close()
        return
    window.start_model()
    window.open_paths(options.paths)
    session = window.session
    wait(lambda: session.image is not None and not session.is_early and session.model_state == "ready", "the start")
    session.show_frame(session.image.frame_count - 1 if session.image else 0)
    window.ask("what is bright?")
    if options.do == "stream":
        wait(lambda: len(session.exchanges()[0].text) > 10, "the first words")
    else:
        wait(lambda: not session.is_answering, "the answer")
        (ref,) = session.boxes()
        session.name_class(ref, "polyp")
        session.place_box(ref, NormalizedBox(0.25, 0.25, 0.5, 0.5))
        session.draw_box(NormalizedBox(0.5, 0.5, 0.25, 0.25), "my own words")
        session.rename_conversation(session.conversation, "left kidney")
        window.parts.chat.composer.field.setPlainText("And beside the")
        session.go_to_frame(0)
        session.attach()
        session.go_to_frame(session.image.frame_count - 1 if session.image else 0)
        session.attach()  # of a single slice this is the same one
    wait(lambda: not autosave.is_dirty or options.do == "stream", "the autosave")
    if options.do == "stream":
        wait(lambda: window.memory.store.load_study(session.study) is not None, "the first save")  # type: ignore[union-attr]
    print(json.dumps(state(window)), flush=True)
    wait(lambda: False, "the end")


def state(window: MainWindow) -> dict[str, object]:
    """What a person sees: the image, the conversation, the findings with their edits."""
    session = window.session
    return {
        "series": session.key,
        "frame": session.frame,
        "titles": [title for _, title in session.conversations()],
        "chat": [(e.question, e.text, e.state) for e in session.exchanges()],
        "findings": [
            (f.label, f.status, [round(v, 6) for v in (f.box.x, f.box.y, f.box.w, f.box.h)], [d.words for d in f.deeds])
            for f in session.findings()
        ],
        "being written": window.parts.chat.composer.draft,
        "attached": [(one.image.title, one.image.frame, one.pixels.tolist()) for one in session.attached],
        "notice": window.parts.notice.message.text(),
    }


if __name__ == "__main__":
    main()
