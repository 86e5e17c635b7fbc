"""`umed pacs` as a person runs it: nodes, secrets, consent, exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

pytest.importorskip("pynetdicom", reason="needs the [pacs] extra")

from tests.builders import tiny_ct, write_dicom
from tests.integration.pacs_nodes import Orthanc, running_orthanc
from umed_cli.pacs import app
from umed_core.errors import ConfigError, ConsentNeeded, NodeUnreachable, UmedError
from umed_core.prompts import RESEARCH_USE_ONLY

pytestmark = [
    # pynetdicom forgets to close a socket that could not connect, or that the other side closed first.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

STUDY = "2.25.20261122.1"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture(autouse=True)
def _own_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refusal(*arguments: str) -> UmedError:
    problem = run(*arguments).exception
    assert isinstance(problem, UmedError), problem
    return problem


def add(orthanc: Orthanc) -> None:
    added = run("add", "archive", "--host", "127.0.0.1", "--port", str(orthanc.dicom_port), "--ae-title", "ORTHANC")
    assert added.exit_code == 0, added.output


def test_there_and_back(orthanc: Orthanc, tmp_path: Path):
    add(orthanc)
    assert "archive\tORTHANC at 127.0.0.1" in run("nodes").output
    assert "archive answers" in run("echo", "archive").output
    (tmp_path / "ct").mkdir()
    for number in range(2):
        write_dicom(tmp_path / "ct" / f"{number}.dcm", tiny_ct(number, PatientName="Doe^Jane", StudyDate="20240102"))
    sent = run("send", "archive", str(tmp_path / "ct"), "--yes")
    assert (sent.exit_code, "2 files sent" in sent.output) == (0, True)
    assert "2 files of 1 study would go to archive" in sent.output
    found = run("find", "archive", "--name", "doe*")
    assert found.stdout.splitlines()[0].split("\t")[:3] == [STUDY, "20240102", "Doe^Jane"]
    series = run("find", "archive", "--study", STUDY)
    assert series.stdout.startswith("2.25.20261122.2\t")
    got = run("get", "archive", STUDY, "--out", str(tmp_path / "in"))
    assert (got.exit_code, len(list((tmp_path / "in").glob("*.dcm")))) == (0, 2)
    assert RESEARCH_USE_ONLY in got.output


def test_nothing_leaves_without_consent(orthanc: Orthanc, tmp_path: Path):
    add(orthanc)
    write_dicom(tmp_path / "a.dcm", tiny_ct(7, StudyInstanceUID="1.2.77"))
    assert isinstance(refusal("send", "archive", str(tmp_path / "a.dcm")), ConsentNeeded)
    assert run("find", "archive", "--json").stdout.count("1.2.77") == 0


def test_a_node_that_is_not_written_down_is_not_connected_to():
    assert isinstance(refusal("echo", "127.0.0.1"), ConfigError)


def test_a_node_that_is_gone():
    run("add", "gone", "--host", "127.0.0.1", "--port", "1", "--ae-title", "X")
    problem = refusal("echo", "gone")
    assert isinstance(problem, NodeUnreachable)
    assert problem.exit_code == 12
    assert run("remove", "gone").exit_code == 0
    assert isinstance(refusal("echo", "gone"), ConfigError)


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "a"),
        ("add", "a", "--host", "h", "--url", "https://x.example/y", "--ae-title", "X"),
        ("add", "a", "--url", "http://x.example/y"),
        ("add", "a", "--url", "https://x.example/y", "--auth", "basic"),
        ("add", "a", "--host", "h", "--ae-title", "X", "--ca-file", "c.pem"),
        ("get", "none", STUDY, "--out", "x"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...]):
    assert isinstance(refusal(*arguments), ConfigError)
