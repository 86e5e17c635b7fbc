"""How fast a teacher behind HTTP is asked: replies a second against the ideal, and processor time for each.

    python benchmarks/asking.py [--replies 2000] [--latency-ms 50] [--in-flight 64] [--image-kb 60]

The server is a process of its own on this machine and answers each call after the latency, so the ideal is in flight /
latency. On a busy machine the rate says little and the processor time per reply still says what one core could do:
1000 / ms. The `openai` client is measured beside ours, once as it is meant to be used and once with its raw responses.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.integration.loopback_teacher import Loopback, loopback
from umed_core.geometry import NormalizedBox
from umed_core.mau.asking import AskLimits, ask_all
from umed_core.mau.teacher import Teacher, TeacherReply, TeacherRequest, Tokens
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import ChatSettings, chat_body, reply_from
from umed_core.mau.teachers.openai_compatible import OpenAITeacher
from umed_core.mau.teachers.template import TemplateTeacher
from umed_core.prompts import diagnosis_prompt
from umed_core.records import Finding

FOUND = (Finding("kidney stone", NormalizedBox(0.4, 0.4, 0.1, 0.1)),)
PROMPT = diagnosis_prompt(FOUND, "CT")


class ClientTeacher:
    """The `openai` client in our place, for comparison."""

    identity, is_remote = "openai client", False

    def __init__(self, settings: ChatSettings, raw: bool, connections: int) -> None:
        import httpx2
        import openai

        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._client = openai.AsyncOpenAI(
            api_key="none", base_url=settings.base_url, max_retries=0, http_client=httpx2.AsyncClient(limits=limits)
        )
        self._settings, self._raw = settings, raw

    async def answer(self, request: TeacherRequest) -> TeacherReply:
        body = msgspec.json.decode(chat_body(request, self._settings))
        headers = {"Idempotency-Key": request.key}
        if self._raw:
            response = await self._client.chat.completions.with_raw_response.create(**body, extra_headers=headers)
            return reply_from(response.content)
        answer = await self._client.chat.completions.create(**body, extra_headers=headers)
        return TeacherReply(answer.choices[0].message.content or "", "", Tokens())

    async def close(self) -> None:
        await self._client.close()


def requests(count: int, image: Path) -> Iterator[TeacherRequest]:
    return (TeacherRequest(f"k{n}", f"set/{n:06}", "diagnosis", 0, PROMPT, image, FOUND, "CT") for n in range(count))


async def measure(name: str, teacher: Teacher, count: int, image: Path, in_flight: int, latency_s: float) -> None:
    kept = 0

    def keep(_: TeacherRequest, reply: TeacherReply) -> None:
        nonlocal kept
        kept += bool(reply.text)

    await ask_all(teacher, requests(in_flight, image), lambda *_: None, AskLimits(in_flight=in_flight))  # warm up
    started, cpu = time.perf_counter(), time.process_time()
    await ask_all(teacher, requests(count, image), keep, AskLimits(in_flight=in_flight))
    seconds, cpu_ms = time.perf_counter() - started, (time.process_time() - cpu) / count * 1000
    assert kept == count
    ideal = f"{in_flight / latency_s:8,.0f} {kept / seconds / (in_flight / latency_s):6.1%}" if latency_s else " " * 15
    print(f"{name:24}{kept / seconds:10,.0f}{ideal}{cpu_ms:10.3f}{1000 / cpu_ms:12,.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--replies", type=int, default=2000)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--image-kb", type=int, default=60)
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("teacher                  replies/s   ideal  ratio    CPU ms  one core/s")
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.png"
        image.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(options.image_kb * 1000))

        def over_http(make: Callable[[ChatSettings], Teacher], name: str, count: int) -> None:
            with loopback(Path(folder), latency_s=options.latency_ms / 1000, honours_keys=False) as server:
                asyncio.run(closing(make(settings(server)), lambda t: run(name, t, count)))
                counts = server.counts()
                print(f"{'  its server':24}{'':25}{counts['cpu_s'] / counts['calls'] * 1000:10.3f}")

        async def run(name: str, teacher: Teacher, count: int) -> None:
            await measure(name, teacher, count, image, options.in_flight, options.latency_ms / 1000)

        over_http(lambda s: OpenAITeacher(s, ApiKey(), connections=options.in_flight), "ours", options.replies)
        over_http(
            lambda s: ClientTeacher(s, True, options.in_flight), "openai client, raw", min(options.replies // 4, 500)
        )
        over_http(lambda s: ClientTeacher(s, False, options.in_flight), "openai client", min(options.replies // 4, 500))
        asyncio.run(measure("template", TemplateTeacher(), options.replies, image, 1, 0.0))


def settings(server: Loopback) -> ChatSettings:
    return ChatSettings("loopback", server.base_url)


async def closing(teacher: Teacher, use: Callable[[Teacher], Awaitable[None]]) -> None:
    try:
        await use(teacher)
    finally:
        await teacher.close()


if __name__ == "__main__":
    main()
