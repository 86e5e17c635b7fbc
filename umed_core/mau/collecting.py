"""From sources to named cases: each image under a name of the dataset's own, each unusable row with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from umed_core.errors import ConfigError
from umed_core.mau.build_store import NamedCase
from umed_core.mau.cases import RefusedRow
from umed_core.mau.sources import SOURCE_KINDS, read_source

__all__ = ["RefusedBySource", "Source", "named_cases", "parse_source"]

_NAMED_SETS = ("deeplesion", "kidneystone", "nih", "tbx11k", "kvasir")


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or file of annotated images: its layout, and the name of its part of the dataset."""

    kind: str
    path: Path
    dataset: str


@dataclass(frozen=True, slots=True)
class RefusedBySource:
    """A row that could not be used, and whose it is."""

    dataset: str
    line: int
    image: str
    reason: str


def parse_source(written: str) -> Source:
    """`KIND=PATH` or `KIND:NAME=PATH`. Without a name a public set has its own and any other source its folder's.

    Raises: ConfigError.
    """
    head, equals, path = written.partition("=")
    kind, _, name = head.partition(":")
    if not (equals and path and kind):
        raise ConfigError(f"--source {written} is no KIND=PATH.", "For example --source kvasir=data/Kvasir-SEG.")
    if kind not in SOURCE_KINDS:
        raise ConfigError(f"--source {written}: there is no layout {kind}.", f"Known are {', '.join(SOURCE_KINDS)}.")
    # A folder's name may hold a person's; it is the one word of the sources that the dataset shows, so the run shows it first.
    name = name or (kind if kind in _NAMED_SETS else Path(path).resolve().stem)
    return Source(kind, Path(path), re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or kind)


def named_cases(sources: Sequence[Source], refuse: Callable[[RefusedBySource], None]) -> Iterator[NamedCase]:
    """Every case of every source, numbered in the source's order; rows that cannot be used go to `refuse`.

    Raises: ConfigError where two sources have one name; what reading a source raises.
    """
    names = [source.dataset for source in sources]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigError(
            f"Two sources are called {twice[0]}.", f"Name them: --source KIND:{twice[0]}_a=PATH and so on."
        )
    for source in sources:
        groups: dict[str, str] = {}
        number = 0
        for found in read_source(source.kind, source.path):
            if isinstance(found, RefusedRow):
                refuse(RefusedBySource(source.dataset, found.line, found.image, found.reason))
                continue
            number += 1
            group = groups.setdefault(found.group, f"{source.dataset}-{len(groups) + 1:05d}")
            yield NamedCase(source.dataset, number, group, found)
