"""HTTP to servers that may be slow, gone, or not what they should be: every call is bounded in time and size.

No redirects, no cookies, no proxy of the environment unless told so, no compression (a small body could unpack to a
huge one). What a body says is for its reader; a reason for a failure never quotes it, nor the URL, which may hold a
password.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
from aiohttp.abc import AbstractResolver

from leeboard.errors import TransientError

HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "leeboard"}
CHUNK_BYTES = 64 * 1024
_Data = Mapping[str, str] | aiohttp.JsonPayload


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost."""

    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, its body, and the headers by lower-case name."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == HTTPStatus.OK


class HttpClient:
    """A pool of connections; built inside the event loop that uses it.

    ``is_through_proxy``: the environment's, where it names one.
    """

    def __init__(
        self, *, connections: int, resolver: AbstractResolver | None = None, is_through_proxy: bool = False
    ) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=is_through_proxy,
            auto_decompress=False,
            headers=HEADERS,
        )

    async def get(self, url: str, *, limits: Limits) -> Answer:
        """Raises TransientError with the reason for which there is no answer."""
        return await self._call("GET", url, limits=limits)

    async def head(self, url: str, *, limits: Limits) -> Answer:
        """The same, of the headers only."""
        return await self._call("HEAD", url, limits=limits)

    async def post(self, url: str, form: Mapping[str, str], *, limits: Limits) -> Answer:
        """The same, with a form."""
        return await self._call("POST", url, limits=limits, data=form)

    async def post_json(self, url: str, document: object, *, limits: Limits) -> Answer:
        """The same, with a JSON document."""
        return await self._call("POST", url, limits=limits, data=aiohttp.JsonPayload(document))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _call(self, method: str, url: str, *, limits: Limits, data: _Data | None = None) -> Answer:
        try:
            async with asyncio.timeout(limits.seconds):
                async with self._session.request(method, url, data=data, allow_redirects=False) as answer:
                    headers = {name.lower(): value for name, value in answer.headers.items()}
                    return Answer(answer.status, await _body(answer, limits), headers)
        except TimeoutError:
            raise TransientError(f"no answer within {limits.seconds:g} s") from None
        except aiohttp.ClientConnectorError:
            raise TransientError("no connection") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise TransientError(f"no complete answer ({type(error).__name__})") from None


async def _body(answer: aiohttp.ClientResponse, limits: Limits) -> bytes:
    chunks, size = [], 0
    async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
        size += len(chunk)
        if size > limits.bytes:
            raise TransientError(f"an answer over {limits.bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
