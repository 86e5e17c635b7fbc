"""Where a node's password comes from, and where it never shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from umed_core.errors import ConfigError
from umed_core.pacs.nodes import WebNode
from umed_core.pacs.secret import Secret, environment_name, find_secret, keep_secret

NODE = WebNode("my-archive.2", "https://a.example/dicom-web", user="ann")


def test_the_environment_names_each_node_by_itself(monkeypatch: pytest.MonkeyPatch):
    assert environment_name(NODE.name) == "UMED_PACS_SECRET_MY_ARCHIVE_2"
    monkeypatch.setenv(environment_name(NODE.name), " word ")
    assert find_secret(NODE).value == "word"


def test_the_keyring_keeps_it_for_this_address_alone(monkeypatch: pytest.MonkeyPatch):
    keyring = pytest.importorskip("keyring", reason="keeps passwords")
    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "set_password", lambda service, name, value: kept.update({(service, name): value}))
    monkeypatch.setattr(keyring, "get_password", lambda service, name: kept.get((service, name)))
    keep_secret(NODE, Secret("word"))
    assert find_secret(NODE).value == "word"
    with pytest.raises(ConfigError, match="No password or token"):
        find_secret(replace(NODE, url="https://thief.example/dicom-web"))


def test_a_node_that_wants_none_gets_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(environment_name(NODE.name), "word")
    assert find_secret(replace(NODE, user="")) == Secret()


def test_it_shows_in_no_repr():
    assert "word" not in repr(Secret("word")) + str(Secret("word"))
