"""OpenAI's chat completions as bytes, both ways: a request to its body, and a server's answer to a reply or an error.

Pure functions, shared by single calls and by batches. Source: the API reference of chat completions.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from umed_core.errors import ConfigError, TeacherBusy, TeacherError, TeacherRejected
from umed_core.mau.teacher import TeacherReply, TeacherRequest, Tokens
from umed_core.mau.teachers.api_key import ApiKey

__all__ = [
    "OPENAI_URL",
    "ChatSettings",
    "chat_body",
    "error_from",
    "is_loopback",
    "is_refusal",
    "reply_from",
    "require_library",
    "require_safe_key",
    "retry_after_s",
]

OPENAI_URL = "https://api.openai.com/v1"
LONGEST_WAIT_S = 3600.0
REFUSAL_CODES = ("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")
_GAP = b"\n"
"""Where the picture goes. No line break stands in the JSON that msgspec writes, so it marks one place; and a picture that
goes in last is copied once, where the encoder would copy it and search it for quotes, three times over."""

SPENT_CODES = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active")


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """Which model of which server, and how it answers.

    `extra` goes into every request as it is, e.g. {"temperature": 0, "seed": 1}: models differ in what they allow.
    """

    model: str
    base_url: str = OPENAI_URL
    max_tokens: int = 1024
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises: ConfigError for an address that is none."""
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"{self.base_url!r} is no server's address.", "For example http://127.0.0.1:8000/v1.")
        if parts.username or parts.password:
            raise ConfigError(
                "The server's address holds a name or a password.", "Put the key into OPENAI_API_KEY or the keyring."
            )
        if not self.model.strip():
            raise ConfigError("No model is named.", "Name one that the server has.")

    @property
    def identity(self) -> str:
        """Model, server and everything that changes an answer, in one line without secrets."""
        parts = urlsplit(self.base_url)
        extra = msgspec.json.encode(dict(self.extra), order="sorted").decode()
        return f"openai model={self.model} server={parts.netloc}{parts.path} max_tokens={self.max_tokens} {extra}"

    @property
    def is_openai(self) -> bool:
        return (urlsplit(self.base_url).hostname or "").endswith("openai.com")


def is_loopback(base_url: str) -> bool:
    """Whether this address is the machine itself."""
    host = urlsplit(base_url).hostname or ""
    return host in ("localhost", "::1") or (host.startswith("127.") and host.replace(".", "").isdigit())


def require_library(*names: str) -> None:
    """Raises: ConfigError where one of these optional libraries is not installed."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(f"This teacher needs {name}, which is not installed.", 'Run: pip install "umed[mau]".')


def require_safe_key(settings: ChatSettings, key: ApiKey) -> None:
    """Raises: ConfigError for a key that would cross the network unencrypted."""
    if key.value and settings.base_url.startswith("http:") and not is_loopback(settings.base_url):
        raise ConfigError(
            f"The key would go to {settings.base_url} unencrypted.", "Use https, or an empty key for a server without."
        )


def chat_body(request: TeacherRequest, settings: ChatSettings) -> bytes:
    """The JSON body of a call. The image goes with a diagnosis only: a reflection re-orders text and needs none.

    Raises: TeacherRejected for an image that is neither PNG nor JPEG or is gone.
    """
    messages: list[dict[str, object]] = [{"role": turn.role, "content": turn.text} for turn in request.messages]
    if request.stage == "diagnosis":
        first = next(message for message in messages if message["role"] == "user")
        image = {"type": "image_url", "image_url": {"url": msgspec.Raw(_GAP)}}
        first["content"] = [{"type": "text", "text": first["content"]}, image]
    body: dict[str, object] = {"model": settings.model, "messages": messages}
    if settings.is_openai:
        # Only OpenAI knows these: medical images are not to stay there, and its newer models refuse `max_tokens`.
        body |= {"store": False, "max_completion_tokens": settings.max_tokens}
    else:
        body["max_tokens"] = settings.max_tokens
    before, gap, after = msgspec.json.encode(body | dict(settings.extra)).partition(_GAP)
    return b"".join((before, *_data_url(request.image), after)) if gap else before


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _ErrorDetail(msgspec.Struct):
    message: str | None = None
    code: str | int | None = None
    type: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _ErrorDetail | str = ""
    message: str = ""


_completions = msgspec.json.Decoder(_Completion)
_errors = msgspec.json.Decoder(_ErrorBody)


def reply_from(body: bytes) -> TeacherReply:
    """The reply in a completion; a refusal, a filtered and a cut-off answer have empty text and say so in `refusal`.

    Raises: TeacherBusy for a body that is no completion.
    """
    try:
        completion = _completions.decode(body)
        choice = completion.choices[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as problem:
        raise TeacherBusy(
            f"The server's answer is not a chat completion ({problem}).",
            "It may be cut off, or another kind of server.",
        ) from None
    usage = completion.usage or _Usage()
    tokens = Tokens(usage.prompt_tokens, usage.completion_tokens)
    text = (choice.message.content or "").strip()
    if choice.message.refusal:
        return TeacherReply("", choice.message.refusal.strip(), tokens)
    if choice.finish_reason == "content_filter":
        return TeacherReply("", "stopped by the server's content filter", tokens)
    if choice.finish_reason == "length":
        return TeacherReply("", f"cut off after {tokens.completion} tokens: raise the limit of tokens", tokens)
    return TeacherReply(text, "" if text else "an empty answer", tokens)


def is_refusal(status: int, body: bytes) -> bool:
    """Whether an HTTP error says that the server's content filter declined this request."""
    return status == 400 and _detail(body)[1] in REFUSAL_CODES


def error_from(
    status: int, headers: Mapping[str, str], body: bytes, settings: ChatSettings, key: ApiKey
) -> TeacherError:
    """What an HTTP status other than 200 means: TeacherBusy to try again, TeacherRejected for this request alone,
    TeacherError for all of them."""
    words, code = _detail(body)
    said = key.hidden_in(f" ({words})" if words else "")
    server = urlsplit(settings.base_url).netloc
    if status == 429 and code in SPENT_CODES:
        return TeacherError(f"The account's quota at {server} is used up{said}.", "Check its billing, then run again.")
    if status == 429:
        # A limit without a wait still asks everybody to slow down.
        return TeacherBusy(f"{server} says: too many requests{said}.", _SLOWER, retry_after_s(headers) or 1.0)
    if status in (408, 409, 425) or status >= 500:
        return TeacherBusy(f"{server} has a fault, HTTP {status}{said}.", "Try again later.", retry_after_s(headers))
    if status == 401:
        return TeacherError(f"{server} does not accept the key{said}.", _KEY)
    if status == 403:
        return TeacherError(f"{server} does not allow this{said}.", "Check what the key and the account may use.")
    if status in (404, 405) or 300 <= status < 400:
        return TeacherError(
            f"{server} has no such model or address, HTTP {status}: {settings.model} at {settings.base_url}{said}.",
            "Check the model's name, and the address, which mostly ends in /v1.",
        )
    if status == 402:
        return TeacherError(f"{server} wants to be paid first{said}.", "Check the account's billing.")
    return TeacherRejected(f"{server} rejects the request, HTTP {status}{said}.", "Check the model and its options.")


_SLOWER = "Lower the requests in flight or a minute."
_KEY = "Set OPENAI_API_KEY, or store the key in the system's keyring: keyring set umed openai."


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Seconds that the server asks to wait, 0..3600: `retry-after-ms`, else `Retry-After` as a number or a date; else 0."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(lower[name]) * unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return min(max(seconds, 0.0), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(lower.get("retry-after", ""))
    except (TypeError, ValueError):
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_S)


def _data_url(image: Path) -> tuple[bytes, bytes, bytes]:
    """The picture as a JSON string, in parts to be joined. Raises: TeacherRejected."""
    from pybase64 import b64encode

    try:
        content = image.read_bytes()
    except OSError as problem:
        raise TeacherRejected(f"{image.name} cannot be read: {problem.strerror}.", "Build again.") from problem
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = b"png"
    elif content.startswith(b"\xff\xd8\xff"):
        kind = b"jpeg"
    else:
        raise TeacherRejected(f"{image.name} is neither PNG nor JPEG.", "Build again from the source.")
    return b'"data:image/%s;base64,' % kind, b64encode(content), b'"'


def _detail(body: bytes) -> tuple[str, str]:
    """A server's own words about an error, in one short line, and its code; empty where it has none."""
    try:
        error = _errors.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "", ""
    detail = error.error if isinstance(error.error, _ErrorDetail) else _ErrorDetail(error.error or error.message)
    words = " ".join((detail.message or "").split()).rstrip(".")
    return words[:300], str(detail.code or detail.type or "")
