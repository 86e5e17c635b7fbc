"""The stream of training samples: sample i is a pure function of (config, seed, i), in any process and after a resume.

Which source sample i comes from follows the shares of the recipe, linear over the run; real images are walked in a
fresh permutation each pass, phantoms are drawn new every time. The held part of each box set and the test side of a
MAU folder are never read here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from umed_core.config import DataConfig, SourceConfig
from umed_core.errors import ConfigError, DataError
from umed_core.images.decode import decode_file
from umed_core.images.limits import DecodeLimits
from umed_core.mau.box_sets import read_box_set
from umed_core.mau.dataset import read_dataset
from umed_core.mau.split import split_by_group
from umed_core.mau.wording import write_conversation
from umed_core.phantoms import TRAINING_SEEDS, display, make_phantom
from umed_core.records import Finding, MauRecord, Turn, read_jsonl
from umed_core.training.augment import augmented, augmented_with_turns
from umed_core.vlm.pixels import as_rgb, resized

__all__ = ["Sample", "SampleStream", "real_samples", "source_of_sample", "training_records"]


@dataclass(frozen=True)
class Sample:
    """One image with its conversation. Shapes: pixels (H, W, 3) uint8 display values, square where augmented."""

    pixels: NDArray[np.uint8]
    findings: tuple[Finding, ...]
    turns: tuple[Turn, ...]
    dataset: str


def training_records(source: SourceConfig, config: DataConfig) -> tuple[MauRecord, ...]:
    """The train part of a real source, images as absolute paths.

    `records` are a JSONL file, taken whole, or a MAU folder, whose train side is taken.
    Raises: MissingFile; DataError where nothing is left, or for a MAU folder that is not whole.
    """
    path = Path(config.root) / source.path
    if source.kind == "box_set":
        folder = path / "images"
        records = split_by_group(read_box_set(path, source.name).records, config.test_share, config.split_seed).train
        # An image without a box in a box set is rarely a proven normal one: it teaches nothing here.
        records = tuple(record for record in records if record.findings)
    elif path.is_dir():
        folder = path
        records = tuple(read_dataset(path).records("train"))
    else:
        folder = path.parent
        records = tuple(read_jsonl(path, MauRecord))
    if not records:
        raise DataError(f"{path} holds no training sample.", "Check the source's path and the test share.")
    return tuple(_at(record, folder) for record in records)


def _at(record: MauRecord, folder: Path) -> MauRecord:
    image = folder / record.image if (folder / record.image).exists() else folder.parent / record.image
    return replace(record, image=str(image))


def real_samples(config: DataConfig) -> int:
    """Training samples of all real sources: what an epoch counts."""
    return sum(len(training_records(source, config)) for source in config.sources if source.kind != "phantoms")


def source_of_sample(sources: tuple[SourceConfig, ...], total: int, seed: int) -> NDArray[np.int16]:
    """Index of the source that each of `total` samples comes from, (total,)."""
    progress = np.linspace(0, 1, max(total, 1))[:total, None]
    start = np.array([source.share for source in sources])
    end = np.array([source.share if source.share_end is None else source.share_end for source in sources])
    shares = start + (end - start) * progress
    if (shares.sum(axis=1) <= 0).any() or (shares < 0).any():
        raise ConfigError("The sources' shares must not be negative, nor all zero.", "Check share and share_end.")
    edges = np.cumsum(shares / shares.sum(axis=1, keepdims=True), axis=1)
    drawn = np.random.default_rng([seed, 1]).random((total, 1))
    return np.minimum((drawn > edges).sum(axis=1), len(sources) - 1).astype(np.int16)


class SampleStream(Dataset):
    """`total` samples; `size` is the side in pixels of the squares that augmentation makes."""

    def __init__(self, config: DataConfig, total: int, size: int, seed: int) -> None:
        self.config, self.size, self.seed = config, size, seed
        self.records = [
            () if source.kind == "phantoms" else training_records(source, config) for source in config.sources
        ]
        self.source = source_of_sample(config.sources, total, seed)
        self.turn_in_source = np.zeros(total, dtype=np.int64)
        for index in range(len(config.sources)):
            mine = self.source == index
            self.turn_in_source[mine] = np.arange(mine.sum())

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Sample:
        number = int(self.source[index])
        source, turn = self.config.sources[number], int(self.turn_in_source[index])
        rng = np.random.default_rng([self.seed, 2, index])
        words = random.Random(int(rng.integers(2**32)))
        if source.kind == "phantoms":
            return self._phantom(source, rng, words)
        records = self.records[number]
        epoch, place = divmod(turn, len(records))
        return self._real(source, records[_permutation(len(records), self.seed, number, epoch)[place]], rng, words)

    def _phantom(self, source: SourceConfig, rng: np.random.Generator, words: random.Random) -> Sample:
        is_normal = rng.random() < source.normal_share
        phantom = make_phantom(source.phantom_kind, int(rng.integers(TRAINING_SEEDS.stop)), is_normal)
        pixels = display(phantom)
        turns = write_conversation(phantom.findings, phantom.modality, words, words.randint(0, self.config.follow_ups))
        # A phantom is varied at birth; it needs no second warp.
        return Sample(resized(pixels, self.size), phantom.findings, turns, source.name)

    def _real(self, source: SourceConfig, record: MauRecord, rng: np.random.Generator, words: random.Random) -> Sample:
        # Data to train on is the person's own choice: it is read in this process, without the viewer's sandbox.
        image = decode_file(Path(record.image), DecodeLimits())
        pixels, findings, turns = as_rgb(image.display()), record.findings, record.turns
        is_color = "endoscopy" in record.modality.lower()
        if source.augment and turns:
            pixels, findings, turns = augmented_with_turns(pixels, findings, turns, self.size, rng, is_color)
        elif source.augment:
            pixels, findings = augmented(pixels, findings, self.size, rng, is_color)
        if not turns:
            turns = write_conversation(findings, record.modality, words, words.randint(0, self.config.follow_ups))
        return Sample(pixels, findings, turns, source.name)


@cache
def _permutation(count: int, seed: int, source: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, 3, source, epoch]).permutation(count)
