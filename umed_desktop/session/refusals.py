"""Files that could not be opened, as plain words: which, why, what to do, and reasons of a kind together. Free of Qt."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from umed_core.errors import UmedError

__all__ = ["Refusal", "as_text", "kinds_of", "refusals_of"]

_OWN_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d.,]*")
"""What differs between files that fail alike: numbers, and what a file says of itself."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`name` is the path below what all of them share; `kind` is the reason without what is this file's alone."""

    path: str
    name: str
    reason: str
    hint: str
    kind: str


def refusals_of(refused: Sequence[tuple[Path, UmedError]]) -> list[Refusal]:
    """One for each file, in their order."""
    paths = [str(path) for path, _ in refused]
    shared = _shared_folder(paths)
    worded: dict[str, tuple[str, str]] = {}  # thousands of files have few reasons
    found = []
    for path, (_, error) in zip(paths, refused, strict=True):
        told = error.message.removeprefix(path)
        words = worded.get(told)
        if words is None:
            words = worded[told] = _reason_and_kind(told, path)
        found.append(Refusal(path, path[len(shared) :] or path, words[0], error.hint, words[1]))
    return found


def kinds_of(refusals: Iterable[Refusal]) -> list[tuple[str, int]]:
    """Kinds of reasons with how many files have them, the most frequent first."""
    return Counter(refusal.kind for refusal in refusals).most_common()


def as_text(refusals: Iterable[Refusal]) -> str:
    """A line a file: path, reason, hint, with tabs between them, as a spreadsheet takes it."""
    rows = ((refusal.path, refusal.reason, refusal.hint) for refusal in refusals)
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in rows)


def _shared_folder(paths: Sequence[str]) -> str:
    """The folder that all paths lie in, with the separator at its end; "" where they share none."""
    if not paths:
        return ""
    try:
        shared = os.path.commonpath([str(Path(path).parent) for path in (paths[0], paths[-1])])
    except ValueError:  # on two drives
        return ""
    inside = shared if shared.endswith(os.sep) else shared + os.sep
    return inside if all(path.startswith(inside) for path in paths) else ""


def _reason_and_kind(told: str, path: str) -> tuple[str, str]:
    words = told.strip(" :")
    reason = words[:1].upper() + words[1:]
    without = reason.replace(path, "…") if os.sep in path else reason  # a file may be called "a"
    return reason, _OWN_WORDS.sub("…", without)
