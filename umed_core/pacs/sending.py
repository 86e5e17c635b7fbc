"""C-STORE: files to a node, each in the transfer syntax that it has.

Source: PS3.4 Annex B; PS3.7 9.1.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.presentation import PresentationContext

from umed_core.errors import InputError, NodeError
from umed_core.images.dicom_file import DICOM_FAILURES
from umed_core.pacs.association import Talk, associated, failure_of
from umed_core.pacs.guard import Guard
from umed_core.pacs.nodes import DicomNode
from umed_core.pacs.parcels import Parcel, packed

__all__ = ["Sent", "Tally", "c_store", "store_contexts"]

_MOST_CONTEXTS = 128
_WARNINGS = (0xB000, 0xB006, 0xB007)
"""The node took it, but changed or dropped something. Source: PS3.4 Table B.2-1."""
_LITTLE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went. `changed` were taken by the node with a warning that it altered them; `failed` counts by reason;
    `problem` is what ended it early."""

    sent: int
    changed: int = 0
    failed: tuple[tuple[str, int], ...] = ()
    problem: NodeError | None = None
    unsent: int = 0

    @property
    def is_complete(self) -> bool:
        return not self.failed and self.problem is None

    @property
    def summary(self) -> str:
        """In words: "4 files sent; 1 not: no presentation context"."""
        parts = [f"{'1 file' if self.sent == 1 else f'{self.sent} files'} sent"]
        if self.changed:
            parts.append(f"{self.changed} of them altered by the node")
        parts += [f"{count} not: {reason}" for reason, count in self.failed]
        if self.unsent:
            parts.append(f"{self.unsent} not tried")
        return "; ".join(parts)


class Tally:
    """Counts while files are sent."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self._total, self._progress = total, progress
        self._sent = self._changed = 0
        self._failed: Counter[str] = Counter()

    def add(self, changed: bool = False) -> None:
        self._sent += 1
        self._changed += changed
        self._progress(self.done, self._total)

    def fail(self, reason: str, path: Path | None = None) -> None:
        """`reason` less the `path` that it begins with: equal reasons are counted together."""
        self._failed[reason.removeprefix(str(path)).strip().rstrip(".")] += 1
        self._progress(self.done, self._total)

    @property
    def done(self) -> int:
        return self._sent + sum(self._failed.values())

    def result(self, problem: NodeError | None = None) -> Sent:
        failed = tuple(sorted(self._failed.items()))
        return Sent(self._sent, self._changed, failed, problem, self._total - self.done)


def c_store(node: DicomNode, guard: Guard, parcels: Sequence[Parcel], deidentify: bool, tally: Tally) -> None:
    """Sends one after the other, over as few associations as the kinds of objects need. Raises: NodeError and its kinds."""
    for batch, contexts in _batches(parcels):
        with associated(node, guard, contexts) as talk:
            for parcel in batch:
                _store(talk, parcel, deidentify, tally)


def store_contexts(kinds: Sequence[tuple[str, str]]) -> list[PresentationContext]:
    """For each (SOP class, transfer syntax) a context of its own; beside plain little endian data its other encoding,
    which every node must take (PS3.5 10.1) and which changes no value."""
    wanted: dict[tuple[str, str], None] = {}
    for sop_class, syntax in kinds:
        wanted[sop_class, syntax] = None
        if syntax in _LITTLE:
            wanted |= dict.fromkeys((sop_class, str(other)) for other in _LITTLE)
    return [build_context(sop_class, syntax) for sop_class, syntax in wanted]


def _store(talk: Talk, parcel: Parcel, deidentify: bool, tally: Tally) -> None:
    try:
        dataset = packed(parcel, deidentify)
        if not _is_accepted(talk, dataset):
            tally.fail("the node does not take this kind of object, or not in this transfer syntax")
            return
        talk.waiting()
        status = talk.assoc.send_c_store(dataset)
    except InputError as problem:
        tally.fail(problem.message, parcel.path)
        return
    except DICOM_FAILURES as problem:
        if not talk.assoc.is_established:
            raise talk.lost() from problem
        tally.fail("is damaged")
        return
    if not status:
        raise talk.lost()
    if status.Status == 0 or status.Status in _WARNINGS:
        tally.add(changed=status.Status != 0)
    else:
        tally.fail(failure_of(talk.node, "C-STORE", status.Status).message)


def _is_accepted(talk: Talk, dataset: Dataset) -> bool:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    same = _LITTLE if syntax in _LITTLE else (syntax,)
    return any(
        context.abstract_syntax == dataset.SOPClassUID and context.transfer_syntax[0] in same
        for context in talk.assoc.accepted_contexts
    )


def _batches(parcels: Sequence[Parcel]) -> Iterator[tuple[list[Parcel], list[PresentationContext]]]:
    batch: list[Parcel] = []
    kinds: dict[tuple[str, str], None] = {}
    for parcel in parcels:
        more = {**kinds, (parcel.sop_class_uid, parcel.transfer_syntax): None}
        if batch and len(store_contexts(list(more))) > _MOST_CONTEXTS:
            yield batch, store_contexts(list(kinds))
            batch, more = [], {(parcel.sop_class_uid, parcel.transfer_syntax): None}
        batch.append(parcel)
        kinds = more
    if batch:
        yield batch, store_contexts(list(kinds))
