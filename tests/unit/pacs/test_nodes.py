"""What may be written down as a node, and that no secret is."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import ConfigError
from umed_core.pacs.nodes import (
    DicomNode,
    NodeBook,
    Tls,
    WebNode,
    check_node,
    is_loopback,
    load_nodes,
    save_nodes,
)

NODE = DicomNode("archive", "ARCHIVE", "pacs.example.org", 11112)
WEB = WebNode("web", "https://pacs.example.org/dicom-web")


def test_a_book_is_read_back_as_it_was_written(tmp_path: Path):
    book = NodeBook().having(NODE).having(replace(WEB, user="ann", tls=Tls("ca.pem"))).having(replace(NODE, port=104))
    save_nodes(tmp_path / "pacs.json", book)
    assert load_nodes(tmp_path / "pacs.json") == book
    assert [node.name for node in book.nodes] == ["archive", "web"]
    assert book.find("archive") == replace(NODE, port=104)


def test_no_file_is_no_node_and_off(tmp_path: Path):
    assert load_nodes(tmp_path / "pacs.json").nodes == ()
    with pytest.raises(ConfigError, match="No node is called x; written down: none"):
        NodeBook().find("x")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"dicom": [{"name": 3}]}', b"\xff\xfe"])
def test_a_damaged_file_is_said(tmp_path: Path, content: bytes):
    (tmp_path / "pacs.json").write_bytes(content)
    with pytest.raises(ConfigError, match="could not be read"):
        load_nodes(tmp_path / "pacs.json")


def test_a_file_with_a_wrong_field_is_said(tmp_path: Path):
    (tmp_path / "pacs.json").write_text('{"web": [{"name": "w", "url": "http://elsewhere.example/x"}]}')
    with pytest.raises(ConfigError, match="in the open"):
        load_nodes(tmp_path / "pacs.json")


def test_a_node_of_the_same_name_replaces_one_of_the_other_kind():
    book = NodeBook().having(NODE).having(replace(WEB, name="archive"))
    assert book.dicom == () and len(book.web) == 1


def test_no_field_could_hold_a_secret():
    """A name that is sent in the open may stand in the file, a password or a token may not."""
    names = {field.name for kind in (DicomNode, WebNode, Tls) for field in fields(kind)}
    assert names == {
        "name", "ae_title", "host", "port", "own_ae_title", "tls", "move_host", "move_port", "url", "user", "has_token",
        "ca_file", "certificate", "key", "check_host_name",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "no name"),
        ({"name": "a b"}, "no name"),
        ({"name": "../x"}, "no name"),
        ({"ae_title": ""}, "no AE title"),
        ({"ae_title": "X" * 17}, "no AE title"),
        ({"ae_title": "A\\B"}, "no AE title"),
        ({"own_ae_title": "Ä"}, "no own AE title"),
        ({"host": ""}, "no host"),
        ({"host": "a/b"}, "no host"),
        ({"port": 0}, "a port is a number"),
        ({"port": 65536}, "a port is a number"),
        ({"move_port": 11113, "tls": Tls()}, "C-MOVE with TLS needs a certificate"),
        ({"tls": Tls(certificate="a.pem")}, "come together"),
    ],
)
def test_a_field_that_cannot_be_right(change: dict[str, object], words: str):
    check_node(NODE)
    with pytest.raises(ConfigError, match=words):
        check_node(replace(NODE, **change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": "http://pacs.example.org/dicom-web"}, "in the open"),
        ({"url": "http://127.0.0.1.example.org/x"}, "in the open"),
        ({"url": "ftp://a.example/x"}, "no DICOMweb address"),
        ({"url": "https:///x"}, "no DICOMweb address"),
        ({"url": "https://ann:word@a.example/x"}, "more than a place"),
        ({"url": "https://a.example/x?token=1"}, "more than a place"),
        ({"url": "https://a.example:abc/x"}, "no address"),
        ({"user": "ann", "has_token": True}, "exclude each other"),
        ({"tls": Tls(check_host_name=False)}, "always checks"),
    ],
)
def test_an_address_that_cannot_be_right(change: dict[str, object], words: str):
    check_node(WEB)
    with pytest.raises(ConfigError, match=words):
        check_node(replace(WEB, **change))


def test_http_is_for_this_machine_alone():
    for url in ("http://127.0.0.1:8042/dicom-web", "http://localhost/dicom-web", "http://[::1]:8042/x"):
        check_node(replace(WEB, url=url))


@given(st.text(max_size=30))
def test_this_machine_is_what_answers_to_its_own_names(host: str):
    assert is_loopback(host) == (host == "localhost" or host.startswith("127.") or host == "::1") or not host.isascii()
