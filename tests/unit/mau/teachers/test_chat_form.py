"""Requests to bytes and back; what each HTTP status means; addresses and keys."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umed_core.errors import ConfigError, TeacherBusy, TeacherError, TeacherRejected
from umed_core.mau.teacher import Stage, TeacherReply, TeacherRequest, Tokens
from umed_core.mau.teachers.api_key import ApiKey, find_api_key
from umed_core.mau.teachers.chat_form import (
    ChatSettings,
    chat_body,
    error_from,
    is_loopback,
    is_refusal,
    reply_from,
    require_library,
    require_safe_key,
    retry_after_s,
)
from umed_core.records import Turn

HERE = ChatSettings("gemma", "http://127.0.0.1:8000/v1", 300, {"temperature": 0})
PNG = b"\x89PNG\r\n\x1a\n...."
JPEG = b"\xff\xd8\xff...."


def request(image: Path, stage: Stage = "diagnosis") -> TeacherRequest:
    messages = (Turn("system", "Explain."), Turn("user", "A stone."), Turn("assistant", "?"), Turn("user", "Again."))
    return TeacherRequest("key", "set/1", stage, 1, messages, image, (), "CT")


@pytest.mark.parametrize(("content", "kind"), [(PNG, "png"), (JPEG, "jpeg")])
def test_a_body_by_hand(tmp_path, content, kind):
    image = tmp_path / "misnamed.gif"
    image.write_bytes(content)
    url = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    assert json.loads(chat_body(request(image), HERE)) == {
        "model": "gemma",
        "messages": [
            {"role": "system", "content": "Explain."},
            {
                "role": "user",
                "content": [{"type": "text", "text": "A stone."}, {"type": "image_url", "image_url": {"url": url}}],
            },
            {"role": "assistant", "content": "?"},
            {"role": "user", "content": "Again."},
        ],
        "max_tokens": 300,
        "temperature": 0,
    }


def test_the_picture_goes_where_it_belongs_whatever_the_words_hold(tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes(PNG)
    words = 'Line one\nline two\r\n\\n "quoted" \x00 \u2028'
    asked = TeacherRequest("key", "set/1", "diagnosis", 0, (Turn("user", words),), image, (), "CT")
    settings = ChatSettings("m", "http://127.0.0.1:1/v1", extra={"stop": ["\n"], "user": "a\nb"})
    body = json.loads(chat_body(asked, settings))
    [text, picture] = body["messages"][0]["content"]
    assert text["text"] == words and body["stop"] == ["\n"] and body["user"] == "a\nb"
    assert base64.b64decode(picture["image_url"]["url"].partition(",")[2]) == PNG


def test_a_reflection_reads_no_image():
    body = json.loads(chat_body(request(Path("gone.png"), "reflection"), HERE))
    assert [message["content"] for message in body["messages"]] == ["Explain.", "A stone.", "?", "Again."]


def test_openai_is_told_to_store_nothing():
    body = json.loads(chat_body(request(Path("-"), "reflection"), ChatSettings("gpt-4o", max_tokens=9)))
    assert body["store"] is False and body["max_completion_tokens"] == 9 and "max_tokens" not in body


def test_an_image_that_is_none_or_is_gone_is_rejected(tmp_path):
    (tmp_path / "a.png").write_bytes(b"GIF89a")
    with pytest.raises(TeacherRejected, match=r"a\.png is neither PNG nor JPEG"):
        chat_body(request(tmp_path / "a.png"), HERE)
    with pytest.raises(TeacherRejected, match=r"b\.png cannot be read"):
        chat_body(request(tmp_path / "b.png"), HERE)


def completion(content: str | None, finish: str = "stop", refusal: str | None = None) -> bytes:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "details": {"cached": 0}}
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], "usage": usage}).encode()


def test_replies_by_hand():
    paid = Tokens(7, 3)
    assert reply_from(completion(" A stone.\n")) == TeacherReply("A stone.", "", paid)
    assert reply_from(completion(None, refusal="No.")) == TeacherReply("", "No.", paid)
    assert reply_from(completion("", "content_filter")).refusal == "stopped by the server's content filter"
    assert reply_from(completion("A sto", "length")).refusal.startswith("cut off after 3 tokens")
    assert reply_from(completion(None)).refusal == "an empty answer"
    assert reply_from(b'{"choices":[{"message":{"content":"x"}}]}') == TeacherReply("x")  # no usage: some servers


@given(st.binary(max_size=80) | st.integers(0, 150).map(lambda n: completion("A stone.")[:n]))
def test_anything_else_is_busy(body):
    with pytest.raises(TeacherBusy, match="not a chat completion"):
        reply_from(body)


def error(status: int, code: str = "", headers: dict[str, str] | None = None, words: str = "Well.") -> TeacherError:
    body = json.dumps({"error": {"message": words, "code": code or None}}).encode()
    return error_from(status, headers or {}, body, HERE, ApiKey("sk-secret"))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_these_are_for_now(status):
    assert type(error(status)) is TeacherBusy


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404])
def test_these_stop_everything(status):
    assert type(error(status)) is TeacherError and error(status).hint


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_these_are_about_one_request(status):
    assert type(error(status)) is TeacherRejected


def test_a_spent_quota_is_no_rate_limit():
    assert type(error(429, "insufficient_quota")) is TeacherError
    assert error(429, "rate_limit_exceeded").retry_after_s == 1.0  # type: ignore[attr-defined]
    assert error(429, headers={"Retry-After": "12"}).retry_after_s == 12.0  # type: ignore[attr-defined]


def test_a_server_that_repeats_the_key_does_not_make_us_repeat_it():
    said = error(401, words="Wrong key sk-secret\nwith a second line.")
    assert "sk-secret" not in str(said) and "Wrong key *** with a second line" in said.message


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": 7}', b'{"detail": "x"}', b"\xff"])
def test_an_error_without_a_reason_still_reads(body):
    assert "HTTP 500" in error_from(500, {}, body, HERE, ApiKey()).message


def test_plain_reasons_are_read():
    assert "(no such model)" in error_from(404, {}, b'{"error": "no such model"}', HERE, ApiKey()).message


def test_a_content_filter_is_a_refusal():
    assert is_refusal(400, b'{"error": {"message": "-", "code": "content_filter"}}')
    assert not is_refusal(400, b'{"error": {"message": "-", "code": "bad"}}')
    assert not is_refusal(500, b'{"error": {"message": "-", "code": "content_filter"}}')


def test_waits_by_hand():
    assert retry_after_s({"Retry-After": "20"}) == 20.0
    assert retry_after_s({"retry-after-ms": "1500", "retry-after": "20"}) == 1.5
    assert retry_after_s({"Retry-After": "1e9"}) == 3600.0
    for nonsense in ("", "-5", "nan", "inf", "soon", "Wed"):
        assert retry_after_s({"Retry-After": nonsense}) == 0.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < retry_after_s({"Retry-After": date}) <= 60


@given(st.text(max_size=40))
def test_any_wait_is_within_an_hour(words):
    assert 0.0 <= retry_after_s({"Retry-After": words}) <= 3600.0


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://127.0.0.1/v1", "http://127.1.2.3", "http://[::1]:9/v1"]
)
def test_this_machine(url):
    assert is_loopback(url)


@pytest.mark.parametrize("url", ["http://127.evil.com", "http://localhost.evil.com", "https://api.openai.com/v1"])
def test_another_machine(url):
    assert not is_loopback(url)


def test_a_key_does_not_cross_the_network_unencrypted():
    with pytest.raises(ConfigError, match="unencrypted"):
        require_safe_key(ChatSettings("m", "http://10.0.0.5/v1"), ApiKey("sk"))
    for fine, key in ((HERE, "sk"), (ChatSettings("m"), "sk"), (ChatSettings("m", "http://10.0.0.5/v1"), "")):
        require_safe_key(fine, ApiKey(key))


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://x/v1", "http:///v1", "https://me:pass@x/v1"])
def test_an_address_that_is_none(url):
    with pytest.raises(ConfigError) as caught:
        ChatSettings("m", url)
    assert "pass" not in caught.value.message.replace("password", "")


def test_the_identity_holds_what_changes_an_answer():
    assert HERE.identity == 'openai model=gemma server=127.0.0.1:8000/v1 max_tokens=300 {"temperature":0}'


def test_the_key_comes_from_the_environment_else_from_the_keyring(monkeypatch):
    keyring = pytest.importorskip("keyring")
    wanted: list[tuple[str, str]] = []

    def stored(service: str, name: str) -> str:
        wanted.append((service, name))
        return "sk-stored"

    monkeypatch.setattr(keyring, "get_password", stored)
    monkeypatch.setenv("OPENAI_API_KEY", " sk-env\n")
    assert find_api_key().value == "sk-env" and wanted == []
    monkeypatch.delenv("OPENAI_API_KEY")
    assert find_api_key().value == "sk-stored" and wanted == [("umed", "openai")]
    assert "sk-stored" not in repr(find_api_key())


def test_without_a_keyring_the_key_is_empty(monkeypatch):
    keyring = pytest.importorskip("keyring")

    def locked(service: str, name: str) -> str:
        raise keyring.errors.NoKeyringError("none here")

    monkeypatch.setattr(keyring, "get_password", locked)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert find_api_key() == ApiKey("")
    assert ApiKey("").hidden_in("nothing to hide") == "nothing to hide"


def test_a_library_that_is_missing_is_told_with_what_to_install():
    require_library("json")
    with pytest.raises(ConfigError, match="no_such_library, which is not installed") as caught:
        require_library("no_such_library")
    assert "umed[mau]" in caught.value.hint
