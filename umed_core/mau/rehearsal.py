"""Before the first call: what a build would take, and what exactly would leave the machine. Nothing is written or sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from umed_core.errors import DataError, InputError
from umed_core.mau.build import MauConfig
from umed_core.mau.build_store import NamedCase, Picture
from umed_core.mau.collecting import named_cases
from umed_core.mau.conversing import Talk, next_step
from umed_core.mau.cost import Estimate, estimate_build
from umed_core.mau.privacy.clean_image import clean_image
from umed_core.mau.privacy.preview import preview_payload
from umed_core.mau.sampling import PAPER_COUNTS
from umed_core.mau.sources.files import read_headers
from umed_core.mau.teacher import TeacherRequest

__all__ = ["Outlook", "outlook", "previews"]

_MEASURED = 40
"""Images opened for their size; the estimate reckons with the median."""
_UNMEASURED = (512, 512)
"""Where no header states a size, such as NIfTI's."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Cases of each dataset that a build would ask about, rows that it would refuse, and what the calls would take."""

    cases: dict[str, int]
    refused_rows: int
    estimate: Estimate


def outlook(config: MauConfig) -> Outlook:
    """Reads the sources and reckons. Pictures are not cleaned yet, so some of these cases may still fall out.

    Raises: what reading a source raises.
    """
    refused = 0

    def refuse(_row: object) -> None:
        nonlocal refused
        refused += 1

    taken = _taken(config, named_cases(config.sources, refuse))
    counts: Counter[str] = Counter()
    images: list[Path] = []
    asked = []
    for named in taken:
        counts[named.dataset] += 1
        asked.append((named.case.findings, named.case.modality))
        if len(images) < _MEASURED:
            images.append(named.case.image)
    return Outlook(dict(counts), refused, estimate_build(asked, _usual_size(images), config.asking.budget))


def previews(config: MauConfig, teacher_identity: str, count: int) -> Iterator[str]:
    """The first request of the first `count` usable cases of each source, word for word, and what the picture lost.

    Raises: what reading a source raises.
    """
    for source in config.sources:
        cases = named_cases([source], lambda _row: None)
        yield from islice(filter(None, (_preview(config, named, teacher_identity) for named in cases)), count)


def _preview(config: MauConfig, named: NamedCase, teacher_identity: str) -> str:
    """Empty for a case that would be refused."""
    try:
        clean = clean_image(named.case, config.text_scan)
    except (InputError, DataError):
        return ""
    picture = Picture("", clean.sha256, clean.suffix, clean.width, clean.height)
    request = next_step(Talk(named, picture, Path(), teacher_identity, 0), lambda _key: None)
    assert isinstance(request, TeacherRequest)
    return preview_payload(request, clean)


def _taken(config: MauConfig, cases: Iterator[NamedCase]) -> Iterator[NamedCase]:
    """As many of each dataset as the build would draw; which ones makes little difference to the sum."""
    seen: Counter[str] = Counter()
    for named in cases:
        most = sum(PAPER_COUNTS.get(named.dataset, (0, 0))) if config.paper_counts else config.limit
        seen[named.dataset] += 1
        if not most or seen[named.dataset] <= most:
            yield named


def _usual_size(images: Sequence[Path]) -> tuple[int, int]:
    """Median width and height, by the headers."""
    headers = [header for header in read_headers(images) if not isinstance(header, str) and header.columns]
    if not headers:
        return _UNMEASURED
    return int(median(header.columns for header in headers)), int(median(header.rows for header in headers))
