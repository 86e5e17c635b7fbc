"""What the model panel says before and after loading, and what its buttons do."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from tests.desktop.acting import SOON, ask
from tests.unit.vlm.test_memory import model_folder
from umed_core.vlm.memory import MemoryEstimate
from umed_core.vlm.messages import Loaded
from umed_desktop.model_panel.machine import Gpu, Machine, gpu_of
from umed_desktop.model_panel.report import Estimates, device_warning, estimate_rows, fit_warning, running_rows

GIB = 2**30


def estimates(free_gib: float, total_gib: float = 64, gpu: Gpu | None = None) -> Estimates:
    """A model that takes 16 GiB on the CPU and 9 on CUDA."""
    cpu = MemoryEstimate(4_000_000_000, 8 * GIB, 15 * GIB, GIB // 2, GIB // 4, GIB // 4, 1088, 576)
    cuda = MemoryEstimate(4_000_000_000, 8 * GIB, 8 * GIB, GIB // 4, GIB // 4, GIB // 2, 1088, 576)
    machine = Machine(int(free_gib * GIB), int(total_gib * GIB), int(0.8 * total_gib * GIB), gpu or Gpu())
    return Estimates(Path("/models/llava"), cpu, cuda, machine)


def test_what_it_needs_is_said_in_numbers_of_a_person():
    rows = dict(estimate_rows(estimates(20)))
    assert rows["Parameters"] == "4.00 billion"
    assert rows["On disk"] == "8.0 GiB"
    cpu, cuda = (rows[f"Memory, {name}"].replace("\N{NO-BREAK SPACE}", " ") for name in ("CPU", "CUDA"))
    assert cpu.startswith("about 16.0 GiB: weights 15.0 GiB") and cuda.startswith("about 9.0 GiB")
    assert rows["For a question of"] == "1,088 tokens, 576 of them an image"
    assert rows["Free here"] == "20.0 GiB of 64.0 GiB"


@pytest.mark.parametrize(
    ("free", "total", "gpu", "wanted", "said"),
    [
        (20, 64, Gpu(), "auto", ""),
        (15.9, 64, Gpu(), "auto", "about 16.0 GiB are needed in memory, and 15.9 GiB are free"),
        (20, 64, Gpu("H", 10 * GIB), "auto", ""),
        (20, 64, Gpu("H", 8 * GIB), "auto", "about 9.0 GiB are needed on the GPU, and 8.0 GiB are free"),
        (20, 64, Gpu("H", 8 * GIB), "cpu", ""),
        (20, 64, Gpu(), "cuda", "shows no CUDA device"),
        (18, 19, Gpu(), "cpu", "a model may take 15.2 GiB of this machine"),
    ],
)
def test_it_warns_where_the_model_will_not_fit(free, total, gpu, wanted, said):
    warning = fit_warning(estimates(free, total, gpu), wanted)
    assert (said in warning) if said else (warning == "")


def loaded(device: str) -> Loaded:
    return Loaded("llava", "ab" * 32, "torch", device, 512, 3.25, classes=("polyp", "mass"))


def test_what_runs_is_said_with_its_hash_and_classes():
    rows = dict(running_rows(loaded("CUDA: H")))
    assert rows["Runs on"] == "CUDA: H" and rows["Engine"] == "torch" and rows["SHA-256"] == "ab" * 32
    assert rows["Loaded in"] == "3.2 s" and rows["Classes"] == "polyp, mass" and rows["Memory"].startswith("512.0 MiB")


def test_a_silent_fallback_to_the_cpu_is_said():
    assert "runs on the CPU" in device_warning("cuda", loaded("CPU"))
    assert "H is not used" in device_warning("auto", loaded("CPU"), "H")
    assert device_warning("auto", loaded("CPU")) == device_warning("cpu", loaded("CPU"), "H") == ""
    assert device_warning("cuda", loaded("CUDA: H")) == device_warning("cuda", None) == ""


def test_the_driver_is_understood():
    assert gpu_of("NVIDIA H100 80GB HBM3, 79000\nanother, 1\n") == Gpu("NVIDIA H100 80GB HBM3", 79000 * 2**20)
    assert gpu_of("") == gpu_of("No devices were found") == gpu_of("name, [N/A]") == Gpu()


# ------------------------------------------------------------------------------------------------- in the window
def words(window) -> str:
    return "\n".join(label.text() for label in window.model.panel.findChildren(QLabel) if not label.isHidden())


def test_the_chip_opens_the_panel_with_what_the_model_needs(window, qtbot, tmp_path: Path):
    window.settings = replace(window.settings, model=str(model_folder(tmp_path / "tiny")))
    qtbot.mouseClick(window.parts.model_chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Parameters" in words(window), timeout=SOON)
    panel = window.model.panel
    assert panel.name.text() == "tiny" and "8,320" in words(window)
    assert panel.load.isVisible() and not panel.unload.isEnabled()
    qtbot.mouseClick(panel.load, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.session.model_state == "ready", timeout=SOON)
    qtbot.waitUntil(lambda: "Engine" in words(window), timeout=SOON)
    assert not panel.load.isVisible() and panel.unload.isEnabled()
    for label in panel.findChildren(QLabel):  # nothing is cut, the hash least of all
        if label.isVisible() and label.text():
            assert label.width() >= label.minimumSizeHint().width()
            assert label.mapTo(panel, label.rect().topRight()).x() < panel.width()
    panel.close()


def test_unload_frees_the_model_and_the_next_question_loads_it_again(reading, qtbot):
    reading.model.open()
    qtbot.mouseClick(reading.model.panel.unload, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reading.session.model_state == "none", timeout=SOON)
    assert reading.parts.model_chip.text() == "No model" and reading.engine.is_running
    ask(qtbot, reading, "What is bright?")
    assert reading.session.exchanges()[-1].state == "done"
    assert reading.session.model_state == "ready"
    reading.model.panel.close()


def test_another_model_is_shown_before_it_is_loaded(window, qtbot, tmp_path: Path, monkeypatch):
    panel = window.model.open()
    assert window.settings.model == "fake"
    chosen = model_folder(tmp_path / "other")
    monkeypatch.setattr("umed_desktop.window.model_wiring.QFileDialog.getExistingDirectory", lambda *_: str(chosen))
    qtbot.mouseClick(panel.choose, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Parameters" in words(window), timeout=SOON)
    assert panel.name.text() == "other" and "Not loaded yet" in panel.state.text()
    assert window.settings.model == "fake"
    qtbot.mouseClick(panel.load, Qt.MouseButton.LeftButton)
    assert window.settings.model == str(chosen)
    qtbot.waitUntil(lambda: window.session.model_state == "ready", timeout=SOON)
    panel.close()


def test_the_menu_shows_a_chosen_model_before_it_is_loaded(window, qtbot, tmp_path: Path, monkeypatch):
    chosen = model_folder(tmp_path / "other")
    monkeypatch.setattr("umed_desktop.window.model_wiring.QFileDialog.getExistingDirectory", lambda *_: str(chosen))
    window.actions_by_name["choose_model"].trigger()
    panel = window.model.panel
    assert panel.isVisible() and panel.name.text() == "other" and panel.load.isVisible()
    assert window.settings.model == "fake"
    panel.close()
    qtbot.waitUntil(lambda: window.model.candidate is None, timeout=SOON)


def test_a_folder_that_is_no_model_is_named_in_the_warning(window, qtbot):
    panel = window.model.open()  # "fake" is no folder
    qtbot.waitUntil(lambda: "holds no model" in panel.warning.text(), timeout=SOON)
    assert panel.warning.isVisible()
    panel.close()


def test_a_model_that_stopped_says_why(reading, qtbot):
    panel = reading.model.open()
    ask(qtbot, reading, "Please crash now", wait=False)
    qtbot.waitUntil(lambda: reading.session.model_state == "lost", timeout=SOON)
    why = reading.model.reason
    assert why is not None and why.message in panel.warning.text()
    assert panel.restart.isEnabled() and not panel.unload.isEnabled()
    qtbot.mouseClick(panel.restart, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reading.session.model_state == "ready", timeout=SOON)
    assert why.message not in panel.warning.text()
    panel.close()


def test_the_chip_of_a_fallback_has_a_colour_of_its_own(window):
    window.settings = replace(window.settings, device="cuda")
    window.session.receive(loaded("CPU"))
    assert window.parts.model_chip.property("state") == "fallback"
    assert "CUDA was asked for" in window.parts.model_chip.toolTip()


def test_a_model_that_stopped_is_restarted_by_its_chip_and_keeps_the_chat(reading, qtbot):
    ask(qtbot, reading, "Please crash now", wait=False)
    qtbot.waitUntil(lambda: reading.session.model_state == "lost", timeout=SOON)
    qtbot.mouseClick(reading.parts.model_chip, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: reading.session.model_state == "ready", timeout=SOON)
    assert [exchange.question for exchange in reading.session.exchanges()] == ["Please crash now"]
    assert reading.model.panel is None
