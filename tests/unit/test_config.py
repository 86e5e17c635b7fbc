"""Recipes: what ships loads, a slip is named, and `--set` reaches every field."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from umed_core.config import OptimizerConfig, SftConfig, load_sft_config
from umed_core.errors import ConfigError, MissingFile

RECIPES = Path(__file__).resolve().parents[2] / "assets" / "umed_assets" / "recipes"

MINIMAL = """
[model]
init = "mini"
[data]
sources = [{ name = "stones", kind = "phantoms", phantom_kind = "renal" }]
[run]
out = "somewhere"
"""


@pytest.fixture
def minimal(tmp_path: Path) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(MINIMAL)
    return path


def test_the_defaults_are_the_papers(minimal):
    """Appendix C: Adam, 1e-5, decay .01, batch 128, four epochs, linear; no loss but cross-entropy."""
    config = load_sft_config(minimal)
    optimizer = config.optimizer
    assert (optimizer.learning_rate, optimizer.weight_decay, optimizer.batch_size) == (1e-5, 0.01, 128)
    assert (optimizer.epochs, optimizer.schedule, optimizer.warmup_share) == (4, "linear", 0)
    loss = config.loss
    assert not any((loss.coordinate_sigma, loss.coordinate_giou_weight, loss.dense_weight, loss.attention_weight))
    assert config.model.lora.rank == 0 and config.data.test_share == 0.2


@pytest.mark.parametrize("name", ["umed-mini", "smoke-sft", "mau-sft"])
def test_recipes_that_ship_load_as_they_are(name):
    assert isinstance(load_sft_config(RECIPES / f"{name}.toml"), SftConfig)


def test_the_papers_recipe_asks_for_the_model_that_it_cannot_bring():
    with pytest.raises(ConfigError, match="init"):
        load_sft_config(RECIPES / "paper-sft.toml")
    config = load_sft_config(RECIPES / "paper-sft.toml", ["model.init=medvint"])
    assert config.optimizer == OptimizerConfig()  # the defaults are the paper's, written out
    assert (config.model.lora.rank, config.model.lora.alpha) == (8, 32)
    assert sum(source.share for source in config.data.sources) == 4653  # Table 10


def test_overrides_reach_fields_lists_and_new_sections(minimal):
    config = load_sft_config(
        minimal,
        [
            "optimizer.steps=7",
            "run.out=runs/a b",
            "model.lora.rank=8",
            "data.sources.0.share=0.5",
            "run.precision=bf16",
        ],
    )
    assert config.optimizer.steps == 7 and config.run.out == "runs/a b" and config.model.lora.rank == 8
    assert config.data.sources[0].share == 0.5 and config.run.precision == "bf16"


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.stepps=7", "stepps"),
        ("optimizer.steps=many", "steps"),
        ("optimizer.batch_size=0", "batch_size"),
        ("optimizer.micro_batch_size=0", "micro_batch_size"),
        ("data.test_share=1.5", "test_share"),
        ("run.precision=fp16", "precision"),
        ("model.width=40", "width"),
        ("model.image_size=100", "image_size"),
        ("data.sources.1.share=1", "no entry 1"),
        ("data.sources.x.share=1", "no entry x"),
        ("run.out.deeper=1", "not a section"),
        ("steps", "not key=value"),
        ("=3", "not key=value"),
    ],
)
def test_a_slip_is_named(minimal, override, said):
    with pytest.raises(ConfigError, match=said) as caught:
        load_sft_config(minimal, [override])
    assert caught.value.hint and "\n" not in caught.value.message


def test_a_file_that_is_no_recipe(tmp_path):
    with pytest.raises(MissingFile):
        load_sft_config(tmp_path / "absent.toml")
    torn = tmp_path / "torn.toml"
    for content in (b"[model", b"\xff\xfe\x00"):
        torn.write_bytes(content)
        with pytest.raises(ConfigError, match="no TOML"):
            load_sft_config(torn)


def test_a_recipe_survives_the_run_folders_json(minimal):
    config = load_sft_config(minimal, ["optimizer.encoder_learning_rate=3e-4"])
    assert msgspec.json.decode(msgspec.json.encode(config), type=SftConfig) == config


def test_every_shipped_recipe_says_where_its_values_come_from():
    for path in RECIPES.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert tomllib.loads(text)
        assert text.startswith("# ") and "umed train " in text.partition("[")[0], path.name
