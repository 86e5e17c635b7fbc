"""Arms as runs: each has a folder, a recipe and a key that changes with what it trains on, and with nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.unit.experiments.small import small_recipe
from umed_core.config import AarConfig, SftConfig
from umed_core.errors import ConfigError, MissingModel, TrainingError
from umed_core.experiments.catalogue import plan_experiment
from umed_core.experiments.columns import open_columns
from umed_core.experiments.runs import done_seconds, mark_done, open_run, plan_runs


@pytest.fixture
def planned(tmp_path):
    """Runs of an experiment by name, from a recipe with changes, in a folder of one's own."""

    def plan(name="table2", out="out", **changes):
        recipe = small_recipe(tmp_path, **changes)
        columns = open_columns(recipe, tmp_path / out / "sets", lambda line: None)
        return {run.name: run for run in plan_runs(plan_experiment(name, recipe), recipe, columns, tmp_path / out)}

    return plan


def test_every_seed_of_every_arm_once_and_after_what_it_starts_from(planned):
    runs = planned()
    names = ("sft", "sft-longer", "sft-ppo", "full")
    assert list(runs) == [f"{arm}-seed{seed}" for arm in names for seed in (0, 1)]
    full = runs["full-seed1"]
    assert isinstance(full.config, AarConfig) and isinstance(runs["sft-seed0"].config, SftConfig)
    assert full.after == "sft-seed1" and full.config.model.init == str(runs["sft-seed1"].model)
    assert (full.config.run.seed, full.config.reward.arm) == (1, "full")


def test_the_longer_control_sees_as_many_images_as_stage_two(planned):
    runs = planned()
    # Stage two: 3 updates of 3 queries. Stage one has batches of 2: 9 images take 5 of them.
    assert runs["full-seed0"].images == 9
    assert runs["sft-longer-seed0"].config.optimizer.steps == 5
    assert runs["sft-longer-seed0"].config.model.init == str(runs["sft-seed0"].model)


def test_training_reads_lists_of_images_and_never_the_sets_themselves(planned):
    sources = planned()["sft-seed0"].config.data.sources
    assert [(source.name, source.kind) for source in sources] == [("polyps", "records"), ("phantom-ct", "records")]
    lines = [Path(source.path).read_text().count("\n") for source in sources]
    assert [source.share for source in sources] == lines  # as many as it has, as in the paper


def test_a_key_stays_where_only_folders_and_logging_differ(planned):
    one, moved = planned(), planned(out="elsewhere")
    assert {name: run.key for name, run in one.items()} == {name: run.key for name, run in moved.items()}
    logging = {**small_stage_one(), "run": {"log_every": 3, "threads": 1}}
    assert planned(stage_one=logging)["full-seed0"].key == one["full-seed0"].key


def small_stage_one() -> dict:
    return {
        "model": {"init": "mini", "image_size": 64, "width": 32, "layers": 1, "pretrained_encoder": False},
        "optimizer": {"batch_size": 2, "micro_batch_size": 2, "steps": 4},
    }


def test_a_key_changes_with_stage_one_and_all_that_starts_from_it(planned):
    changed = small_stage_one()
    changed["optimizer"]["learning_rate"] = 2e-5
    one, other = planned(), planned(stage_one=changed)
    assert all(one[name].key != other[name].key for name in one)


def test_a_key_changes_with_the_images(planned):
    one, other = planned(), planned(split_seed=5)
    assert one["sft-seed0"].key != other["sft-seed0"].key


def test_a_stage_two_change_leaves_stage_one_alone(planned):
    one, other = planned(), planned(stage_two={"optimizer": {"batch_size": 3, "steps": 3, "learning_rate": 1e-4}})
    assert one["sft-seed0"].key == other["sft-seed0"].key and one["full-seed0"].key != other["full-seed0"].key


def test_a_field_at_its_default_changes_no_key(planned):
    one = planned()
    other = planned(stage_two={"optimizer": {"batch_size": 3, "steps": 3}, "ppo": {"gamma": 0.99}})
    assert one["full-seed0"].key == other["full-seed0"].key


def test_a_folder_of_another_recipe_is_refused(planned):
    run = planned()["sft-seed0"]
    open_run(run)
    open_run(run)
    assert done_seconds(run) is None
    with pytest.raises(TrainingError, match="another recipe"):
        open_run(replace(run, key="other"))
    (run.folder / "arm.json").write_text("{")
    with pytest.raises(TrainingError, match="another recipe"):
        open_run(run)


def test_a_run_is_done_when_its_mark_and_its_model_are_there(planned):
    run = planned()["sft-seed0"]
    mark_done(run, 12.5)
    assert done_seconds(run) is None
    run.model.mkdir()
    (run.model / "config.json").write_text("{}")
    assert done_seconds(run) == 12.5
    assert done_seconds(replace(run, key="other")) is None


def test_a_base_that_is_given_is_one_run_for_all_seeds(planned, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    with pytest.raises(MissingModel, match="holds no model"):
        planned(base={"folder": str(base)})
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"one")
    first = planned(base={"folder": str(base)})
    assert first["base-seed0"].config is None and done_seconds(first["base-seed0"]) == 0
    assert [first[f"sft-seed{seed}"].after for seed in (0, 1)] == ["base-seed0"] * 2
    assert first["sft-seed0"].config.model.init == str(base)
    (base / "model.safetensors").write_bytes(b"two")
    assert planned(base={"folder": str(base)})["sft-seed0"].key != first["sft-seed0"].key


def test_a_wrong_field_of_a_stage_is_told_with_its_arm(planned):
    with pytest.raises(ConfigError, match=r"The arm full: .*unknown field.*candidate"):
        planned(stage_two={"optimizer": {"steps": 1}, "rollout": {"candidate": 3}})


def test_the_mark_tells_arm_and_seed(planned):
    run = planned()["full-seed1"]
    open_run(run)
    mark = json.loads((run.folder / "arm.json").read_text())
    assert mark == {"arm": "full", "seed": 1, "key": run.key}
    assert msgspec.to_builtins(run.config)["run"]["seed"] == 1
