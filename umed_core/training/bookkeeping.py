"""What both stages keep of a run: how many updates, at which rate, what was held back, and the log."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from accelerate import Accelerator
from torch.utils.tensorboard import SummaryWriter

from umed_core.config import AarConfig, OptimizerConfig, SftConfig
from umed_core.errors import ConfigError
from umed_core.mau.box_sets import read_box_set
from umed_core.mau.dataset import read_dataset
from umed_core.mau.split import Split, split_by_group, split_manifest
from umed_core.training.data import real_samples
from umed_core.training.run import RunFolder, storing

__all__ = ["held_images", "log_metrics", "run_events", "schedule", "seed_of", "total_steps"]


def total_steps(config: SftConfig | AarConfig) -> int:
    """Updates of the run: `steps`, or as many as `epochs` over the real samples take. Raises: ConfigError."""
    if config.optimizer.steps:
        return config.optimizer.steps
    real = real_samples(config.data)
    if not real:
        raise ConfigError("Phantoms are without number: an epoch of them has no end.", "Set optimizer.steps.")
    return max(1, round(config.optimizer.epochs * math.ceil(real / config.optimizer.batch_size)))


def schedule(step: int, steps: int, config: OptimizerConfig) -> float:
    """Share of the learning rate at 0-based `step`: a linear rise, then linear or cosine decay to 0."""
    warmup = round(config.warmup_share * steps)
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return max(0.0, 1 - done) if config.schedule == "linear" else 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def seed_of(*key: int) -> int:
    """A generator's seed for draws that depend on `key` alone."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))


def held_images(config: SftConfig | AarConfig) -> dict[str, object]:
    """What the run must never see, recorded beside it: of box sets, and of MAU folders, which were split when built."""
    held: dict[str, object] = {}
    for source in config.data.sources:
        path = Path(config.data.root) / source.path
        if source.kind == "box_set":
            records = read_box_set(path, source.name).records
            held[source.name] = split_manifest(split_by_group(records, config.data.test_share, config.data.split_seed))
        elif source.kind == "records" and path.is_dir():
            dataset = read_dataset(path)
            sides = (tuple(dataset.records(side)) for side in ("train", "test"))
            split = dataset.sheet.split
            held[source.name] = split_manifest(Split(*sides, split.test_share, split.seed))
    return held


@contextmanager
def run_events(folder: RunFolder, start: int, accelerator: Accelerator) -> Iterator[SummaryWriter | None]:
    """TensorBoard's events of the run, in the first process alone."""
    if not accelerator.is_main_process:
        yield None
        return
    with storing(str(folder.path / "tensorboard")):
        writer = SummaryWriter(str(folder.path / "tensorboard"), purge_step=start + 1)
    try:
        yield writer
    finally:
        writer.close()


def log_metrics(folder: RunFolder, writer: SummaryWriter, step: int, metrics: dict[str, float]) -> None:
    folder.log(step, metrics)
    with storing(str(folder.path / "tensorboard")):
        for name, value in metrics.items():
            writer.add_scalar(name, value, step)
