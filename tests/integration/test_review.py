"""`umed review` as people use it: typed and piped, several at once, killed in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.unit.mau.review.review_cases import image_name, polyp_record, write_folder
from umed_cli.review import review
from umed_core.errors import ConfigError, DataError
from umed_core.mau.review.events import ReviewEvent
from umed_core.mau.review.folder import ReviewFolder
from umed_core.mau.review.log import ReviewLog
from umed_core.mau.review.preview import write_preview
from umed_core.records import MauRecord, read_jsonl

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(review)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mau")


def typed(data: Path, *arguments: str, keys: str = "", code: int = 0) -> str:
    """What the command says on stdout and stderr when `keys` are typed."""
    done = CliRunner().invoke(app, [str(data), *arguments], input=keys)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def events(data: Path) -> list[ReviewEvent]:
    return list(ReviewLog(data / "reviews.jsonl").events)


def test_a_sitting_from_start_to_end(data):
    out = typed(data, "--reviewer", "anna", keys="a\nr wrong side\ns\nu\na\nq\n")
    assert [(event.verdict, event.comment) for event in events(data)] == [
        ("accept", ""), ("reject", "wrong side"), ("withdraw", ""), ("accept", "")
    ]  # fmt: skip
    assert "[1/6] images/kvasir/" in out and "Q: What is abnormal" in out
    assert "taken back: reject of images/kvasir/" in out
    assert "finding: polyp, x 0.200, y 0.200, width 0.400, height 0.400" in out
    assert out.endswith("2 judged in this sitting, 3 left\nResearch use only. Not a medical device.\n")


def test_the_end_of_stdin_is_the_end_of_the_sitting(data):
    assert "1 judged in this sitting, 5 left" in typed(data, "--reviewer", "anna", keys="a\n")


def test_after_the_last_record_it_can_still_be_taken_back(data):
    out = typed(data, "--reviewer", "anna", "--sample", "2", keys="a\na\nu\nr\nq\n")
    assert "nothing is left here" in out
    assert [event.verdict for event in events(data)] == ["accept", "accept", "withdraw", "reject"]


def test_a_word_that_is_no_key_shows_the_keys_and_keeps_nothing(data):
    out = typed(data, "--reviewer", "anna", keys="what?\n\n")
    assert out.count("a accept | c correct") >= 3
    assert events(data) == []


def until_a_polyp(data: Path) -> str:
    """Keys that skip to the first record with a finding."""
    from umed_core.mau.review.session import ReviewSession, SessionPlan

    session = ReviewSession(ReviewFolder(data), ReviewLog(data / "reviews.jsonl"), SessionPlan("anna"))
    skips = ""
    while not session.current.findings:
        session.skip()
        skips += "s\n"
    return skips


def test_a_correction_from_stdin(data):
    keys = until_a_polyp(data) + "c\nfinding: polyp | 0.5, 0.5, 0.4, 0.4\ncomment: moved\n.\n"
    typed(data, "--reviewer", "anna", keys=keys)
    (event,) = events(data)
    assert (event.verdict, event.comment, event.findings[0].box.x) == ("correct", "moved", 0.5)
    assert "[bbox_start] 0.500, 0.500, 0.400, 0.400 [bbox_end]" in event.turns[1].text


def test_a_correction_that_does_not_hold_is_told_and_the_record_stays(data):
    skips = until_a_polyp(data)
    keys = skips + "c\nfinding: polyp | 2, 2, 2, 2\n.\nc\nfinding: polyp\n.\nc\n.\na\n"
    out = typed(data, "--reviewer", "anna", keys=keys)
    assert "not yet: The box of the polyp is no x, y, w, h within 0..1." in out
    assert "Line 1 of the form is no finding" in out
    assert "cancelled; nothing is changed" in out
    assert [event.verdict for event in events(data)] == ["accept"]


def test_two_readers_an_adjudicator_a_report_and_the_dataset(data, tmp_path):
    typed(data, "--reviewer", "anna", "--sample", "4", keys="a\na\nr\na\n")
    typed(data, "--reviewer", "ben", "--sample", "4", keys="a\nr\nr\na\n")
    report = typed(data, "--report")
    assert "2 accepted, 0 corrected, 1 rejected, 1 disputed" in report
    assert "anna and ben: Cohen's kappa 0.50" in report  # 3 of 4; by chance 3/4 * 2/4 + 1/4 * 2/4
    assert "Research use only" in report
    seen = typed(data, "--reviewer", "chris", "--adjudicate", keys="a\n")
    assert "anna says accept" in seen and "ben says reject" in seen
    typed(data, "--reviewer", "anna", "--blind", "--sample", "2", keys="a\na\n")
    out = typed(data, "--report", "--apply", str(tmp_path / "reviewed"))
    assert "(1 settled by an adjudicator)" in out and "anna, read twice" in out
    kept = [
        record for side in ("train", "test") for record in read_jsonl(tmp_path / "reviewed" / f"{side}.jsonl", MauRecord)
    ]  # fmt: skip
    assert len(kept) == 3
    assert {record.provenance["review"] for record in kept} == {"accepted"}


def test_judgements_of_another_machine_are_taken_in(data, tmp_path):
    typed(data, "--reviewer", "anna", keys="a\n")
    other = write_folder(tmp_path / "copy")
    typed(other, "--reviewer", "ben", keys="r\n")
    out = typed(data, "--merge", str(other / "reviews.jsonl"), "--report")
    assert "1 new judgements" in out and "1 disputed" in out


def test_a_record_cannot_steer_the_terminal(data):
    (data / "train.jsonl").write_bytes((data / "train.jsonl").read_bytes().replace(b"What is", b"\\u001b[2JWhat is"))
    assert "\x1b" not in typed(data, "--reviewer", "anna", keys="s\ns\ns\ns\ns\ns\n")


@pytest.mark.parametrize("arguments", [(), ("--reviewer", "anna", "--blind", "--adjudicate"), ("--reviewer", "a\tb")])
def test_an_option_that_makes_no_sense(data, arguments):
    with pytest.raises(ConfigError):
        typed(data, *arguments)


def test_an_edited_log_is_refused(data):
    typed(data, "--reviewer", "anna", keys="a\na\n")
    log = data / "reviews.jsonl"
    log.write_text(log.read_text().replace('"accept"', '"reject"', 1))
    with pytest.raises(DataError, match="line 1 was changed"):
        typed(data, "--report")


def test_the_help_is_a_guide_and_says_what_it_is_for():
    help_text = CliRunner().invoke(app, ["--help"]).output
    assert "umed review mau/ --reviewer chris --adjudicate" in help_text
    assert "Research use" in help_text


def test_the_preview_shows_the_box_where_it_is(data, tmp_path):
    import numpy as np
    from PIL import Image

    write_preview(polyp_record(0), data / image_name(0), tmp_path / "preview.png")
    with Image.open(tmp_path / "preview.png") as preview:
        pixels = np.asarray(preview)
        assert "Research use only" in preview.text["Disclaimer"]
    amber = np.argwhere((pixels[:640] == (255, 196, 61)).all(axis=2))
    # 16 pixels enlarged to 640; the box spans .2 to .6 of it: 128 to 384. The line of 2 and the label lie outside.
    assert (amber[:, 0].max(), amber[:, 1].min()) == (385, 126)


AS_UMED = """
import sys
import umed_cli.main as cli
cli.COMMANDS = (cli.LazyCommand("review", "umed_cli.review", "review", "Judge."),)
sys.argv = ["umed", "review", sys.argv[1], "--reviewer", "anna"]
cli.main()
"""

EDITOR = """
import pathlib, sys
form = pathlib.Path(sys.argv[1])
text = form.read_text()
form.write_text(text.replace("0.2, 0.2, 0.4, 0.4", "0.5, 0.5, 0.4, 0.4").replace("comment:", "comment: moved in an editor"))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_correction_in_an_editor_on_a_terminal(data, tmp_path, program_environment):
    import pty

    editor = tmp_path / "editor.py"
    editor.write_text(EDITOR)
    mine, theirs = pty.openpty()
    environment = program_environment | {"VISUAL": "", "EDITOR": f"{sys.executable} {editor}", "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-c", AS_UMED, str(data)], env=environment, text=True, stdin=theirs,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    os.write(mine, (until_a_polyp(data) + "c\nq\n").encode())
    out, errors = process.communicate(timeout=100)
    os.close(theirs)
    os.close(mine)
    assert process.returncode == 0, errors
    (event,) = events(data)
    assert (event.verdict, event.comment, event.findings[0].box.x) == ("correct", "moved in an editor", 0.5)
    assert "1 judged in this sitting" in out


APPENDER = """
import sys
from pathlib import Path
from umed_core.mau.review.events import ReviewEvent
from umed_core.mau.review.log import ReviewLog
log = ReviewLog(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    log.append(ReviewEvent(f"images/{number}.png", sys.argv[2], "", "accept", "0" * 64, comment="x" * 500))
    print(number, flush=True)
"""


def appender(path: Path, reviewer: str, count: int, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(path), reviewer, str(count)],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_processes_that_write_at_once_do_not_mix_lines(tmp_path, program_environment):
    path = tmp_path / "reviews.jsonl"
    running = [appender(path, name, 60, program_environment) for name in ("anna", "ben")]
    errors = [process.communicate(timeout=100)[1] for process in running]
    assert errors == ["", ""]
    found = ReviewLog(path).events
    for name in ("anna", "ben"):
        assert [e.record for e in found if e.reviewer == name] == [f"images/{number}.png" for number in range(60)]


def test_kill_9_loses_no_judgement_that_was_acknowledged(tmp_path, program_environment):
    path = tmp_path / "reviews.jsonl"
    acknowledged = 0
    for round_number in range(3):
        with appender(path, f"round-{round_number}", 10_000, program_environment) as process:
            for _ in range(5 + 7 * round_number):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
            told = process.communicate(timeout=60)[0]
        acknowledged = 5 + 7 * round_number + told.count("\n")
        mine = [event for event in ReviewLog(path).events if event.reviewer == f"round-{round_number}"]
        assert acknowledged <= len(mine) <= acknowledged + 1


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_ctrl_c_keeps_what_was_judged(data, program_environment):
    with subprocess.Popen(
        [sys.executable, "-c", AS_UMED, str(data)], env=program_environment, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdin.write("a\n")
        process.stdin.flush()
        said = ""
        while "[2/6]" not in said:
            said = process.stdout.readline()
            assert said, process.stderr.read()
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "1 judgements of this sitting are kept" in errors and "Traceback" not in errors
    assert [event.verdict for event in events(data)] == ["accept"]
    assert json.loads((data / "reviews.jsonl").read_text())["event"]["reviewer"] == "anna"
