"""Judges at work: the embedded one over seeded trials and free text, the one behind HTTP against a server of this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from umed_core.errors import ConfigError, TrainingError
from umed_core.mau.asking import AskLimits
from umed_core.mau.teacher import Tokens
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import ChatSettings
from umed_core.training.judges.embedded import EmbeddedJudge
from umed_core.training.judges.openai_compatible import OpenAIJudge
from umed_core.training.judges.trials import Trial, compare, make_trials, share_ranked

# ------------------------------------------------------------------------------------------------------- embedded


def test_another_wording_outranks_wrong_and_empty_answers_in_95_of_100_pairs():
    shares = share_ranked(compare(EmbeddedJudge(), make_trials(500, seed=2)))
    assert set(shares) == {"contradictory", "degenerate", "shuffled"}
    # The lower end of the interval, not the share itself: luck does not pass.
    assert {kind: share.low for kind, share in shares.items() if share.low < 0.95} == {}
    assert all(share.count >= 500 for share in shares.values())


def test_free_text_that_the_judge_was_not_made_on_is_ranked_right_nine_times_in_ten(repository: Path):
    lines = (repository / "benchmarks" / "judge_free_text.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [json.loads(line) for line in lines]
    unseen = [
        Trial(pair["question"], pair["reference"], pair["good"], pair["bad"], "unseen", pair["flaw"])
        for pair in pairs
        if pair["part"] != "developed on"
    ]
    share = share_ranked(compare(EmbeddedJudge(), unseen))["unseen"]
    assert share.count >= 40 and share.value >= 0.9


def test_no_blind_answer_earns_a_quarter_of_what_looking_does():
    judge = EmbeddedJudge()
    scored = compare(judge, make_trials(135, seed=3))
    cases = list(dict.fromkeys((trial.question, trial.reference) for trial, _, _ in scored))
    blind = ["No abnormality is seen in this image.", "There is an abnormality in the central part: a mass."]
    earned = [judge.score(question, reference, blind) for question, reference in cases]
    looking = sum(good for _, good, _ in scored) / len(scored)
    assert all(sum(column) / len(cases) < looking / 4 for column in zip(*earned, strict=True))


def test_the_embedded_and_the_remote_judge_load_no_torch(program_environment: dict[str, str]):
    code = (
        "import sys; from umed_core.training.judges import embedded, openai_compatible, trials;"
        "embedded.EmbeddedJudge().score('q', 'r', ['a']); print({'torch', 'transformers', 'aiohttp'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], env=program_environment, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


# ---------------------------------------------------------------------------------------------------- behind HTTP

QUESTION, REFERENCE = "Is there a polyp?", "Yes. A polyp lies in the upper left part of the image."
SECRET = "sk-very-secret-0123456789"
FAST = AskLimits(in_flight=8, tries=3, first_wait_s=0.01, longest_wait_s=0.02, timeout_s=30)

Reply = tuple[int, str]
"""Status, and the message's text or the error's."""


@dataclass
class Books:
    """What the server was asked."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def server(reply: Callable[[str, int], Reply]) -> Iterator[tuple[str, Books]]:
    """A chat server that answers by `reply(graded answer, how often it was asked about it before)`."""
    books = Books()

    class Scripted(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = re.findall(r"<answer>\n(.*)\n</answer>", body["messages"][1]["content"], re.DOTALL)[0]
            with books.lock:
                before = sum(f"<answer>\n{answer}\n</answer>" in b["messages"][1]["content"] for b in books.asked)
                books.asked.append(body)
                books.keys.append(self.headers.get("Authorization", ""))
            status, text = reply(answer, before)
            message = {"role": "assistant", "content": None if text == "REFUSED" else text}
            if text == "REFUSED":
                message["refusal"] = "I can't help with that."
            told = (
                {"choices": [{"message": message, "finish_reason": "stop"}], "usage": USAGE}
                if status == 200
                else {"error": {"message": text, "code": text}}
            )
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Scripted) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}/v1", books
        finally:
            http.shutdown()
            thread.join()


USAGE = {"prompt_tokens": 300, "completion_tokens": 5}


@contextmanager
def judging(url: str, key: str = "", limits: AskLimits = FAST) -> Iterator[OpenAIJudge]:
    pytest.importorskip("aiohttp", reason="needs the [mau] extra")
    judge = OpenAIJudge(ChatSettings("tiny", url, max_tokens=32, extra={"temperature": 0}), ApiKey(key), limits)
    try:
        yield judge
    finally:
        judge.close()


def by_length(answer: str, before: int) -> Reply:
    return 200, f"Score: {min(len(answer), 10)}"


def test_scores_come_back_in_order_and_equal_or_empty_answers_cost_nothing():
    with server(by_length) as (url, books), judging(url) as judge:
        answers = ["12345", "1", "", "12345", "1234567890123", "   "]
        assert judge.score(QUESTION, REFERENCE, answers) == [0.5, 0.1, 0.0, 0.5, 1.0, 0.0]
        assert judge.score(QUESTION, REFERENCE, ["123"]) == [0.3]  # a second call on the same connections
        assert judge.tokens == Tokens(1200, 20)
    assert len(books.asked) == 4
    assert all("image_url" not in json.dumps(body) and body["temperature"] == 0 for body in books.asked)


def test_answers_are_graded_at_the_same_time():
    together = threading.Barrier(4, timeout=20)

    def reply(answer: str, before: int) -> Reply:
        together.wait()  # passes only once all four calls are here
        return 200, "Score: 5"

    with server(reply) as (url, _), judging(url) as judge:
        assert judge.score(QUESTION, REFERENCE, ["a", "b", "c", "d"]) == [0.5] * 4


def test_a_reply_that_is_no_score_is_asked_for_again():
    def reply(answer: str, before: int) -> Reply:
        return 200, "It looks right to me." if before == 0 else "Score: 8"

    with server(reply) as (url, books), judging(url) as judge:
        assert judge.score(QUESTION, REFERENCE, ["a polyp"]) == [0.8]
    assert [len(body["messages"]) for body in books.asked] == [2, 4]
    assert "Score: N" in books.asked[1]["messages"][-1]["content"]


def test_a_busy_server_is_asked_again():
    def reply(answer: str, before: int) -> Reply:
        return (503, "overloaded") if before < 2 else (200, "Score: 10")

    with server(reply) as (url, _), judging(url) as judge:
        assert judge.score(QUESTION, REFERENCE, ["a polyp"]) == [1.0]


def test_an_answer_that_the_judge_declines_scores_0_and_the_run_goes_on():
    def reply(answer: str, before: int) -> Reply:
        return 200, "REFUSED" if answer == "dreadful" else "Score: 9"

    with server(reply) as (url, _), judging(url) as judge:
        assert judge.score(QUESTION, REFERENCE, ["dreadful", "fine"]) == [0.0, 0.9]
        assert judge.declined == 1


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (200, "no idea", "not one line"),
        (500, "broken", "fault"),
        (401, "invalid_api_key", "key"),
        (404, "gone", "model"),
    ],
)
def test_a_judge_that_will_not_work_stops_the_run_with_a_hint(status, text, says):
    with server(lambda *_: (status, text)) as (url, books), judging(url, SECRET) as judge:
        with pytest.raises(TrainingError, match=says) as problem:
            judge.score(QUESTION, REFERENCE, ["a", "b"])
        assert "checkpoint is good" in problem.value.hint and SECRET not in str(problem.value)
    assert books.keys[0] == f"Bearer {SECRET}" and len(books.asked) <= 2 * FAST.tries


def test_a_server_that_is_not_there_stops_the_run():
    with judging("http://127.0.0.1:9/v1") as judge, pytest.raises(TrainingError, match="cannot be reached"):
        judge.score(QUESTION, REFERENCE, ["a"])


def test_a_key_does_not_cross_the_network_in_the_clear_and_is_never_shown():
    with pytest.raises(ConfigError):
        OpenAIJudge(ChatSettings("m", "http://example.org/v1"), ApiKey(SECRET))
    with judging("https://example.org/v1", SECRET) as judge:
        assert judge.is_remote and SECRET not in judge.identity and "example.org" in judge.identity
