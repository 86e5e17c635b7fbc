"""The tests stay on this machine and off the person's own settings; conftest.py sees to it, and this sees to conftest.py."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest


def test_a_connection_to_another_machine_fails_the_test() -> None:
    with socket.socket() as line, pytest.raises(AssertionError, match="nothing may leave"):
        line.connect(("192.0.2.1", 80))  # a documentation address (RFC 5737) that leads nowhere


def test_a_connection_inside_this_machine_is_allowed() -> None:
    with socket.socket() as listener, socket.socket() as line:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        line.connect(listener.getsockname())
        assert line.getpeername() == listener.getsockname()


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"])
def test_settings_and_caches_of_the_tests_are_temporary(variable: str) -> None:
    assert Path(os.environ[variable]).is_relative_to(Path(tempfile.gettempdir()).resolve())
