"""Long work and bad days: a series of 1,200 slices, a model that hangs, a disk that is full. The window stays usable."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import Qt, QTimer

from tests.builders import tiny_ct, write_dicom
from tests.desktop.acting import SOON, ask, wheel

pytestmark = pytest.mark.timeout(300)

SLICES = 1200
SIDE = 128
SERIES_BYTES = SLICES * SIDE * SIDE * 2
HELD_S = 0.5
"""What the window's thread may compute between two turns of its event loop: a stall is told from work here, on any machine.
The gate of .1 s is measured by benchmarks/desktop. Of computing, not of the clock: the machine may be busy."""


class Turns:
    """What the window's own thread computed between each two turns of the event loop."""

    def __init__(self) -> None:
        self._at: list[float] = []
        self._timer = QTimer(interval=5)
        self._timer.timeout.connect(lambda: self._at.append(time.thread_time()))
        self._timer.start()

    @property
    def longest_s(self) -> float:
        return max(after - before for before, after in itertools.pairwise(self._at))


# ---------------------------------------------------------------------------------------------------- a long series
@pytest.fixture(scope="module")
def long_series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CT of 1,200 slices; the first pixel of slice n is n HU."""
    folder = tmp_path_factory.mktemp("long")
    dataset = tiny_ct(0, Rows=SIDE, Columns=SIDE)
    stored = np.full((SIDE, SIDE), 1024, np.uint16)
    uid = dataset.SOPInstanceUID
    for number in range(SLICES):
        stored[0, 0] = 1024 + number
        dataset.PixelData = stored.tobytes()
        dataset.InstanceNumber = str(number + 1)
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{uid}.{number + 1}"
        dataset.ImagePositionPatient = ["0", "0", str(2 * number)]
        write_dicom(folder / f"{number:04d}.dcm", dataset)
    return folder


def test_a_series_of_1200_slices_is_listed_read_and_scrolled_while_the_window_stays_free(qtbot, window, long_series):
    session, viewer = window.session, window.parts.viewer
    turns = Turns()
    window.open_paths([long_series])
    qtbot.waitUntil(lambda: session.image is not None, timeout=60_000)
    assert session.image.frame_count == 1  # the first slice is there before the rest
    qtbot.waitUntil(lambda: session.current == 0 and session.series[0].frame_count == SLICES, timeout=60_000)
    before = psutil.Process().memory_info().rss
    qtbot.waitUntil(lambda: session.image.frame_count == SLICES, timeout=200_000)
    grown = psutil.Process().memory_info().rss - before
    assert session.image.pixels.nbytes == SERIES_BYTES
    assert grown < 1.5 * SERIES_BYTES  # in memory once: not in slices and again as a volume
    for _ in range(40):
        wheel(viewer.view, -30)
        qtbot.wait(1)
    assert session.frame == SLICES - 1
    assert int(session.image.pixels[session.frame, 0, 0]) == SLICES - 1
    assert viewer.slider.value() == SLICES - 1
    assert turns.longest_s < HELD_S


def test_cancel_ends_the_reading_of_a_long_series_and_leaves_its_first_slice(qtbot, window, long_series):
    window.open_paths([long_series])
    qtbot.waitUntil(lambda: window.session.image is not None and window.session.current == 0, timeout=60_000)
    qtbot.waitUntil(lambda: "Reading slices: " in window.parts.doing.text(), timeout=60_000)
    window.parts.cancel.click()
    qtbot.waitUntil(lambda: not window.statusBar().isVisible(), timeout=SOON)
    assert window.parts.viewer.view.has_image
    assert window.session.image.frame_count == 1


# ------------------------------------------------------------------------------------------------- a model that hangs
def test_stop_gives_a_hanging_model_up_and_offers_to_restart_it(qtbot, reading, monkeypatch):
    ask(qtbot, reading, "what is bright?")
    ask(qtbot, reading, "hang", wait=False)
    session, notice = reading.session, reading.parts.notice
    qtbot.waitUntil(lambda: bool(session.exchanges()[-1].text), timeout=SOON)
    turns = Turns()
    reading.engine._impatience.setInterval(300)
    qtbot.mouseClick(reading.parts.chat.composer.button, Qt.MouseButton.LeftButton)
    assert not session.is_answering  # at once, whatever the model does
    reading.actions_by_name["turn"].trigger()  # and the image is still the reader's
    qtbot.waitUntil(lambda: notice.action.isVisible(), timeout=SOON)
    assert "did not stop" in notice.message.text()
    assert (session.model_state, notice.action.text()) == ("lost", "Restart model")
    notice.action.click()
    qtbot.waitUntil(lambda: session.model_state == "ready", timeout=SOON)
    assert [exchange.question for exchange in session.exchanges()] == ["what is bright?", "hang"]
    ask(qtbot, reading, "and now?")
    assert (session.exchanges()[-1].question, session.exchanges()[-1].state) == ("and now?", "done")
    assert turns.longest_s < HELD_S


def test_a_hanging_model_is_not_bidden_farewell(qtbot, reading, monkeypatch):
    """It would answer none, and the window would stand still for as long."""
    monkeypatch.setattr("umed_desktop.engine_process._FAREWELL_MS", 20_000)
    ask(qtbot, reading, "hang", wait=False)
    qtbot.waitUntil(lambda: bool(reading.session.exchanges()[-1].text), timeout=SOON)
    begin = time.monotonic()
    reading.start_model()
    assert time.monotonic() - begin < 10
    monkeypatch.undo()
    qtbot.waitUntil(lambda: reading.session.model_state == "ready", timeout=SOON)


def test_a_model_that_never_loads_is_replaced_by_another(qtbot, window, bright, tmp_path):
    window.open_paths([bright])
    window.use_model(str(tmp_path / "slow"))
    qtbot.waitUntil(lambda: window.session.image is not None, timeout=SOON)
    qtbot.wait(300)
    assert window.session.model_state == "loading"
    window.use_model(str(tmp_path / "other"))
    qtbot.waitUntil(lambda: window.session.model_state == "ready", timeout=SOON)
    ask(qtbot, window, "what is bright?")
    assert window.session.exchanges()[-1].state == "done"


# --------------------------------------------------------------------------------------------------- a disk that is full
class Disk:
    """A folder on a disk that can be filled to its last byte, and freed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._ballast = folder, folder / "ballast"

    def fill(self) -> None:
        try:
            with self._ballast.open("wb", buffering=0) as ballast:
                while ballast.write(bytes(1024)):
                    pass
        except OSError:
            return

    def free(self) -> None:
        self._ballast.unlink()


class Limit(Disk):
    """Where nobody may mount: this process may write no file at all, which the system enforces alike."""

    def fill(self) -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def free(self) -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A file system of 256 KiB where this user may mount one, else a limit on this process's files."""
    if sys.platform == "win32":
        pytest.skip("Windows has neither tmpfs nor a limit on a process's files")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    mounted = (
        sys.platform == "linux" and os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    )
    made = Disk(folder) if mounted else Limit(folder)
    yield made
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)
    else:
        made.free()


@pytest.fixture
def on_disk(qtbot, worker, bright, disk):
    """A window whose settings, sessions and measurements lie on that disk, with the bright picture open."""
    from umed_desktop.app import make_window

    made = make_window(disk.folder / "desktop.json", "fake", worker)
    qtbot.addWidget(made)
    made.show()
    made.start_model()
    made.open_paths([bright])
    qtbot.waitUntil(lambda: made.session.image is not None and made.session.model_state == "ready", timeout=SOON)
    qtbot.waitUntil(lambda: not made.memory.autosave.is_dirty, timeout=SOON)
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch):
    """What failed is tried again after a tenth of a second, not after five."""
    for module in ("recovery.autosave", "measuring.keeper", "window.settings_saving"):
        monkeypatch.setattr(f"umed_desktop.{module}.AGAIN_MS", 100)


def bars(window) -> list[str]:
    """What the bar says from now on, each time that it is shown."""
    told: list[str] = []
    shown = window.parts.notice._show

    def note(name, sign, color, message, hint, action):
        told.append(message)
        shown(name, sign, color, message, hint, action)

    window.parts.notice._show = note
    return told


def measure(window) -> None:
    """Draws a length, as its keys and the mouse would."""
    desk = window.viewer.measuring
    desk._take_drawn(0, "length", ((10.0, 10.0), (40.0, 10.0)))


def test_a_full_disk_loses_no_answer_no_measurement_and_no_setting(qtbot, on_disk, disk, impatient):
    window = on_disk
    disk.fill()
    told = bars(window)
    ask(qtbot, window, "what is bright?")
    qtbot.waitUntil(lambda: any("session is not saved" in word for word in told), timeout=SOON)
    measure(window)
    qtbot.waitUntil(lambda: any("measurements are not saved" in word for word in told), timeout=SOON)
    window._remember({"run_folder": "/runs/seven"})
    qtbot.wait(500)  # several tries later
    assert [word.split(":")[0] for word in told] == [
        "The session is not saved",
        "The measurements are not saved",
        "The settings are not saved",
    ]  # each said once
    assert "again every few seconds" in window.parts.notice.hint.text()
    assert window.memory.autosave.is_dirty and window.saving.is_dirty
    assert window.viewer.measuring.keeper.is_dirty
    disk.free()
    qtbot.waitUntil(lambda: not (window.memory.autosave.is_dirty or window.saving.is_dirty), timeout=SOON)
    qtbot.waitUntil(lambda: not window.viewer.measuring.keeper.is_dirty, timeout=SOON)
    assert {"The session is saved again.", "The settings are saved again."} <= set(told)
    kept = window.memory.store.load_study(window.session.study)
    assert [(exchange.question, exchange.state) for exchange in kept.exchanges] == [("what is bright?", "done")]
    assert json.loads((disk.folder / "desktop.json").read_bytes())["run_folder"] == "/runs/seven"
    (measured,) = (disk.folder / "measurements").glob("*.json")
    assert json.loads(measured.read_bytes())["measurements"][0]["points"] == [[10.0, 10.0], [40.0, 10.0]]
    assert list(disk.folder.rglob("*.tmp")) == []


def test_an_export_on_a_full_disk_says_so_and_leaves_no_half_file(qtbot, on_disk, disk):
    from umed_desktop.exporting.orders import Order
    from umed_desktop.window.exports_wiring import export

    ask(qtbot, on_disk, "what is bright?")
    qtbot.waitUntil(lambda: not on_disk.memory.autosave.is_dirty, timeout=SOON)
    folder = disk.folder / "out"
    folder.mkdir()
    order = Order(("json", "pdf", "png"), folder, "x", (0,))
    told = bars(on_disk)
    disk.fill()
    export(on_disk, order)
    qtbot.waitUntil(lambda: bool(told), timeout=SOON)
    assert len(told) == 1 and str(folder) in told[0]
    assert on_disk.parts.notice.hint.text()
    assert list(folder.iterdir()) == []
    disk.free()
    export(on_disk, order)
    qtbot.waitUntil(lambda: "written to" in told[-1], timeout=SOON)
    assert len(list(folder.iterdir())) == 3


def test_a_window_with_unsaved_measurements_closes_only_when_asked_twice(qtbot, on_disk, disk):
    disk.fill()
    measure(on_disk)
    assert not on_disk.close()
    assert "Close the window again" in on_disk.parts.notice.hint.text()
    assert "measurements are not saved" in on_disk.parts.notice.message.text()
    disk.free()
    assert on_disk.close()
    assert len(list((disk.folder / "measurements").glob("*.json"))) == 1
