"""An experiment's recipe: overrides reach into it, and what cannot be is refused in one line."""

from __future__ import annotations

import pytest

from umed_core.errors import ConfigError, MissingFile
from umed_core.experiments.recipe import load_experiment_recipe

RECIPE = """
size = "tiny"
seeds = [0]
columns = [{ name = "phantom-ct", paper = "DL", modality = "C", phantom_kind = "ct", phantoms = 9 }]
[stage_one]
[stage_two.optimizer]
steps = 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE)
    return path


def test_overrides_reach_into_stages_columns_and_seeds(file):
    recipe = load_experiment_recipe(
        file, ["stage_two.optimizer.steps=7", "columns.0.phantoms=5", "seeds=[0, 1]", "evaluation.limit=2"]
    )
    assert recipe.stage_two["optimizer"]["steps"] == 7
    assert (recipe.columns[0].phantoms, recipe.seeds, recipe.evaluation.limit) == (5, (0, 1), 2)
    assert recipe.columns[0].stands_in


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("sizes=3", "unknown field"),
        ("seeds=[]", "a seed and a column"),
        ("columns.0.path=somewhere", "either a path, or phantom_kind"),
        ("columns.0.paper=MNIST", "Invalid enum value"),
        ("left_out_columns=['nih']", "no column nih"),
        ('base={folder="a", optimizer={steps=1}}', "either a folder or trained"),
    ],
)
def test_what_cannot_be_is_refused(file, override, said):
    with pytest.raises(ConfigError, match=said):
        load_experiment_recipe(file, [override])


def test_two_columns_of_one_name_are_refused(file):
    row = '{ name = "a", paper = "DL", modality = "C", path = "a" }'
    with pytest.raises(ConfigError, match="called a"):
        load_experiment_recipe(file, [f"columns=[{row}, {row}]"])


def test_a_file_that_is_not_there_or_no_toml(tmp_path):
    with pytest.raises(MissingFile):
        load_experiment_recipe(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("size = ")
    with pytest.raises(ConfigError, match="no TOML"):
        load_experiment_recipe(tmp_path / "bad.toml")
