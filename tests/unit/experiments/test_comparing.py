"""Outcomes to cells and tables: every figure by hand."""

from __future__ import annotations

import itertools
import struct

import pytest

from tests.unit.experiments.small import normal, outcome, small_recipe
from umed_core.experiments.catalogue import plan_experiment
from umed_core.experiments.comparing import compare
from umed_core.experiments.writing import markdown, write_reports
from umed_core.prompts import RESEARCH_USE_ONLY

SKILL = {"sft": 0.2, "sft-longer": 0.3, "sft-ppo": 0.4, "full": 0.6}


def answers(arm, test):
    """Four images with a finding, whose IoU is the arm's skill and its seed's luck; a phantom column has normals, too."""
    found = {}
    for seed, luck in ((0, 0.0), (1, 0.1)):
        hits = [outcome(f"{n}.png", named=n < 2 or arm == "full", iou=SKILL[arm] + luck) for n in range(4)]
        found[seed] = (*hits, *([normal("n0", True), normal("n1", seed == 0)] if test.column == "phantom-ct" else []))
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    recipe = small_recipe(tmp_path_factory.mktemp("comparing"))
    (experiment,) = plan_experiment("table2", recipe)
    return compare(experiment, recipe, answers)


def test_cells_by_hand(report):
    sft, full = report.rows[0], report.rows[-1]
    assert [cell.accuracy.value for cell in sft.cells] == [0.5, 0.5, 0.5]
    assert [cell.accuracy.value for cell in full.cells] == [1, 1, 1]
    assert full.cells[0].mean_iou.value == pytest.approx(0.65)  # .6 with one seed, .7 with the other
    assert (full.cells[0].mean_iou.low, full.cells[0].mean_iou.high) == pytest.approx((0.6, 0.7))
    assert (full.cells[2].accuracy.images, full.cells[2].accuracy.seeds) == (8, 2)


def test_false_alarms_only_where_an_image_is_without_a_finding(report):
    polyps, phantoms, average = report.rows[0].cells
    assert polyps.false_alarms is None
    assert phantoms.false_alarms.value == average.false_alarms.value == pytest.approx(3 / 4)


def test_differences_are_paired_by_seed(report):
    labels = {one.label: one for one in report.differences}
    gain = labels["full (UMed) - SFT"].mean_iou[0]
    # Both seeds shift both arms alike: .4 in each, without an interval to speak of.
    assert (gain.value, gain.low, gain.high) == pytest.approx((0.4, 0.4, 0.4))
    assert labels["full (UMed) - SFT"].accuracy[2].value == pytest.approx(0.5)


def test_the_table_says_what_is_synthetic_what_is_the_papers_and_what_it_is_for(report):
    text = markdown(report)
    assert "| full (UMed) | 1.000 [1.000, 1.000] (paper 0.98) | 1.000 [1.000, 1.000] (paper 0.53) |" in text
    assert "phantom ct for DL, n 4" in text and "synthetic images that stand in" in text
    assert "+0.400 [+0.400, +0.400]" in text
    assert text.count(RESEARCH_USE_ONLY) == 1 and "no target" in text


def test_one_seed_says_so(tmp_path):
    recipe = small_recipe(tmp_path, seeds=[0])
    (experiment,) = plan_experiment("table2", recipe)
    report = compare(experiment, recipe, lambda arm, test: {0: answers(arm, test)[0]})
    assert "one seed" in report.notes[0] and "1 seeds" not in markdown(report)


def test_files_are_written_with_all_reports(report, tmp_path):
    write_reports([report, report], tmp_path / "table2")
    assert (tmp_path / "table2" / "table.md").read_text().count("# Table 2: the stages") == 2
    assert '"size": "small"' in (tmp_path / "table2" / "report.json").read_text()


@pytest.mark.parametrize("name", ["table2", "fig4", "table11"])
def test_a_plot_is_a_picture_that_says_what_it_is_for(tmp_path, name):
    pytest.importorskip("matplotlib", reason="needs the [experiments] extra")
    from PIL import Image

    from umed_core.experiments.plots import write_plots

    recipe = small_recipe(tmp_path)
    for experiment in plan_experiment(name, recipe):
        report = compare(experiment, recipe, lambda arm, test: answers("full" if "full" in arm else "sft", test))
        (path,) = write_plots(report, tmp_path)
        picture = Image.open(path)
        assert picture.text["Disclaimer"] == RESEARCH_USE_ONLY
        assert path.name == f"{experiment.name}.png" and min(picture.size) > 400
        assert struct.unpack(">I", path.read_bytes()[16:20])[0] == picture.width
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 20


@pytest.mark.parametrize("name", ["table2", "table8", "table11"])
def test_no_words_lie_on_others_nor_leave_the_plot(tmp_path, name):
    pytest.importorskip("matplotlib", reason="needs the [experiments] extra")
    from umed_core.experiments.plots import draw

    recipe = small_recipe(tmp_path)
    for experiment in plan_experiment(name, recipe):
        canvas = draw(compare(experiment, recipe, lambda arm, test: answers("full" if "full" in arm else "sft", test)))
        words = [text.get_window_extent() for text in canvas.texts]
        title, *small_print = words
        assert canvas.texts[-1].get_text().endswith(RESEARCH_USE_ONLY)
        assert not any(one.overlaps(other) for one, other in itertools.combinations(words, 2))
        assert all(canvas.bbox.x0 <= one.x0 and one.x1 <= canvas.bbox.x1 and one.y0 >= 0 for one in words)
        for inside in (axis.get_tightbbox() for axis in canvas.axes):
            assert inside.y1 <= title.y0 and all(one.y1 <= inside.y0 for one in small_print)
