"""Real files through `umed ask`: each is answered or refused by an error with a hint, and none ends the program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_every_dicom_sample_is_answered_or_refused(umed_data, repository, program_environment):
    folder = umed_data / "dicom_samples"
    files = [path for path in sorted(folder.iterdir()) if path.suffix == ".dcm"]
    assert files
    done = subprocess.run(
        [sys.executable, "tests/umed_with_fake_worker.py", "ask", *map(str, files), "--json", "--model", "fake"],
        capture_output=True,
        text=True,
        cwd=repository,
        env=program_environment,
    )
    assert "Traceback" not in done.stderr, done.stderr
    answered = [Path(json.loads(line)["image"]) for line in done.stdout.splitlines()]
    refused = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(answered) + len(refused) == len(files), done.stderr
    assert answered == [path for path in files if path in answered], "in the order they were named"
    assert len(answered) > len(files) / 2
    assert done.returncode == (3 if refused else 0)


def test_a_real_dicom_file_cut_in_half_is_one_error(umed_data, tmp_path, repository, program_environment):
    whole = (umed_data / "dicom_samples" / "693_UNCI.dcm").read_bytes()
    torn = tmp_path / "torn.dcm"
    torn.write_bytes(whole[: len(whole) // 2])
    command = [sys.executable, "tests/umed_with_fake_worker.py", "ask", str(torn), "--model", "fake"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=repository, env=program_environment)
    assert done.returncode == 3, done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines() if "model:" not in line] == ["error", "hint"]
