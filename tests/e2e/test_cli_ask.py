"""`umed ask` as a person runs it: a process with arguments in, stdout, stderr, files and an exit code out.

The worker is a real process; the fake engine in it boxes what is bright.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from umed_core.prompts import RESEARCH_USE_ONLY

PROGRAM = [sys.executable, "tests/umed_with_fake_worker.py"]
ANSWER = "a bright region at [bbox_start] 0.250, 0.250, 0.500, 0.250 [bbox_end] looks like a kidney stone."


@pytest.fixture
def stone(tmp_path: Path) -> Path:
    """64 x 64 pixels, bright in x 16..48, y 16..32: the box 0.25, 0.25, 0.5, 0.25."""
    pixels = np.full((64, 64), 40, np.uint8)
    pixels[16:32, 16:48] = 255
    path = tmp_path / "stone.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def umed(repository, program_environment, tmp_path):
    """Runs `umed` with arguments and returns the finished process."""

    def run(*arguments: object, program: list[str] = PROGRAM) -> subprocess.CompletedProcess[str]:
        command = [*program, *(str(argument) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=repository, env=program_environment)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def test_a_person_reads_the_answer_the_box_and_the_notice(umed, stone):
    done = umed("ask", stone, "--model", "fake")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1:3] == [str(stone), f"  Answer 1: {ANSWER}"]
    assert lines[3].startswith(
        "  box 1: kidney stone, x 16 to 48, y 16 to 32 of 64 x 64 px (0.250, 0.250, 0.500, 0.250), "
    )
    assert lines[-1] == RESEARCH_USE_ONLY
    assert done.stderr == "model: fake on AUTO (fake)\n"


def test_json_is_one_line_an_image_and_nothing_else(umed, stone):
    done = umed("ask", stone, "--json", "--model", "fake")
    (line,) = done.stdout.splitlines()
    answer = json.loads(line)
    assert answer.pop("seconds") >= 0
    assert answer == {
        "image": str(stone),
        "text": f"Answer 1: {ANSWER}",
        "boxes": [{"x": 0.25, "y": 0.25, "w": 0.5, "h": 0.25, "label": "kidney stone"}],
        "model": "fake",
    }
    assert RESEARCH_USE_ONLY in done.stderr


def test_questions_are_one_conversation(umed, stone):
    done = umed("ask", stone, "--json", "--model", "fake", "-q", "Is there a stone?", "-q", "Where?")
    answer = json.loads(done.stdout)
    assert answer["text"] == f"Answer 2: {ANSWER}"
    assert [(turn["question"], turn["text"][:9]) for turn in answer["turns"]] == [
        ("Is there a stone?", "Answer 1:"),
        ("Where?", "Answer 2:"),
    ]


@pytest.fixture
def polyp(tmp_path: Path) -> Path:
    """32 x 64 pixels (height x width), bright in x 0..16, y 0..8: the box 0, 0, 0.25, 0.25."""
    pixels = np.full((32, 64), 40, np.uint8)
    pixels[:8, :16] = 255
    path = tmp_path / "polyp.png"
    Image.fromarray(pixels).save(path)
    return path


def test_one_question_about_two_images_tells_which_box_is_on_which(umed, stone, polyp, tmp_path):
    out = tmp_path / "out"
    done = umed("ask", stone, polyp, "--together", "--model", "several", "--save", out)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1:3] == [f"image 1: {stone}", f"image 2: {polyp}"]
    assert lines[3] == (
        f"  Answer 1. Image 1: {ANSWER} Image 2: a bright region at "
        "[bbox_start] 0.000, 0.000, 0.250, 0.250 [bbox_end] looks like a kidney stone."
    )
    assert lines[4].startswith("  box 1: kidney stone, on image 1, x 16 to 48, y 16 to 32 of 64 x 64 px (0.250")
    assert lines[5].startswith("  box 2: kidney stone, on image 2, x 0 to 16, y 0 to 8 of 64 x 32 px (0.000")
    assert lines[5].endswith("% of the word's attention on that image in it")
    assert sorted(path.name for path in out.iterdir()) == [
        "polyp-attention.png", "polyp-boxes.png", "stone-attention.png", "stone-boxes.png",
    ]  # fmt: skip


def test_json_about_two_images_says_where_each_box_lies(umed, stone, polyp):
    done = umed("ask", stone, polyp, "--together", "--model", "several", "--json")
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert line["images"] == [str(stone), str(polyp)]
    assert [(box["image"], box["x"], box["w"]) for box in line["boxes"]] == [
        (str(stone), 0.25, 0.5),
        (str(polyp), 0.0, 0.25),
    ]


def test_a_model_for_one_image_is_asked_about_no_two_at_once(umed, stone, polyp):
    done = umed("ask", stone, polyp, "--together", "--model", "fake")
    assert done.returncode == 4
    assert "error: fake answers about one image at a time, not 2." in done.stderr.splitlines()
    assert any(line.startswith("hint: Leave out --together") for line in done.stderr.splitlines())
    assert "Answer" not in done.stdout


def test_together_nothing_is_asked_where_an_image_cannot_be_read(umed, stone, tmp_path):
    done = umed("ask", stone, tmp_path / "gone.png", "--together", "--model", "several")
    assert done.returncode == 3
    assert "Answer" not in done.stdout
    assert "gone.png" in done.stderr


def test_a_folder_with_all_kinds_of_files(umed, stone, tmp_path):
    """Good ones are answered in order, each bad one is a line, and the first error gives the exit code."""
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "torn.png").write_bytes(stone.read_bytes()[:60])
    Image.fromarray(np.full((8, 8, 3), 10, np.uint8)).save(tmp_path / "zz.jpg")
    done = umed("ask", tmp_path, "--json", "--model", "fake")
    assert [Path(json.loads(line)["image"]).name for line in done.stdout.splitlines()] == ["stone.png", "zz.jpg"]
    assert json.loads(done.stdout.splitlines()[1])["boxes"] == []
    assert done.returncode == 3
    assert "skipped: " in done.stderr and "notes.txt" in done.stderr
    assert sum("torn.png" in line for line in done.stderr.splitlines()) == 1


def test_an_archive_is_asked_about_as_a_folder_is(umed, stone, tmp_path):
    archive, out = tmp_path / "study", tmp_path / "out"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.write(stone, "kidney/left.png")
        made.writestr("notes.txt", "not an image")
    done = umed("ask", archive, "--json", "--model", "fake", "--save", out)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["image"], answer["boxes"][0]["x"]) == (str(archive / "kidney" / "left.png"), 0.25)
    assert f"skipped: {archive}/notes.txt is plain text." in done.stderr.splitlines()
    assert sorted(path.name for path in out.iterdir()) == ["left-attention.png", "left-boxes.png"]


def test_pictures_are_saved_beside_and_the_source_is_left_alone(umed, stone, tmp_path):
    before = stone.read_bytes()
    done = umed("ask", stone, "--model", "fake", "--save", tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["stone-attention.png", "stone-boxes.png", "stone.png"]
    assert stone.read_bytes() == before
    assert Image.open(tmp_path / "stone-boxes.png").text["Disclaimer"] == RESEARCH_USE_ONLY  # type: ignore[attr-defined]


def test_a_crash_in_the_middle_costs_one_image(umed, stone, tmp_path):
    Image.open(stone).save(tmp_path / "second.png")
    done = umed("ask", stone, tmp_path / "second.png", "--json", "--model", "fake", "-q", "crash")
    assert done.returncode == 7
    assert done.stdout == ""
    assert done.stderr.count("error: ") == 2 and "hf_" not in done.stderr
    assert done.stderr.count("hint: ") == 2


@pytest.mark.parametrize(
    "make, code, says",
    [
        ("nothing", 3, "does not exist"),
        ("empty folder", 3, "holds no readable image"),
        ("text.dcm", 3, "text.dcm"),
        ("torn.dcm", 3, "torn.dcm"),
        ("torn.zip", 3, "torn.zip is a damaged ZIP archive"),
        ("x" * 300, 3, "no usable path"),
        ("frame 2", 4, "1 frame"),
    ],
)
def test_bad_input_is_two_lines_and_an_exit_code(umed, stone, tmp_path, make, code, says):
    from tests.builders import tiny_dicom, write_dicom

    path, extra = tmp_path / make, []
    if make == "empty folder":
        path.mkdir()
    elif make == "text.dcm":
        path.write_text("This is a letter and no image.\n" * 20)
    elif make == "torn.dcm":
        whole = write_dicom(tmp_path / "whole.dcm", tiny_dicom())
        path.write_bytes(whole.read_bytes()[:-20])
    elif make == "torn.zip":
        path.write_bytes(b"PK\x03\x04 and nothing more")
    elif make == "frame 2":
        path, extra = stone, ["--frame", "2"]
    done = umed("ask", path, "--model", "fake", *extra)
    assert done.returncode == code, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "hint: "))]
    assert len(errors) == 2 and says in errors[0], done.stderr


def test_no_model_is_exit_code_6(umed, stone, tmp_path):
    real = [sys.executable, "-m", "umed_cli.main"]
    done = umed("ask", stone, "--model", tmp_path / "nowhere", program=real)
    assert done.returncode == 6
    assert done.stderr.splitlines()[0] == f"error: There is no model folder at {tmp_path / 'nowhere'}."
    done = umed("ask", stone, "--model", tmp_path, program=real)
    assert done.returncode == 6 and "holds no model" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_with_130_and_leaves_nothing_half_written(stone, tmp_path, repository, program_environment):
    out = tmp_path / "out"
    command = [*PROGRAM, "ask", str(stone), "--model", "fake", "--save", str(out), "-q", "hang"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=repository, env=program_environment,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    seen = ""
    while "Answer 1: a" not in seen:
        seen += process.stdout.read(1)
    # As a terminal does it: to the whole group, the worker included.
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert not out.exists() or not list(out.iterdir())
    # The group is gone: no worker stays behind.
    for _ in range(600):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("a child process outlived umed")


def test_a_closed_pipe_is_no_traceback(stone, repository, program_environment):
    command = [*PROGRAM, "ask", str(stone), "--model", "fake"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=repository, env=program_environment
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert "Traceback" not in err
