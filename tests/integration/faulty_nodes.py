"""Nodes on this machine that do what they are told to do wrong: pynetdicom's own SCP, bare sockets, small web servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from tests.integration.pacs_nodes import free_port
from umed_core.pacs.guard import TransferLimits
from umed_core.pacs.nodes import DicomNode, WebNode

STUDY = "2.25.20261122.1"
SILENT_S = 30.0
"""How long a node says nothing, unless the test is done with it: so long that who waits for it is told from who does not."""
QUICK = TransferLimits(answer_s=1.0, connect_s=1.0, seconds=20)


def finds_ct(event: Any) -> Iterator[Any]:
    match = Dataset()
    match.StudyInstanceUID, match.SOPClassesInStudy = STUDY, [CTImageStorage]
    yield 0xFF00, match


FINDS_CT = (evt.EVT_C_FIND, finds_ct)


def entity() -> AE:
    """A node that finds, gets and moves CT slices."""
    made = AE("SCP")
    made.add_supported_context(Verification)
    for model in (
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
    ):
        made.add_supported_context(model)
    made.add_supported_context(CTImageStorage, ["1.2.840.10008.1.2.1"], scu_role=True, scp_role=True)
    return made


@contextmanager
def serving(handlers: list[Any], made: AE | None = None) -> Iterator[DicomNode]:
    port = free_port()
    made = made or entity()
    made.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield DicomNode("scp", "SCP", "127.0.0.1", port)
    finally:
        # A line that was refused is aborted by no rule of the standard (Sta13): pynetdicom's thread would end in a traceback.
        until = time.monotonic() + SILENT_S
        while time.monotonic() < until and any(_is_closing(one) for one in made.active_associations):
            time.sleep(0.005)
        made.shutdown()


def _is_closing(association: Any) -> bool:
    return bool(association.dul.state_machine.current_state == "Sta13")


@contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A bare TCP server: `behave` gets each connection on a thread of its own."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0.1)
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    line, _ = server.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=serve, args=(line,), daemon=True).start()

        def serve(line: socket.socket) -> None:
            with line:
                with suppress(OSError):
                    behave(line)
                ended.wait(SILENT_S)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            ended.set()
            thread.join()


def on_port(port: int, **changes: Any) -> DicomNode:
    return replace(DicomNode("scp", "SCP", "127.0.0.1", port), **changes)


def cancel_after(seconds: float) -> Callable[[], bool]:
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() > ends


def getting(*datasets: Dataset, counted: int = 0) -> list[Any]:
    def get(event: Any) -> Iterator[Any]:
        yield counted or len(datasets)
        for dataset in datasets:
            yield 0xFF00, dataset

    return [(evt.EVT_C_GET, get), FINDS_CT]


@contextmanager
def web(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[WebNode]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield WebNode("web", f"http://127.0.0.1:{server.server_port}/dicom-web")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(
    code: int, headers: dict[str, str] | None = None, body: bytes = b""
) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer
