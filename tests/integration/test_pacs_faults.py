"""Nodes that refuse, stall, lie or break off: each ends in one error line, soon, and leaves nothing half."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="needs the [pacs] extra")
pytest.importorskip("dicomweb_client", reason="needs the [pacs] extra")

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    Verification,
)

from tests.builders import tiny_ct, write_dicom
from tests.integration.faulty_nodes import (
    FINDS_CT,
    QUICK,
    SILENT_S,
    STUDY,
    cancel_after,
    entity,
    getting,
    listening,
    on_port,
    serving,
)
from tests.integration.pacs_nodes import free_port
from umed_core.errors import (
    Cancelled,
    ConfigError,
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    NodeUntrusted,
    TransferIncomplete,
)
from umed_core.pacs.guard import TransferLimits
from umed_core.pacs.nodes import Tls
from umed_core.pacs.parcels import look_through
from umed_core.pacs.query import StudyQuery
from umed_core.pacs.transfer import echo, find_studies, retrieve, send

pytestmark = [
    # pynetdicom forgets to close a socket that could not connect, or that the other side closed first.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


# ------------------------------------------------------------------------------------------------------ no association
def test_nobody_there():
    with pytest.raises(NodeUnreachable, match="cannot be reached: Connection refused"):
        echo(on_port(free_port()))
    with pytest.raises(NodeUnreachable):
        echo(on_port(104, host="no-such-host.invalid"), QUICK)


@pytest.mark.parametrize(
    ("own", "called", "words"),
    [("UMED", "OTHER", "is not called OTHER"), ("EVE", "SCP", "does not know our AE title EVE")],
)
def test_a_wrong_title_on_either_side(own: str, called: str, words: str):
    strict = entity()
    strict.require_called_aet, strict.require_calling_aet = True, ["UMED"]
    with serving([], strict) as node, pytest.raises(NodeRefused, match=words):
        echo(replace(node, own_ae_title=own, ae_title=called))


def test_a_node_that_is_full():
    full = entity()
    full.maximum_associations = 1
    with serving([], full) as node:
        held = AE("OTHER")
        held.add_requested_context(Verification)
        first = held.associate("127.0.0.1", node.port)
        with pytest.raises(NodeRefused, match="as many associations as it allows"):
            echo(node)
        first.release()


def test_a_node_without_the_service():
    poor = AE("SCP")
    poor.add_supported_context(Verification)
    with serving([], poor) as node, pytest.raises(NodeRefused, match="does none of what was asked"):
        find_studies(node, StudyQuery())


def test_tls_to_one_that_speaks_none(tmp_path: Path):
    with serving([]) as node, pytest.raises((NodeUntrusted, NodeUnreachable)):
        echo(replace(node, tls=Tls()), QUICK)


def test_a_ca_file_that_is_none(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    with serving([]) as node, pytest.raises(ConfigError, match="CA file"):
        echo(replace(node, tls=Tls(str(tmp_path / "ca.pem"))))


def test_one_that_accepts_and_says_nothing():
    with listening(lambda line: None) as port:
        started = time.monotonic()
        with pytest.raises(NodeTimeout, match="does not answer as a DICOM node"):
            echo(on_port(port), QUICK)
        assert time.monotonic() - started < SILENT_S


def half_a_message(line: socket.socket) -> None:
    line.recv(65536)
    line.sendall(b"\x02\x00" + struct.pack(">L", 500) + b"\x00" * 10)


def a_gigantic_message(line: socket.socket) -> None:
    line.recv(65536)
    line.sendall(b"\x02\x00\xff\xff\xff\xff" + b"\x00" * 100_000)


@pytest.mark.parametrize("behave", [half_a_message, a_gigantic_message])
def test_a_message_that_never_ends_ends(behave: Callable[[socket.socket], None]):
    with listening(behave) as port:
        started = time.monotonic()
        with pytest.raises(NodeError):
            echo(on_port(port), QUICK)
        assert time.monotonic() - started < SILENT_S


# ------------------------------------------------------------------------------------------------------------- cancelling
@pytest.mark.parametrize("tls", [None, Tls()])
def test_cancelled_while_the_node_is_silent(tls: Tls | None):
    with listening(lambda line: None) as port:
        started = time.monotonic()
        with pytest.raises(Cancelled):
            echo(on_port(port, tls=tls), TransferLimits(connect_s=SILENT_S), cancel_after(0.3))
        assert time.monotonic() - started < SILENT_S / 2


def endless_get(event: Any) -> Iterator[Any]:
    yield 1000
    for number in range(1000):
        if event.is_cancelled:
            yield 0xFE00, None
            return
        time.sleep(0.05)
        yield 0xFF00, tiny_ct(number)


@pytest.mark.parametrize("stalls", [False, True])
def test_cancelled_in_the_middle_of_a_retrieval(tmp_path: Path, stalls: bool):
    asleep = threading.Event()

    def get(event: Any) -> Iterator[Any]:
        if stalls:
            yield 2
            yield 0xFF00, tiny_ct(0)
            asleep.wait(SILENT_S)
        else:
            yield from endless_get(event)

    with serving([(evt.EVT_C_GET, get), FINDS_CT]) as node:
        began: list[float] = []

        def cancelled() -> bool:
            return bool(began) and time.monotonic() - began[0] > 0.3

        def progress(done: int, total: int) -> None:
            began.append(time.monotonic())

        with pytest.raises(Cancelled):
            retrieve(node, STUDY, tmp_path / "in", progress=progress, cancelled=cancelled)
        took = time.monotonic() - began[0]
        asleep.set()
    assert took < SILENT_S / 2
    assert not (tmp_path / "in").exists()
    time.sleep(0.5)
    assert "umed-pacs" not in {thread.name for thread in threading.enumerate()}


# -------------------------------------------------------------------------------------------------- searches and retrievals
def test_a_search_takes_no_more_rows_than_asked_for():
    def many(event: Any) -> Iterator[Any]:
        for number in range(100_000):
            match = Dataset()
            match.StudyInstanceUID = f"1.2.{number}"
            yield 0xFF00, match

    with serving([(evt.EVT_C_FIND, many)]) as node:
        assert len(find_studies(node, StudyQuery(limit=7))) == 7


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [(0xA700, NodeError, "out of resources"), (0xA900, NodeRefused, "does not accept"), (0xC001, NodeError, "0xC001")],
)
def test_each_failure_of_a_search_is_named(status: int, kind: type[NodeError], words: str):
    with serving([(evt.EVT_C_FIND, lambda event: iter([(status, None)]))]) as node, pytest.raises(kind, match=words):
        find_studies(node, StudyQuery())


def test_files_of_other_studies_are_not_taken(tmp_path: Path):
    foreign = tiny_ct(2, StudyInstanceUID="9.9.9", PatientName="Other^One")
    with serving(getting(tiny_ct(0), foreign, tiny_ct(1))) as node:
        got = retrieve(node, STUDY, tmp_path / "in")
    assert (len(got.files), got.refused, got.missing) == (2, (("is of another study", 1),), 0)
    assert b"Other^One" not in b"".join(path.read_bytes() for path in (tmp_path / "in").rglob("*") if path.is_file())
    assert got.summary == "2 files; 1 refused: is of another study"


def test_an_object_that_comes_twice_is_kept_once(tmp_path: Path):
    with serving(getting(tiny_ct(0), tiny_ct(0))) as node:
        got = retrieve(node, STUDY, tmp_path / "in")
    assert (len(got.files), got.refused) == (1, (("came twice", 1),))


@pytest.mark.parametrize("limits", [TransferLimits(files=2), TransferLimits(bytes=3000)])
def test_beyond_the_limits_nothing_is_taken(tmp_path: Path, limits: TransferLimits):
    with serving(getting(*(tiny_ct(number) for number in range(6)))) as node:
        got = retrieve(node, STUDY, tmp_path / "in", limits=limits)
    assert 1 <= len(got.files) <= 5
    assert sum(path.stat().st_size for path in got.files) <= limits.bytes
    assert dict(got.refused)["more than the limits allow"] == 6 - len(got.files)


def test_a_connection_cut_in_the_middle_keeps_what_came_and_says_so(tmp_path: Path):
    def get(event: Any) -> Iterator[Any]:
        yield 4
        yield 0xFF00, tiny_ct(0)
        yield 0xFF00, tiny_ct(1)
        event.assoc.dul.socket.close()
        yield 0xFF00, tiny_ct(2)

    with serving([(evt.EVT_C_GET, get), FINDS_CT]) as node:
        started = time.monotonic()
        got = retrieve(node, STUDY, tmp_path / "in", limits=TransferLimits(answer_s=SILENT_S))
    assert len(got.files) == 2
    assert isinstance(got.problem, TransferIncomplete)
    assert "after 2 files" in got.problem.message
    assert time.monotonic() - started < SILENT_S / 2


def test_what_the_node_could_not_send_is_counted(tmp_path: Path):
    def get(event: Any) -> Iterator[Any]:
        yield 3
        yield 0xFF00, tiny_ct(0)
        odd = tiny_ct(1)
        odd.SOPClassUID = "1.2.3.4.5"  # nothing that we offered to take
        yield 0xFF00, odd
        yield 0xFF00, tiny_ct(2)

    with serving([(evt.EVT_C_GET, get), FINDS_CT]) as node:
        got = retrieve(node, STUDY, tmp_path / "in")
    assert (len(got.files), got.missing, got.is_complete) == (2, 1, False)


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from umed_core.errors import StorageError

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with serving(getting(tiny_ct(0), tiny_ct(1))) as node:
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="No space left"):
            retrieve(node, STUDY, tmp_path / "in")
    assert not (tmp_path / "in").exists()


# -------------------------------------------------------------------------------------------------------- our own listener
def test_the_listener_is_there_only_during_a_retrieval_and_takes_the_nodes_title_alone(tmp_path: Path):
    port = free_port()
    told: dict[str, str] = {}

    def push(calling: str, called: str) -> str:
        stranger = AE(calling)
        stranger.add_requested_context(CTImageStorage)
        assoc = stranger.associate("127.0.0.1", port, ae_title=called)
        if assoc.is_rejected:
            return "rejected"
        if not assoc.is_established:
            return "unreachable"
        status = assoc.send_c_store(tiny_ct(0)).Status
        wrong = assoc.send_c_store(tiny_ct(1, StudyInstanceUID="9.9.9")).Status
        assoc.release()
        return f"{status:04X} {wrong:04X}"

    def move(event: Any) -> Iterator[Any]:
        told["stranger"], told["wrong title"], told["node"] = (
            push("EVE", "UMED"),
            push("SCP", "OTHER"),
            push("SCP", "UMED"),
        )
        yield None, None

    told["before"] = push("SCP", "UMED")
    with serving([(evt.EVT_C_MOVE, move), FINDS_CT]) as node:
        try:
            got = retrieve(replace(node, move_port=port), STUDY, tmp_path / "in")
        except NodeError:
            got = None  # the test's node ends with "destination unknown"
    told["after"] = push("SCP", "UMED")
    assert told == {
        "before": "unreachable", "stranger": "rejected", "wrong title": "rejected", "node": "0000 0124", "after": "unreachable",
    }  # fmt: skip
    assert got is not None and len(got.files) == 1 and got.problem is not None


def test_a_port_that_is_taken(tmp_path: Path):
    with socket.socket() as held, serving([]) as node:
        held.bind(("127.0.0.1", 0))
        held.listen()
        with pytest.raises(ConfigError, match="Could not listen"):
            retrieve(replace(node, move_port=held.getsockname()[1]), STUDY, tmp_path / "in")
    assert not (tmp_path / "in").exists()


# ------------------------------------------------------------------------------------------------------------------ sending
@pytest.fixture
def three(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    for number in range(3):
        write_dicom(folder / f"{number}.dcm", tiny_ct(number))
    return folder


def test_a_node_that_fails_at_some_files_is_counted(three: Path):
    answers = iter([0x0000, 0xA700, 0xB000])
    with serving([(evt.EVT_C_STORE, lambda event: next(answers))]) as node:
        sent = send(node, look_through([three]), deidentify=False)
    assert (sent.sent, sent.changed) == (2, 1)
    assert sent.failed == (("scp is out of resources for C-STORE (status 0xA700)", 1),)


def test_a_node_that_does_not_take_the_transfer_syntax(tmp_path: Path):
    from pydicom.uid import RLELossless

    dataset = tiny_ct(0)
    dataset.compress(RLELossless, generate_instance_uid=False)
    poor = AE("SCP")
    poor.add_supported_context(CTImageStorage)  # uncompressed alone
    write_dicom(tmp_path / "rle.dcm", dataset)
    write_dicom(tmp_path / "plain.dcm", tiny_ct(1))
    with serving([(evt.EVT_C_STORE, lambda event: 0)], poor) as node:
        sent = send(node, look_through([tmp_path]), deidentify=False)
    assert (sent.sent, [count for _, count in sent.failed]) == (1, [1])
    assert "transfer syntax" in sent.failed[0][0]


def test_a_node_that_breaks_off_while_we_send(three: Path):
    seen: list[int] = []

    def store(event: Any) -> int:
        seen.append(1)
        if len(seen) == 2:
            event.assoc.dul.socket.close()
        return 0

    with serving([(evt.EVT_C_STORE, store)]) as node:
        sent = send(node, look_through([three]), deidentify=False, limits=TransferLimits(answer_s=3))
    assert (sent.sent, sent.unsent) == (1, 2)
    assert isinstance(sent.problem, TransferIncomplete)


def test_one_that_stops_reading_is_left(tmp_path: Path):
    """Its window fills; pynetdicom by itself would wait in send() for ever."""
    import numpy as np

    big = tiny_ct(0, Rows=2048, Columns=2048, PixelData=np.zeros((2048, 2048), np.uint16).tobytes())
    for number in range(4):
        big.SOPInstanceUID = big.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}"
        write_dicom(tmp_path / f"{number}.dcm", big)
    stuck = threading.Event()

    def stop(event: Any) -> None:
        stuck.wait(SILENT_S)

    with serving([(evt.EVT_PDU_RECV, lambda event: stop(event) if event.pdu.pdu_type == 4 else None)]) as node:
        started = time.monotonic()
        with pytest.raises(NodeError):
            send(node, look_through([tmp_path]), deidentify=False, limits=TransferLimits(answer_s=1))
        took = time.monotonic() - started
        stuck.set()
    assert took < SILENT_S / 2
