"""The experiments as plans: which arms, what each is asked, and the paper's figures as it prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

import umed_assets
from tests.unit.experiments.small import small_recipe
from umed_core.errors import ConfigError
from umed_core.experiments import catalogue
from umed_core.experiments.arms import TestSet as AskedTest
from umed_core.experiments.catalogue import EXPERIMENTS, plan_experiment
from umed_core.experiments.recipe import load_experiment_recipe

SIZES = Path(umed_assets.__file__).parent / "experiments"


@pytest.mark.parametrize("size", ["smoke", "mini", "paper"])
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_can_be_planned_at_every_size(size, name):
    for experiment in plan_experiment(name, load_experiment_recipe(SIZES / f"{size}.toml")):
        names = {arm.name for arm in experiment.arms}
        assert experiment.rows and {arm.start for arm in experiment.arms} <= {*names, ""}
        for row in experiment.rows:
            assert len(row.arms) == len(experiment.headings)
            assert {arm.partition("@")[0] for arm in row.arms} <= names
            assert not row.paper or len(row.paper) == len(experiment.headings)
        labels = [row.label for row in experiment.rows]
        assert len(set(labels)) == len(labels)
        assert {label for pair in experiment.differences for label in pair} <= set(labels)


def test_the_papers_averages_are_the_means_of_its_columns():
    for arm, by_set in catalogue.PAPER_TABLE_2.items():
        assert catalogue.PAPER_AVERAGES[arm] == pytest.approx(sum(by_set.values()) / 5, abs=0.006)


def test_table_6_trains_nothing_that_table_2_has_but_two_arms(tmp_path):
    recipe = small_recipe(tmp_path)
    (two,), (six,) = plan_experiment("table2", recipe), plan_experiment("table6", recipe)
    assert {arm.name for arm in two.arms} == {"sft", "sft-longer", "sft-ppo", "full"}
    assert {arm.name for arm in set(six.arms) - set(two.arms)} == {"no-vrr", "no-alr"}
    assert next(arm for arm in six.arms if arm.name == "no-vrr").changes == ("reward.arm=no-vrr",)


def test_table_11_takes_the_recipes_own_weights_from_table_2(tmp_path):
    (table,) = plan_experiment("table11", small_recipe(tmp_path))
    assert [row.arms[-1] for row in table.rows] == [
        "full-c1-0.3", "full-c1-0.4", "full", "full-c1-0.6", "full-c1-0.7"
    ]  # fmt: skip
    changed = next(arm for arm in table.arms if arm.name == "full-c1-0.3")
    assert changed.changes == ("reward.arm=full", "ppo.c1=0.3", "ppo.c2=0.7")


def test_a_class_that_is_left_out_is_asked_about_and_nothing_else(tmp_path):
    (table,) = plan_experiment("table7", small_recipe(tmp_path))
    assert table.tests_of("full-without-polyp") == (AskedTest("polyps", "polyp"),)
    assert next(arm for arm in table.arms if arm.name == "full-without-polyp").start == "sft-without-polyp"


def test_a_set_or_modality_that_is_left_out_is_in_no_selection(tmp_path):
    (eight,), (nine,) = (plan_experiment(name, small_recipe(tmp_path)) for name in ("table8", "table9"))
    assert {arm.name: arm.selection.columns for arm in eight.arms} == {
        "sft-without-phantom-ct": ("polyps",),
        "full-without-phantom-ct": ("polyps",),
    }
    assert nine.tests_of("sft-only-G") == (AskedTest("phantom-ct"),)
    assert [heading.title for heading in nine.headings] == ["C to G (with phantoms)", "G to C (with phantoms)"]


def test_figure_4_scales_steps_and_takes_its_last_point_from_table_2(tmp_path):
    epochs, data = plan_experiment("fig4", small_recipe(tmp_path, epochs=[1, 4], data_shares=[0.5, 1.0]))
    assert [row.arms[0] for row in epochs.rows] == ["sft-epochs-1", "full-epochs-1", "sft", "full"]
    assert next(arm for arm in epochs.arms if arm.name == "sft-epochs-1").changes == ("optimizer.steps=1",)
    halved = next(arm for arm in data.arms if arm.name == "sft-data-0.5")
    assert (halved.changes, halved.selection.share) == (("optimizer.steps=2",), 0.5)


def test_figure_3_asks_one_arm_at_each_level(tmp_path):
    (figure,) = plan_experiment("fig3", small_recipe(tmp_path, injection={"levels": [0.0, 1.0]}))
    assert [row.arms[0] for row in figure.rows] == ["full@0.0", "full@1.0", "full@before", "full"]
    assert [arm.name for arm in figure.arms] == ["sft", "full"]
    assert len(figure.tests_of("full", "@")) == 2 and figure.tests_of("sft") == ()


def test_an_unknown_experiment_names_those_that_there_are(tmp_path):
    with pytest.raises(ConfigError, match="no experiment table3") as caught:
        plan_experiment("table3", small_recipe(tmp_path))
    assert "table11" in caught.value.hint


def test_a_phantom_column_says_so_in_its_heading(tmp_path):
    (table,) = plan_experiment("table2", small_recipe(tmp_path))
    assert [h.title for h in table.headings] == ["polyps (KV)", "phantom ct for DL", "average (with phantoms)"]
