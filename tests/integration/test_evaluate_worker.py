"""`umed eval` from files to table, through a real worker process with the fake engine, which boxes what is bright."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.integration.annotated_pictures import write_annotated
from umed_core.evaluation import asking
from umed_core.evaluation.evaluate import AskModel, Report, read_report
from umed_core.mau.build import MauConfig, build_mau
from umed_core.mau.collecting import parse_source
from umed_core.mau.teachers.template import TemplateTeacher
from umed_core.records import Prediction
from umed_core.vlm import client
from umed_core.vlm.client import WorkerClient

pytest.importorskip("umed_core.images.open_image", reason="the reader of files is not there yet")

FAKE_WORKER = [sys.executable, str(Path(__file__).resolve().parents[1] / "fake_worker.py")]
HEADER = "image,width,height,class,x,y,w,h,patient_or_group_id,source,licence"


@pytest.fixture
def stones(tmp_path: Path) -> Path:
    """Twelve dark pictures of 100 x 100 with a bright 20 x 10 patch, each elsewhere, and two without one."""
    folder = tmp_path / "stones"
    (folder / "images").mkdir(parents=True)
    rows = [HEADER]
    for number in range(14):
        pixels = np.full((100, 100), 40, np.uint8)
        x, y = 5 * number, 6 * number
        box = ",,,"
        if number < 12:
            pixels[y : y + 10, x : x + 20] = 250
            box = f"{x / 100},{y / 100},.2,.1"
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        rows.append(f"{number}.png,100,100,{'kidney stone' if number < 12 else ''},{box},patient {number},made,CC0")
    (folder / "annotations.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture
def umed_eval(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    from umed_cli.main import app

    monkeypatch.setattr(client, "WorkerClient", partial(WorkerClient, FAKE_WORKER))

    def run(*arguments: str) -> Result:
        places = ["--model", str(tmp_path / "fake"), "--out", str(tmp_path / "out")]
        return CliRunner().invoke(app, ["eval", *arguments, *places])

    return run


def report_of(tmp_path: Path) -> Report:
    return read_report(tmp_path / "out" / "report.json")


def test_from_files_to_table(umed_eval: Callable[..., Result], stones: Path, tmp_path: Path) -> None:
    result = umed_eval("--data", f"stones={stones}", "--split", "all")
    assert result.exit_code == 0, result.output
    (scores,) = report_of(tmp_path).sets
    assert scores.abnormal is not None
    assert scores.normal is not None
    assert scores.abnormal.mean_iou.value == pytest.approx(1, abs=0.02)
    assert scores.abnormal.accuracy.value == scores.abnormal.parsable.value == 1
    assert scores.abnormal.shuffled_iou < 0.2
    assert scores.normal.false_alarms.value == 0
    assert scores.normal.false_alarms.count == 2
    assert "stones" in result.output
    assert "Research use only" in (tmp_path / "out" / "table.md").read_text()


def test_a_second_run_asks_nothing_and_reports_the_same(
    umed_eval: Callable[..., Result], stones: Path, tmp_path: Path
) -> None:
    umed_eval("--data", f"stones={stones}", "--split", "all")
    first, answers = report_of(tmp_path), (tmp_path / "out" / "answers.jsonl").read_bytes()
    umed_eval("--data", f"stones={stones}", "--split", "all")
    assert report_of(tmp_path) == first
    assert (tmp_path / "out" / "answers.jsonl").read_bytes() == answers


def test_normal_phantoms_that_the_fake_engine_boxes_are_false_alarms(
    umed_eval: Callable[..., Result], tmp_path: Path
) -> None:
    pytest.importorskip("umed_core.phantoms")
    result = umed_eval("--phantoms", "5")
    assert result.exit_code == 0, result.output
    (scores,) = report_of(tmp_path).sets
    assert (scores.dataset, scores.abnormal) == ("normal phantoms", None)
    assert scores.normal is not None
    assert scores.normal.false_alarms.count == 5


def test_of_a_built_dataset_the_test_side_is_scored(umed_eval: Callable[..., Result], tmp_path: Path) -> None:
    write_annotated(tmp_path / "squares", 12)
    source = parse_source(f"csv={tmp_path / 'squares'}")
    report = build_mau(MauConfig((source,), tmp_path / "mau"), TemplateTeacher(), lambda _: None)
    result = umed_eval("--data", f"mau={tmp_path / 'mau'}", "--test-share", "1")
    assert result.exit_code == 0, result.output
    (scores,) = report_of(tmp_path).sets
    assert scores.abnormal is not None
    assert scores.dataset.startswith("mau/")
    assert 0 < scores.abnormal.accuracy.count == report.sheet.test < 12
    assert "test part of the split that mau/" in result.output


def test_ctrl_c_keeps_the_answers_and_says_how_to_go_on(
    umed_eval: Callable[..., Result], stones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def interrupted_after_two(*_: object) -> AskModel:
        def ask(pixels: np.ndarray, image: str, question: str) -> Prediction:
            asked.append(image)
            if len(asked) == 3:
                raise KeyboardInterrupt
            return Prediction(image, "Nothing.", (), "fake", 0.1)

        return ask

    monkeypatch.setattr(asking, "ask_through", interrupted_after_two)
    result = umed_eval("--data", f"stones={stones}", "--split", "all")
    assert result.exit_code == 130
    assert "goes on from there" in result.stderr
    assert len((tmp_path / "out" / "answers.jsonl").read_bytes().splitlines()) == 2
    assert not (tmp_path / "out" / "report.json").exists()


def test_a_worker_that_dies_ends_with_its_exit_code_and_keeps_the_answers(
    umed_eval: Callable[..., Result], stones: Path, tmp_path: Path
) -> None:
    umed_eval("--data", f"stones={stones}", "--split", "all", "--limit", "3")
    result = umed_eval("--data", f"stones={stones}", "--split", "all", "--limit", "3", "-q", "crash")
    assert result.exception is not None
    assert getattr(result.exception, "exit_code", None) == 7
    assert len((tmp_path / "out" / "answers.jsonl").read_bytes().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [(["--data", "stones"], 4), (["--data", "stones=/no/such/folder"], 3), ([], 5), (["--split", "half"], 2)],
)
def test_a_wrong_call_ends_with_its_exit_code(
    umed_eval: Callable[..., Result], arguments: list[str], exit_code: int
) -> None:
    result = umed_eval(*arguments)
    assert exit_code in (getattr(result.exception, "exit_code", None), result.exit_code)
