"""Raw JSON requests to the API server, on the connection pool of ``kubernetes.aio``.

Its typed models drop fields that they do not know and its dynamic client copies every body; this keeps the login, the
TLS set-up and the pool, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from leeboard.adapters.kubernetes.login import token_of
from leeboard.api.resource import Manifest
from leeboard.errors import (
    AlreadyExistsError,
    ConflictError,
    LeeboardError,
    PermanentError,
    RejectedError,
    TransientError,
)
from leeboard.metrics import Metrics

REQUEST_SECONDS = 10.0
LIST_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 5.0


class Verb(StrEnum):
    """What a request does, as RBAC and the metrics call it."""

    GET = "get"
    LIST = "list"
    CREATE = "create"
    APPLY = "apply"
    PATCH = "patch"
    UPDATE = "update"
    DELETE = "delete"


_METHODS = {
    Verb.GET: "GET",
    Verb.LIST: "GET",
    Verb.CREATE: "POST",
    Verb.APPLY: "PATCH",
    Verb.PATCH: "PATCH",
    Verb.UPDATE: "PUT",
    Verb.DELETE: "DELETE",
}
_CONTENT = {Verb.APPLY: "application/apply-patch+yaml; charset=utf-8", Verb.PATCH: "application/json-patch+json"}
_SURROGATES = range(0xD800, 0xE000)
_ESCAPED = re.compile("[\x7f-\uffff]")


@dataclass(frozen=True, slots=True)
class Request:
    """One request: verb, kind for the metrics, path, query and body."""

    verb: Verb
    kind: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Manifest | Sequence[Manifest] | None = None
    timeout_seconds: float = REQUEST_SECONDS


class NotFoundError(ConflictError):
    """The object, or the collection, does not exist."""


class ApiClient:
    """Sends requests; translates every failure into leeboard.errors."""

    def __init__(self, configuration: Configuration, metrics: Metrics) -> None:
        self.configuration = configuration
        self.metrics = metrics
        # Looking for a proxy in the environment would cost a thread for every request; kopf does not look either.
        configuration.client_session_kwargs = {"cookie_jar": aiohttp.DummyCookieJar(), "trust_env": False}
        self._rest = RESTClientObject(configuration)

    async def send(self, request: Request) -> Manifest:
        """The decoded answer; raises ConflictError, RejectedError, TransientError or PermanentError."""
        status, text = await self._exchange(request)
        answer = _decode(text)
        if status < 300:  # noqa: PLR2004 - HTTP: success
            return answer
        raise _error(status, str(answer.get("message") or text[:1024]), answer)

    async def text(self, request: Request) -> str:
        """The answer as it is, for logs."""
        status, text = await self._exchange(request)
        if status < 300:  # noqa: PLR2004 - HTTP: success
            return text
        raise _error(status, text[:1024], _decode(text))

    async def lines(self, request: Request) -> AsyncIterator[str]:
        """The lines of an answer that does not end, as they come; without a time limit once it has begun."""
        forever = aiohttp.ClientTimeout(total=None, sock_connect=request.timeout_seconds)
        try:
            async with asyncio.timeout(request.timeout_seconds):
                headers = await self._headers(request)
                answer = await self._rest.request("GET", self._url(request), headers=headers, _request_timeout=forever)
            try:
                if answer.status >= 300:  # noqa: PLR2004 - HTTP: no success
                    text = (await answer.read()).decode(errors="replace")
                    raise _error(answer.status, str(_decode(text).get("message") or text[:1024]), _decode(text))
                async for line in _lines(answer.response.content):
                    yield line
            finally:
                answer.response.close()
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as error:
            raise TransientError(f"{request.verb} {request.kind}: {str(error) or type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._rest.close()

    async def _exchange(self, request: Request) -> tuple[int, str]:
        code = "error"
        try:
            async with asyncio.timeout(request.timeout_seconds):
                headers = await self._headers(request)
                answer = await self._rest.request(
                    _METHODS[request.verb],
                    self._url(request),
                    headers=headers,
                    body=as_yaml(request.body) if request.verb is Verb.APPLY else request.body,
                    _request_timeout=aiohttp.ClientTimeout(total=request.timeout_seconds),
                )
                text = (await answer.read()).decode(errors="replace")
                code = str(answer.status)
            await _obey_retry_after(answer.status, answer.headers)
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as error:
            raise TransientError(f"{request.verb} {request.kind}: {str(error) or type(error).__name__}") from error
        finally:
            self.metrics.kubernetes.labels(request.verb.value, request.kind, code).inc()
        return answer.status, text

    async def _headers(self, request: Request) -> dict[str, str]:
        token = await token_of(self.configuration)
        headers = {"Accept": "application/json", "User-Agent": "leeboard"}
        headers["Content-Type"] = _CONTENT.get(request.verb, "application/json")
        return headers | ({"Authorization": f"Bearer {token}"} if token else {})

    def _url(self, request: Request) -> str:
        query = f"?{urlencode(request.query)}" if request.query else ""
        return f"{self.configuration.host}{request.path}{query}"


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[str]:
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def as_yaml(body: object) -> bytes:
    """``body`` as the YAML that an apply is read as: JSON, but for pairs of surrogates, which YAML has no escape for.

    Characters beyond U+FFFF, as in a log line with an emoji, are written as they are; half a pair becomes U+FFFD.
    """
    return _ESCAPED.sub(_escape, json.dumps(body, ensure_ascii=False)).encode()


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return "\\ufffd" if code in _SURROGATES else f"\\u{code:04x}"


def _decode(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _error(status: int, message: str, answer: Manifest) -> LeeboardError:
    match status:
        case 404:
            return NotFoundError(message)
        case 409 if answer.get("reason") == "AlreadyExists":
            return AlreadyExistsError(message)
        case 409 | 410:
            return ConflictError(message)
        case 422 | 403:
            return RejectedError(status, message)
        case 401 | 408 | 429:
            return TransientError(f"{status}: {message}")
        case _ if status >= 500:  # noqa: PLR2004 - HTTP: the server's fault
            return TransientError(f"{status}: {message}")
        case 400:
            # Strict field validation answers 400 for an unknown field: the object is at fault, as with 422.
            return RejectedError(422, message)
        case _:
            return PermanentError(f"{status}: {message}")


async def _obey_retry_after(status: int, headers: Mapping[str, str]) -> None:
    if status == 429 or status >= 500:  # noqa: PLR2004 - HTTP: too many requests, the server's fault
        after = headers.get("Retry-After", "")
        if after.isdigit():
            await asyncio.sleep(min(float(after), MAX_RETRY_AFTER_SECONDS))
