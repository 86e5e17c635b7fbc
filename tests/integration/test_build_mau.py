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
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.builders import tiny_dicom, write_dicom
from tests.integration.annotated_pictures import write_annotated
from tests.integration.loopback_teacher import Loopback, Manners, draw, loopback
from umed_core.errors import BudgetSpent, Cancelled, ConsentNeeded, DataError, StorageError
from umed_core.mau.asking import AskLimits
from umed_core.mau.build import BuildProgress, BuildReport, MauConfig, build_mau
from umed_core.mau.build_store import BuildStore
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


def test_the_reasons_for_what_was_left_out_name_no_file_and_no_person(tmp_path: Path):
    """Of a DICOM folder, whose files carry a name: a text, a damaged file, a copy, a document with nothing in it."""
    source = tmp_path / "hospital"
    source.mkdir()
    write_dicom(source / "Quellenberg_1.dcm", tiny_dicom(SOPInstanceUID="2.25.1", PatientID="Quellenberg"))
    write_dicom(source / "Quellenberg_2.dcm", tiny_dicom(SOPInstanceUID="2.25.1"))
    write_dicom(source / "Quellenberg_3.dcm", tiny_dicom(SOPInstanceUID="2.25.3"))
    write_dicom(source / "Quellenberg_state", presentation_state("2.25.1"))
    (source / "Quellenberg_letter.txt").write_text("Dear Mrs Quellenberg")
    (source / "Quellenberg_cut.dcm").write_bytes((source / "Quellenberg_3.dcm").read_bytes()[:300])
    settings = replace(config(tmp_path), sources=(*config(tmp_path).sources, parse_source(f"dicom:scans={source}")))
    report = built(settings)
    assert "Quellenberg" in (settings.work / "refused.jsonl").read_text()  # the control
    assert len(report.sheet.refused) >= 3
    for name in ("README.md", "datasheet.json", "train.jsonl", "test.jsonl"):
        text = (settings.out / name).read_text()
        assert "quellenberg" not in text.lower() and str(tmp_path) not in text


def presentation_state(uid: str) -> Dataset:
    """One square on the image of that UID, and what it shows."""
    drawn, on, said, annotation = Dataset(), Dataset(), Dataset(), Dataset()
    drawn.GraphicAnnotationUnits, drawn.GraphicType, drawn.GraphicDimensions = "PIXEL", "POLYLINE", 2
    drawn.GraphicData, drawn.NumberOfGraphicPoints = [1.0, 1.0, 3.0, 1.0, 3.0, 3.0, 1.0, 3.0, 1.0, 1.0], 5
    on.ReferencedSOPInstanceUID = uid
    said.UnformattedTextValue = "nodule"
    annotation.ReferencedImageSequence, annotation.GraphicObjectSequence = [on], [drawn]
    annotation.TextObjectSequence = [said]
    state = tiny_dicom(SOPInstanceUID="2.25.9", Modality="PR", Rows=None, Columns=None, PixelData=None)
    state.GraphicAnnotationSequence = [annotation]
    return state


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


def test_every_step_tells_how_far_it_is(tmp_path: Path):
    told: list[BuildProgress] = []
    settings = config(tmp_path)
    with loopback(tmp_path) as server:
        build_mau(settings, OpenAITeacher(ChatSettings("loopback", server.base_url)), told.append)
    steps = [step for step, _ in groupby(now.step for now in told)]
    asking = ["count", "ask"]
    assert steps == ["collect", "clean", "choose", "compare", *asking, *asking, "count", "place", "write"]
    for step, of_step in groupby(told, lambda now: now.step):
        seen = list(of_step)
        assert all(now.done <= now.total for now in seen) or step == "collect"
        assert [now.done for now in seen] == list(range(seen[0].done, seen[0].done + len(seen)))
        assert len({now.total for now in seen}) == 1


@pytest.mark.parametrize("step", ["collect", "clean", "choose", "compare", "count", "ask", "place", "write"])
def test_a_build_stops_at_any_step_and_goes_on_to_the_same_bytes(tmp_path: Path, step: str):
    def stop(now: BuildProgress) -> None:
        if now.step == step and now.done >= 7:
            raise Cancelled("The person asked to stop.")

    undisturbed, stopped = config(tmp_path, out=tmp_path / "undisturbed"), config(tmp_path, out=tmp_path / "stopped")
    built(undisturbed)
    with pytest.raises(Cancelled):
        build_mau(stopped, TemplateTeacher(), stop)
    assert not (stopped.out / "datasheet.json").exists()
    built(stopped)
    assert fingerprint(stopped.out) == fingerprint(undisturbed.out)


def test_where_all_talks_are_faulty_the_quarantine_says_why(tmp_path: Path):
    settings = config(tmp_path, count=4, normal=0, corrections=0)
    with (
        loopback(tmp_path, faults={"wrong_box": 1.0}) as server,
        pytest.raises(DataError, match="All 4 conversations were faulty") as caught,
    ):
        built(settings, server)
    listed = (settings.work / "quarantine.jsonl").read_text()
    assert "quarantine.jsonl" in caught.value.hint and listed.count("none of those given") == 4


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


def test_a_killed_write_leaves_nothing_behind_that_stays(tmp_path: Path):
    """Killed in the middle of a write: the temporary file lies there, and the next run of the folder removes it."""
    settings = config(tmp_path)
    target = settings.work / "refused.jsonl"
    child = subprocess.Popen([sys.executable, "-c", WRITE_WITHOUT_END, str(target)], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"written\n"
    child.kill()
    child.communicate()
    half_written = [*settings.work.glob(".refused.jsonl.*.tmp")]
    assert len(half_written) == 1 and half_written[0].stat().st_size > 0
    shelf = settings.work / "pictures/ab/.ab12.png.4711.tmp"
    ordered, noted = settings.work / "batches/part.jsonl", settings.work / "batches/00ff.keys"
    for path in (shelf, ordered, noted):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    built(settings)
    assert not any(path.exists() for path in (*half_written, shelf, ordered)) and noted.exists()


def test_a_second_build_of_the_folder_removes_nothing_of_the_first(tmp_path: Path):
    settings = config(tmp_path)
    under_way = settings.work / ".refused.jsonl.4711.tmp"
    with BuildStore(settings.work / "build.sqlite"):
        under_way.write_bytes(b"half")
        with pytest.raises(StorageError, match="locked"):
            built(settings)
    assert under_way.exists()


WRITE_WITHOUT_END = """
import sys, time; from pathlib import Path
from umed_core.records import write_parts
def parts():
    yield b"x" * 100_000
    print("written", flush=True)
    time.sleep(600)
write_parts(Path(sys.argv[1]), parts())
"""


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
