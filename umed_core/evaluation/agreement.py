"""What two answers about one image have in common: the classes that they name, and their boxes, pair by pair.

Neither is the truth: agreement of two models says nothing about whether either is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from umed_core.evaluation.metrics import names_affirmatively
from umed_core.geometry import match_boxes
from umed_core.prompts import CLASS_SYNONYMS
from umed_core.vlm.messages import LabelledBox

__all__ = ["Agreement", "BoxPair", "agreement_of", "classes_named"]


@dataclass(frozen=True, slots=True)
class BoxPair:
    """A box of each answer that overlap, by their places in the answers; `same_class` where both give it one class."""

    a: int
    b: int
    iou: float
    same_class: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """Classes in alphabetical order; boxes by their places in the answers, from 0."""

    both: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    pairs: tuple[BoxPair, ...]
    unmatched_a: tuple[int, ...]
    unmatched_b: tuple[int, ...]

    @property
    def box_count(self) -> tuple[int, int]:
        """Boxes of A and of B."""
        return len(self.pairs) + len(self.unmatched_a), len(self.pairs) + len(self.unmatched_b)

    @property
    def mean_iou(self) -> float | None:
        """Over pairs and unmatched boxes, which count 0, as `geometry.mean_matched_iou`; None where neither has a box."""
        most = max(self.box_count)
        return sum(pair.iou for pair in self.pairs) / most if most else None


def agreement_of(
    text_a: str,
    boxes_a: Sequence[LabelledBox],
    text_b: str,
    boxes_b: Sequence[LabelledBox],
    classes: Iterable[str] = (),
) -> Agreement:
    """What two answers agree on. `classes` are names to look for beside those that umed knows."""
    known = tuple(classes)
    named_a, named_b = classes_named(text_a, boxes_a, known), classes_named(text_b, boxes_b, known)
    matched = match_boxes([box.box for box in boxes_a], [box.box for box in boxes_b])
    pairs = tuple(
        BoxPair(a, b, overlap, bool(boxes_a[a].label) and _folded(boxes_a[a].label) == _folded(boxes_b[b].label))
        for a, b, overlap in matched
    )
    return Agreement(
        both=tuple(sorted(named_a & named_b)),
        only_a=tuple(sorted(named_a - named_b)),
        only_b=tuple(sorted(named_b - named_a)),
        pairs=pairs,
        unmatched_a=tuple(sorted(set(range(len(boxes_a))) - {pair.a for pair in pairs})),
        unmatched_b=tuple(sorted(set(range(len(boxes_b))) - {pair.b for pair in pairs})),
    )


def classes_named(text: str, boxes: Sequence[LabelledBox], classes: Iterable[str] = ()) -> frozenset[str]:
    """The classes that an answer asserts, in its words or on a box; "no polyp" does not name one. Synonyms are one class."""
    labels = dict.fromkeys((*classes, *CLASS_SYNONYMS))
    asserted = {_folded(label) for label in labels if names_affirmatively(text, label)}
    return frozenset(asserted | {_folded(box.label) for box in boxes if box.label})


def _folded(label: str) -> str:
    """One name for all classes that share their spellings: "pulmonary tuberculosis" is "tuberculosis"."""
    lower = label.lower()
    spellings = CLASS_SYNONYMS.get(lower)
    return min(name for name, others in CLASS_SYNONYMS.items() if others == spellings) if spellings else lower
