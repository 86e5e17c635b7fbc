"""DICOMweb services that refuse, redirect, lie or never end: one error line each, soon, and nothing half is left."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

pytest.importorskip("pynetdicom", reason="needs the [pacs] extra")
pytest.importorskip("dicomweb_client", reason="needs the [pacs] extra")

from tests.builders import tiny_ct, write_dicom
from tests.integration.faulty_nodes import SILENT_S, STUDY, cancel_after, status, web
from tests.integration.pacs_nodes import free_port
from umed_core.errors import Cancelled, NodeError, NodeRefused, NodeUnreachable, TransferIncomplete
from umed_core.pacs.guard import TransferLimits
from umed_core.pacs.nodes import WebNode
from umed_core.pacs.parcels import look_through
from umed_core.pacs.query import StudyQuery
from umed_core.pacs.transfer import echo, find_studies, retrieve, send

pytestmark = [
    # pynetdicom forgets to close a socket that could not connect, or that the other side closed first.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def three(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    for number in range(3):
        write_dicom(folder / f"{number}.dcm", tiny_ct(number))
    return folder


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (401, "who we are"),
        (403, "does not allow"),
        (404, "nothing there"),
        (503, "out of resources"),
        (500, "HTTP 500"),
    ],
)
def test_each_refusal_of_a_web_node_is_named_without_what_was_searched_for(code: int, words: str):
    with web(status(code)) as node, pytest.raises(NodeError, match=words) as refused:
        find_studies(node, StudyQuery(patient_name="Secret^Sam"))
    assert "Secret" not in str(refused.value)


def test_a_redirect_is_not_followed():
    visited: list[str] = []

    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        visited.append(request.path)
        status(302, {"Location": "http://127.0.0.1:1/thief"})(request)

    with web(elsewhere) as node, pytest.raises(NodeRefused, match="another address"):
        find_studies(node, StudyQuery())
    assert len(visited) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[1, 2]", b'{"a": 1}', b'[{"0020000D": {"Value": 3}}]', b"null"])
def test_an_answer_that_is_no_dicomweb_is_no_bug(body: bytes):
    with web(status(200, {"Content-Type": "application/dicom+json"}, body)) as node:
        try:
            rows = find_studies(node, StudyQuery())
        except NodeError as problem:
            assert "does not answer as DICOMweb does" in problem.message
        else:
            assert all(row.study_uid == "" for row in rows)


def test_nobody_there_on_the_web():
    with pytest.raises(NodeUnreachable, match="Connection refused"):
        echo(WebNode("web", f"http://127.0.0.1:{free_port()}/dicom-web"))


def endless_body(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=x')
    request.end_headers()
    try:
        request.wfile.write(b"\r\n--x\r\nContent-Type: application/dicom\r\n\r\n")
        while True:
            request.wfile.write(b"\x00" * 65536)
            time.sleep(0.001)
    except OSError:
        pass


def test_a_body_without_end_ends_at_the_limit(tmp_path: Path):
    with web(endless_body) as node, pytest.raises(TransferIncomplete, match="more than 4 MiB"):
        retrieve(node, STUDY, tmp_path / "in", limits=TransferLimits(bytes=4 << 20))
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize("when", ["before the head", "in the body"])
def test_cancelled_while_a_web_node_is_silent(tmp_path: Path, when: str):
    asleep = threading.Event()

    def silent(request: BaseHTTPRequestHandler) -> None:
        if when == "in the body":
            request.send_response(200)
            request.send_header("Content-Type", 'multipart/related; type="application/dicom"; boundary=x')
            request.end_headers()
            request.wfile.write(b"\r\n--x\r\n")
            request.wfile.flush()
        asleep.wait(SILENT_S)

    with web(silent) as node:
        started = time.monotonic()
        with pytest.raises(Cancelled):
            retrieve(node, STUDY, tmp_path / "in", cancelled=cancel_after(0.4))
        took = time.monotonic() - started
        asleep.set()
    assert took < SILENT_S / 2
    assert not (tmp_path / "in").exists()


def test_a_part_that_is_no_dicom_is_refused(tmp_path: Path):
    body = b"\r\n--x\r\nContent-Type: application/dicom\r\n\r\nnot DICOM at all, but text\r\n--x--"
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
    with web(status(200, kind, body)) as node:
        got = retrieve(node, STUDY, tmp_path / "in")
    assert (got.files, got.refused) == ((), (("is no readable DICOM object", 1),))


def test_a_web_node_that_refuses_an_object_is_counted(three: Path):
    with web(status(409)) as node:
        sent = send(node, look_through([three]), deidentify=False)
    assert (sent.sent, sent.failed) == (0, (("web did not store it (HTTP 409)", 3),))
