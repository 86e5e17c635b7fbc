"""The room's door: echo, find, retrieve and send, whichever way a node speaks. Each call is one talk, watched and bounded.

Called from any thread; `cancelled` is polled, and a call returns within a second of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from umed_core.errors import ConfigError, NodeError
from umed_core.pacs.guard import Guard, TransferLimits, never
from umed_core.pacs.inbox import Inbox, Received, private_folder
from umed_core.pacs.nodes import DicomNode, Node
from umed_core.pacs.parcels import Manifest
from umed_core.pacs.query import SeriesRow, StudyQuery, StudyRow, check_uid
from umed_core.pacs.secret import find_secret

if TYPE_CHECKING:
    from umed_core.pacs.sending import Sent

__all__ = ["Progress", "echo", "find_series", "find_studies", "retrieve", "send"]

Progress = Callable[[int, int], None]
"""(done, total); total 0 where the node does not tell."""


def echo(node: Node, limits: TransferLimits = TransferLimits(), cancelled: Callable[[], bool] = never) -> None:  # noqa: B008
    """Whether the node answers, and lets us in. Raises: ConfigError; NodeError and its kinds; Cancelled."""
    _require_libraries()
    guard = Guard(limits, cancelled)
    if isinstance(node, DicomNode):
        from umed_core.pacs.searching import c_echo

        return guard.run(lambda: c_echo(node, guard))
    from umed_core.pacs.dicomweb import web_echo

    secret = find_secret(node)
    return guard.run(lambda: web_echo(node, guard, secret))


def find_studies(
    node: Node,
    query: StudyQuery,
    limits: TransferLimits = TransferLimits(),  # noqa: B008
    cancelled: Callable[[], bool] = never,
) -> tuple[StudyRow, ...]:
    """Newest first; at most `query.limit`. Raises: as `echo`."""
    _require_libraries()
    query.keys()
    guard = Guard(limits, cancelled)
    if isinstance(node, DicomNode):
        from umed_core.pacs.searching import c_find_studies

        rows = guard.run(lambda: c_find_studies(node, guard, query))
    else:
        from umed_core.pacs.dicomweb import qido_studies

        secret = find_secret(node)
        rows = guard.run(lambda: qido_studies(node, guard, secret, query))
    return tuple(sorted(rows, key=lambda row: row.date, reverse=True))


def find_series(
    node: Node,
    study_uid: str,
    limits: TransferLimits = TransferLimits(),  # noqa: B008
    cancelled: Callable[[], bool] = never,
) -> tuple[SeriesRow, ...]:
    """In the order of their numbers. Raises: as `echo`."""
    _require_libraries()
    check_uid(study_uid)
    guard = Guard(limits, cancelled)
    if isinstance(node, DicomNode):
        from umed_core.pacs.searching import c_find_series

        rows = guard.run(lambda: c_find_series(node, guard, study_uid))
    else:
        from umed_core.pacs.dicomweb import qido_series

        secret = find_secret(node)
        rows = guard.run(lambda: qido_series(node, guard, secret, study_uid))
    return tuple(sorted(rows, key=lambda row: (int(row.number) if row.number.isdigit() else 0, row.series_uid)))


def retrieve(
    node: Node,
    study_uid: str,
    folder: Path,
    series_uid: str = "",
    progress: Progress = lambda *_: None,
    limits: TransferLimits = TransferLimits(),  # noqa: B008
    cancelled: Callable[[], bool] = never,
) -> Received:
    """A study, or one series of it, into `folder`, which is made and must not exist.

    Where the node fails after some files, those stay and `Received.problem` says why. A cancelled retrieval keeps nothing.
    Raises: as `echo`; StorageError.
    """
    _require_libraries()
    check_uid(study_uid)
    if series_uid:
        check_uid(series_uid)
    secret = None if isinstance(node, DicomNode) else find_secret(node)
    guard = Guard(limits, cancelled)
    inbox = Inbox(private_folder(folder), study_uid, series_uid, limits)
    try:
        if isinstance(node, DicomNode):
            from umed_core.pacs.retrieving import c_get, c_move

            way = c_move if node.move_port else c_get
            missing = guard.run(lambda: way(node, guard, inbox, progress))
        else:
            from umed_core.pacs.dicomweb import wado

            assert secret is not None
            missing = guard.run(lambda: wado(node, guard, secret, inbox, progress))
    except NodeError as problem:
        if not inbox.files:
            inbox.discard()
            raise
        return replace(inbox.close(), problem=problem)
    except BaseException:
        inbox.discard()
        raise
    return inbox.close(missing)


def send(
    node: Node,
    manifest: Manifest,
    deidentify: bool,
    progress: Progress = lambda *_: None,
    limits: TransferLimits = TransferLimits(),  # noqa: B008
    cancelled: Callable[[], bool] = never,
) -> Sent:
    """Sends what a person has agreed to (`parcels.consent_line`).

    Where the node fails after some files, `Sent.problem` says why. Raises: as `echo`.
    """
    from umed_core.pacs.sending import Tally

    _require_libraries()
    secret = None if isinstance(node, DicomNode) else find_secret(node)
    guard = Guard(limits, cancelled)
    tally = Tally(len(manifest.parcels), progress)
    try:
        if isinstance(node, DicomNode):
            from umed_core.pacs.sending import c_store

            guard.run(lambda: c_store(node, guard, manifest.parcels, deidentify, tally))
        else:
            from umed_core.pacs.dicomweb import stow

            assert secret is not None
            guard.run(lambda: stow(node, guard, secret, manifest.parcels, deidentify, tally))
    except NodeError as problem:
        if not tally.done:
            raise
        return tally.result(problem)
    return tally.result()


def _require_libraries() -> None:
    missing = [name for name in ("pynetdicom", "dicomweb_client") if find_spec(name) is None]
    if missing:
        raise ConfigError(f"This needs {', '.join(missing)}, which is not installed.", "pip install 'umed[pacs]'")
