"""The estimate beside the resident memory of real workers that answered a question."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest

from umed_assets import embedded_model
from umed_core.records import Turn
from umed_core.vlm.client import WorkerClient
from umed_core.vlm.memory import MemoryEstimate, estimate_memory
from umed_core.vlm.messages import AskOptions

WITHIN = 0.25
"""Of what is measured: the runtime's share differs between builds of onnxruntime and torch."""


def resident(folder: Path) -> int:
    """Bytes of the worker after it answered about one image."""
    image = np.random.default_rng(0).integers(0, 255, (512, 512), dtype=np.uint8)
    with WorkerClient() as client:
        client.load(folder, "cpu")
        for _ in client.ask(image, (Turn("user", "What is abnormal?"),), AskOptions(max_new_tokens=32)):
            pass
        return int(psutil.Process(client.pid).memory_info().rss)


def assert_near(estimate: MemoryEstimate, measured: int) -> None:
    assert abs(estimate.total - measured) <= WITHIN * measured, f"{estimate.total >> 20} MiB for {measured >> 20}"


def test_the_built_in_model_takes_what_is_estimated():
    pytest.importorskip("onnxruntime", reason="the built-in model needs the [cpu] extra")
    assert_near(estimate_memory(embedded_model()), resident(embedded_model()))


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.timeout(600)
def test_a_llava_takes_what_is_estimated(tmp_path: Path):
    pytest.importorskip("torch", reason="needs the [train] extra")
    from tests.tiny_vlm import save_llava

    folder = save_llava(tmp_path / "llava")
    assert_near(estimate_memory(folder), resident(folder))


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.timeout(600)
def test_weights_count_where_they_are_most_of_it(tmp_path: Path):
    """The same LLaVA with a language model of 96 million parameters: 366 MiB in float32, stored in half of that."""
    pytest.importorskip("torch", reason="needs the [train] extra")
    from tests.tiny_vlm import save_llava

    small = save_llava(tmp_path / "small")
    wide = widened(small, tmp_path / "wide")
    assert estimate_memory(wide).weights > 350 * 2**20
    assert_near(estimate_memory(wide), resident(wide))


def widened(small: Path, folder: Path) -> Path:
    """The model of `small` with a wider and deeper language model, its weights in bfloat16."""
    import torch
    from transformers import AutoProcessor, LlavaConfig, LlavaForConditionalGeneration

    config = LlavaConfig.from_pretrained(small)
    text = config.text_config
    text.hidden_size, text.intermediate_size, text.num_hidden_layers, text.head_dim = 1024, 4096, 6, 256
    config.text_config = text
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).to(torch.bfloat16).save_pretrained(folder)
    AutoProcessor.from_pretrained(small).save_pretrained(folder)
    return folder
