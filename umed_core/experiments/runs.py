"""Arms and seeds as runs: where each lies, what it trains on, and a key that changes with anything that changes its result.

OUT/runs/full-seed0/            a run folder, as `umed train` leaves it, with
OUT/runs/full-seed0/arm.json    the key, and the seconds it took once it is done
OUT/runs/full-seed0/eval/       the answers, and a file of outcomes for each test set
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from umed_core.config import AarConfig, SftConfig, apply_override
from umed_core.errors import ConfigError, DataError, MissingModel, TrainingError
from umed_core.experiments.arms import Arm, Experiment
from umed_core.experiments.columns import Column, StoredRecords, selected, store_training
from umed_core.experiments.recipe import ExperimentRecipe
from umed_core.records import write_atomic

__all__ = ["Run", "done_seconds", "mark_done", "open_run", "plan_runs"]

FREE = ("out", "threads", "log_every", "checkpoint_every", "samples_every")
"""Of `run`: what may differ without another result."""

ENDS = 8 << 20
"""Bytes of each end of a weights file that a given model's key reads: a folder of 14 GB must not be read at every start."""

Config = TypeVar("Config", SftConfig, AarConfig)


@dataclass(frozen=True, slots=True)
class Run:
    """One arm with one seed. `config` is None for a model that was given; `images` are those that training sees in all."""

    arm: Arm
    seed: int
    folder: Path
    key: str
    model: Path
    config: SftConfig | AarConfig | None
    images: int
    after: str = ""
    """Name of the run whose model it starts from."""

    @property
    def name(self) -> str:
        return self.folder.name


def plan_runs(
    experiments: Sequence[Experiment], recipe: ExperimentRecipe, columns: Mapping[str, Column], out: Path
) -> tuple[Run, ...]:
    """Every arm of the experiments with every seed, each once, and before those that start from it.

    Raises: ConfigError, DataError, MissingModel, StorageError.
    """
    arms = {arm.name: arm for experiment in experiments for arm in experiment.arms}
    planned: dict[tuple[str, int], Run] = {}
    for arm in arms.values():
        # The base is one checkpoint that all seeds share, as the paper's MedVInT is.
        for seed in recipe.seeds if arm.stage != "base" else (0,):
            _plan(arm, seed, arms, recipe, columns, out, planned)
    return tuple(planned.values())


def _plan(
    arm: Arm, seed: int, arms: Mapping[str, Arm], recipe: ExperimentRecipe, columns: Mapping[str, Column], out: Path,
    planned: dict[tuple[str, int], Run],
) -> Run:  # fmt: skip
    if arm.stage == "base":
        seed = 0
    if (arm.name, seed) in planned:
        return planned[arm.name, seed]
    start = _plan(arms[arm.start], seed, arms, recipe, columns, out, planned) if arm.start else None
    folder = out / "runs" / f"{arm.name}-seed{seed}"
    if arm.stage == "base":
        run = _base(arm, folder, recipe)
    else:
        run = _stage(arm, seed, start, folder, recipe, columns, out / "sets")
    return planned.setdefault((arm.name, seed), run)


def _base(arm: Arm, folder: Path, recipe: ExperimentRecipe) -> Run:
    """The model that every seed starts from: given, or trained once."""
    if given := recipe.base.get("folder"):
        model = Path(str(given)).absolute()
        return Run(arm, 0, folder, _weights_key(model), model, None, 0)
    table = _copy(recipe.base)
    table.setdefault("data", {}).setdefault("root", recipe.root)
    table.setdefault("run", {})["out"] = str(folder)
    config = _convert(table, SftConfig, arm.name)
    if not config.optimizer.steps:
        raise ConfigError("The base counts no steps.", "Give it base.optimizer.steps.")
    return Run(arm, 0, folder, _key(config, "", {}), folder / "model", config, _seen(config, 0))


def _stage(
    arm: Arm, seed: int, start: Run | None, folder: Path, recipe: ExperimentRecipe, columns: Mapping[str, Column],
    sets: Path,
) -> Run:  # fmt: skip
    """A run of stage one or two on the arm's selection."""
    stored = {
        name: store_training(columns[name], records, sets)
        for name in arm.selection.columns
        if (records := selected(columns[name], arm.selection, seed))
    }
    if not stored:
        raise DataError(f"{arm.name} is left without a training image.", "Leave out less.")
    count = sum(records.count for records in stored.values())
    table = _stage_table(arm, recipe, stored)
    table["run"] |= {"out": str(folder), "seed": seed}
    if start is not None:
        table["model"]["init"] = str(start.model)
    if arm.as_long_as:
        two = replace(arm, stage="two", changes=())
        other = _convert(_stage_table(two, recipe, stored), AarConfig, arm.as_long_as)
        batch = _convert(table, SftConfig, arm.name).optimizer.batch_size
        table["optimizer"]["steps"] = math.ceil(_seen(other, count) / batch)
    config: SftConfig | AarConfig = (
        _convert(table, SftConfig, arm.name) if arm.stage == "one" else _convert(table, AarConfig, arm.name)
    )
    key = _key(config, start.key if start else "", stored)
    after = start.name if start is not None else ""
    return Run(arm, seed, folder, key, folder / "model", config, _seen(config, count), after)


def _stage_table(arm: Arm, recipe: ExperimentRecipe, stored: Mapping[str, StoredRecords]) -> dict[str, Any]:
    """The recipe's table of the arm's stage, with its sources and changes; `run.out` and `model.init` may be wanting."""
    table = _copy(recipe.stage_one if arm.stage == "one" else recipe.stage_two)
    for section in ("model", "data", "optimizer", "run"):
        table.setdefault(section, {})
    table["model"].setdefault("init", "mini")
    table["run"].setdefault("out", "")
    table["data"]["sources"] = [
        *table["data"].get("sources", ()),
        *(
            {
                "name": name,
                "kind": "records",
                "path": str(records.path.absolute()),
                "share": recipe.column(name).share or float(records.count),
                "augment": recipe.column(name).augment,
            }
            for name, records in stored.items()
        ),
    ]
    for change in arm.changes:
        apply_override(table, change)
    return table


def _convert(table: dict[str, Any], kind: type[Config], arm: str) -> Config:
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as problem:
        raise ConfigError(f"The arm {arm}: {problem}.", "Mend the recipe's table of that stage.") from problem


def _seen(config: SftConfig | AarConfig, count: int) -> int:
    """Images that a run sees, each time it sees them, as training counts its updates."""
    own = config.optimizer
    steps = own.steps or max(1, round(own.epochs * math.ceil(count / own.batch_size)))
    return steps * own.batch_size


def _copy(table: Mapping[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(table))


# ------------------------------------------------------------------------------------------------- keys


def _key(config: SftConfig | AarConfig, start: str, stored: Mapping[str, StoredRecords]) -> str:
    """A hash of the recipe, of the images and of the model that it starts from; folders may move.

    Values that are their field's default are left out, so that a field which a later umed adds changes no key.
    """
    table = _stated(config)
    table["run"] = {name: value for name, value in table["run"].items() if name not in FREE}
    table["data"] = {name: value for name, value in table["data"].items() if name not in ("root", "workers")}
    for source in table["data"]["sources"]:
        if source["kind"] == "records" and source["name"] in stored:
            source["path"] = stored[source["name"]].digest
    if start:
        table["model"]["init"] = start
    if config.model.language_from:
        table["model"]["language_from"] = _weights_key(Path(config.model.language_from))
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def _stated(section: Any) -> Any:
    """A recipe as plain values, less those that are their field's default."""
    if isinstance(section, tuple):
        return [_stated(part) for part in section]
    if not isinstance(section, msgspec.Struct):
        return section
    default = {field.name: _default_of(field) for field in msgspec.structs.fields(section)}
    values = {name: getattr(section, name) for name in default}
    return {name: _stated(value) for name, value in values.items() if value != default[name]}


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def _weights_key(model: Path) -> str:
    """A hash of a given model's configuration and of both ends of its weights. Raises: MissingModel."""
    files = sorted(model.glob("*.safetensors"))
    if not files or not (model / "config.json").is_file():
        raise MissingModel(f"{model} holds no model.", "Give base.folder a folder that transformers can load.")
    hashed = hashlib.sha256((model / "config.json").read_bytes())
    for file in files:
        size = file.stat().st_size
        with file.open("rb") as content:
            hashed.update(f"{file.name} {size}".encode() + content.read(ENDS))
            content.seek(max(0, size - ENDS))
            hashed.update(content.read(ENDS))
    return hashed.hexdigest()


# ------------------------------------------------------------------------------------------------- marks


def open_run(run: Run) -> None:
    """Claims the run's folder for its key. Raises: TrainingError where another recipe's run lies there; StorageError."""
    mark = _mark(run)
    if mark and mark.get("key") != run.key:
        raise TrainingError(
            f"{run.folder} holds an arm of another recipe.", "Choose another --out, or remove that folder."
        )
    if not mark:
        _write_mark(run, {"key": run.key})


def mark_done(run: Run, seconds: float) -> None:
    """Notes that the run's model is whole. Raises: StorageError."""
    _write_mark(run, {"key": run.key, "seconds": seconds})


def done_seconds(run: Run) -> float | None:
    """How long the run took, 0 for a model that was given; None where it is not done."""
    if run.config is None:
        return 0.0
    mark = _mark(run)
    if mark.get("key") == run.key and "seconds" in mark and (run.model / "config.json").is_file():
        return float(mark["seconds"])
    return None


def _mark(run: Run) -> dict[str, Any]:
    file = run.folder / "arm.json"
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, UnicodeDecodeError):
        found = None
    return found if isinstance(found, dict) else {"key": "unreadable"}


def _write_mark(run: Run, mark: dict[str, Any]) -> None:
    write_atomic(
        run.folder / "arm.json", json.dumps({"arm": run.arm.name, "seed": run.seed, **mark}, indent=2).encode()
    )
