"""Training from the window: recipes, curves of a run as it grows, and a trainer that pauses, crashes and goes on."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from tests.desktop.page_desk import SOON, on_a_desk
from umed_core.config import load_aar_config
from umed_core.errors import ConfigError
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_desktop.pages import detached
from umed_desktop.pages.train.recipes import field_rows, read_recipe, shipped_recipes, train_arguments
from umed_desktop.pages.train.run_log import RunLog, charts_of, smoothed
from umed_desktop.pages.train.train_page import TrainPage
from umed_desktop.settings import Settings

A_STEP = {
    "r_llm": 0.5,
    "r_loc": 0.25,
    "r_att": 0.125,
    "parsable_share": 1.0,
    "kl_k3": 0.01,
    "loss": 2.0,
    "grad_norm": 1.0,
}


@pytest.fixture
def page(qtbot):
    with on_a_desk(qtbot, TrainPage) as (page, said):
        page.said = said
        yield page


def write_run(folder: Path, steps: int) -> Path:
    """A run folder with `steps` logged steps whose loss is 8, 4, 2, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"step": step, **A_STEP, "loss": 16 * 0.5**step, "learning_rate": 0.0} for step in range(1, steps + 1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


# ------------------------------------------------------------------------------------------------------- recipes
def test_umeds_own_recipes_are_offered_the_quick_ones_first():
    recipes = shipped_recipes()
    assert [recipe.name for recipe in recipes[:2]] == ["smoke-sft", "smoke-aar"]
    stages = {recipe.name: recipe.stage for recipe in recipes}
    assert (stages["paper-sft"], stages["paper-aar"], stages["mini-aar"]) == ("sft", "aar", "aar")
    assert all(recipe.about for recipe in recipes)
    assert not any("umed train" in recipe.about for recipe in recipes)


def test_the_fields_carry_the_recipes_values():
    recipe = next(r for r in shipped_recipes() if r.name == "mini-aar")
    rows = {row.key: row.value for row in field_rows(recipe)}
    config = load_aar_config(recipe.path)
    assert float(rows["ppo.kl_coef"]) == config.ppo.kl_coef
    assert (rows["rollout.candidates"], rows["reward.arm"]) == (str(config.rollout.candidates), config.reward.arm)
    assert rows["data.sources.0.path"] == config.data.sources[0].path


def test_overrides_become_arguments_and_wrong_ones_are_named(tmp_path):
    recipe = shipped_recipes()[0]
    arguments = train_arguments(recipe, tmp_path / "run", tmp_path, {"optimizer.steps": "3"})
    assert arguments[:3] == ("train", "sft", "--config")
    assert {"optimizer.steps=3", f"run.out={tmp_path / 'run'}", f"data.root={tmp_path}"} < set(arguments)
    with pytest.raises(ConfigError, match="optimizer"):
        train_arguments(recipe, tmp_path, None, {"optimizer.speed": "3"})
    with pytest.raises(ConfigError, match="steps"):
        train_arguments(recipe, tmp_path, None, {"optimizer.steps": "many"})


def test_a_file_that_is_no_recipe_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text("[model\n")
    with pytest.raises(ConfigError, match=r"a\.toml"):
        read_recipe(tmp_path / "a.toml")


# -------------------------------------------------------------------------------------------------------- curves
def test_smoothing_is_the_debiased_running_mean_by_hand():
    # 4; (.5 * .5 * 4 + .5 * 0) / (1 - .25); (.5 * .25 * 4 + .5 * 6) / (1 - .125)
    assert smoothed([4.0, 0.0], 0.5) == pytest.approx([4.0, 4 / 3])
    assert smoothed([4.0, 0.0, 6.0], 0.5)[2] == pytest.approx(4.0)
    assert smoothed([4.0, 0.0, 6.0], 0.0) == [4.0, 0.0, 6.0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0, 0.99))
def test_smoothing_stays_within_what_was_seen(values, weight):
    for end, mean in enumerate(smoothed(values, weight), 1):
        slack = 1e-6 * (1 + max(abs(v) for v in values[:end]))
        assert min(values[:end]) - slack <= mean <= max(values[:end]) + slack


def test_a_log_is_read_on_as_it_grows_and_a_torn_line_waits(tmp_path):
    run = RunLog(write_run(tmp_path / "run", 2))
    assert run.refresh()
    assert run.values["loss"] == [8.0, 4.0]
    with (tmp_path / "run" / "metrics.jsonl").open("a") as lines:
        lines.write('{"step": 3, "lo')
    assert not run.refresh()
    with (tmp_path / "run" / "metrics.jsonl").open("a") as lines:
        lines.write('ss": 2.0}\n')
    assert run.refresh()
    assert (run.values["loss"], run.last_step) == ([8.0, 4.0, 2.0], 3)


def test_a_resumed_run_that_forgot_steps_is_read_anew(tmp_path):
    run = RunLog(write_run(tmp_path / "run", 5))
    run.refresh()
    write_run(tmp_path / "run", 3)
    run.refresh()
    assert run.steps["loss"] == [1, 2, 3]


def test_no_run_has_no_figures_and_no_charts(tmp_path):
    run = RunLog(tmp_path)
    assert (run.refresh(), run.last_step, run.model, run.can_resume) == (False, 0, None, False)
    assert charts_of({}) == ()
    assert [chart.title for chart in charts_of({"r_loc": [0.1], "loss": [1.0]})] == ["Loss", "Rewards"]


# ------------------------------------------------------------------------------------------------------ the page
def test_a_run_written_elsewhere_shows_its_curves_and_newest_figures(qtbot, page, tmp_path):
    page.open_folder(write_run(tmp_path / "elsewhere", 4))
    assert page.bar.state.text() == "elsewhere: written elsewhere"
    assert "loss <b>1</b>" in page.curves.words("Loss")
    assert "r_loc <b>0.25</b>" in page.curves.words("Rewards")
    assert "parsable_share <b>1</b>" in page.curves.words("Parsable share")
    assert "kl_k3 <b>0.01</b>" in page.curves.words("KL from stage 1")
    qtbot.waitUntil(lambda: not page.curves.is_drawing)
    drawn = page.curves._plots["Loss"].listDataItems()
    assert list(drawn[0].getData()[1]) == [8.0, 4.0, 2.0, 1.0]
    page.curves.smoothing.setValue(0)
    qtbot.waitUntil(lambda: not page.curves.is_drawing)
    assert list(page.curves._plots["Loss"].listDataItems()[1].getData()[1]) == [8.0, 4.0, 2.0, 1.0]
    assert page.said.settings.run_folder == str(tmp_path / "elsewhere")


def test_curves_survive_a_rate_of_zero_and_the_other_theme(qtbot, page, tmp_path):
    from umed_desktop.theme import LIGHT

    page.open_folder(write_run(tmp_path / "run", 2))  # learning_rate 0 on a logarithmic axis
    page.set_palette(LIGHT)
    qtbot.waitUntil(lambda: not page.curves.is_drawing)
    assert "grad_norm <b>1</b>" in page.curves.words("Gradient and rate")
    page.curves.grab()


def test_curves_are_as_wide_on_a_sharp_screen(qtbot, page, tmp_path, monkeypatch):
    """pyqtgraph's pens count pixels of the screen, and Qt's measures do not."""
    import pyqtgraph

    monkeypatch.setattr(pyqtgraph.PlotWidget, "devicePixelRatioF", lambda _: 2.0)
    page.open_folder(write_run(tmp_path / "run", 2))
    qtbot.waitUntil(lambda: not page.curves.is_drawing)
    pens = [curve.opts["pen"] for curve in page.curves._plots["Loss"].listDataItems()]
    assert {pen.widthF() for pen in pens} == {2.0, 4.0} and all(pen.isCosmetic() for pen in pens)


def test_a_wrong_value_is_told_at_once_and_keeps_start_shut(qtbot, page, tmp_path):
    page.form.choose("smoke-sft")
    page.form.out.set_text(str(tmp_path / "run"))
    assert page.start.isEnabled()
    row = next(r for r in range(page.form.table.rowCount()) if page.form.table.item(r, 0).text() == "optimizer.steps")
    page.form.table.item(row, 2).setText("soon")
    assert "steps" in page.form.fault.text()
    assert not page.start.isEnabled()
    page.form.table.item(row, 2).setText("3")
    assert page.form.fault.text() == ""
    assert "optimizer.steps=3" in page.form.arguments()


def test_any_field_of_the_recipe_can_be_overridden(qtbot, page):
    last = page.form.table.rowCount() - 1
    page.form.table.item(last, 0).setText("optimizer.warmup_share")
    page.form.table.item(last, 2).setText("0.1")
    assert page.form.overrides() == {"optimizer.warmup_share": "0.1"}
    assert page.form.table.rowCount() == last + 2


def test_a_recipe_without_a_model_asks_for_one(qtbot, page):
    page.form.choose("paper-aar")
    assert "init" in page.form.fault.text()
    assert not page.start.isEnabled()


# ---------------------------------------------------------------------------------------------- a trainer of its own
TRAINER = """
import json, signal, sys, time
from pathlib import Path
run, how = Path(sys.argv[1]), sys.argv[2]
stop = []
signal.signal(signal.SIGINT, lambda *_: stop.append(1))
start = 4 if (run / "checkpoints" / "step-000004").exists() else 0
for step in range(start + 1, 9):
    with (run / "metrics.jsonl").open("a") as out:
        out.write(json.dumps({"step": step, "loss": 1.0 / step}) + "\\n")
    print(f"step {step}/8, loss {1.0 / step:.4f}, 0:00:0{8 - step} left", file=sys.stderr, flush=True)
    if how == "crash" and step == 4:
        (run / "checkpoints" / "step-000004").mkdir(parents=True)
        print("error: Could not write the checkpoint of step 4: No space left on device.", file=sys.stderr)
        print("hint: Free some space and start again: the run resumes from its last checkpoint.", file=sys.stderr)
        sys.exit(9)
    for _ in range(600 if how == "wait" and step == 4 else 0):
        time.sleep(0 if stop else 0.05)
    if stop:
        (run / "checkpoints" / "step-000004").mkdir(parents=True, exist_ok=True)
        print(f"error: Stopped after step {step} of 8.", file=sys.stderr)
        sys.exit(130)
(run / "model").mkdir()
(run / "model" / "config.json").write_text("{}")
print("model: x")
print(RESEARCH)
"""


@pytest.fixture
def trainer(monkeypatch):
    """Sets what the trainer does: "end", "crash" at step 4, or "wait" there to be paused."""

    def does(how: str) -> None:
        def command(arguments):
            (out,) = (part.removeprefix("run.out=") for part in arguments if part.startswith("run.out="))
            code = TRAINER.replace("RESEARCH", repr(RESEARCH_USE_ONLY))
            return [sys.executable, "-c", code, out, how]

        monkeypatch.setattr(detached, "umed_command", command)

    return does


def start(qtbot, page, folder: Path) -> None:
    page.form.choose("smoke-sft")
    page.form.out.set_text(str(folder))
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    assert page.form.fault.text() == ""


def until_ended(qtbot, page) -> None:
    qtbot.waitUntil(lambda: not page.watch.is_running, timeout=SOON)


def test_a_run_is_started_watched_to_its_end_and_its_model_used(qtbot, page, trainer, tmp_path):
    trainer("end")
    start(qtbot, page, tmp_path / "run")
    assert (page.start.isEnabled(), page.pause.isEnabled()) == (False, True)
    until_ended(qtbot, page)
    assert page.bar.state.text() == "run: done after 8 steps"
    assert "loss <b>0.125</b>" in page.curves.words("Loss")
    assert "step 8/8" in page.log.toPlainText()
    page.use.click()
    assert page.said.models == [tmp_path / "run" / "model"]


def test_a_crash_shows_its_one_line_and_the_run_goes_on(qtbot, page, trainer, tmp_path):
    trainer("crash")
    start(qtbot, page, tmp_path / "run")
    until_ended(qtbot, page)
    assert page.bar.state.text() == "run: stopped by an error"
    assert page.bar.failure.text().startswith("Could not write the checkpoint of step 4: No space left on device. Free")
    assert (page.start.text(), page.start.isEnabled(), page.use.isEnabled()) == ("Resume", True, False)
    trainer("end")
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    until_ended(qtbot, page)
    assert page.bar.state.text() == "run: done after 8 steps"
    assert page.run.steps["loss"] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for one process")
def test_pause_ends_with_a_checkpoint_and_another_page_finds_the_run(qtbot, page, trainer, tmp_path):
    trainer("wait")
    start(qtbot, page, tmp_path / "run")
    qtbot.waitUntil(lambda: page.bar.place.text().startswith("4 of 8"), timeout=SOON)
    with on_a_desk(qtbot, TrainPage, Settings(run_folder=str(tmp_path / "run"))) as (later, _):
        assert later.bar.state.text() == "run: running"
        qtbot.waitUntil(lambda: later.bar.place.text() == "4 of 8, 0:00:04 left", timeout=SOON)
        assert "loss <b>0.25</b>" in later.curves.words("Loss")
        later.pause.click()
        assert later.pause.text() == "Stop at once"
        until_ended(qtbot, later)
        assert (later.bar.state.text(), later.start.text()) == ("run: paused at step 4", "Resume")
        assert later.bar.failure.text() == ""
    until_ended(qtbot, page)
    assert page.bar.state.text() == "run: paused at step 4"


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a POSIX signal")
def test_a_killed_trainer_is_told_and_can_be_resumed(qtbot, page, trainer, tmp_path):
    trainer("wait")
    start(qtbot, page, tmp_path / "run")
    qtbot.waitUntil(lambda: page.bar.place.text().startswith("4 of 8"), timeout=SOON)
    os.kill(page.watch.job.record.pid, signal.SIGKILL)
    until_ended(qtbot, page)
    assert "signal 9, perhaps for want of memory" in page.bar.failure.text()
    assert (page.start.text(), page.start.isEnabled()) == ("Resume", True)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_the_real_trainer_refuses_is_told_in_its_words(qtbot, page, tmp_path):
    page.form.choose("smoke-sft")
    run = tmp_path / "run"
    row = next(r for r in range(page.form.table.rowCount()) if page.form.table.item(r, 0).text() == "model.init")
    page.form.table.item(row, 2).setText(str(tmp_path / "no-model"))
    page.form.out.set_text(str(run))
    page.start.click()
    qtbot.waitUntil(lambda: not page.watch.is_running, timeout=200_000)
    assert "no-model" in page.bar.failure.text()


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_smoke_sft_runs_from_the_window_to_a_model(qtbot, page, tmp_path):
    """The real thing: paused by its button, resumed by its button, and the model is there."""
    page.form.choose("smoke-sft")
    page.form.out.set_text(str(tmp_path / "run"))
    page.start.click()
    qtbot.waitUntil(lambda: bool(page.run.values), timeout=300_000)
    page.pause.click()
    qtbot.waitUntil(lambda: not page.watch.is_running, timeout=120_000)
    step = page.run.last_step
    if step < 8:
        assert page.bar.state.text() == f"run: paused at step {step}"
        assert page.start.text() == "Resume"
        page.start.click()
        qtbot.waitUntil(lambda: not page.watch.is_running, timeout=300_000)
    assert page.bar.state.text() == "run: done after 8 steps"
    assert page.run.steps["loss"] == [1, 2, 3, 4, 5, 6, 7, 8]
    page.use.click()
    assert page.said.models == [tmp_path / "run" / "model"]
