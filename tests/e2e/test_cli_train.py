"""`umed train sft` as a person types it: what it says, how it stops and goes on, and what a slip costs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from umed_cli import train
from umed_core.config import load_sft_config
from umed_core.errors import Cancelled, ConfigError, MissingFile
from umed_core.prompts import RESEARCH_USE_ONLY
from umed_core.training.run import StepReport

PROGRAM = [sys.executable, "-m", "umed_cli", "train", "sft"]


@pytest.fixture
def umed(repository, program_environment, tmp_path):
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, *(str(argument) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=program_environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.mark.timeout(400)  # it starts torch twice
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_finishes_the_step_and_the_same_command_goes_on(umed, tmp_path, repository, program_environment):
    pytest.importorskip("torch", reason="needs the [train] extra")
    out = tmp_path / "run"
    arguments = ["--config", "smoke-sft", "--set", f"run.out={out}", "--set", "optimizer.steps=24"]
    process = subprocess.Popen(
        [*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=program_environment, start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    while "step 2/24" not in said and process.poll() is None:
        said += process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to the whole group
    _, rest = process.communicate(timeout=300)
    assert process.returncode == 130, said + rest
    assert "Traceback" not in said + rest
    stopped = re.search(r"error: Stopped after step (\d+) of 24\.\nhint: The same command goes on from here\.", rest)
    assert stopped is not None, rest
    step = int(stopped.group(1))
    assert (out / "checkpoints" / f"step-{step:06}").is_dir()

    done = umed(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"step {step + 1}/24, loss " in done.stderr and "step 1/24" not in done.stderr
    assert re.search(r"step 24/24, loss \d+\.\d{4}, \d+\.\d samples/s, 0:00:00 left", done.stderr)
    assert done.stdout.splitlines() == [
        f"model: {out / 'model'}",
        f"ask it:    umed ask IMAGE --model {out / 'model'}",
        f"export it: umed export-onnx {out / 'model'} --out DIR",
        RESEARCH_USE_ONLY,
    ]
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 25))
    assert (out / "model" / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--config", "nothing"], 3, "There is no recipe nothing"),
        (["--config", "smoke-sft", "--set", "optimizer.stepps=3"], 4, "stepps"),
        (["--config", "smoke-sft", "--set", "steps"], 4, "not key=value"),
        (["--config", "paper-sft"], 4, "init"),
    ],
)
def test_a_slip_is_two_lines_and_an_exit_code(umed, arguments, code, said):
    done = umed(*arguments)
    assert done.returncode == code
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ") and said in error and hint.startswith("hint: ")


def test_help_names_the_recipes_and_loads_no_torch(program_environment):
    code = (
        "import sys, contextlib\n"
        "sys.argv = ['umed', 'train', 'sft', '--help']\n"
        "from umed_cli.main import main\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "assert not {'torch', 'transformers', 'numpy'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=program_environment)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("umed-mini", "paper-sft", "smoke-sft", "--set"))


# ---- in this process


def test_a_recipe_is_found_by_name_or_by_path(tmp_path, monkeypatch):
    assert load_sft_config(train.recipe_file("smoke-sft")).optimizer.steps == 8
    assert train.recipe_file("umed-mini.toml") == train.recipe_file("umed-mini")
    own = tmp_path / "smoke-sft.toml"
    own.write_text("# mine")
    assert train.recipe_file(str(own)) == own
    monkeypatch.chdir(tmp_path)
    assert train.recipe_file("smoke-sft.toml") == Path("smoke-sft.toml"), "a file here comes before umed's own"
    with pytest.raises(MissingFile) as caught:
        train.recipe_file("elsewhere/smoke-sft")
    assert "smoke-sft" in caught.value.hint


def test_without_the_train_extra_the_pip_line_is_said(monkeypatch):
    monkeypatch.setattr(train, "NEEDED", ("json", "surely_not_installed"))
    with pytest.raises(ConfigError, match="surely_not_installed") as caught:
        train.sft(config="smoke-sft", overrides=[])
    assert caught.value.hint == "pip install 'umed[train]'"


def test_the_second_ctrl_c_stops_at_once_and_the_old_handler_comes_back(capfd):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Cancelled, match="at once"), train._interrupts() as cancelled:
        assert not cancelled()
        signal.raise_signal(signal.SIGINT)
        assert cancelled()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
    assert "Ctrl-C again stops at once" in capfd.readouterr().err


def test_only_the_first_process_speaks(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    with train._progress(load_sft_config(train.recipe_file("smoke-sft"))) as show:
        show(StepReport(1, 8, {"loss": 1.0}, 3.0))
    assert capsys.readouterr() == ("", "")


def test_speed_counts_the_samples_since_the_first_step(monkeypatch):
    clock = iter([100.0, 102.0, 108.0])
    monkeypatch.setattr(train.time, "monotonic", lambda: next(clock))
    words = train._in_words(samples=4)
    said = [words(StepReport(step, 9, {"loss": 0.5}, 0.0)) for step in (1, 2, 5)]
    assert said == ["loss 0.5000", "loss 0.5000, 2.0 samples/s", "loss 0.5000, 2.0 samples/s"]


def test_a_clock():
    assert [train._clock(seconds) for seconds in (0.4, 59.6, 3661)] == ["0:00:00", "0:01:00", "1:01:01"]
