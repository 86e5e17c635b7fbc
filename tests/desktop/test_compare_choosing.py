"""Which model to compare with: what can be chosen, what both take of the memory, and the dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.desktop.acting import SOON
from umed_assets import embedded_model
from umed_core.vlm.memory import estimate_memory
from umed_desktop.compare import models
from umed_desktop.compare.choose_dialog import ChooseDialog
from umed_desktop.compare.models import MemoryFigures, ModelChoice, figures_of, look_at_models
from umed_desktop.model_panel.machine import Gpu, Machine
from umed_desktop.settings import Settings, load_settings, with_recent_model

MIB = 2**20


@pytest.fixture
def machine(monkeypatch) -> Callable[[Machine], None]:
    """Has the window find itself on another machine."""

    def stand_on(found: Machine) -> None:
        monkeypatch.setattr(models, "look_at_machine", lambda: found)

    return stand_on


WITHOUT_GPU = Machine(free=4000 * MIB, total=8000 * MIB, allowed=6000 * MIB)
WITH_GPU = replace(WITHOUT_GPU, gpu=Gpu("GPU of 24 GiB", 20_000 * MIB))


def test_models_to_choose_are_the_built_in_one_and_folders_that_are_there(tmp_path: Path):
    model = tmp_path / "mine"
    model.mkdir()
    shelf = look_at_models("", (str(model), "", str(tmp_path / "gone"), str(model)), "cpu")
    built_in, mine = shelf.choices
    assert shelf.first == built_in
    assert (built_in.folder, built_in.name) == ("", "umed-mini")
    assert built_in.needed_mb > 20  # its weights alone are 21 MiB
    assert (mine.folder, mine.name, mine.needed_mb) == (str(model), "mine", None)
    assert "holds no model" in mine.problem


@pytest.mark.parametrize(
    ("wanted", "here", "device"),
    [
        ("auto", WITHOUT_GPU, "cpu"),
        ("cuda", WITHOUT_GPU, "cpu"),  # there is none to run on
        ("auto", WITH_GPU, "cuda"),
        ("cpu", WITH_GPU, "cpu"),
    ],
)
def test_the_memory_is_that_of_the_device_where_both_would_run(machine, wanted, here, device):
    machine(here)
    shelf = look_at_models("", (), wanted)
    figures = figures_of(shelf, shelf.choices[0], None)
    assert shelf.device == device
    assert shelf.first.needed_mb == -(-estimate_memory(embedded_model(), device).total // MIB)
    assert (figures.free_mb, figures.gpu) == ((20_000, "GPU of 24 GiB") if device == "cuda" else (4000, ""))


@pytest.mark.parametrize(
    ("first", "is_loaded", "second", "fits"),
    [
        (3000, True, 4000, True),  # what a loaded model takes is no longer free
        (3000, False, 1000, True),
        (3000, False, 1001, False),
        (None, False, 4001, False),
        (3000, False, None, True),  # nothing is said where nothing is known
    ],
)
def test_two_models_fit_into_4000_mib_or_not(first, is_loaded, second, fits):
    assert MemoryFigures(first, is_loaded, second, 4000).may_not_fit is not fits


def test_recent_models_are_the_newest_first_and_few():
    settings = Settings()
    for number in range(12):
        settings = with_recent_model(settings, f"/m/{number}")
    settings = with_recent_model(with_recent_model(settings, "/m/5"), "")
    assert settings.recent_models[:3] == ("/m/5", "/m/11", "/m/10")
    assert len(settings.recent_models) == 10


def test_the_dialog_shows_both_memory_figures_and_warns(qtbot):
    choices = (ModelChoice("", "umed-mini", 100), ModelChoice("/m/big", "big", 9000))
    dialog = ChooseDialog(
        choices, "/m/big", lambda c: MemoryFigures(58, True, c.needed_mb, 4000), lambda folder: choices[0]
    )
    qtbot.addWidget(dialog)
    dialog.show()
    assert "Model A takes 58 MiB" in dialog.words.text()
    assert "Model B will take about 9000 MiB" in dialog.words.text()
    assert "4000 MiB" in dialog.words.text()
    assert dialog.warning.isVisible()
    dialog.list.setCurrentRow(0)
    assert not dialog.warning.isVisible()
    with qtbot.waitSignal(dialog.chosen) as chosen:
        qtbot.mouseClick(dialog.compare, Qt.MouseButton.LeftButton)
    assert chosen.args == [""]


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (MemoryFigures(158, False, 158, 4000), "Model A will take about 158 MiB, by its files."),
        (MemoryFigures(None, False, 158, 4000), "Model A: its memory is not known yet."),
        (MemoryFigures(58, True, None, 4000), "Model B: It holds no model."),
        (MemoryFigures(58, True, 158, 20_000, "GPU of 24 GiB"), "Free on the GPU (GPU of 24 GiB): 20000 MiB."),
    ],
)
def test_the_dialog_says_what_is_known(qtbot, figures, said):
    choice = ModelChoice("/m/mine", "mine", figures.second_mb, "It holds no model.")
    dialog = ChooseDialog((choice,), "", lambda _: figures, lambda _: choice)
    qtbot.addWidget(dialog)
    assert said in dialog.words.text().splitlines()


def test_the_menu_asks_for_the_second_model(qtbot, reading, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    reading.settings = with_recent_model(reading.settings, str(mine))
    reading.actions_by_name["compare_model"].trigger()
    reading.actions_by_name["compare_model"].trigger()  # an impatient hand gets one dialog
    qtbot.waitUntil(lambda: not reading.statusBar().isVisible(), timeout=SOON)
    (dialog,) = reading.findChildren(ChooseDialog)
    assert f"Model A takes {reading.session.model.memory_mb} MiB, as measured." in dialog.words.text()
    names = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert names == ["umed-mini, the built-in model", "mine"]
    dialog.list.setCurrentRow(1)
    qtbot.mouseClick(dialog.compare, Qt.MouseButton.LeftButton)
    assert reading.comparing.is_open
    assert reading.settings.compared_model == str(mine)
    reading.comparing.close()


def test_the_second_model_is_remembered(qtbot, tmp_path, worker):
    from umed_desktop.app import make_window

    path, folder = tmp_path / "desktop.json", tmp_path / "second"
    folder.mkdir()
    window = make_window(path, "fake", worker)
    qtbot.addWidget(window)
    window.show()
    window.comparing.start(str(folder))
    window.close()
    kept = load_settings(path)
    assert (kept.compared_model, kept.recent_models) == (str(folder), (str(folder),))
