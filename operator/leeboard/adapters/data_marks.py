"""The port ``DataMarks``: http(s) resources are asked by HEAD whether they changed, and nothing is read of them.

Users write the addresses, so names and numbers of this host and of its network's own services (link-local, where clouds
keep credentials) are refused, also when a name leads there. Redirects are not followed.
"""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from leeboard.adapters.http_client import Answer, HttpClient, Limits
from leeboard.errors import TransientError
from leeboard.planning.facts import Unknown

LIMITS = Limits(seconds=5.0, bytes=64 * 1024)
CONNECTIONS = 16
MOST = 4096
RETRY = timedelta(minutes=1)
"""How long a resource is left alone that could not be asked."""
FORBIDDEN = "is an address that the operator does not ask"
Forbids = Callable[[str], bool]


def is_forbidden(address: str) -> bool:
    """Whether an IP address is this host's, its network's own, or nobody's."""
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or found
    return bool(mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast)


class GuardedResolver(AbstractResolver):
    """Names that lead to a forbidden address are not found."""

    def __init__(self, forbids: Forbids = is_forbidden) -> None:
        self._inner = ThreadedResolver()
        self._forbids = forbids

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of ``host``; raises OSError when there is none left."""
        found = await self._inner.resolve(host, port, family)
        allowed = [item for item in found if not self._forbids(item["host"])]
        if not allowed:
            raise OSError(None, f"{host} {FORBIDDEN}")
        return allowed

    async def close(self) -> None:
        """Nothing is open."""
        await self._inner.close()


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    mark: str | Unknown


class WebMarks:
    """Answers are kept as long as whoever asks allows."""

    def __init__(self, http: HttpClient, *, steady: Callable[[], float], forbids: Forbids = is_forbidden) -> None:
        self._http = http
        self._steady = steady
        self._forbids = forbids
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def mark(self, uri: str, *, max_age: timedelta) -> str | Unknown:
        """See ports.DataMarks."""
        known = self._known.get(uri)
        if known is not None:
            age = min(max_age, RETRY) if isinstance(known.mark, Unknown) else max_age
            if self._steady() - known.at < age.total_seconds():
                return known.mark
        found = await self._ask(uri)
        self._known[uri] = _Known(self._steady(), found)
        self._known.move_to_end(uri)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return found

    async def _ask(self, uri: str) -> str | Unknown:
        host = urlsplit(uri).hostname or ""
        if self._is_forbidden_number(host):
            return Unknown(f"{host} {FORBIDDEN}")
        try:
            return _mark(await self._http.head(uri, limits=LIMITS))
        except TransientError as error:
            return Unknown(str(error))

    def _is_forbidden_number(self, host: str) -> bool:
        try:
            return self._forbids(host)
        except ValueError:  # a name: the resolver looks at where it leads
            return False


def _mark(answer: Answer) -> str | Unknown:
    """Hash of what says that it changed: ETag, else Last-Modified."""
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        moved = ", and redirects are not followed" if answer.status < HTTPStatus.BAD_REQUEST else ""
        return Unknown(f"it answered {answer.status}{moved}")
    for name in ("etag", "last-modified"):
        if answer.headers.get(name):
            return sha256(f"{name}: {answer.headers[name]}".encode()).hexdigest()
    return Unknown("it tells neither ETag nor Last-Modified")
