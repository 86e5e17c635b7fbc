"""The paper's tables and figures, each a pure function of the recipe. The paper's own figures stand beside ours.

The paper's are of other models (a MedVInT of 7 billion parameters), other images and other splits: they say where its
authors arrived, not what this recipe should reach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from umed_core.errors import ConfigError
from umed_core.experiments.arms import Arm, Experiment, Heading, Row, Selection, TestSet, heading_of, standard_arms
from umed_core.experiments.outcomes import BEFORE
from umed_core.experiments.recipe import ExperimentRecipe

__all__ = ["EXPERIMENTS", "plan_experiment"]

PAPER_TABLE_2 = {
    "base": {"DL": 0.29, "KS": 0.11, "KV": 0.27, "NIH": 0.08, "TBX": 0.09},
    "sft": {"DL": 0.42, "KS": 0.93, "KV": 0.93, "NIH": 0.28, "TBX": 0.78},
    "sft-ppo": {"DL": 0.44, "KS": 0.94, "KV": 0.95, "NIH": 0.30, "TBX": 0.80},
    "full": {"DL": 0.53, "KS": 0.99, "KV": 0.98, "NIH": 0.37, "TBX": 0.86},
}
PAPER_AVERAGES = {"base": 0.17, "sft": 0.67, "sft-ppo": 0.69, "full": 0.75, "no-vrr": 0.71, "no-alr": 0.72}
"""Tables 2 and 6; Table 6's model without AAR is Table 2's SFT."""

PAPER_TABLE_7 = {"base": (0.05, 0.04, 0.07), "sft": (0.16, 0.15, 0.16), "full": (0.35, 0.39, 0.27)}
"""Abdomen, lung and pelvis of DeepLesion."""
PAPER_TABLE_8 = {"sft": {"TBX": 0.29, "DL": 0.28}, "full": {"TBX": 0.57, "DL": 0.42}}
PAPER_TABLE_9 = {"sft": {"C": 0.12, "G": 0.08, "X": 0.13}, "full": {"C": 0.27, "G": 0.31, "X": 0.22}}
PAPER_TABLE_11 = {0.3: 0.69, 0.4: 0.72, 0.5: 0.75, 0.6: 0.71, 0.7: 0.70}

PAPER_EPOCHS = 4.0
LABELS = {
    "base": "base (no training on these sets)",
    "sft": "SFT",
    "sft-longer": "SFT, longer (our control)",
    "sft-ppo": "SFT & PPO",
    "no-vrr": "without VRR",
    "no-alr": "without ALR",
    "full": "full (UMed)",
}


def table2(recipe: ExperimentRecipe) -> Experiment:
    """Table 2: the base, SFT, SFT & PPO, UMed; and SFT for as many images more as stage two sees."""
    return _comparison(recipe, "table2", "Table 2: the stages", ("base", "sft", "sft-longer", "sft-ppo", "full"))


def table6(recipe: ExperimentRecipe) -> Experiment:
    """Table 6, the ablation: full, without VRR, without ALR, without AAR (which is SFT)."""
    names = ("sft", "sft-longer", "no-alr", "no-vrr", "full")
    return _comparison(recipe, "table6", "Table 6: what each reward adds", names)


def table7(recipe: ExperimentRecipe) -> Experiment:
    """Table 7: classes that training never saw, each left out by itself."""
    if not recipe.left_out_classes:
        raise ConfigError(f"The recipe {recipe.size} leaves out no class.", "Give it left_out_classes.")
    standard = standard_arms(recipe)
    headings, cells, arms = [], [], [standard["base"]] if recipe.base else []
    for left_out in recipe.left_out_classes:
        test = TestSet(left_out.column, left_out.label)
        selection = replace(standard["sft"].selection, without=(test,))
        pair = _both_stages(standard, f"without-{test.label.replace(' ', '-')}", selection)
        arms += pair
        stands_in = "phantom " if recipe.column(test.column).stands_in else ""
        headings.append(Heading(f"{stands_in}{test.label} left out", (test,)))
        cells.append({"base": "base", "sft": pair[0].name, "full": pair[1].name})
    has_three = len(headings) == len(PAPER_TABLE_7["sft"])
    papers: dict[str, list[float | None]] = {name: list(values) for name, values in PAPER_TABLE_7.items() if has_three}
    return _of_cells(recipe, "table7", "Table 7: classes that training never saw", arms, headings, cells, papers)


def table8(recipe: ExperimentRecipe) -> Experiment:
    """Table 8: a whole set left out of training, and asked about."""
    if not recipe.left_out_columns:
        raise ConfigError(f"The recipe {recipe.size} leaves out no set.", "Give it left_out_columns.")
    standard = standard_arms(recipe)
    headings, cells, arms = [], [], [standard["base"]] if recipe.base else []
    for column in recipe.left_out_columns:
        rest = tuple(name for name in standard["sft"].selection.columns if name != column)
        pair = _both_stages(standard, f"without-{column}", Selection(rest))
        arms += pair
        headings.append(replace(heading_of(recipe, column), title=f"{heading_of(recipe, column).title} left out"))
        cells.append({"base": "base", "sft": pair[0].name, "full": pair[1].name})
    keys = [recipe.column(column).paper for column in recipe.left_out_columns]
    papers: dict[str, list[float | None]] = {
        name: [values.get(key) for key in keys] for name, values in PAPER_TABLE_8.items()
    }
    return _of_cells(recipe, "table8", "Table 8: sets that training never saw", arms, headings, cells, papers)


def table9(recipe: ExperimentRecipe) -> Experiment:
    """Table 9: trained on one modality, asked about the others."""
    standard = standard_arms(recipe)
    present = [letter for letter in "CGX" if any(column.modality == letter for column in recipe.columns)]
    headings, cells, arms = [], [], [standard["base"]] if recipe.base else []
    for letter in present:
        own = tuple(column.name for column in recipe.columns if column.modality == letter)
        others = [column for column in recipe.columns if column.modality != letter]
        pair = _both_stages(standard, f"only-{letter}", Selection(own))
        arms += pair
        title = f"{letter} to {''.join(other for other in present if other != letter)}"
        if any(column.stands_in for column in (*map(recipe.column, own), *others)):
            title += " (with phantoms)"
        headings.append(Heading(title, tuple(TestSet(column.name) for column in others)))
        cells.append({"base": "base", "sft": pair[0].name, "full": pair[1].name})
    papers: dict[str, list[float | None]] = {
        name: [values[letter] for letter in present] for name, values in PAPER_TABLE_9.items()
    }
    title = "Table 9: trained on one modality, asked about the others"
    return _of_cells(recipe, "table9", title, arms, headings, cells, papers)


def table11(recipe: ExperimentRecipe) -> Experiment:
    """Table 11: the weights of the grounding reward (c1) and of the value loss (c2)."""
    standard = standard_arms(recipe)
    arms = [standard[name] for name in ("base", "sft") if name in standard]
    headings = _headings(recipe)
    rows = []
    for c1, published in PAPER_TABLE_11.items():
        c2 = round(1 - c1, 1)
        arm = standard["full"]
        # The recipe's own pair is Table 2's arm and is not trained again.
        if (c1, c2) != _weights(recipe):
            changes = (*arm.changes, f"ppo.c1={c1}", f"ppo.c2={c2}")
            arm = replace(arm, name=f"full-c1-{c1}", changes=changes)
        arms.append(arm)
        paper = (*(None for _ in recipe.columns), published)
        rows.append(Row(f"c1 {c1}, c2 {c2}", (arm.name,) * len(headings), paper))
    middle = rows[2].label
    pairs = tuple((middle, row.label) for row in rows if row.label != middle)
    title = "Table 11: the weights c1 and c2"
    return Experiment(
        "table11", title, tuple(arms), headings, tuple(rows), pairs, "c1 (c2 = 1 - c1)", tuple(PAPER_TABLE_11)
    )


def figure3(recipe: ExperimentRecipe) -> Experiment:
    """Figure 3: is the class named, given a box of a known IoU? `full@0.3` is the arm `full` with a box of IoU .3."""
    standard = standard_arms(recipe)
    if recipe.injection.arm not in standard:
        raise ConfigError(f"There is no arm {recipe.injection.arm}.", f"injection.arm takes {', '.join(standard)}.")
    headings, arm = _headings(recipe), recipe.injection.arm
    wanted = [(f"IoU {level:.1f}", f"{arm}@{level}") for level in recipe.injection.levels]
    wanted += [("the words before the box", f"{arm}@{BEFORE}"), ("its own answer", arm)]
    rows = tuple(Row(label, (name,) * len(headings)) for label, name in wanted)
    title = f"Figure 3: accuracy of {LABELS[arm]} against the IoU of an injected box"
    arms = _with_starts(standard, arm)
    return Experiment("fig3", title, arms, headings, rows, (), "IoU of the injected box", recipe.injection.levels)


def _with_starts(standard: dict[str, Arm], name: str) -> tuple[Arm, ...]:
    """An arm behind those that it starts from."""
    arm = standard[name]
    return (*(_with_starts(standard, arm.start) if arm.start else ()), arm)


def figure4_epochs(recipe: ExperimentRecipe) -> Experiment:
    """Figure 4, left: how long stage one lasts; stage two is the same after each."""
    variants = [
        (f"{epochs:g} epochs", f"epochs-{epochs:g}", (_lasting(recipe, epochs / PAPER_EPOCHS, epochs),), 1.0)
        for epochs in recipe.epochs
    ]
    title = "Figure 4, left: epochs of stage one"
    return _curve(recipe, "fig4-epochs", title, "epochs of stage one", variants, recipe.epochs)


def figure4_data(recipe: ExperimentRecipe) -> Experiment:
    """Figure 4, right: the share of the training images, with as many epochs of them."""
    variants = [
        (f"{share:.0%} of the data", f"data-{share:g}", (_lasting(recipe, share, _epochs(recipe)),), share)
        for share in recipe.data_shares
    ]
    title = "Figure 4, right: share of the training images"
    return _curve(recipe, "fig4-data", title, "share of the training images", variants, recipe.data_shares)


EXPERIMENTS: dict[str, tuple[Callable[[ExperimentRecipe], Experiment], ...]] = {
    "table2": (table2,),
    "table6": (table6,),
    "table7": (table7,),
    "table8": (table8,),
    "table9": (table9,),
    "table11": (table11,),
    "fig3": (figure3,),
    "fig4": (figure4_epochs, figure4_data),
}


def plan_experiment(name: str, recipe: ExperimentRecipe) -> tuple[Experiment, ...]:
    """What `umed experiment NAME` runs: one table, or a figure's panels. Raises: ConfigError."""
    if name not in EXPERIMENTS:
        raise ConfigError(f"There is no experiment {name}.", f"Choose one of: {', '.join(EXPERIMENTS)}.")
    return tuple(plan(recipe) for plan in EXPERIMENTS[name])


# ------------------------------------------------------------------------------------------------- layouts


def _headings(recipe: ExperimentRecipe) -> tuple[Heading, ...]:
    """Each column, then their average, which the paper compares by."""
    columns = tuple(heading_of(recipe, column.name) for column in recipe.columns)
    stands_in = " (with phantoms)" if any(column.stands_in for column in recipe.columns) else ""
    return (*columns, Heading(f"average{stands_in}", tuple(TestSet(column.name) for column in recipe.columns)))


def _comparison(recipe: ExperimentRecipe, name: str, title: str, wanted: tuple[str, ...]) -> Experiment:
    standard = standard_arms(recipe)
    chosen = [arm for arm in wanted if arm in standard]
    headings = _headings(recipe)
    rows = tuple(Row(LABELS[arm], (arm,) * len(headings), _paper_row(recipe, arm)) for arm in chosen)
    pairs = (("full", "sft"), ("full", "sft-longer"), ("full", "sft-ppo"), ("full", "no-vrr"), ("full", "no-alr"),
             ("sft-ppo", "sft"), ("sft", "base"))  # fmt: skip
    differences = tuple((LABELS[a], LABELS[b]) for a, b in pairs if a in chosen and b in chosen)
    arms = tuple(standard[arm] for arm in ("base", "sft") if arm in standard and arm not in chosen)
    return Experiment(name, title, (*arms, *(standard[arm] for arm in chosen)), headings, rows, differences)


def _paper_row(recipe: ExperimentRecipe, arm: str) -> tuple[float | None, ...]:
    by_set = PAPER_TABLE_2.get(arm, {})
    return (*(by_set.get(column.paper) for column in recipe.columns), PAPER_AVERAGES.get(arm))


def _both_stages(
    standard: dict[str, Arm], suffix: str, selection: Selection, changes: tuple[str, ...] = ()
) -> list[Arm]:
    """Stage one and the full stage two on a selection; `changes` are stage one's."""
    sft = replace(standard["sft"], name=f"sft-{suffix}", selection=selection, changes=changes)
    return [sft, replace(standard["full"], name=f"full-{suffix}", selection=selection, start=sft.name)]


def _of_cells(
    recipe: ExperimentRecipe, name: str, title: str, arms: list[Arm], headings: list[Heading],
    cells: list[dict[str, str]], papers: dict[str, list[float | None]],
) -> Experiment:  # fmt: skip
    """Rows base, SFT and full, where each column has models of its own."""
    kinds = ("base", "sft", "full") if recipe.base else ("sft", "full")
    rows = tuple(
        Row(LABELS[kind], tuple(cell[kind] for cell in cells), tuple(papers.get(kind, [None] * len(cells))))
        for kind in kinds
    )
    difference = ((LABELS["full"], LABELS["sft"]),)
    return Experiment(name, title, tuple(arms), tuple(headings), rows, difference)


def _curve(
    recipe: ExperimentRecipe, name: str, title: str, axis: str,
    variants: Sequence[tuple[str, str, tuple[str, ...], float]], places: tuple[float, ...],
) -> Experiment:  # fmt: skip
    standard = standard_arms(recipe)
    headings, arms, rows = _headings(recipe), [standard["base"]] if recipe.base else [], []
    for label, suffix, changes, share in variants:
        pair = [standard["sft"], standard["full"]]
        # The variant that is the recipe itself is Table 2's and is not trained again.
        if share != 1.0 or changes != (_lasting(recipe, 1.0, _epochs(recipe)),):
            pair = _both_stages(standard, suffix, replace(standard["sft"].selection, share=share), changes)
        arms += pair
        rows += [
            Row(f"{LABELS[kind]}, {label}", (arm.name,) * len(headings))
            for kind, arm in zip(("sft", "full"), pair, strict=True)
        ]
    return Experiment(name, title, tuple(arms), headings, tuple(rows), (), axis, tuple(places))


def _lasting(recipe: ExperimentRecipe, factor: float, epochs: float) -> str:
    """Stage one for `epochs`, or for `factor` of the recipe's steps where it counts those."""
    steps = int(recipe.stage_one.get("optimizer", {}).get("steps", 0))
    return f"optimizer.steps={max(1, round(steps * factor))}" if steps else f"optimizer.epochs={epochs:g}"


def _epochs(recipe: ExperimentRecipe) -> float:
    return float(recipe.stage_one.get("optimizer", {}).get("epochs", PAPER_EPOCHS))


def _weights(recipe: ExperimentRecipe) -> tuple[float, float]:
    ppo = recipe.stage_two.get("ppo", {})
    return float(ppo.get("c1", 0.5)), float(ppo.get("c2", 0.5))
