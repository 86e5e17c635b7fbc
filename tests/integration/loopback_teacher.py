"""A teacher's server on this machine, for tests: it speaks OpenAI's HTTP, misbehaves on order, counts its pay.

    python -m tests.integration.loopback_teacher --port-file F --latency-ms 50 --faults '{"429": 0.05, "wrong_box": 0.02}'

Speaks POST /v1/chat/completions, /v1/files and /v1/batches; GET /counts tells what was paid for under each Idempotency-Key
(a batch's custom_id counts as one). What an answer says depends only on the seed and its key; whether the line fails
(429, 500, hang, malformed) depends on how often the key came as well, so that a retry gets through.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

REPOSITORY = Path(__file__).resolve().parents[2]
LINE_FAULTS = ("429", "500", "hang", "malformed", "cut")  # drawn by key and visit
WORD_FAULTS = ("refusal", "wrong_box", "missing_box", "filtered")  # drawn by key
BOX = re.compile(r"\[bbox_start\] ([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+) \[bbox_end\]")
LABEL = re.compile(r"Abnormal Type/Area: (.+?)\. Area:")
KEY_NEEDED = "right-key"


@dataclass(frozen=True)
class Manners:
    """How the server behaves: seconds an answer takes, shares of faults (0..1), and whether it knows a key again."""

    latency_s: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    retry_after_s: float = 0.2
    hang_s: float = 3600.0
    batch_s: float = 0.2
    honours_keys: bool = True
    needs_key: bool = False
    echo_key: bool = False


class Books:
    """What was asked and paid; answers by key, where keys are honoured."""

    def __init__(self) -> None:
        self.visits: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.answers: dict[str, bytes] = {}
        self.open_now = self.open_most = 0
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.last: dict[str, Any] = {}

    def as_json(self) -> bytes:
        return msgspec.json.encode(
            {
                "calls": self.visits.total(),
                "paid": self.paid,
                "paid_total": self.paid.total(),
                "paid_twice": sum(count > 1 for count in self.paid.values()),
                "faults": self.faults,
                "open_most": self.open_most,
                "batches": len(self.batches),
                "file_sizes": [len(content) for content in self.files.values()],
                "cpu_s": time.process_time(),
            }
        )


def draw(manners: Manners, names: tuple[str, ...], *what: object) -> str:
    """The fault among `names` that this seed and these words meet, "" for none; each with its own share."""
    if not manners.faults:
        return ""
    digest = hashlib.sha256(repr((manners.seed, names[0], *what)).encode()).digest()
    left = int.from_bytes(digest[:8], "big") / 2**64
    for name in names:
        left -= manners.faults.get(name, 0.0)
        if left < 0:
            return name
    return ""


def spoken(body: dict[str, Any], fault: str) -> str:
    """An answer to the prompt in `body`, from the class and boxes that the prompt states."""
    texts = [_text_of(message) for message in body["messages"]]
    asked = "\n".join(texts)
    # The statement of what is known, and not an earlier answer that a correction repeats.
    boxes = list(dict.fromkeys(BOX.findall("\n".join(line for line in asked.splitlines() if LABEL.search(line)))))
    labels = list(dict.fromkeys(LABEL.findall(asked)))
    if fault == "wrong_box":
        boxes = [(f"{(float(x) + 0.31) % 0.8:.3f}", y, w, h) for x, y, w, h in boxes]
    places = " and ".join(f"[bbox_start] {', '.join(box)} [bbox_end]" for box in boxes)
    if not boxes:
        finding = "No abnormality is seen in this image."
    elif fault == "missing_box":
        finding = f"An abnormal area is seen, which is {' and '.join(labels)}."
    else:
        finding = f"An abnormal area is seen at {places}, which is {' and '.join(labels)}."
    if "Question:" in asked:
        return f"Question: What is abnormal in this image, and where is it?\nAnswer: {finding}"
    return f"{finding} Confirmation needs further tests."


def _text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "\n".join(p["text"] for p in content if p["type"] == "text")


def completion(body: dict[str, Any], fault: str) -> dict[str, Any]:
    """A chat completion, as the API forms it."""
    text = "" if fault in ("refusal", "filtered") else spoken(body, fault)
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    if fault == "refusal":
        message["refusal"] = "I'm sorry, I can't help with that image."
    choice = {"index": 0, "message": message, "finish_reason": "content_filter" if fault == "filtered" else "stop"}
    usage = {"prompt_tokens": 700, "completion_tokens": 120, "total_tokens": 820}
    shape = {"id": "chatcmpl-loopback", "object": "chat.completion", "created": 0}
    return {**shape, "model": body.get("model", "loopback"), "choices": [choice], "usage": usage}


class Head:
    """What stands before a request's body."""

    def __init__(self, text: bytes) -> None:
        first, *lines = text.decode("latin-1").split("\r\n")
        self.method, target, _ = first.split(" ")
        self.path = target.partition("?")[0]
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.length = int(self.headers.get("content-length", "0"))


class Line(asyncio.Protocol):
    """One connection; requests on it are answered one after the other."""

    def __init__(self, manners: Manners, books: Books) -> None:
        self._manners, self._books = manners, books
        self._head: Head | None = None
        self._parts: list[bytes] = []
        self._have = 0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._have += len(data)
        if self._head is None:
            whole = b"".join(self._parts)
            head, end, rest = whole.partition(b"\r\n\r\n")
            if not end:
                self._parts = [whole]
                return
            self._head = Head(head)
            self._parts, self._have = [rest], len(rest)
        if self._have < self._head.length:
            return
        head, whole = self._head, b"".join(self._parts)
        self._parts, self._have, self._head = [whole[head.length :]], self._have - head.length, None
        self._answer(head.method, head.path, head.headers, whole[: head.length])

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        echoed = headers.get("authorization", "") if self._manners.echo_key else ""
        if path == "/counts":
            self._send(200, self._books.as_json())
        elif path == "/last":
            self._send(200, msgspec.json.encode(self._books.last))
        elif self._manners.needs_key and headers.get("authorization") != f"Bearer {KEY_NEEDED}":
            self._send(401, error_body(f"Incorrect API key provided. {echoed}", "invalid_api_key"))
        elif path == "/v1/chat/completions":
            self._books.last = {"method": method, "path": path, "headers": headers, "body": msgspec.Raw(body)}
            self._chat(headers, body, echoed)
        elif path.startswith("/v1/files"):
            self._files(method, path, headers, body)
        elif path.startswith("/v1/batches"):
            self._batches(method, path, body)
        else:
            self._send(404, error_body(f"Unknown path {path}", "not_found"))

    def _chat(self, headers: dict[str, str], body: bytes, echoed: str) -> None:
        books, manners = self._books, self._manners
        key = headers.get("idempotency-key") or hashlib.sha256(body).hexdigest()
        visit = books.visits[key]
        books.visits[key] += 1
        books.open_now += 1
        books.open_most = max(books.open_most, books.open_now)
        fault = draw(manners, LINE_FAULTS, key, visit)
        if fault:
            books.faults[fault] += 1
        if fault == "429":
            wait = f"Retry-After: {manners.retry_after_s:g}\r\n"
            self._later(0.0, 429, error_body("Rate limit reached.", "rate_limit_exceeded"), wait)
        elif fault == "500":
            self._later(0.0, 500, error_body(f"The server had an error. {echoed}", "server_error"))
        else:
            # From here on the model has worked, so the call is paid for, whether its answer arrives or not.
            answer = self._paid_answer(key, body)
            if fault == "malformed":
                answer = answer[: len(answer) // 2]
            self._later(manners.hang_s if fault == "hang" else manners.latency_s, 200, answer, cut=fault == "cut")

    def _paid_answer(self, key: str, body: bytes) -> bytes:
        books = self._books
        if self._manners.honours_keys and key in books.answers:
            return books.answers[key]
        fault = draw(self._manners, WORD_FAULTS, key)
        if fault:
            books.faults[fault] += 1
        books.paid[key] += 1
        answer = msgspec.json.encode(completion(msgspec.json.decode(body), fault))
        if self._manners.honours_keys:
            books.answers[key] = answer
        return answer

    def _later(self, delay_s: float, status: int, body: bytes, extra: str = "", cut: bool = False) -> None:
        def send() -> None:
            self._books.open_now -= 1
            self._send(status, body, extra, cut)

        asyncio.get_running_loop().call_later(delay_s, send)

    def _files(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        if method == "POST":
            boundary = headers["content-type"].partition("boundary=")[2].encode()
            parts = [p.partition(b"\r\n\r\n") for p in body.split(b"--" + boundary)]
            [content] = [text.removesuffix(b"\r\n") for head, _, text in parts if b'name="file"' in head]
            name = f"file-{len(self._books.files)}"
            self._books.files[name] = content
            self._send(200, msgspec.json.encode(file_object(name, len(content))))
        else:
            name = path.split("/")[3]
            self._send(200, self._books.files[name])

    def _batches(self, method: str, path: str, body: bytes) -> None:
        books = self._books
        name = path.removeprefix("/v1/batches").strip("/").partition("/")[0]
        if method == "POST" and not name:
            wanted = msgspec.json.decode(body)
            batch = self._run_batch(f"batch-{len(books.batches)}", wanted)
            books.batches[batch["id"]] = batch
            self._send(200, msgspec.json.encode(shown(batch)))
        elif not name:
            newest_first = [shown(batch) for batch in reversed(books.batches.values())]
            listing = {"object": "list", "data": newest_first, "has_more": False}
            self._send(200, msgspec.json.encode(listing))
        elif name in books.batches:
            self._send(200, msgspec.json.encode(shown(books.batches[name])))
        else:
            self._send(404, error_body(f"No batch {name}", "not_found"))

    def _run_batch(self, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """Answers a whole input file at once; `shown` keeps the result back for `batch_s`."""
        books, good, bad = self._books, [], []
        for line in books.files[wanted["input_file_id"]].splitlines():
            request = msgspec.json.decode(line)
            key = request["custom_id"]
            visit = books.visits[key]
            books.visits[key] += 1
            fault = draw(self._manners, LINE_FAULTS, key, visit)
            if fault in ("429", "500"):
                books.faults[fault] += 1
                error = json.loads(error_body("The server had an error.", "server_error"))
                bad.append(batch_line(key, 500, error))
            else:
                answer = self._paid_answer(key, msgspec.json.encode(request["body"]))
                good.append(batch_line(key, 200, msgspec.json.decode(answer)))
        batch = {
            "id": name,
            "object": "batch",
            "endpoint": wanted["endpoint"],
            "input_file_id": wanted["input_file_id"],
            "completion_window": wanted["completion_window"],
            "metadata": wanted.get("metadata"),
            "created_at": 0,
            "request_counts": {"total": len(good) + len(bad), "completed": len(good), "failed": len(bad)},
            "_ready_at": time.monotonic() + self._manners.batch_s,
        }
        for role, lines in (("output_file_id", good), ("error_file_id", bad)):
            if lines:
                books.files[f"{name}-{role}"] = b"\n".join(lines) + b"\n"
                batch[role] = f"{name}-{role}"
        return batch

    def _send(self, status: int, body: bytes, extra: str = "", cut: bool = False) -> None:
        if self._transport.is_closing():
            return
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        self._transport.write(head.encode() + (body[: len(body) // 2] if cut else body))
        if cut:
            self._transport.close()


def shown(batch: dict[str, Any]) -> dict[str, Any]:
    """A batch as its owner sees it now."""
    ready = time.monotonic() >= batch["_ready_at"]
    hidden = {"_ready_at"} if ready else {"_ready_at", "output_file_id", "error_file_id", "request_counts"}
    return {k: v for k, v in batch.items() if k not in hidden} | {"status": "completed" if ready else "in_progress"}


def batch_line(key: str, status: int, body: Any) -> bytes:
    line = {"id": f"line-{key}", "custom_id": key, "response": {"status_code": status, "body": body}, "error": None}
    return msgspec.json.encode(line)


def file_object(name: str, size: int) -> dict[str, Any]:
    shape = {"object": "file", "created_at": 0, "filename": "batch.jsonl", "purpose": "batch", "status": "processed"}
    return {"id": name, "bytes": size, **shape}


def error_body(message: str, code: str) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": code, "code": code, "param": None}})


async def serve(port_file: Path, manners: Manners) -> None:
    books = Books()
    server = await asyncio.get_running_loop().create_server(lambda: Line(manners, books), "127.0.0.1", 0, backlog=512)
    temporary = port_file.with_suffix(".tmp")
    temporary.write_text(str(server.sockets[0].getsockname()[1]))
    temporary.replace(port_file)
    await server.serve_forever()


@dataclass(frozen=True)
class Loopback:
    """A running server, as a test sees it."""

    port: int
    pid: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def counts(self) -> dict[str, Any]:
        """What was called, paid and broken so far."""
        return self._get("counts")

    def last(self) -> dict[str, Any]:
        """The chat call that came last: method, path, headers and body."""
        return self._get("last")

    def _get(self, what: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{what}", timeout=30) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told


@contextmanager
def loopback(folder: Path, **manners: Any) -> Iterator[Loopback]:
    """A server in a process of its own, which ends with the block; `manners` are the fields of Manners."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.integration.loopback_teacher", "--port-file", str(port_file)]
    process = subprocess.Popen([*command, "--manners", json.dumps(manners)], cwd=REPOSITORY)
    try:
        deadline = time.monotonic() + 60
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the loopback teacher did not start")
            time.sleep(0.02)
        yield Loopback(int(port_file.read_text()), process.pid)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--faults", default="{}", help="JSON: share of each fault, 0..1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--forgets-keys", action="store_true", help="pay again for a key that came before")
    parser.add_argument("--manners", default="{}", help="JSON: fields of Manners, over the other options")
    options = parser.parse_args()
    told = {
        "latency_s": options.latency_ms / 1000,
        "faults": json.loads(options.faults),
        "seed": options.seed,
        "honours_keys": not options.forgets_keys,
    }
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port_file, Manners(**{**told, **json.loads(options.manners)})))


if __name__ == "__main__":
    main()
