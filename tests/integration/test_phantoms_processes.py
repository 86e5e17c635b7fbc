"""Phantoms across processes: the same bytes whatever the workers and threads, by the command that people run."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pydicom

from umed_core.phantoms import KINDS, make_phantom, write_phantoms

DIGEST = """
import hashlib, sys
from umed_core.phantoms import KINDS, make_phantom
for kind in KINDS[::-1]:
    print(kind, hashlib.sha256(make_phantom(kind, 11).pixels.tobytes()).hexdigest())
"""


def digests(out: Path) -> dict[str, str]:
    files = sorted(p for p in out.rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_another_process_with_other_threads_draws_the_same_bytes(program_environment: dict[str, str], repository: Path):
    here = {kind: hashlib.sha256(make_phantom(kind, 11).pixels.tobytes()).hexdigest() for kind in KINDS}
    for threads in ("1", "2"):
        environment = program_environment | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST], env=environment, cwd=repository, capture_output=True, text=True, check=True
        )
        assert dict(line.split() for line in done.stdout.splitlines()) == here


def test_two_workers_write_what_one_writes(tmp_path: Path):
    write_phantoms(tmp_path / "one", 6, 5, KINDS)
    write_phantoms(tmp_path / "two", 6, 5, KINDS, workers=2)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_the_command_ends_with_one_line_that_says_synthetic(program_environment: dict[str, str], tmp_path: Path):
    command = [sys.executable, "-m", "umed_cli.main", "phantoms", "--out", str(tmp_path / "out"), "--count", "3"]
    done = subprocess.run(
        [*command, "--kind", "renal", "--format", "png", "--normal-share", "0"],
        env=program_environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"3 synthetic phantoms in {tmp_path / 'out'}: 3 renal (0 normal)."]


def test_the_command_refuses_an_unknown_kind_in_one_line(program_environment: dict[str, str], tmp_path: Path):
    command = [sys.executable, "-m", "umed_cli.main", "phantoms", "--out", str(tmp_path / "out"), "--kind", "mri"]
    done = subprocess.run(command, env=program_environment, capture_output=True, text=True)
    assert done.returncode == 4
    assert "mri" in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_whole_images_and_the_same_command_goes_on(program_environment: dict[str, str], tmp_path: Path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "umed_cli.main", "phantoms", "--out", str(out), "--kind", "renal", "--count"]
    running = subprocess.Popen([*command, "5000", "--workers", "2"], env=program_environment, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while len(list(out.glob("images/*.dcm"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate(timeout=60)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 130
    assert b"Traceback" not in complaint
    images = sorted(out.glob("images/*"))
    assert len(images) >= 3
    assert all(pydicom.dcmread(path).pixel_array.shape == (320, 391) for path in images)
    kept = {path: path.stat().st_mtime_ns for path in images[:3]}
    write_phantoms(out, 4, 0, ("renal",))
    assert {path: path.stat().st_mtime_ns for path in images[:3]} == kept
