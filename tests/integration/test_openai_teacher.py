"""A teacher behind HTTP, against a real server on this machine that misbehaves on order."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders import write_picture
from tests.integration.loopback_teacher import KEY_NEEDED, REPOSITORY, Loopback, loopback
from umed_core.errors import TeacherBusy, TeacherError, TeacherRejected
from umed_core.geometry import NormalizedBox
from umed_core.mau.asking import AskLimits, AskOutcome, ask_all
from umed_core.mau.teacher import Stage, TeacherReply, TeacherRequest, Tokens
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import ChatSettings
from umed_core.mau.teachers.openai_compatible import OpenAITeacher
from umed_core.prompts import class_named, diagnosis_prompt, parse_boxes, parse_conversation, reflection_prompt
from umed_core.records import Finding

pytest.importorskip("aiohttp", reason="needs the [mau] extra")

BOX = NormalizedBox(0.25, 0.5, 0.125, 0.25)
FOUND = (Finding("kidney stone", BOX),)
SECRET = "sk-very-secret-0123456789"
FAST = AskLimits(in_flight=8, first_wait_s=0.01, longest_wait_s=0.1, timeout_s=60)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "000001.png", np.zeros((8, 8), np.uint8))


def request(image: Path, number: int = 0, stage: Stage = "diagnosis") -> TeacherRequest:
    messages = diagnosis_prompt(FOUND, "CT") if stage == "diagnosis" else reflection_prompt(FOUND, "CT", "A stone.")
    return TeacherRequest(f"key-{number:04}", f"set/{number:06}", stage, 0, messages, image, FOUND, "CT")


def with_teacher(
    server: Loopback, use: Callable[[OpenAITeacher], Awaitable[Any]], key: str = "", timeout_s: float = 60.0
) -> Any:
    async def main() -> Any:
        teacher = OpenAITeacher(ChatSettings("loopback", server.base_url), ApiKey(key), timeout_s)
        try:
            return await use(teacher)
        finally:
            await teacher.close()

    return asyncio.run(main())


def ask_one(server: Loopback, wanted: TeacherRequest, key: str = "", timeout_s: float = 60.0) -> TeacherReply:
    reply = with_teacher(server, lambda teacher: teacher.answer(wanted), key, timeout_s)
    assert isinstance(reply, TeacherReply)
    return reply


def ask_many(server: Loopback, image: Path, count: int, limits: AskLimits = FAST) -> tuple[AskOutcome, dict[str, str]]:
    kept: dict[str, str] = {}

    def keep(request: TeacherRequest, reply: TeacherReply) -> None:
        assert request.key not in kept
        kept[request.key] = reply.text

    wanted = (request(image, number) for number in range(count))
    outcome = with_teacher(server, lambda teacher: ask_all(teacher, wanted, keep, limits), timeout_s=1.0)
    return outcome, kept


def test_both_stages_are_answered_and_counted(tmp_path, image):
    with loopback(tmp_path) as server:
        diagnosis = ask_one(server, request(image, 1))
        reflection = ask_one(server, request(image, 2, "reflection"))
        counts = server.counts()
    assert [parsed.box for parsed in parse_boxes(diagnosis.text)] == [BOX]
    assert diagnosis.tokens == Tokens(700, 120) and diagnosis.refusal == ""
    question, answer = parse_conversation(reflection.text)
    assert question.role == "user" and class_named(answer.text, "kidney stone")
    assert counts["paid"] == {"key-0001": 1, "key-0002": 1}


def test_the_image_goes_with_the_diagnosis_only(tmp_path, image):
    with loopback(tmp_path) as server:
        ask_one(server, request(image, 1))
        first = server.last()
        ask_one(server, request(image, 2, "reflection"))
        second = server.last()
    [_, user] = first["body"]["messages"]
    assert [part["type"] for part in user["content"]] == ["text", "image_url"]
    assert user["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert "image_url" not in json.dumps(second["body"])


def test_an_image_of_megabytes_arrives_whole(tmp_path, image):
    content = image.read_bytes() + bytes(2**21)
    image.write_bytes(content)
    with loopback(tmp_path) as server:
        assert ask_one(server, request(image)).text
        url = server.last()["body"]["messages"][1]["content"][1]["image_url"]["url"]
    assert base64.b64decode(url.partition(",")[2]) == content


def test_a_call_is_what_the_openai_client_sends(tmp_path, image):
    openai = pytest.importorskip("openai")
    with loopback(tmp_path) as server:
        ask_one(server, request(image, 1), key=SECRET)
        ours = server.last()
        with openai.OpenAI(api_key=SECRET, base_url=server.base_url, max_retries=0) as client:
            theirs_reply = client.chat.completions.create(**ours["body"], extra_headers={"Idempotency-Key": "key-0001"})
        theirs = server.last()
    assert (ours["method"], ours["path"], ours["body"]) == (theirs["method"], theirs["path"], theirs["body"])
    for header in ("authorization", "content-type", "idempotency-key"):
        assert ours["headers"][header] == theirs["headers"][header]
    assert [parsed.box for parsed in parse_boxes(theirs_reply.choices[0].message.content)] == [BOX]


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("429", TeacherBusy, "too many requests"),
        ("500", TeacherBusy, "HTTP 500"),
        ("malformed", TeacherBusy, "not a chat completion"),
        ("cut", TeacherBusy, "cannot be reached"),
        ("hang", TeacherBusy, "did not answer within 0.5 s"),
    ],
)
def test_what_is_wrong_for_now_is_busy(tmp_path, image, fault, kind, says):
    with loopback(tmp_path, faults={fault: 1.0}, retry_after_s=7) as server, pytest.raises(kind, match=says) as caught:
        ask_one(server, request(image), timeout_s=0.5)
    assert caught.value.retry_after_s == (7.0 if fault == "429" else 0.0)


@pytest.mark.parametrize("fault", ["refusal", "filtered"])
def test_a_refusal_is_a_reply_that_was_paid(tmp_path, image, fault):
    with loopback(tmp_path, faults={fault: 1.0}) as server:
        reply = ask_one(server, request(image))
    assert reply.text == "" and reply.refusal and reply.tokens == Tokens(700, 120)


def test_a_wrong_key_is_no_matter_for_a_retry(tmp_path, image):
    with loopback(tmp_path, needs_key=True) as server:
        with pytest.raises(TeacherError, match="does not accept the key") as caught:
            ask_one(server, request(image), key="sk-wrong")
        assert "OPENAI_API_KEY" in caught.value.hint and not isinstance(caught.value, TeacherBusy | TeacherRejected)
        assert ask_one(server, request(image), key=KEY_NEEDED).text


def test_no_server_is_busy_and_says_where(tmp_path, image):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = Loopback(free.getsockname()[1], 0)
        with pytest.raises(TeacherBusy, match="cannot be reached") as caught:
            ask_one(nobody, request(image))
    assert "running" in caught.value.hint


def test_the_key_is_in_no_error_no_log_and_no_repr(tmp_path, image, caplog):
    caplog.set_level(logging.DEBUG)
    faults: list[dict[str, Any]] = [{"needs_key": True, "echo_key": True}, {"faults": {"500": 1.0}, "echo_key": True}]
    faults += [{"faults": {kind: 1.0}} for kind in ("429", "malformed", "cut", "hang")]
    said = [repr(OpenAITeacher(ChatSettings("m", "http://127.0.0.1:1/v1"), ApiKey(SECRET)).__dict__)]
    for manners in faults:
        with loopback(tmp_path, **manners) as server, pytest.raises(TeacherError) as caught:
            ask_one(server, request(image), key=SECRET, timeout_s=0.5)
        said += [*traceback.format_exception(caught.value), repr(caught.value), str(caught.value)]
    assert "***" in "".join(said)  # the server did echo it
    assert SECRET not in "".join(said) and SECRET not in caplog.text


def test_one_in_four_lines_fails_and_nothing_is_lost_or_paid_twice(tmp_path, image):
    faults = {"429": 0.06, "500": 0.06, "hang": 0.02, "malformed": 0.06, "cut": 0.05, "refusal": 0.05}
    with loopback(tmp_path, faults=faults, retry_after_s=0.05) as server:
        outcome, kept = ask_many(server, image, 200)
        counts = server.counts()
    assert outcome.failures == () and len(kept) == outcome.answered == 200
    assert counts["paid_total"] == 200 and counts["paid_twice"] == 0
    assert counts["calls"] > 220 and set(counts["faults"]) == set(faults)
    assert 0 < sum(text == "" for text in kept.values()) < 30  # refusals


def test_answers_do_not_depend_on_faults_of_the_line_or_on_order(tmp_path, image):
    with loopback(tmp_path, faults={"wrong_box": 0.2}) as server:
        _, calm = ask_many(server, image, 60)
    with loopback(tmp_path, faults={"wrong_box": 0.2, "500": 0.2, "malformed": 0.1}, latency_s=0.01) as server:
        _, stormy = ask_many(server, image, 60)
    assert calm == stormy
    wrong = [key for key, text in calm.items() if [parsed.box for parsed in parse_boxes(text)] != [BOX]]
    assert 3 < len(wrong) < 25


ASK_ON = """
import asyncio, sys; from pathlib import Path
from tests.integration.test_openai_teacher import FAST, ChatSettings, OpenAITeacher, ask_all, request
async def main():
    teacher = OpenAITeacher(ChatSettings("loopback", sys.argv[1]))
    wanted = (request(Path(sys.argv[2]), number) for number in range(10**6))
    try:
        await ask_all(teacher, wanted, lambda request, reply: print(request.key, flush=True), FAST)
    finally:
        await teacher.close()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_keeps_what_is_paid(tmp_path, image, program_environment):
    with loopback(tmp_path, latency_s=0.3) as server:
        command = [sys.executable, "-c", ASK_ON, server.base_url, str(image)]
        child = subprocess.Popen(
            command, cwd=REPOSITORY, env=program_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while server.counts()["paid_total"] < 20:
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        said, complaints = child.communicate(timeout=60)
        paid = server.counts()["paid"]
    assert child.returncode == 130 and complaints == ""
    assert sorted(said.split()) == sorted(paid)
