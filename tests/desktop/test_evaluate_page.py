"""An evaluation in the window: its scores, its answers sorted by IoU, one answer beside the truth, and a run of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from tests.desktop.page_desk import SOON, on_a_desk
from tests.tiny_sft import write_box_set
from umed_core.errors import ConfigError, DataError
from umed_core.evaluation.answers import AnswerStore, GivenAnswer
from umed_core.evaluation.evaluate import EvalConfig, ModelId, evaluate, write_report
from umed_core.evaluation.sets import read_eval_sets
from umed_core.geometry import NormalizedBox
from umed_core.prompts import format_box
from umed_core.records import Prediction
from umed_desktop.pages import detached
from umed_desktop.pages.evaluate.bars import bars_of
from umed_desktop.pages.evaluate.eval_form import EvalForm, eval_arguments, sets_of
from umed_desktop.pages.evaluate.evaluate_page import EvaluatePage
from umed_desktop.pages.evaluate.results import picture_of, read_evaluation, set_names
from umed_desktop.settings import Settings
from umed_desktop.theme import LIGHT

FAKE_UMED = Path(__file__).resolve().parent.parent / "umed_with_fake_worker.py"
MODEL = ModelId("oracle", "ab" * 32, "greedy", "nothing on CPU")


@pytest.fixture(scope="module")
def polyps(tmp_path_factory) -> Path:
    return write_box_set(tmp_path_factory.mktemp("sets") / "polyps", 6)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, polyps) -> Path:
    """Six polyps and two normal phantoms: the answers know every other box and shift it elsewhere, or say nothing."""
    out = tmp_path_factory.mktemp("eval")
    sets = read_eval_sets(polyps, "polyps", 0.2, 0)
    truths = {record.image: record.findings[0].box for one in sets for record in one.records}

    def ask(pixels: np.ndarray, image: str, question: str) -> Prediction:
        box = truths.get(image)
        if box is None:
            return Prediction(image, "No abnormality is seen.", (), "oracle", 0.1)
        number = int(Path(image).stem)
        shifted = NormalizedBox(box.x, box.y, box.w, box.h * (1 - number / 10))
        text = f"A polyp lies at {format_box(shifted)}." if number else "I see a polyp."
        return Prediction(image, text, (), "oracle", 0.1)

    store = AnswerStore(out / "answers.jsonl")
    store.add(GivenAnswer("polyps", "images/000.png", "Another question?", MODEL.sha256, "greedy", "Ignored.", 0.1))
    report = evaluate(sets, EvalConfig(part="all", phantoms=2), MODEL, ask, store, lambda *_: None)
    write_report(report, out / "report.json")
    return out


@pytest.fixture
def page(qtbot, evaluated, polyps):
    with on_a_desk(qtbot, EvaluatePage) as (page, said):
        page.said = said
        page.fields.show_folders({"polyps": polyps})
        page.open_folder(evaluated)
        qtbot.waitUntil(lambda: page.evaluation is not None, timeout=SOON)
        yield page


# --------------------------------------------------------------------------------------------------- the results
def test_each_answer_of_this_report_stands_beside_its_truth(evaluated, polyps):
    found = read_evaluation(evaluated, {"polyps": polyps})
    rows = {row.image: row for row in found.rows}
    assert (len(found.rows), found.unknown, set_names(found.report)) == (8, (), ("polyps",))
    first = rows["images/000.png"]
    assert (first.verdict, first.iou, first.named, first.text) == ("no box", 0.0, True, "I see a polyp.")
    # A box of the same place and width and nine tenths of the height overlaps by nine tenths.
    assert rows["images/001.png"].iou == pytest.approx(0.9, abs=0.02)
    assert (rows["images/001.png"].verdict, rows["images/005.png"].verdict) in {("hit", "hit"), ("hit", "off")}
    assert rows["images/003.png"].picture == polyps / "images/003.png"
    normal = [row for row in found.rows if row.dataset == "normal phantoms"]
    assert [(row.verdict, row.iou) for row in normal] == [("quiet", None)] * 2
    assert picture_of(normal[0]).dtype == np.uint8


def test_the_figures_of_the_rows_are_those_of_the_report(evaluated, polyps):
    found = read_evaluation(evaluated, {"polyps": polyps})
    ious = [row.iou for row in found.rows if row.iou is not None]
    scores = found.report.sets[0].abnormal
    assert sum(ious) / len(ious) == pytest.approx(scores.mean_iou.value)
    assert sum(row.verdict == "hit" for row in found.rows) / len(ious) == pytest.approx(scores.over_half.value)


def test_without_its_folder_a_set_has_answers_and_no_truth(evaluated):
    found = read_evaluation(evaluated, {})
    assert found.unknown == ("polyps",)
    row = next(row for row in found.rows if row.dataset == "polyps")
    assert (row.verdict, row.iou, row.truth, row.picture) == ("", None, (), None)
    with pytest.raises(DataError, match="not known here"):
        picture_of(row)


def test_a_form_becomes_a_command_that_tells_its_sets_again():
    form = EvalForm((("polyps", "/a=b"), ("mau", "/mau")), "/out", limit=9, phantoms=3)
    arguments = eval_arguments(form)
    assert arguments[:5] == ("eval", "--data", "polyps=/a=b", "--data", "mau=/mau")
    assert sets_of(arguments) == {"polyps": Path("/a=b"), "mau": Path("/mau")}
    with pytest.raises(ConfigError, match="nothing to ask"):
        eval_arguments(EvalForm(out="/out"))


def test_a_bar_each_for_place_class_and_false_alarms(evaluated, polyps):
    bars = bars_of(read_evaluation(evaluated, {"polyps": polyps}).report.sets)
    assert [bar.label for bar in bars] == ["polyps: mean IoU", "polyps: class named", "normal phantoms: false alarms"]
    assert (bars[0].control is not None, bars[1].estimate.value, bars[2].estimate.value) == (True, 1.0, 0.0)


# ------------------------------------------------------------------------------------------------------ the page
def test_scores_are_shown_with_their_intervals(page):
    cells = [page.scores.item(0, column).text() for column in range(page.scores.columnCount())]
    assert cells[:2] == ["polyps", "6"]
    assert cells[2].startswith("1.000  [")
    assert page.scores.item(1, 3).text() == "–"
    assert "oracle (abababababab)" in page.about.text()
    assert "polyps: mean IoU" in page.bars.accessibleDescription()


def test_the_worst_answer_comes_first_and_a_click_on_the_head_turns_the_order(qtbot, page):
    assert (page.answers.row_at(0).image, page.answers.row_at(7).iou) == ("images/000.png", None)
    header = page.answers.horizontalHeader()
    middle = QPoint(header.sectionViewportPosition(2) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    ious = [page.answers.row_at(place).iou for place in range(8)]
    assert ious[:2] == [None, None]
    assert ious[2:] == sorted(ious[2:], reverse=True)


def test_a_line_shows_the_image_with_the_answers_box_and_the_true_one(qtbot, page):
    index = page.answers.model().index(3, 0)
    place = page.answers.visualRect(index).center()
    qtbot.mouseClick(page.answers.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: page.view.has_image, timeout=SOON)
    row = page.answers.row_at(3)
    assert page.text.toPlainText() == row.text
    assert page.truth._boxes == (row.truth[0].box,)
    assert [drawn.box for drawn in page.view._boxes] == [row.boxes[0].box]
    assert "true, dashed: <b>polyp</b>" in page.legend.text()
    x, y = page.view.affine.to_screen(0, 0)
    assert page.view.grab().toImage().pixelColor(int(x) + 3, int(y) + 3).red() in range(
        15, 26
    )  # the picture's ground, 20


def test_a_set_that_is_not_at_hand_is_asked_for_and_then_shown(qtbot, evaluated, polyps):
    with on_a_desk(qtbot, EvaluatePage) as (page, _):
        page.open_folder(evaluated)
        qtbot.waitUntil(lambda: page.evaluation is not None, timeout=SOON)
        assert "Add the folder of polyps" in page.about.text()
        page.fields.name.setText("polyps")
        page.fields.path.line.setText(str(polyps))
        qtbot.mouseClick(page.fields.add, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: page.evaluation.unknown == (), timeout=SOON)
        assert "Add the folder" not in page.about.text()


def test_both_themes_draw_the_bars(page):
    dark = page.bars.grab().toImage()
    page.set_palette(LIGHT)
    assert page.bars.grab().toImage() != dark


def test_a_folder_without_a_report_and_a_damaged_one_are_told(qtbot, page, tmp_path):
    page.open_folder(tmp_path)
    assert "not evaluated yet" in page.bar.state.text()
    (tmp_path / "report.json").write_text("{}")
    page.open_folder(tmp_path)
    qtbot.waitUntil(lambda: bool(page.said.errors), timeout=SOON)
    assert "is no report" in page.said.errors[0].message


def test_what_is_missing_is_told_beside_the_form(qtbot, page):
    page.fields.show_folders({})
    page.start.click()
    assert "nothing to ask about" in page.fields.fault.text()


@pytest.mark.timeout(240)
def test_an_evaluation_is_run_and_shown(qtbot, polyps, tmp_path, monkeypatch):
    """A real `umed eval`, with the fake engine in its worker, which boxes what is bright: the ellipses."""
    monkeypatch.setattr(detached, "umed_command", lambda given: [sys.executable, str(FAKE_UMED), *given])
    out = tmp_path / "eval"
    with on_a_desk(qtbot, EvaluatePage) as (page, said):
        page.fields.name.setText("polyps")
        page.fields.path.line.setText(str(polyps))
        page.fields.add.click()
        page.fields.split.setCurrentIndex(2)
        page.fields.model.line.setText(str(tmp_path / "fake"))
        page.fields.out.line.setText(str(out))
        page.start.click()
        assert (page.fields.fault.text(), page.stop_button.isEnabled()) == ("", True)
        qtbot.waitUntil(lambda: not page.watch.is_running, timeout=200_000)
        assert (page.bar.state.text(), page.bar.failure.text()) == ("eval: evaluated", "")
        qtbot.waitUntil(lambda: page.evaluation is not None, timeout=SOON)
        assert len(page.evaluation.rows) == 6
        assert page.evaluation.report.sets[0].abnormal.mean_iou.value > 0.8
        assert said.settings.eval_folder == str(out)
    with on_a_desk(qtbot, EvaluatePage, Settings(eval_folder=str(out))) as (later, _):
        qtbot.waitUntil(lambda: later.evaluation is not None, timeout=SOON)
        assert later.evaluation.unknown == ()  # the run's own note says where the sets lie
