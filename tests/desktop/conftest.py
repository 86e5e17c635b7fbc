"""A window on a fake worker, off the screen or on one that nobody sees; a Qt warning or a thread left behind fails the test."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # `make test-xvfb` names another
pytest.importorskip("PySide6", reason="the desktop needs the [desktop] extra")

from tests.builders import tiny_ct, write_dicom, write_picture
from tests.desktop.acting import show_in_front

FAKE_WORKER = Path(__file__).resolve().parent.parent / "fake_worker.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            # The offscreen platform's own remark about windows without a screen.
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints"))


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Threads of ours that outlive a test would run into the next one."""
    before = set(threading.enumerate())
    yield
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.name.startswith("umed")]
    assert left == []


@pytest.fixture(autouse=True)
def english(qapp) -> Iterator[None]:
    """The window speaks English, plurals and all, whatever the machine's language and the test before."""
    from umed_desktop.translation import use_language

    use_language("en")
    yield
    use_language("en")


@pytest.fixture
def german(english) -> None:
    """The window speaks German."""
    from umed_desktop.translation import use_language

    use_language("de")


@pytest.fixture(scope="session")
def catalogue():
    """Which words are English, as the German catalogue has them."""
    from tests.desktop.words_on_screen import Catalogue

    return Catalogue()


@pytest.fixture
def delay_s() -> str:
    """Seconds that the fake engine takes for a token."""
    return "0.005"


@pytest.fixture
def worker(delay_s: str) -> list[str]:
    """The command of a worker with the fake engine, which boxes what is bright."""
    return [sys.executable, str(FAKE_WORKER), "--delay", delay_s]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a window keeps what it remembers."""
    return tmp_path / "home"


@pytest.fixture
def settings_path() -> Path | None:
    """Of `window`: None remembers nothing."""
    return None


@pytest.fixture
def window(qtbot, worker, settings_path):
    """A shown window with the fake model."""
    from umed_desktop.settings import Settings
    from umed_desktop.window.main_window import MainWindow

    made = MainWindow(Settings(model="fake"), settings_path, worker)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    show_in_front(qtbot, made)
    yield made
    made.close()


@pytest.fixture
def bright(tmp_path: Path) -> Path:
    """A grey picture of 200 x 100 with one bright rectangle, x 100..140 and y 20..40: box 0.5, 0.2, 0.2, 0.2."""
    pixels = np.full((100, 200), 40, np.uint8)
    pixels[20:40, 100:140] = 250
    return write_picture(tmp_path / "bright.png", pixels)


@pytest.fixture
def ct_folder(tmp_path: Path) -> Path:
    """Five slices of one series, one text file that says it is DICOM, in one folder."""
    folder = tmp_path / "ct"
    folder.mkdir()
    for number in range(5):
        write_dicom(folder / f"{number}.dcm", tiny_ct(number))
    (folder / "report.dcm").write_text("not an image")
    return folder


@pytest.fixture
def reading(window, qtbot, bright):
    """The window with the bright picture open and the model loaded."""
    window.start_model()
    window.open_paths([bright])
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.session.model_state == "ready", timeout=20_000)
    return window
