"""A process is known by its number and its birth together."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from umed_core.living import born_at, is_alive


def test_this_process_lives_since_a_moment_ago():
    assert 0 < time.time() - born_at() < 24 * 3600
    assert born_at() == born_at(os.getpid())
    assert is_alive(os.getpid(), born_at())


def test_another_birth_is_another_process():
    assert not is_alive(os.getpid(), born_at() - 60)


def test_what_has_ended_is_not_alive_buried_or_not():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    born = born_at(child.pid)
    assert is_alive(child.pid, born)
    child.stdin.close()
    end = time.monotonic() + 30
    while is_alive(child.pid, born):  # nobody has waited for it: on POSIX it is a zombie by now
        assert time.monotonic() < end
        time.sleep(0.01)
    child.wait()
    assert not is_alive(child.pid, born)
    assert born_at(2**22 + 1) == 0.0


def test_what_is_no_number_of_a_process_is_not_alive():
    assert not is_alive(-1, 0.0)
