"""A teacher behind OpenAI's chat interface: OpenAI itself, or vLLM, Ollama, llama.cpp and others on this machine.

The calls go through aiohttp and not through the `openai` client, which costs ten times the processor time for each
(benchmarks/asking.py); batches, where that does not matter, use the client. Retries are `asking`'s business.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from umed_core.errors import TeacherBusy, TeacherError
from umed_core.mau.teacher import TeacherReply, TeacherRequest
from umed_core.mau.teachers.api_key import ApiKey
from umed_core.mau.teachers.chat_form import (
    ChatSettings,
    chat_body,
    error_from,
    is_loopback,
    is_refusal,
    reply_from,
    require_library,
    require_safe_key,
)

if TYPE_CHECKING:
    import aiohttp

__all__ = ["OpenAITeacher"]

CONNECT_TIMEOUT_S = 20.0
SENT_IN_ONE_GO = 2**19


class OpenAITeacher:
    """Implements Teacher. Each call carries its request's key as Idempotency-Key, so that a server that honours it charges
    a retried call once. `timeout_s` is for one whole answer; `connections` caps those open at once."""

    def __init__(
        self,
        settings: ChatSettings,
        key: ApiKey = ApiKey(),  # noqa: B008 - frozen
        timeout_s: float = 120.0,
        connections: int = 64,
    ) -> None:
        """Raises: ConfigError for a key that would cross the network unencrypted, or without the libraries."""
        require_library("aiohttp", "pybase64")
        require_safe_key(settings, key)
        self._settings, self._key = settings, key
        self._timeout_s, self._connections = timeout_s, connections
        self._session: aiohttp.ClientSession | None = None

    @property
    def identity(self) -> str:
        return self._settings.identity

    @property
    def is_remote(self) -> bool:
        return not is_loopback(self._settings.base_url)

    async def answer(self, request: TeacherRequest) -> TeacherReply:
        """Raises: TeacherBusy; TeacherRejected for this request alone; TeacherError for the key, the model, the address."""
        status, headers, body = await self._post(chat_body(request, self._settings), request.key)
        if status == 200:
            return reply_from(body)
        if is_refusal(status, body):
            return TeacherReply("", "declined by the server's content filter")
        raise error_from(status, headers, body, self._settings, self._key)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes, idempotency_key: str) -> tuple[int, dict[str, str], bytes]:
        import aiohttp

        session = self._session or self._open_session()
        url = f"{self._settings.base_url.rstrip('/')}/chat/completions"
        # aiohttp sends bytes in one go and warns of large ones; a stream lets other calls in between.
        data = body if len(body) <= SENT_IN_ONE_GO else io.BytesIO(body)
        try:
            # No redirects: they would take image and key to an address that nobody agreed to.
            async with session.post(
                url, data=data, headers={"Idempotency-Key": idempotency_key}, allow_redirects=False
            ) as response:
                body_read = await response.read()
                return response.status, dict(response.headers) if response.status != 200 else {}, body_read
        except TimeoutError:
            raise TeacherBusy(f"{url} did not answer within {self._timeout_s:g} s.", "Allow it more time.") from None
        except aiohttp.ClientConnectorCertificateError as problem:
            raise TeacherError(f"{url} cannot prove who it is: {problem}.", "Check the server's certificate.") from None
        except (aiohttp.ClientError, OSError) as problem:
            said = self._key.hidden_in(str(problem) or type(problem).__name__)
            raise TeacherBusy(
                f"{url} cannot be reached: {said}.", "Is the server running, and the address right?"
            ) from None

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        headers = {"Content-Type": "application/json", "User-Agent": "umed"}
        if self._key.value:
            headers["Authorization"] = f"Bearer {self._key.value}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=self._connections),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=CONNECT_TIMEOUT_S),
            # A person's proxy counts for servers elsewhere; one on this machine is reached directly.
            trust_env=self.is_remote,
        )
        return self._session
