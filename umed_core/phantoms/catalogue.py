"""The kinds of phantom, and one function that draws any of them from its seed."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

import numpy as np

from umed_core.errors import ConfigError
from umed_core.phantoms.ct import draw_ct
from umed_core.phantoms.cxr import draw_cxr
from umed_core.phantoms.endoscopy import draw_endoscopy
from umed_core.phantoms.phantom import Phantom
from umed_core.phantoms.renal import draw_renal
from umed_core.phantoms.tb import draw_tb

__all__ = ["EVALUATION_SEEDS", "KINDS", "TRAINING_SEEDS", "folder_seeds", "make_phantom"]

_DRAWERS: dict[str, Callable[[np.random.Generator, int, bool], Phantom]] = {
    "ct": draw_ct,
    "renal": draw_renal,
    "cxr": draw_cxr,
    "tb": draw_tb,
    "endoscopy": draw_endoscopy,
}
KINDS = tuple(_DRAWERS)

# Who draws which seeds: a normal phantom has the anatomy of the diseased one of its seed, so no two of these may overlap.
TRAINING_SEEDS = range(1_000_000)
"""Drawn at random while a model is trained."""
EVALUATION_SEEDS = range(1_000_000, 2_000_000)
"""The normal phantoms that `umed eval` asks about."""
_FOLDER_SIZE = 1_000_000


def folder_seeds(seed: int) -> range:
    """What `umed phantoms --seed` draws: a million seeds that no other folder, training or evaluation has."""
    first = EVALUATION_SEEDS.stop + seed * _FOLDER_SIZE
    return range(first, first + _FOLDER_SIZE)


def make_phantom(kind: str, seed: int, normal: bool = False) -> Phantom:
    """The phantom of one kind and seed: the same bytes in every process; `normal` leaves the finding out.

    Raises: ConfigError for an unknown kind or a negative seed.
    """
    if kind not in _DRAWERS:
        raise ConfigError(f"No phantom of kind {kind!r}.", f"Choose one of: {', '.join(KINDS)}.")
    if seed < 0:
        raise ConfigError(f"A phantom's seed is 0 or more, not {seed}.", "Choose a non-negative seed.")
    stream = np.random.SeedSequence([crc32(kind.encode()), seed])
    while True:
        phantom = _DRAWERS[kind](np.random.Generator(np.random.PCG64(stream)), seed, normal)
        if normal or phantom.findings:
            return phantom
        # About one in a thousand is turned so far that its finding lies off the picture: draw another from this seed.
        (stream,) = stream.spawn(1)
