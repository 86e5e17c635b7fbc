"""Jobs in child processes: order, number, errors, a stop. The children here are scripts of a line or two."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from umed_core.errors import Cancelled, DataError, WorkerCrashed
from umed_core.experiments import running
from umed_core.experiments.jobs import TrainJob
from umed_core.experiments.running import Took, Work, read_rates, run_all, seconds_left

SCRIPT = """
import json, pathlib, sys, time
config = json.loads(sys.stdin.readline())["config"]
journal = pathlib.Path(config["journal"])
def note(word):
    with journal.open("a") as lines: lines.write(word + " " + config["name"] + "\\n")
def tell(kind, **values): print(json.dumps({"type": kind, **values}), flush=True)
note("begin")
tell("Stepped", done=1, total=2)
exec(config["do"])
tell("Stepped", done=2, total=2)
note("end")
tell("Finished")
"""


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.setattr(running, "CHILD", (sys.executable, "-c", SCRIPT))


def work(folder: Path, name: str, after: tuple[str, ...] = (), do: str = "", kind: str = "train one") -> Work:
    config = {"name": name, "journal": str(folder / "journal"), "do": do}
    return Work(name, kind, 10, after, TrainJob("sft", config), folder / name / "log.txt")


def journal(folder: Path) -> list[str]:
    return (folder / "journal").read_text().splitlines()


def silent(status) -> None:
    pass


def test_what_starts_from_another_waits_for_it(tmp_path):
    ended = []
    run_all(
        [work(tmp_path, "full", ("sft",)), work(tmp_path, "sft")],
        2,
        tmp_path / "times",
        lambda s: ended.append(s.finished),
    )
    assert journal(tmp_path) == ["begin sft", "end sft", "begin full", "end full"]
    assert [name for name in ended if name] == ["sft", "full"]


def test_work_that_waits_for_something_done_before_begins_at_once(tmp_path):
    run_all([work(tmp_path, "full", ("sft",))], 1, tmp_path / "times", silent)
    assert journal(tmp_path)[-1] == "end full"


@pytest.mark.parametrize(("jobs", "most"), [(1, 1), (2, 2)])
def test_no_more_at_once_than_asked_for(tmp_path, jobs, most):
    seen = []
    many = [work(tmp_path, f"arm{n}", do="time.sleep(0.3)") for n in range(3)]
    run_all(many, jobs, tmp_path / "times", lambda status: seen.append(len(status.running)))
    assert max(seen) == most and sum(line.startswith("end") for line in journal(tmp_path)) == 3


def test_an_error_of_a_child_is_raised_with_its_name_and_stops_the_others(tmp_path):
    fails = work(
        tmp_path, "bad", do='tell("Failed", code="DataError", message="no image", hint="add one"); sys.exit(1)'
    )
    waits = work(tmp_path, "good", do="sys.stdin.read(); note('stopped'); sys.exit(1)")
    with pytest.raises(DataError, match="bad: no image"):
        run_all([waits, fails], 2, tmp_path / "times", silent)
    assert journal(tmp_path)[-1] == "stopped good"


def test_a_child_that_dies_is_told_by_its_last_words(tmp_path):
    with pytest.raises(WorkerCrashed, match=r"dying ended with status 3: out of luck") as caught:
        run_all([work(tmp_path, "dying", do='sys.stderr.write("out of luck"); sys.exit(3)')], 1, tmp_path / "t", silent)
    assert "log.txt" in caught.value.hint


def test_ctrl_c_asks_the_children_to_stop_and_waits_for_them(tmp_path):
    def press(status):
        if status.running and status.running[0][1] == 1:
            raise KeyboardInterrupt

    waits = work(tmp_path, "arm", do="sys.stdin.read(); time.sleep(0.2); note('stopped'); sys.exit(1)")
    with pytest.raises(Cancelled):
        run_all([waits], 1, tmp_path / "times", press)
    assert journal(tmp_path)[-1] == "stopped arm"


def test_claims_come_before_the_child_and_marks_after(tmp_path):
    said = []
    one = work(tmp_path, "arm")
    marked = Work(
        one.name,
        one.kind,
        one.images,
        one.after,
        one.job,
        one.log,
        lambda: said.append("begin"),
        lambda s: said.append(s > 0),
    )
    run_all([marked], 1, tmp_path / "times", silent)
    assert said == ["begin", True]


def test_the_time_that_is_left_goes_by_images_of_each_kind(tmp_path):
    rates = {"train one": [Took("train one", 100, 50.0), Took("train one", 100, 70.0)]}
    waiting = [work(tmp_path, "a"), work(tmp_path, "b")]
    assert seconds_left(waiting, rates, 1) == pytest.approx(2 * 10 * 120 / 200)
    assert seconds_left(waiting, rates, 2) == pytest.approx(10 * 120 / 200)
    assert seconds_left([*waiting, work(tmp_path, "c", kind="ask")], rates, 1) is None
    assert seconds_left([], {}, 1) == 0


def test_times_are_kept_for_the_next_start(tmp_path):
    began = time.monotonic()
    run_all([work(tmp_path, "arm")], 1, tmp_path / "times", silent)
    (took,) = read_rates(tmp_path / "times")["train one"]
    assert took.images == 10 and 0 < took.seconds < time.monotonic() - began
    (tmp_path / "times").write_text("{")
    assert read_rates(tmp_path / "times") == {}
