"""One talk with a node under watch: it can be cancelled within a second, and nothing that the node does holds or fills us.

pynetdicom waits without a time-out for the rest of a message that has begun, and believes any length that a peer states;
an HTTP body may come for ever. So the talk runs on a thread of its own, its connections are known here, and whoever
asked polls: a cancelled or overdue talk has its connections cut.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from umed_core.errors import Cancelled, NodeTimeout

__all__ = ["Guard", "TransferLimits", "never"]

T = TypeVar("T")
_MIB = 1024 * 1024
_POLL_S = 0.05
_FAREWELL_S = 0.5
"""How long a cut talk may take to end by itself before it is left alone; it then ends at its own time-out."""
_GREATEST_MESSAGE = 16 * _MIB
"""Bytes of a protocol data unit: we ask for 16 KiB each, and some nodes send more."""


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """How much one talk may cost: files, bytes of all of them and of one, and seconds of the whole;
    `answer_s` without a word from the node, `connect_s` until it is reached."""

    files: int = 20_000
    bytes: int = 16 * 1024 * _MIB
    file_bytes: int = 2 * 1024 * _MIB
    seconds: float = 4 * 3600.0
    answer_s: float = 30.0
    connect_s: float = 10.0


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(eq=False)
class Guard:
    """Watches one talk. `run` is called once; `watch` by the talk, for each connection that it opens."""

    limits: TransferLimits = field(default_factory=TransferLimits)
    cancelled: Callable[[], bool] = never
    is_cut: bool = False
    received_bytes: int = 0
    _cuts: list[Callable[[], None]] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, talk: Callable[[], T]) -> T:
        """What `talk()` returns or raises. Raises: Cancelled; NodeTimeout where the whole takes too long."""
        _quiet_libraries()
        outcome: list[T] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                outcome.append(talk())
            except BaseException as problem:  # noqa: BLE001 - raised again on the thread that asked
                failure.append(problem)

        thread = threading.Thread(target=work, name="umed-pacs", daemon=True)
        ends = time.monotonic() + self.limits.seconds
        thread.start()
        try:
            while thread.is_alive():
                thread.join(_POLL_S)
                if self.cancelled():
                    raise Cancelled("The transfer was cancelled.")
                if time.monotonic() > ends:
                    raise NodeTimeout(f"The transfer took longer than {self.limits.seconds:.0f} s.", "Ask for less.")
        finally:
            if thread.is_alive():  # also after Ctrl-C
                self.cut()
                thread.join(_FAREWELL_S)
        if failure:
            raise failure[0]
        return outcome[0]

    def watch(self, cut: Callable[[], None]) -> None:
        """`cut` ends a connection at once; it is called, at most once, where the talk is cancelled."""
        with self._lock:
            self._cuts.append(cut)
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """Ends every connection, and those that are still to come."""
        self.is_cut = True
        with self._lock:
            cuts, self._cuts = self._cuts, []
        for cut in cuts:
            cut()

    def count(self, size: int) -> None:
        """Bytes that are about to be received. Raises: OSError beyond the limits, which ends the connection."""
        self.received_bytes += size
        if self.is_cut:
            raise OSError("cut")
        if self.received_bytes > self.allowed_bytes:
            raise OSError("more bytes than allowed")

    @property
    def allowed_bytes(self) -> int:
        """Those of the files, and a sixteenth and a megabyte for what is said around them."""
        return self.limits.bytes + self.limits.bytes // 16 + _MIB

    @property
    def is_over_limit(self) -> bool:
        return self.received_bytes > self.allowed_bytes

    def on_connection(self, event: Any) -> None:
        """pynetdicom's EVT_CONN_OPEN: bounds what the peer may send and how long it may stop in the middle of it."""
        line = event.assoc.dul.socket
        line.socket.settimeout(self.limits.answer_s)  # pynetdicom has just set none
        receive = line.recv

        def bounded(size: int) -> bytearray:
            if size > _GREATEST_MESSAGE:
                raise OSError("a message longer than any")
            self.count(size)
            received: bytearray = receive(size)
            return received

        line.recv = bounded
        self._sockets.append(line.socket)
        self.watch(line.close)

    def close_connections(self) -> None:
        """pynetdicom leaves a socket open where the other side closed it first."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for held in sockets:
            held.close()


def _quiet_libraries() -> None:
    """What these libraries log holds names and numbers of patients; what went wrong is said by our errors."""
    from pynetdicom import _config

    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    for name in ("pynetdicom", "dicomweb_client", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
