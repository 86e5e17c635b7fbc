"""The synthetic normal images that an evaluation asks about."""

from __future__ import annotations

import pytest

from umed_core.errors import ConfigError
from umed_core.evaluation.samples import normal_phantoms
from umed_core.phantoms import EVALUATION_SEEDS, KINDS, TRAINING_SEEDS


def test_normal_phantoms_take_the_kinds_in_turn_and_seeds_that_training_never_draws() -> None:
    names = [sample.record.image for sample in normal_phantoms(7)]
    seeds = [int(name.split("-")[1]) for name in names]
    assert [name.split("-")[0] for name in names] == [*KINDS, *KINDS[:2]]
    assert seeds == list(range(1_000_000, 1_000_007))
    assert all(seed in EVALUATION_SEEDS and seed not in TRAINING_SEEDS for seed in seeds)


def test_more_normal_phantoms_than_there_are_seeds_are_refused() -> None:
    with pytest.raises(ConfigError, match="1000001"):
        next(normal_phantoms(1_000_001))
