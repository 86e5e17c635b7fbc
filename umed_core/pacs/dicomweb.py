"""DICOMweb: QIDO-RS, WADO-RS and STOW-RS through dicomweb-client, over https.

The client would parse each received object with pydicom in this process; its stream of parts is used instead, and the
inbox has every part judged by the sandboxed decoder.
Source: PS3.18 10.4 (retrieve), 10.5 (store), 10.6 (search).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import requests
from dicomweb_client.api import DICOMwebClient
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from umed_core.errors import (
    InputError,
    NodeError,
    NodeRefused,
    NodeTimeout,
    NodeUnreachable,
    NodeUntrusted,
    TransferIncomplete,
)
from umed_core.images.dicom_file import DICOM_FAILURES
from umed_core.pacs.guard import Guard
from umed_core.pacs.inbox import Inbox
from umed_core.pacs.nodes import WebNode
from umed_core.pacs.parcels import Parcel, packed
from umed_core.pacs.query import (
    SERIES_KEYWORDS,
    STUDY_KEYWORDS,
    SeriesRow,
    StudyQuery,
    StudyRow,
    check_uid,
    series_row,
    study_row,
)
from umed_core.pacs.secret import Secret
from umed_core.pacs.sending import Tally
from umed_core.pacs.tls import client_context

__all__ = ["qido_series", "qido_studies", "stow", "wado", "web_echo"]

_CHUNK_BYTES = 256 * 1024
_ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_REFUSALS = {
    401: ("does not know who we are", "Check the password or token that is kept for it."),
    403: ("does not allow this to us", "Ask its administrator."),
    404: ("has nothing there", "Is the address right? Does the study still exist?"),
    406: ("cannot send in the form that we asked for", "Use DICOM's own network (C-GET) for this node."),
    413: ("finds this file too large", "Ask its administrator for a higher limit."),
}


def web_echo(node: WebNode, guard: Guard, secret: Secret) -> None:
    """DICOMweb has no echo: the smallest search instead. Raises: NodeError and its kinds."""
    with _client(node, guard, secret) as (client, _):
        client.search_for_studies(limit=1, fields=["StudyInstanceUID"])


def qido_studies(node: WebNode, guard: Guard, secret: Secret, query: StudyQuery) -> tuple[StudyRow, ...]:
    """At most `query.limit` studies. Raises: ConfigError; NodeError and its kinds."""
    keys = query.keys()
    with _client(node, guard, secret) as (client, _):
        found = client.search_for_studies(limit=query.limit, fields=list(STUDY_KEYWORDS), search_filters=keys)
        return tuple(study_row(_reader(match)) for match in found[: query.limit])


def qido_series(node: WebNode, guard: Guard, secret: Secret, study_uid: str) -> tuple[SeriesRow, ...]:
    """The series of one study. Raises: ConfigError; NodeError and its kinds."""
    with _client(node, guard, secret) as (client, _):
        found = client.search_for_series(check_uid(study_uid), fields=list(SERIES_KEYWORDS))
        # What is stated by the address need not be repeated in the answer (PS3.18 10.6.3.3).
        rows = [series_row(_reader(match, {"StudyInstanceUID": study_uid})) for match in found]
        return tuple(rows)


def wado(node: WebNode, guard: Guard, secret: Secret, inbox: Inbox, progress: Callable[[int, int], None]) -> int:
    """Fills the inbox; 0, since DICOMweb does not tell what it leaves out. Raises: NodeError and its kinds."""
    url = f"{node.url.rstrip('/')}/studies/{check_uid(inbox.study_uid)}"
    if inbox.series_uid:
        url += f"/series/{check_uid(inbox.series_uid)}"
    with _client(node, guard, secret) as (client, session):
        session.accept = _ANY_SYNTAX
        for part in client.iter_bulkdata(url):
            inbox.take(bytes(part))
            if inbox.problem is not None:
                raise inbox.problem
            progress(len(inbox.files), 0)
    return 0


def stow(
    node: WebNode, guard: Guard, secret: Secret, parcels: Sequence[Parcel], deidentify: bool, tally: Tally
) -> None:
    """Sends one after the other, so that one refusal does not hide behind others. Raises: NodeError and its kinds."""
    with _client(node, guard, secret) as (client, _):
        for parcel in parcels:
            try:
                dataset = packed(parcel, deidentify)
                with _our_errors(node, guard):
                    answer = client.store_instances([dataset])
            except InputError as problem:
                tally.fail(problem.message, parcel.path)
            except _NotStored as problem:
                tally.fail(problem.message)
            else:
                if answer.get("FailedSOPSequence"):
                    tally.fail(f"{node.name} did not store it")
                else:
                    stored = answer.get("ReferencedSOPSequence") or ()
                    tally.add(changed=any(item.get("WarningReason") for item in stored))


class _NotStored(NodeError):
    """One object that the service refuses; others it may take."""


class _Session(requests.Session):
    """No redirects: they would take names and password to an address that nobody wrote down. No proxy and no .netrc of
    the environment either."""

    def __init__(self, accept: str = "") -> None:
        super().__init__()
        self.accept = accept
        self.max_redirects = 0
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        # A wildcard may stand in a query as it is (RFC 3986 3.4), and some servers decode none: Orthanc 1.10's plugin.
        request.url = (request.url or "").replace("%2A", "*")
        if self.accept:
            request.headers["Accept"] = self.accept
        return super().send(request, **kwargs)


class _Trusting(requests.adapters.HTTPAdapter):
    """TLS exactly as the node's entry says."""

    def __init__(self, node: WebNode) -> None:
        self._context = client_context(node.tls)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Left to the context: requests would add its own list of authorities to ours."""


class _Bearer(requests.auth.AuthBase):
    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._secret.value}"
        return request


@contextmanager
def _client(node: WebNode, guard: Guard, secret: Secret) -> Iterator[tuple[DICOMwebClient, _Session]]:
    """A client under guard; what it raises leaves as one of our errors."""

    latest: list[requests.Response] = []  # not all of them: each holds the body that was sent

    def on_response(response: requests.Response, *_: Any, **__: Any) -> None:
        latest[:] = [response]
        response.iter_content = _counted(response.iter_content, guard)  # type: ignore[method-assign]

    def cut() -> None:
        for response in latest:
            _shut(response)

    guard.watch(cut)
    with _Session() as session:
        if node.url.startswith("https:"):
            session.mount("https://", _Trusting(node))
        if node.user:
            session.auth = HTTPBasicAuth(node.user.encode(), secret.value.encode())
        elif node.has_token:
            session.auth = _Bearer(secret)
        client = DICOMwebClient(
            node.url.rstrip("/"),
            session=session,
            callback=on_response,
            chunk_size=_CHUNK_BYTES,
            timeout=(guard.limits.connect_s, guard.limits.answer_s),
        )
        client.set_http_retry_params(retry=False)
        with _our_errors(node, guard):
            yield client, session


@contextmanager
def _our_errors(node: WebNode, guard: Guard) -> Iterator[None]:
    """Whatever requests, urllib3, pydicom or the client raise, in words, without the address asked for."""
    try:
        yield
    except requests.HTTPError as problem:
        raise _refusal(node, problem) from None
    except requests.exceptions.SSLError as problem:
        raise NodeUntrusted(
            f"{node.name} cannot prove who it is: {_innermost(problem)}.",
            "Give the CA file that vouches for it; the host must be the one in its certificate.",
        ) from None
    except requests.exceptions.InvalidJSONError:
        raise _no_dicomweb(node) from None
    except requests.exceptions.TooManyRedirects:
        raise NodeRefused(
            f"{node.name} sends us to another address.", "Write down the address that it really has."
        ) from None
    except requests.Timeout:
        raise NodeTimeout(
            f"{node.name} did not answer within {guard.limits.answer_s:g} s.", "Try again, or allow more time."
        ) from None
    except (requests.exceptions.ChunkedEncodingError, HTTPError, OSError) as problem:
        raise _broken(node, guard, problem) from None
    except DICOM_FAILURES:
        raise _no_dicomweb(node) from None


def _counted(stream: Callable[..., Iterator[bytes]], guard: Guard) -> Callable[..., Iterator[bytes]]:
    def counted(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        for chunk in stream(*args, **kwargs):
            guard.count(len(chunk))
            yield chunk

    return counted


def _shut(response: requests.Response) -> None:
    with suppress(OSError, ValueError, RuntimeError, AttributeError):  # read to its end meanwhile
        response.raw.shutdown()


def _reader(match: Mapping[str, Any], known: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """Text of a keyword in DICOM's JSON model (PS3.18 F.2)."""
    from pydicom.datadict import tag_for_keyword

    def text(keyword: str) -> str:
        tag = tag_for_keyword(keyword)
        element = match.get(f"{tag:08X}") if isinstance(match, Mapping) else None
        values = element.get("Value") if isinstance(element, Mapping) else None
        if not isinstance(values, list):
            return (known or {}).get(keyword, "")
        return "\\".join(_plain(value) for value in values)

    return text


def _plain(value: object) -> str:
    if isinstance(value, Mapping):  # a person's name
        return str(value.get("Alphabetic") or value.get("Ideographic") or value.get("Phonetic") or "")
    return "" if value is None else str(value)


def _refusal(node: WebNode, problem: requests.HTTPError) -> NodeError:
    code = problem.response.status_code if problem.response is not None else 0
    if problem.request is not None and problem.request.method == "POST" and code in (400, 409, 415):
        return _NotStored(f"{node.name} did not store it (HTTP {code})", "Its log may say why.")
    words, hint = _REFUSALS.get(code, ("", ""))
    if words:
        return NodeRefused(f"{node.name} {words} (HTTP {code}).", hint)
    if code in (429, 503, 507):
        return NodeError(f"{node.name} is out of resources (HTTP {code}).", "Ask for less, or try again later.")
    return NodeError(f"{node.name} failed (HTTP {code}).", "Its log may say why.")


def _broken(node: WebNode, guard: Guard, problem: Exception) -> NodeError:
    if guard.is_over_limit:
        return TransferIncomplete(f"{node.name} sent more than {guard.limits.bytes >> 20} MiB.", "Ask for one series.")
    if isinstance(problem, requests.ConnectionError) and not isinstance(
        problem, requests.exceptions.ChunkedEncodingError
    ):
        said = _innermost(problem)
        return NodeUnreachable(f"{node.name} cannot be reached: {said}.", "Check the address; is the node running?")
    return TransferIncomplete(f"{node.name} broke the connection off.", "Try again; the node's log may say why.")


def _no_dicomweb(node: WebNode) -> NodeError:
    return NodeError(f"{node.name} does not answer as DICOMweb does.", "Is the address right?")


def _innermost(problem: BaseException) -> str:
    """The words of the first cause: the outer ones repeat the address with what was searched for."""
    while True:
        inner = problem.__cause__ or problem.__context__ or getattr(problem, "reason", None)
        if not isinstance(inner, BaseException) or inner is problem:
            break
        problem = inner
    verify = getattr(problem, "verify_message", "")
    return str(verify or getattr(problem, "strerror", "") or type(problem).__name__).rstrip(".")
