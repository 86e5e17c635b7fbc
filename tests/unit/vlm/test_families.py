"""Model folders that are none: each is refused in a line that says why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from safetensors.torch import load_file, save_file

from tests import tiny_vlm
from umed_core.errors import MissingModel, UmedError, UnusableModel
from umed_core.vlm.families import is_out_of_memory, load_model

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_vlm.save_medvint(tmp_path_factory.mktemp("models") / "whole", "grid")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(whole, tmp_path / "model")


def refusal(folder: Path, kind: type[UmedError] = UnusableModel) -> str:
    with pytest.raises(kind) as caught:
        load_model(folder)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value.message


def test_an_empty_folder_holds_no_model(tmp_path: Path) -> None:
    assert "holds no model" in refusal(tmp_path, MissingModel)


def test_pickled_weights_are_not_read(folder: Path) -> None:
    weights = folder / "model.safetensors"
    torch.save(load_file(weights), folder / "pytorch_model.bin")
    weights.unlink()
    assert "no safetensors" in refusal(folder)


def test_a_text_model_reads_no_images(tmp_path: Path) -> None:
    assert "llama model, which reads no images" in refusal(tiny_vlm.save_text_model(tmp_path))


def test_an_unknown_kind_of_model_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "never_heard_of"}))
    assert "never_heard_of" in refusal(folder)


def test_code_that_a_folder_brings_is_not_run(folder: Path) -> None:
    (folder / "config.json").write_text(
        json.dumps(
            {"model_type": "own", "auto_map": {"AutoConfig": "code.Own", "AutoModelForImageTextToText": "code.M"}}
        )
    )
    (folder / "code.py").write_text("raise SystemExit('this must never run')")
    assert "could not be loaded" in refusal(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"model_type": 7}'])
def test_a_damaged_config_is_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    refusal(folder)


def test_a_connector_that_does_not_exist_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "connector": "sideways"}))
    refusal(folder)


@pytest.mark.parametrize("kept", [0, 7, 200, 20_000])
def test_weights_cut_short_are_refused(folder: Path, kept: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    assert "could not be loaded" in refusal(folder)


def test_a_weight_that_is_missing_is_not_made_up(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["connector.mix.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    assert "lacks 1 of the model's weights, such as connector.mix.weight" in refusal(folder)


def test_a_weight_of_another_shape_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["connector.mix.weight"] = weights["connector.mix.weight"][:1].clone()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    refusal(folder)


@pytest.mark.parametrize("file", ["tokenizer.json", "processor_config.json"])
def test_a_folder_without_its_processor_is_refused(folder: Path, file: str) -> None:
    (folder / file).unlink()
    refusal(folder)


def test_torchs_words_for_a_full_memory_are_known() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("shape mismatch"))


@pytest.mark.parametrize("save", [tiny_vlm.save_qwen, tiny_vlm.save_llava_onevision])
def test_settings_of_videos_are_passed_over_where_there_is_no_torchvision(
    save: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders of families that also read videos carry them."""
    monkeypatch.setattr("umed_core.vlm.families.is_torchvision_available", lambda: False)
    folder = save(tmp_path / "model")
    settings = folder / "processor_config.json"
    videos = {"video_processor": {"video_processor_type": "Qwen2VLVideoProcessor"}}
    settings.write_text(json.dumps(json.loads(settings.read_text()) | videos))
    _, processor = load_model(folder)
    assert processor.get_attributes() == ["image_processor", "tokenizer"]
