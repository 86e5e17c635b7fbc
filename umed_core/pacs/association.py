"""One association with a DICOM node: opened, watched, released; and every way in which it fails, in words."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from umed_core.errors import (
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    NodeUntrusted,
    TransferIncomplete,
)
from umed_core.pacs.guard import Guard
from umed_core.pacs.nodes import DicomNode
from umed_core.pacs.tls import client_context

__all__ = ["PENDING", "SUCCESS", "Talk", "application_entity", "associated", "failure_of"]

SUCCESS = 0x0000
PENDING = (0xFF00, 0xFF01)

_PDU_BYTES = 65536
_REFUSALS = {
    (1, 2): ("does not support this kind of association", "Is it a DICOM archive?"),
    (1, 3): ("does not know our AE title {own}", "Have {own} written down on the node, or change our AE title."),
    (1, 7): ("is not called {called}", "Check the node's AE title; capital letters count."),
    (3, 1): ("is too busy for another association", "Try again later."),
    (3, 2): ("has as many associations as it allows", "Try again later, or end another one."),
}
"""(source, reason) of an A-ASSOCIATE-RJ -> what it means. Source: PS3.8 Table 9-21."""


@dataclass(eq=False)
class Talk:
    """An open association: `assoc` is pynetdicom's."""

    node: DicomNode
    guard: Guard
    assoc: Association
    began: float

    def lost(self) -> NodeError:
        """The error for an answer that did not come."""
        name, limits = self.node.name, self.guard.limits
        if self.guard.is_over_limit:
            return TransferIncomplete(
                f"{name} sent more than {self.guard.limits.bytes >> 20} MiB.", "Ask for one series, or raise the limit."
            )
        if time.monotonic() - self.began >= limits.answer_s:
            return NodeTimeout(f"{name} did not answer within {limits.answer_s:g} s.", "Try again, or allow more time.")
        return TransferIncomplete(f"{name} broke the connection off.", "Try again; the node's log may say why.")

    def waiting(self) -> None:
        """A word has come: the patience for the next one begins."""
        self.began = time.monotonic()


def application_entity(node: DicomNode, guard: Guard) -> AE:
    """Ourselves, with every time-out set."""
    entity = AE(ae_title=node.own_ae_title)
    entity.connection_timeout = guard.limits.connect_s
    entity.acse_timeout = entity.dimse_timeout = guard.limits.answer_s
    entity.network_timeout = guard.limits.answer_s
    entity.maximum_pdu_size = _PDU_BYTES
    return entity


@contextmanager
def associated(
    node: DicomNode,
    guard: Guard,
    contexts: Sequence[PresentationContext],
    roles: Sequence[Any] = (),
    handlers: Sequence[Any] = (),
) -> Iterator[Talk]:
    """An association that the node has accepted. Raises: ConfigError for TLS files; NodeError and its kinds."""
    opened: list[float] = []

    def on_connection(event: Any) -> None:
        opened.append(time.monotonic())
        guard.on_connection(event)

    tls = (client_context(node.tls), node.host) if node.tls is not None else None
    started = time.monotonic()
    try:
        assoc = application_entity(node, guard).associate(
            node.host,
            node.port,
            contexts=list(contexts),
            ae_title=node.ae_title,
            max_pdu=_PDU_BYTES,
            ext_neg=list(roles),
            tls_args=tls,
            evt_handlers=[(evt.EVT_CONN_OPEN, on_connection), *handlers],
        )
    except (OSError, UnicodeError) as problem:
        raise _unreachable(node, problem) from problem
    if not assoc.is_established:
        guard.close_connections()
        raise _why_not(node, guard, assoc, bool(opened), started)
    try:
        yield Talk(node, guard, assoc, time.monotonic())
    finally:
        if assoc.is_established and not guard.is_cut:
            assoc.release()
        elif not guard.is_cut:
            assoc.abort()
        guard.close_connections()


def failure_of(node: DicomNode, what: str, status: int) -> NodeError:
    """The error for a status that is neither success nor pending.

    Source: PS3.4 Tables B.2-1, C.4-1, C.4-2, C.4-3; PS3.7 Annex C.
    """
    code = f"status 0x{status:04X}"
    if status == 0xA801:
        return NodeRefused(
            f"{node.name} does not know where to send: {node.own_ae_title} ({code}).",
            "Have our AE title, host and port for C-MOVE written down on the node, or use C-GET.",
        )
    if status >> 8 == 0xA7:
        return NodeError(f"{node.name} is out of resources for {what} ({code}).", "Ask for less, or try again later.")
    if status >> 8 == 0xA9:
        return NodeRefused(f"{node.name} does not accept this {what} ({code}).", "It may not support this search.")
    if status in (0x0122, 0x0211, 0x0124, 0x0112):
        return NodeRefused(f"{node.name} does not do {what} for us ({code}).", "Ask its administrator to allow it.")
    return NodeError(f"{node.name} failed at {what} ({code}).", "The node's log may say why.")


def _why_not(node: DicomNode, guard: Guard, assoc: Association, was_open: bool, started: float) -> NodeError:
    if assoc.is_rejected:
        answer = assoc.acceptor.primitive
        key = (getattr(answer, "result_source", 0), getattr(answer, "diagnostic", 0))
        words, hint = _REFUSALS.get(key, ("refuses the association", "Its log may say why."))
        names = {"own": node.own_ae_title, "called": node.ae_title}
        return NodeRefused(f"{node.name} {words.format(**names)}.", hint.format(**names))
    if not was_open:
        return _diagnosed(node, guard)
    if assoc.rejected_contexts:
        return NodeRefused(
            f"{node.name} does none of what was asked of it (no presentation context).",
            "It may not offer this service: C-GET is rarer than C-MOVE.",
        )
    if time.monotonic() - started >= guard.limits.answer_s:
        return NodeTimeout(
            f"{node.name} does not answer as a DICOM node ({guard.limits.answer_s:g} s).",
            "Is the port right? A node that expects TLS stays silent without.",
        )
    hint = "It may want a certificate of ours." if node.tls else "Is the port right? It may expect TLS."
    return NodeRefused(f"{node.name} closed the connection before any answer.", hint)


def _diagnosed(node: DicomNode, guard: Guard) -> NodeError:
    """Connects once more, since pynetdicom does not tell why it could not."""
    try:
        with socket.create_connection((node.host, node.port), guard.limits.connect_s) as plain:
            if node.tls is not None:
                with client_context(node.tls).wrap_socket(plain, server_hostname=node.host):
                    pass
    except ssl.SSLCertVerificationError as problem:
        return NodeUntrusted(
            f"{node.name} cannot prove who it is: {problem.verify_message.rstrip('.')}.",
            "Give the CA file that vouches for it; the host must be the one in its certificate.",
        )
    except ssl.SSLError as problem:
        return NodeUntrusted(
            f"{node.name} and we found no common TLS: {problem.reason or problem}.",
            "Does it speak TLS on this port, and does it want a certificate of ours?",
        )
    except TimeoutError:
        return NodeUnreachable(
            f"{node.name} at {node.host}:{node.port} does not answer within {guard.limits.connect_s:g} s.",
            "Check host and port, and whether a firewall lets us through.",
        )
    except (OSError, UnicodeError) as problem:
        return _unreachable(node, problem)
    return NodeTimeout(f"{node.name} was slow to connect.", "Try again.")


def _unreachable(node: DicomNode, problem: Exception) -> NodeUnreachable:
    said = getattr(problem, "strerror", "") or str(problem) or type(problem).__name__
    return NodeUnreachable(
        f"{node.name} at {node.host}:{node.port} cannot be reached: {said}.",
        "Check host and port; is the node running?",
    )
