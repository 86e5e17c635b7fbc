"""What every test stands on: no network, no touch of the person's own settings, the same examples each time."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Before numpy or torch is imported: two cores are shared by xdist workers and by the worker processes under test.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Set in many containers; a child under test must work without it, as it will on a person's machine.
os.environ.pop("PYTHONUNBUFFERED", None)

hypothesis.settings.register_profile("umed", derandomize=True, deadline=None, max_examples=50, database=None)
hypothesis.settings.load_profile("umed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would every child that these tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _forbid_network(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test tried to reach {address}; nothing may leave the machine")


sys.addaudithook(_forbid_network)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their place: a gzip header in a name holds the time of day, and two workers then disagree."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="module", autouse=True)
def _small_heap() -> None:
    """What torch, Qt and earlier modules brought stays: looked through by each full collection of garbage, it made tests
    that make many objects three times as long."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings, caches and recent files of the tests live and die in a temporary folder."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(variable, str(home / variable.split("_")[1].lower()))
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def umed_data() -> Path:
    """The folder of real third-party sets, which are never part of the repository; skips where there is none."""
    folder = Path(os.environ.get("UMED_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real data here: set UMED_DATA to a folder that holds the public sets")
    return folder


@pytest.fixture(scope="session")
def program_environment() -> dict[str, str]:
    """Environment for a child Python that imports the rooms of this checkout, installed or not."""
    rooms = os.pathsep.join(str(REPOSITORY / room) for room in (".", "cli", "assets"))
    return {**os.environ, "PYTHONPATH": rooms}
