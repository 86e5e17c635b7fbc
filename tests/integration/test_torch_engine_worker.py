"""A torch model in the real worker process: loaded, asked twice, and never in the asker's own process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from tests import tiny_vlm
from umed_core.errors import UnusableModel
from umed_core.records import Turn
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.messages import AskOptions, TextDelta

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_torch_model_answers_through_the_worker(tmp_path: Path) -> None:
    folder = tiny_vlm.save_medvint(tmp_path / "tiny", "queries")
    image = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
    options = AskOptions(max_new_tokens=6, temperature=1.0)
    with WorkerClient() as client:
        loaded = client.load(folder, "cpu", 400.0)
        assert (loaded.model, loaded.engine, loaded.device) == ("tiny", "torch", "CPU")
        turns = (Turn("user", "Where is it?"),)
        *deltas, first = client.ask(image, turns, options, 100.0)
        assert all(isinstance(delta, TextDelta) and delta.attention[0].rows == 2 for delta in deltas)
        turns = (*turns, Turn("assistant", first.text), Turn("user", "And?"))
        *_, second = client.ask(image, turns, options, 100.0)
        assert second.reused_tokens > first.reused_tokens == 0
        with pytest.raises(UnusableModel, match="llama model, which reads no images"):
            client.load(tiny_vlm.save_text_model(tmp_path / "text"), "cpu", 100.0)
