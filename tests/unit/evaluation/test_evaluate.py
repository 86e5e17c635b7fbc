"""The run: each sample asked once, kept, and scored; what cannot be opened is listed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from umed_core.errors import ConfigError, CorruptImage, DataError, MissingFile
from umed_core.evaluation import evaluate as evaluation
from umed_core.evaluation.answers import AnswerStore
from umed_core.evaluation.evaluate import EvalConfig, ModelId, Report, evaluate, read_report, write_report
from umed_core.evaluation.samples import Sample, limited, part_of
from umed_core.evaluation.sets import EvalSet, of_box_set
from umed_core.evaluation.tables import COLUMNS, markdown_table, report_lines, text_table
from umed_core.geometry import NormalizedBox
from umed_core.mau.box_sets import BoxSet
from umed_core.mau.cases import RefusedRow
from umed_core.mau.split import Split, split_by_group
from umed_core.prompts import format_box
from umed_core.records import Finding, MauRecord, Prediction

MODEL = ModelId("oracle", "ab" * 32, "greedy")
LEFT, RIGHT = NormalizedBox(0.0, 0.0, 0.5, 1.0), NormalizedBox(0.5, 0.0, 0.5, 1.0)


def box_set(count: int, name: str = "polyps") -> BoxSet:
    records = [
        MauRecord(f"images/{k}.png", name, f"patient {k}", (Finding("polyp", (LEFT, RIGHT)[k % 2]),))
        for k in range(count)
    ]
    return BoxSet(name, Path("nowhere"), tuple(records), (RefusedRow(9, "bad.png", "missing file"),))


class Oracle:
    """Answers rightly for even and odd image names, and remembers what it was asked."""

    def __init__(self, dies_after: int = 10**9) -> None:
        self.asked: list[str] = []
        self._dies_after = dies_after

    def __call__(self, pixels: np.ndarray, image: str, question: str) -> Prediction:
        if len(self.asked) == self._dies_after:
            raise KeyboardInterrupt
        self.asked.append(image)
        number = int(Path(image).stem)
        return Prediction(image, f"A polyp at {format_box((LEFT, RIGHT)[number % 2])}.", (), "oracle", 0.25)


@pytest.fixture(autouse=True)
def blank_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record is a blank picture, but 7.png, which is damaged."""

    def pixels(record: MauRecord) -> np.ndarray:
        if record.image == "images/7.png":
            raise CorruptImage("7.png is cut off.", "Get it again.")
        return np.zeros((2, 2), np.uint8)

    def samples(eval_set: EvalSet, records: list[MauRecord]) -> list[Sample]:
        return [Sample(record, lambda record=record: pixels(record)) for record in records]

    monkeypatch.setattr(evaluation, "samples_of", samples)


def run(store: AnswerStore, oracle: Oracle, config: EvalConfig, count: int = 20) -> Report:
    eval_set = of_box_set(box_set(count), config.test_share, config.seed)
    return evaluate([eval_set], config, MODEL, oracle, store, lambda done, total, image: None)


def test_a_right_answer_to_every_image_scores_one_and_its_controls_do_not(tmp_path: Path) -> None:
    report = run(AnswerStore(tmp_path / "a.jsonl"), Oracle(), EvalConfig(part="all"))
    (scores,) = report.sets
    assert scores.abnormal is not None
    assert scores.normal is None
    assert scores.abnormal.accuracy.value == scores.abnormal.mean_iou.value == 1
    assert scores.abnormal.accuracy.count == 19
    assert 0.2 < scores.abnormal.shuffled_iou < 0.7
    assert scores.abnormal.center_iou == pytest.approx(1 / 3, abs=0.1)
    assert scores.seconds_per_answer == 0.25


def test_a_damaged_image_is_listed_and_in_no_figure(tmp_path: Path) -> None:
    report = run(AnswerStore(tmp_path / "a.jsonl"), Oracle(), EvalConfig(part="all"))
    assert [(image.image, image.reason) for image in report.unasked] == [
        ("images/7.png", "CorruptImage: 7.png is cut off. Hint: Get it again.")
    ]


def test_a_stopped_run_goes_on_with_the_rest(tmp_path: Path) -> None:
    config = EvalConfig(part="all")
    with pytest.raises(KeyboardInterrupt):
        run(AnswerStore(tmp_path / "a.jsonl"), Oracle(dies_after=5), config)
    rest = Oracle()
    report = run(AnswerStore(tmp_path / "a.jsonl"), rest, config)
    assert len(rest.asked) == 14
    assert report == run(AnswerStore(tmp_path / "b.jsonl"), Oracle(), config)


def test_the_test_part_is_the_split_s(tmp_path: Path) -> None:
    oracle = Oracle()
    run(AnswerStore(tmp_path / "a.jsonl"), oracle, EvalConfig(test_share=0.5, seed=3))
    split = split_by_group(box_set(20).records, 0.5, 3)
    assert set(oracle.asked) == {record.image for record in split.test} - {"images/7.png"}


def test_a_limit_asks_a_sample_that_only_grows() -> None:
    records = box_set(20).records
    few, more = ({record.image for record in limited(records, count)} for count in (5, 10))
    assert (len(few), len(more)) == (5, 10)
    assert few < more
    assert limited(records, 0) == limited(records, 99) == records


def test_no_sample_is_an_error_before_a_table_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no image to ask about"):
        run(AnswerStore(tmp_path / "a.jsonl"), Oracle(), EvalConfig(test_share=0.0))


def test_two_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Two sets are called 'polyps'"):
        twice = [of_box_set(box_set(2), 0.2, 0)] * 2
        evaluate(twice, EvalConfig(), MODEL, Oracle(), AnswerStore(tmp_path / "a"), lambda *_: None)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ConfigError, match="no part 'tset'"):
        part_of(split_by_group([], 0.2, 0), "tset")  # type: ignore[arg-type]


def test_a_report_reads_back_as_it_was(tmp_path: Path) -> None:
    report = run(AnswerStore(tmp_path / "a.jsonl"), Oracle(), EvalConfig())
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report
    assert report.splits["polyps"]["test_images"] + report.splits["polyps"]["train_images"] == 20
    with pytest.raises(MissingFile):
        read_report(tmp_path / "none.json")
    for spoilt in (b"{}", b'{"model": "\xff"}', b""):
        (tmp_path / "report.json").write_bytes(spoilt)
        with pytest.raises(DataError, match="is no report"):
            read_report(tmp_path / "report.json")


def test_the_tables_show_each_figure_under_its_name(tmp_path: Path) -> None:
    report = run(AnswerStore(tmp_path / "a.jsonl"), Oracle(), EvalConfig(part="all", limit=19))
    header, _, row = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in markdown_table(report).splitlines()
    )
    cells = dict(zip(header, row, strict=True))
    assert header == list(COLUMNS)
    assert cells["dataset"] == "polyps"
    assert cells["parsable"] == cells["IoU > .5"] == "1.000"
    assert cells["accuracy [95 %]"].startswith("1.000 [0.8")
    assert cells["normal n"] == "0"
    assert cells["false alarms [95 %]"] == "-"
    assert [line.split()[0] for line in text_table(report).splitlines()] == ["dataset", "polyps"]
    said = "\n".join(report_lines(report))
    assert "oracle (abababababab), greedy" in said
    assert "polyps: 1 annotation rows could not be used" in said


def test_answers_of_another_model_are_not_reused(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a.jsonl")
    run(store, Oracle(), EvalConfig(part="all"))
    oracle = Oracle()
    sets = [of_box_set(box_set(20), 0.2, 0)]
    evaluate(sets, EvalConfig(part="all"), ModelId("new", "cd", "greedy"), oracle, store, lambda *_: None)
    assert len(oracle.asked) == 19


def built_set(*, pictures: str = "a") -> EvalSet:
    """Four records, of which 1.png alone is on the test side; `pictures` stands for what the files hold."""
    records = [
        replace(record, provenance={"image_sha256": f"{pictures}{number}"})
        for number, record in enumerate(box_set(4, "mau/polyps").records)
    ]
    split = Split((records[0], *records[2:]), (records[1],), 0.25, 7)
    return EvalSet("mau/polyps", Path("nowhere"), split, brings_split=True)


def test_a_set_that_brings_its_split_is_scored_on_it_whatever_share_is_asked_for(tmp_path: Path) -> None:
    oracle = Oracle()
    config = EvalConfig(test_share=0.9, seed=1)
    report = evaluate([built_set()], config, MODEL, oracle, AnswerStore(tmp_path / "a"), lambda *_: None)
    assert oracle.asked == ["images/1.png"]
    assert (report.splits["mau/polyps"]["test_share"], report.brought_splits) == (0.25, ("mau/polyps",))
    said = "\n".join(report_lines(report))
    assert "test part of the split that mau/polyps came with: test share 0.25, seed 7\n" in said
    assert "0.9" not in said


def test_sets_of_one_dataset_share_a_line_about_their_split_and_a_box_set_has_its_own(tmp_path: Path) -> None:
    sets = [built_set(), replace(built_set(), name="mau/stones"), of_box_set(box_set(9), 0.5, 1)]
    config = EvalConfig(test_share=0.5, seed=1)
    report = evaluate(sets, config, MODEL, Oracle(), AnswerStore(tmp_path / "a"), lambda *_: None)
    assert [line for line in report_lines(report) if "split" in line] == [
        "test part of a group-wise split: test share 0.5, seed 1",
        "test part of the split that mau/polyps, mau/stones came with: test share 0.25, seed 7",
    ]


def test_another_picture_under_the_same_name_is_asked_about_again(tmp_path: Path) -> None:
    store = AnswerStore(tmp_path / "a")
    for pictures, asked in (("a", 1), ("a", 0), ("b", 1)):
        oracle = Oracle()
        evaluate([built_set(pictures=pictures)], EvalConfig(), MODEL, oracle, store, lambda *_: None)
        assert len(oracle.asked) == asked
