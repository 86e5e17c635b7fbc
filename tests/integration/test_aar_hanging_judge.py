"""A judge's server that takes calls and never answers: `umed train aar` stops in one line, and loses nothing."""

from __future__ import annotations

import http.server
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the [train] extra")
pytest.importorskip("accelerate", reason="needs the [train] extra")
pytest.importorskip("aiohttp", reason="needs the [mau] extra")

from safetensors.torch import load_file

from tests import tiny_vlm
from tests.integration.launched import metrics
from umed_cli.main import main


class Server(http.server.ThreadingHTTPServer):
    """Grades by an answer's length, and falls silent as soon as `silent_from` is there."""

    daemon_threads = True

    def __init__(self, silent_from: Path) -> None:
        super().__init__(("127.0.0.1", 0), Grader)
        self.silent_from, self.works, self.over = silent_from, True, threading.Event()
        self.unanswered: list[str] = []


class Grader(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][1]["content"]
        (answer,) = re.findall(r"<answer>\n(.*)\n</answer>", asked, re.DOTALL)
        if not self.server.works and self.server.silent_from.exists():
            self.server.unanswered.append(answer)
            self.server.over.wait(120)
            self.close_connection = True
            return
        told = {"choices": [{"message": {"content": f"Score: {len(answer) % 11}"}, "finish_reason": "stop"}]}
        content = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    with Server(tmp_path / "cut" / "checkpoints" / "step-000002") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def train(tmp_path, server, monkeypatch, capsys):
    """`umed train aar` as a person types it: exit code, and what it said on stderr."""
    init = tiny_vlm.save_medvint(tmp_path / "init", "grid")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    judge = {"kind": "openai", "model": "grader", "base_url": f"http://127.0.0.1:{server.server_port}/v1"}

    def run(out: Path, **limits: float) -> tuple[int, str]:
        values = {"model.init": init, "run.out": out, **{f"judge.{k}": v for k, v in {**judge, **limits}.items()}}
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
        monkeypatch.setattr(sys, "argv", ["umed", "train", "aar", "--config", "smoke-aar", *sets])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    return run


@pytest.mark.timeout(900)
def test_a_judge_that_hangs_stops_the_run_in_one_line_and_it_goes_on_bit_for_bit(train, server, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    code, said = train(whole)
    assert code == 0, said
    server.works = False
    begun = time.monotonic()
    code, said = train(cut, timeout_s=1, tries=2)
    assert code == 8, said
    lines = [line for line in said.splitlines() if line.startswith(("error:", "hint:"))]
    address = f"http://127.0.0.1:{server.server_port}/v1/chat/completions"
    assert lines[0] == f"error: The judge cannot go on: {address} did not answer within 1 s."
    assert lines[1].startswith("hint: ") and "judge.timeout_s" in lines[1] and "last checkpoint is good" in lines[1]
    assert len(lines) == 2 and "Traceback" not in said
    # Four candidates of one query were asked about at once, each at most twice.
    assert 2 <= len(server.unanswered) <= 8
    assert max(server.unanswered.count(answer) for answer in server.unanswered) == 2
    assert time.monotonic() - begun < 300
    assert [path.name for path in (cut / "checkpoints").iterdir()] == ["step-000002"]
    assert not (cut / "model").exists() and not (cut / "in_use.json").exists()
    server.works = True
    code, said = train(cut, timeout_s=30)  # more time is no other recipe
    assert code == 0, said
    assert metrics(cut) == metrics(whole)
    for file in ("model/model", "checkpoints/step-000004/model", "checkpoints/step-000004/optimizer"):
        one, other = (load_file(run / f"{file}.safetensors") for run in (cut, whole))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)
