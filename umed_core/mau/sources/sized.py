"""Annotations that wait for the size of their picture: headers are read many at a time, in the limited child process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from umed_core.mau.cases import Case, RefusedRow
from umed_core.mau.sources.files import PictureHeader, picture_header, read_headers
from umed_core.mau.sources.marks import Size, Unusable

__all__ = ["Found", "Unsized", "sized"]

_AT_ONCE = 64
"""Items looked at ahead. A question to the child costs as much as three headers."""


@dataclass(frozen=True, slots=True)
class Unsized:
    """A picture whose header decides; its size must be `stated` where that is given.

    `settle` says what its annotations come to on a picture with that header, and may raise Unusable; `refuse` says it
    where the picture cannot be used, for this reason.
    """

    blank: Case
    stated: Size | None
    settle: Callable[[PictureHeader], Iterable[Case | RefusedRow]]
    refuse: Callable[[str], Iterable[RefusedRow]]


Found: TypeAlias = Case | RefusedRow | Unsized


def sized(found: Iterable[Found]) -> Iterator[Case | RefusedRow]:
    """The same in the same order, once each picture that waits for its size has it."""
    waiting = iter(found)
    while some := list(islice(waiting, _AT_ONCE)):
        headers = iter(read_headers([item.blank.image for item in some if isinstance(item, Unsized)]))
        for item in some:
            if not isinstance(item, Unsized):
                yield item
                continue
            header = next(headers)
            try:
                if isinstance(header, str):
                    raise Unusable(header)
                settled = item.settle(picture_header(header, item.stated))
            except Unusable as problem:
                settled = item.refuse(problem.reason)
            yield from settled
