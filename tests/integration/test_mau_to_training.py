"""From annotated pictures to a trained model: `build-mau` writes a dataset, and the recipe `mau-sft` trains on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")

from tests.integration.annotated_pictures import SIDE, write_annotated
from umed_cli.train import recipe_file
from umed_core.config import load_sft_config
from umed_core.mau.build import MauConfig, build_mau
from umed_core.mau.collecting import parse_source
from umed_core.mau.dataset import read_dataset
from umed_core.mau.teachers.template import TemplateTeacher
from umed_core.training import data, policy
from umed_core.training.data import SampleStream
from umed_core.training.sft import train_sft

TINY = (
    f"model.image_size={SIDE}", "model.width=32", "model.layers=1", "model.pretrained_encoder=false",
    "data.workers=0", "optimizer.batch_size=2", "optimizer.micro_batch_size=2", "optimizer.steps=2",
    "run.log_every=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def mau(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    write_annotated(folder / "squares", 12)
    source = parse_source(f"csv={folder / 'squares'}")
    build_mau(MauConfig((source,), folder / "mau"), TemplateTeacher(), lambda _: None)
    return folder / "mau"


@pytest.mark.parametrize("path", ["", "train.jsonl"], ids=["the folder", "its train.jsonl"])
def test_the_recipe_trains_on_a_built_dataset(mau: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str):
    monkeypatch.setattr(policy, "TOKENIZER_TEXTS", 300)
    recipe = load_sft_config(
        recipe_file("mau-sft"), [f"data.sources.0.path={mau / path}", f"run.out={tmp_path / 'run'}", *TINY]
    )
    model = train_sft(recipe, lambda _: None)
    assert (model / "model.safetensors").stat().st_size > 0
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    held = json.loads((tmp_path / "run" / "split.json").read_text())
    if not path:  # a JSONL is taken whole: nothing of it is held
        sides = {side: list(read_dataset(mau).records(side)) for side in ("train", "test")}
        assert (held["mau"]["train_images"], held["mau"]["test_images"]) == (len(sides["train"]), len(sides["test"]))
        assert len(sides["test"]) > 0 and len(held["mau"]["test_sha256"]) == 64
    else:
        assert "mau" not in held


def test_only_the_train_side_is_read_with_the_words_it_was_given(mau: Path, monkeypatch: pytest.MonkeyPatch):
    records = {str(mau / record.image): record for record in read_dataset(mau).records("train")}
    assert 0 < len(records) < 12
    alone = f'[{{name = "mau", kind = "records", path = "{mau.as_posix()}"}}]'
    config = load_sft_config(recipe_file("mau-sft"), [f"data.sources={alone}"]).data
    read: list[str] = []
    decode = data.decode_file
    monkeypatch.setattr(data, "decode_file", lambda path, limits: read.append(str(path)) or decode(path, limits))
    stream = SampleStream(config, len(records), SIDE, seed=0)
    samples = [stream[index] for index in range(len(stream))]
    assert sorted(read) == sorted(records)
    for path, sample in zip(read, samples, strict=True):
        assert [turn.text.split("[")[0] for turn in sample.turns] == [
            turn.text.split("[")[0] for turn in records[path].turns
        ]
