"""The log tells kinds and places, and nothing of a patient or a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import CorruptImage, StorageError, UmedError, error_from_code
from umed_core.images.open_image import open_image
from umed_core.vlm.messages import Loaded
from umed_desktop.help.window_log import WindowLog, last_lines, log_file, where_raised

SECRETS = ("DOE^JANE", "1.2.840.113619.2.55", "PAT-00417", "/data/patients/doe")


@pytest.fixture
def log(tmp_path: Path):
    made = WindowLog(tmp_path / "logs" / "desktop.log")
    yield made
    made.close()


def test_it_lies_beside_the_settings(tmp_path: Path):
    assert log_file(tmp_path / "desktop.json") == tmp_path / "logs" / "desktop.log"


def test_an_error_is_logged_by_kind_and_cause_and_the_lines_of_umed(log: WindowLog, tmp_path: Path):
    (tmp_path / "DOE^JANE.dcm").write_bytes(b"DICM" * 50)
    with pytest.raises(UmedError) as caught:
        open_image(tmp_path / "DOE^JANE.dcm")
    log.note_error(caught.value)
    line = last_lines(log.path)
    assert caught.value.code in line and "umed_core.images." in line
    assert "DOE" not in line and str(tmp_path) not in line


def test_a_cause_is_named(log: WindowLog):
    try:
        try:
            raise OSError(28, "No space left on device", "/data/patients/doe/1.json")
        except OSError as full:
            raise StorageError("/data/patients/doe/1.json could not be written.", "Free some space.") from full
    except StorageError as problem:
        log.note_error(problem)
    assert "StorageError from OSError" in last_lines(log.path)
    assert "patients" not in last_lines(log.path)


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_of_what_an_error_says_is_written(log: WindowLog, secret: str):
    for error in (
        CorruptImage(f"{secret} is damaged.", f"Ask for {secret} again."),
        error_from_code("WorkerCrashed", secret, secret),
        ValueError(secret),  # a bug
    ):
        log.note_error(error)
    log.note_refused([CorruptImage(secret), CorruptImage(secret)])
    log.note_model(Loaded(secret, "a" * 64, "torch", "CPU", 12, 3.0))
    said = last_lines(log.path)
    assert secret not in said
    assert "not opened: 2 CorruptImage" in said and "aaaaaaaaaaaa… on CPU by torch" in said


@given(st.text(min_size=12), st.text(min_size=12))
def test_no_message_and_no_hint_reaches_the_log(tmp_path_factory, message: str, hint: str):
    path = tmp_path_factory.mktemp("log") / "desktop.log"
    log = WindowLog(path)
    log.note_error(CorruptImage(message, hint))
    log.close()
    (line,) = path.read_text("utf-8").splitlines()
    assert line.endswith("WARNING CorruptImage at elsewhere")


def test_an_error_of_another_process_has_no_place():
    assert where_raised(error_from_code("WorkerCrashed", "gone", "")) == ""


def test_it_is_rotated_and_stays_small(log: WindowLog):
    for number in range(16_000):
        log.note(f"line {number:06d} {'x' * 60}")
    sizes = [path.stat().st_size for path in log.path.parent.iterdir()]
    assert len(sizes) == 4
    assert max(sizes) <= 256 * 1024


def test_the_last_lines_are_the_newest(log: WindowLog):
    for number in range(300):
        log.note(f"line {number}")
    lines = last_lines(log.path, 200).splitlines()
    assert len(lines) == 200
    assert lines[0].endswith("line 100") and lines[-1].endswith("line 299")


def test_no_log_yet_is_no_failure(tmp_path: Path):
    assert last_lines(tmp_path / "none.log") == ""


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "logs").write_text("a file in the place of the folder")
    log = WindowLog(tmp_path / "logs" / "desktop.log")
    log.note_error(CorruptImage("x"))
    log.close()
    assert capsys.readouterr().err == ""


def test_without_a_path_nothing_is_written(capsys: pytest.CaptureFixture[str]):
    WindowLog(None).note_error(CorruptImage("x"))
    assert capsys.readouterr().err == ""
