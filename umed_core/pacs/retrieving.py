"""C-GET and C-MOVE: a study, or a series of it, into an inbox.

With C-GET the files come over the connection that we opened. With C-MOVE the node opens one to us: our own Storage SCP
runs while the retrieval does, on the interface and port that the node's entry names, and takes files from that node's
AE title alone.
Source: PS3.4 Annexes B and C.4.2, C.4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydicom.dataset import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom import StoragePresentationContexts, build_context, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelGet as StudyRootGet,
)
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelMove as StudyRootMove,
)

from umed_core.errors import ConfigError, NodeError, TransferIncomplete
from umed_core.pacs.association import PENDING, SUCCESS, Talk, application_entity, associated, failure_of
from umed_core.pacs.guard import Guard
from umed_core.pacs.inbox import Inbox, Verdict
from umed_core.pacs.nodes import DicomNode
from umed_core.pacs.searching import StudyRootFind, classes_in_study
from umed_core.pacs.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynetdicom.presentation import PresentationContext

__all__ = ["SYNTAXES", "Progress", "c_get", "c_move", "get_contexts"]

Progress = Callable[[int, int], None]
"""(done, total); total 0 where the node does not tell."""

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    JPEG2000Lossless,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    HTJ2K,
    RLELossless,
)
"""What umed reads. Deflated is not among them: half a megabyte of it can unpack to a gigabyte."""

_MOST_CONTEXTS = 127
"""An association has 128 (PS3.8 9.3.2.2); the retrieval itself takes one."""
_WARNING = 0xB000
_STATUS: dict[Verdict, int] = {"taken": 0x0000, "full": 0xA700, "unwanted": 0x0124, "unreadable": 0xC000}


def c_get(node: DicomNode, guard: Guard, inbox: Inbox, progress: Progress) -> int:
    """Fills the inbox; returns how many files the node says it could not send. Raises: NodeError and its kinds."""
    contexts = get_contexts(_classes(node, guard, inbox))
    roles = [build_role(uid, scp_role=True) for uid in sorted({str(c.abstract_syntax) for c in contexts})]

    def store(event: Any) -> int:
        return _take(event, inbox, guard)

    with associated(node, guard, [build_context(StudyRootGet), *contexts], roles, [(evt.EVT_C_STORE, store)]) as talk:
        return _follow(talk, talk.assoc.send_c_get(_wanted(inbox), StudyRootGet), inbox, progress, "C-GET")


def c_move(node: DicomNode, guard: Guard, inbox: Inbox, progress: Progress) -> int:
    """As `c_get`, through a listener of our own. Raises: also ConfigError where the port cannot be had."""
    classes = _classes(node, guard, inbox)
    with _listening(node, guard, inbox, classes), associated(node, guard, [build_context(StudyRootMove)]) as talk:
        answers = talk.assoc.send_c_move(_wanted(inbox), node.own_ae_title, StudyRootMove)
        try:
            return _follow(talk, answers, inbox, progress, "C-MOVE")
        except TransferIncomplete as lost:
            if not inbox.files:  # Orthanc breaks off where it does not know us
                lost.hint = f"Does it know {node.own_ae_title} with our host and port {node.move_port} for C-MOVE?"
            raise


def get_contexts(classes: Sequence[str]) -> list[PresentationContext]:
    """What we can be sent: each class, where there is room with each transfer syntax by itself, so that the node need
    not recode; all of pynetdicom's storage classes where the study's are not known."""
    known = classes[:_MOST_CONTEXTS] or [str(c.abstract_syntax) for c in StoragePresentationContexts[:_MOST_CONTEXTS]]
    groups = min(len(SYNTAXES), _MOST_CONTEXTS // len(known))
    return [build_context(uid, list(SYNTAXES[i::groups])) for uid in known for i in range(groups)]


def _classes(node: DicomNode, guard: Guard, inbox: Inbox) -> tuple[str, ...]:
    """What the study holds; empty where the node does not tell."""
    with associated(node, guard, [build_context(StudyRootFind)]) as talk:
        return classes_in_study(talk, inbox.study_uid)


def _wanted(inbox: Inbox) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "SERIES" if inbox.series_uid else "STUDY"
    identifier.StudyInstanceUID = inbox.study_uid
    if inbox.series_uid:
        identifier.SeriesInstanceUID = inbox.series_uid
    return identifier


def _take(event: Any, inbox: Inbox, guard: Guard) -> int:
    """pynetdicom's EVT_C_STORE: the raw bytes go to the inbox; nothing of them is parsed here."""
    if guard.is_cut:
        return _STATUS["full"]
    return _STATUS[inbox.take(event.encoded_dataset())]


def _follow(
    talk: Talk, answers: Iterator[tuple[Dataset, Dataset | None]], inbox: Inbox, progress: Progress, what: str
) -> int:
    talk.waiting()
    for status, _ in answers:
        if inbox.problem is not None:
            talk.assoc.abort()
            raise inbox.problem
        if not status:
            raise _lost_midway(talk, inbox)
        talk.waiting()
        failed = _number(status, "NumberOfFailedSuboperations")
        if status.Status in PENDING:
            done = _number(status, "NumberOfCompletedSuboperations") + _number(status, "NumberOfWarningSuboperations")
            progress(len(inbox.files), done + failed + _number(status, "NumberOfRemainingSuboperations"))
        elif status.Status in (SUCCESS, _WARNING):
            progress(len(inbox.files), len(inbox.files))
            return max(0, failed - sum(inbox.refused.values()))
        elif inbox.files and status.Status >> 8 in (0xA7, 0xC0):
            # Some nodes end with a failure where a single file failed.
            return max(failed, 1)
        else:
            raise failure_of(talk.node, what, status.Status)
    raise _lost_midway(talk, inbox)


def _lost_midway(talk: Talk, inbox: Inbox) -> NodeError:
    lost = talk.lost()
    if not inbox.files:
        return lost
    return TransferIncomplete(f"{lost.message.rstrip('.')}, after {len(inbox.files)} files.", lost.hint)


def _number(status: Dataset, keyword: str) -> int:
    value = status.get(keyword)
    return value if isinstance(value, int) else 0


@contextmanager
def _listening(node: DicomNode, guard: Guard, inbox: Inbox, classes: Sequence[str]) -> Iterator[None]:
    """Our Storage SCP, for as long as the block runs."""
    entity = application_entity(node, guard)
    entity.require_called_aet = True
    entity.require_calling_aet = [node.ae_title]
    entity.maximum_associations = 4
    # Few where they are known: pynetdicom copies them all, in seconds, whenever somebody connects.
    for uid in classes or [str(context.abstract_syntax) for context in StoragePresentationContexts]:
        entity.add_supported_context(uid, list(SYNTAXES))

    def store(event: Any) -> int:
        return _take(event, inbox, guard)

    try:
        server = entity.start_server(
            (node.move_host, node.move_port),
            block=False,
            ssl_context=server_context(node.tls) if node.tls is not None else None,
            evt_handlers=[(evt.EVT_CONN_OPEN, guard.on_connection), (evt.EVT_C_STORE, store)],
        )
    except OSError as problem:
        raise ConfigError(
            f"Could not listen on {node.move_host}:{node.move_port} for C-MOVE: {problem.strerror or problem}.",
            "Choose another port for it in the node's settings.",
        ) from problem
    assert server is not None
    try:
        yield
    finally:
        server.shutdown()
        for held in entity.active_associations:
            if held.is_established:  # one that was refused and is closing takes no abort (PS3.8 9.2.3, Sta13)
                held.abort()
        guard.close_connections()
