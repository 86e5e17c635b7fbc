"""`umed build-mau` end to end: offline, against a server that misbehaves, and killed at random moments."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.annotated_pictures import write_annotated
from tests.integration.loopback_teacher import Loopback, Manners, draw, loopback
from umed_core.errors import BudgetSpent, ConsentNeeded
from umed_core.mau.asking import AskLimits
from umed_core.mau.build import BuildReport, MauConfig, build_mau
from umed_core.mau.collecting import parse_source
from umed_core.mau.cost import Budget
from umed_core.mau.dataset import read_dataset
from umed_core.mau.teachers.chat_form import ChatSettings
from umed_core.mau.teachers.openai_compatible import OpenAITeacher
from umed_core.mau.teachers.template import TemplateTeacher

LATENCY_S = 0.1
QUICK = AskLimits(in_flight=8, first_wait_s=0.01, longest_wait_s=0.05)


def config(tmp_path: Path, count: int = 24, normal: int = 4, **changes: object) -> MauConfig:
    source = tmp_path / "squares"
    if not source.exists():
        write_annotated(source, count, normal)
    settings = {"out": tmp_path / "mau", "asking": QUICK, **changes}
    return MauConfig((parse_source(f"csv={source}"),), **settings)


def built(settings: MauConfig, server: Loopback | None = None, **teacher: object) -> BuildReport:
    who = TemplateTeacher() if server is None else OpenAITeacher(ChatSettings("loopback", server.base_url), **teacher)
    return build_mau(settings, who, lambda _: None)


def fingerprint(folder: Path) -> dict[str, str]:
    """Hash of every file that may be shared."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] != "work"
    }


def test_the_template_builds_a_whole_dataset_and_building_again_changes_no_byte(tmp_path: Path):
    settings = config(tmp_path)
    report = built(settings)
    assert (report.sheet.train + report.sheet.test, report.sheet.quarantined, report.sheet.refused) == (28, (), ())
    dataset = read_dataset(settings.out)
    records = [*dataset.records("train"), *dataset.records("test")]
    assert {record.provenance["teacher"] for record in records} == {TemplateTeacher().identity}
    assert all((settings.out / record.image).is_file() and record.turns for record in records)
    before = fingerprint(settings.out)
    built(settings)
    assert fingerprint(settings.out) == before


def test_no_name_of_the_sources_leaves_the_private_folder(tmp_path: Path):
    settings = config(tmp_path)
    built(settings)
    shared = [path for path in settings.out.rglob("*") if path.is_file() and "work" not in path.parts]
    for path in shared:
        assert b"case_" not in path.read_bytes() and b"patient-" not in path.read_bytes()
        assert "case_" not in path.name


def test_no_patient_is_on_both_sides(tmp_path: Path):
    settings = config(tmp_path)
    built(settings)
    dataset = read_dataset(settings.out)
    train, test = ({record.group for record in dataset.records(side)} for side in ("train", "test"))
    assert train and test and not train & test


def test_a_file_that_is_no_picture_is_listed_and_the_rest_goes_on(tmp_path: Path):
    settings = config(tmp_path)
    (tmp_path / "squares/images/case_0003.png").write_bytes(b"no picture")
    report = built(settings)
    assert report.sheet.train + report.sheet.test == 27
    assert [tally.count for tally in report.sheet.refused] == [1]
    assert (
        "case_0003.png"
        in (settings.work / "refused_pictures.jsonl").read_text() + (settings.work / "refused.jsonl").read_text()
    )


def test_a_removed_case_takes_its_picture_with_it(tmp_path: Path):
    settings = config(tmp_path)
    built(settings)
    annotations = tmp_path / "squares/annotations.csv"
    annotations.write_text("\n".join(annotations.read_text().splitlines()[:-1]) + "\n")
    report = built(settings)
    pictures = [path for path in (settings.out / "images").rglob("*") if path.is_file()]
    assert len(pictures) == report.sheet.train + report.sheet.test == 27


def test_what_a_killed_build_left_half_written_goes_with_the_next(tmp_path: Path):
    settings = config(tmp_path)
    built(settings)
    before = fingerprint(settings.out)
    for name in (".staged/.train.jsonl.4711.tmp", ".staged/test.jsonl", "images/squares/.000001.png.tmp"):
        (settings.out / name).parent.mkdir(exist_ok=True)
        (settings.out / name).write_bytes(b"half")
    built(settings)
    assert fingerprint(settings.out) == before


def test_a_server_that_misbehaves_in_every_way_is_survived_and_counted(tmp_path: Path):
    """Line faults are retried; faulty words are asked for again and, where they stay faulty, quarantined: exactly those."""
    faults = {"429": 0.05, "500": 0.05, "malformed": 0.05, "refusal": 0.06, "wrong_box": 0.08, "missing_box": 0.08}
    settings = config(tmp_path, count=60, normal=0, corrections=0)
    with loopback(tmp_path, faults=faults, retry_after_s=0.02, seed=3) as server:
        report = built(settings, server, timeout_s=20.0)
        counts = server.counts()
    for fault in faults:
        assert counts["faults"][fault] > 0, fault
    asked = stored_answers(settings.work)
    manners = Manners(faults=faults, seed=3)
    expected = Counter(
        "refusal" if fault == "refusal" else "words"
        for key, stage in asked
        if (fault := draw(manners, ("refusal", "wrong_box", "missing_box", "filtered"), key))
        and (fault == "refusal" or stage == "reflection")
    )
    assert sum(tally.count for tally in report.sheet.quarantined) == sum(expected.values())
    assert report.sheet.train + report.sheet.test == 60 - sum(expected.values())
    assert counts["paid_twice"] == 0


def test_a_correction_mends_what_can_be_mended(tmp_path: Path):
    faults = {"wrong_box": 0.15, "missing_box": 0.15}
    with loopback(tmp_path, faults=faults) as server:
        without = built(config(tmp_path, count=40, out=tmp_path / "a", corrections=0), server)
        mended = built(config(tmp_path, count=40, out=tmp_path / "b", corrections=3), server)
    assert sum(tally.count for tally in mended.sheet.quarantined) < sum(t.count for t in without.sheet.quarantined)


def test_a_budget_stops_cleanly_and_the_same_build_goes_on(tmp_path: Path):
    with loopback(tmp_path) as server:
        tight = AskLimits(in_flight=4, budget=Budget(max_tokens=820 * 10))
        with pytest.raises(BudgetSpent):
            built(config(tmp_path, asking=tight), server)
        paid = server.counts()["paid_total"]
        assert 0 < paid <= 10
        report = built(config(tmp_path), server)
        assert report.sheet.train + report.sheet.test == 28
        assert server.counts()["paid_twice"] == 0


def test_a_remote_teacher_needs_consent_before_anything_happens(tmp_path: Path):
    settings = config(tmp_path)
    teacher = OpenAITeacher(ChatSettings("gpt", "https://api.example.org/v1"))
    with pytest.raises(ConsentNeeded, match="nobody has agreed"):
        build_mau(settings, teacher, lambda _: None)
    assert not settings.out.exists()


def stored_answers(work: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(work / "build.sqlite")
    rows = connection.execute("SELECT key, stage FROM answers").fetchall()
    connection.close()
    return rows


# ---------------------------------------------------------------------------------------------- kill -9


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(5, marks=pytest.mark.timeout(600)),
        pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
)
def test_kill_9_loses_nothing_and_pays_nothing_twice(tmp_path: Path, kills: int):
    """Killed at random moments, the build ends in the bytes of one that nobody killed.

    What was stored is never asked for again; a call that was out when the kill came is asked again under the same
    Idempotency-Key, which the server honours, so that no key is ever paid twice.
    """
    settings = config(tmp_path, count=20 if kills < 50 else 240, out=tmp_path / "undisturbed")
    with loopback(tmp_path, latency_s=LATENCY_S) as server:
        built(settings, server)
        paid_once = server.counts()["paid_total"]
    rng = random.Random(kills)
    disturbed, landed, to_first_call_s = tmp_path / "disturbed", 0, 0.0
    with loopback(tmp_path, latency_s=LATENCY_S) as server:
        # By what was done and not by the clock, or a busy machine would be killed only while it starts.
        for share in (number / kills for number in range(kills)):
            begun = time.monotonic()
            process = start(disturbed, tmp_path, server)
            if not to_first_call_s:
                wait_for_calls(server, 1, process)
                wait_s, to_first_call_s = 0.0, time.monotonic() - begun
            elif share < 0.15:  # it starts, reads, cleans
                wait_s = rng.random() * to_first_call_s
            elif share < 0.8:  # it asks, each time a little further
                wait_for_calls(server, 1 + round((share - 0.15) / 0.65 * paid_once), process)
                wait_s = rng.random() * LATENCY_S
            else:  # it asks the last, or has nothing left but to write
                wait_s = rng.uniform(0.5, 1.5) * to_first_call_s
            try:
                process.wait(wait_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                landed += 1
        stored = len(stored_answers(disturbed / "work"))
        assert landed >= 0.6 * kills and stored
        calls_before = server.counts()["calls"]
        assert start(disturbed, tmp_path, server).wait() == 0
        counts = server.counts()
    assert fingerprint(disturbed) == fingerprint(settings.out)
    assert counts["paid_twice"] == 0
    assert counts["paid_total"] == paid_once
    assert counts["calls"] - calls_before <= paid_once - stored, "an answer that was stored was asked for again"


def wait_for_calls(server: Loopback, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many different calls have come in all, or the process has ended."""
    while process.poll() is None and server.counts()["paid_total"] < count:
        time.sleep(0.02)


def start(out: Path, folder: Path, server: Loopback) -> subprocess.Popen[bytes]:
    command = [
        sys.executable, "-m", "umed_cli", "build-mau", "--source", f"csv={folder / 'squares'}", "--out", str(out),
        "--teacher", "openai", "--model", "loopback", "--base-url", server.base_url, "--in-flight", "4",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
