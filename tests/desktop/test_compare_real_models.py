"""umed-mini beside itself, and beside a model that torch runs: two real processes."""

from __future__ import annotations

import psutil
import pytest

from tests.desktop.acting import SOON
from tests.desktop.comparing import ask_both
from umed_desktop.settings import Settings


@pytest.fixture
def real_window(qtbot, bright):
    """The window with umed-mini, in its real process."""
    from umed_desktop.window.main_window import MainWindow

    made = MainWindow(Settings(), None)
    qtbot.addWidget(made)
    made.resize(1440, 900)
    made.show()
    made.start_model()
    made.open_paths([bright])
    qtbot.waitUntil(lambda: made.session.model_state == "ready" and made.session.image is not None, timeout=6 * SOON)
    yield made
    made.close()


def test_umed_mini_agrees_with_itself(qtbot, real_window):
    real_window.comparing.start("")
    sides = real_window.comparing.comparison.sides
    qtbot.waitUntil(lambda: all(side.state == "ready" for side in sides.values()), timeout=6 * SOON)
    ask_both(qtbot, real_window, "Is there a kidney stone, and where?", wait=False)
    qtbot.waitUntil(lambda: not real_window.comparing.comparison.is_answering, timeout=6 * SOON)
    found = real_window.comparing.comparison.agreement()
    assert sides["A"].exchange.text == sides["B"].exchange.text
    assert sides["A"].model.sha256 == sides["B"].model.sha256
    assert min(side.first_token_s for side in sides.values()) > 0
    assert (found.only_a, found.only_b, found.unmatched_a, found.unmatched_b) == ((), (), (), ())
    assert [pair.iou for pair in found.pairs] == pytest.approx([1.0] * len(sides["A"].exchange.boxes))
    pid = real_window.comparing.engine._process.processId()
    assert psutil.Process(pid).memory_info().rss > 50 * 2**20
    real_window.comparing.close()
    assert not psutil.pid_exists(pid)  # and with it what it held


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_umed_mini_beside_a_model_that_torch_runs(qtbot, real_window, tmp_path):
    pytest.importorskip("torch", reason="the second model needs the [train] extra")
    from tests.tiny_vlm import save_medvint

    real_window.comparing.start(str(save_medvint(tmp_path / "tiny", "grid")))
    sides = real_window.comparing.comparison.sides
    qtbot.waitUntil(lambda: all(side.state == "ready" for side in sides.values()), timeout=12 * SOON)
    ask_both(qtbot, real_window, "Where?", wait=False)
    qtbot.waitUntil(lambda: not real_window.comparing.comparison.is_answering, timeout=12 * SOON)
    assert [side.exchange.state for side in sides.values()] == ["done", "done"]
    assert sides["A"].model.sha256 != sides["B"].model.sha256
    assert (sides["A"].model.engine, sides["B"].model.engine) == ("onnxruntime", "torch")
    assert real_window.comparing.comparison.agreement() is not None
