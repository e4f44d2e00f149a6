"""Asking the web whether data changed: over real sockets, by HEAD, never where it must not ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from leeboard.adapters.data_marks import FORBIDDEN, GuardedResolver, WebMarks, is_forbidden
from leeboard.adapters.http_client import HttpClient
from leeboard.planning.facts import Unknown
from tests.support.little_server import serving

HOUR = timedelta(hours=1)


class Web:
    """A server that answers HEAD with these headers, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.headers, self.status, self.asked, self.now = {"ETag": '"1"'}, 200, list[str](), 0.0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.method)
        return web.Response(status=self.status, headers=self.headers)


@asynccontextmanager
async def asking(server: Web, *, guarded: bool = False) -> AsyncIterator[tuple[WebMarks, str]]:
    forbids = is_forbidden if guarded else lambda _: False
    client = HttpClient(connections=2, resolver=GuardedResolver(forbids))
    try:
        async with serving(server.handle) as port:
            yield WebMarks(client, steady=lambda: server.now, forbids=forbids), f"http://localhost:{port}/loans.csv"
    finally:
        await client.close()


async def test_a_mark_changes_with_the_tag_and_is_asked_for_when_it_is_too_old() -> None:
    server = Web()
    async with asking(server) as (marks, uri):
        first = await marks.mark(uri, max_age=HOUR)
        server.headers = {"ETag": '"2"'}
        server.now = 3599
        again = await marks.mark(uri, max_age=HOUR)
        server.now = 3601
        later = await marks.mark(uri, max_age=HOUR)
    assert isinstance(first, str)
    assert (again, len(first), server.asked) == (first, 64, ["HEAD", "HEAD"])
    assert later != first


async def test_without_a_tag_the_time_of_the_last_change_tells() -> None:
    server = Web()
    server.headers = {"Last-Modified": "Sat, 21 Nov 2026 12:00:00 GMT"}
    async with asking(server) as (marks, uri):
        first = await marks.mark(uri, max_age=timedelta(0))
        server.headers = {"Last-Modified": "Sun, 22 Nov 2026 12:00:00 GMT"}
        assert await marks.mark(uri, max_age=timedelta(0)) != first


@pytest.mark.parametrize(
    ("status", "headers", "why"),
    [
        (200, {}, "it tells neither ETag nor Last-Modified"),
        (404, {"ETag": "1"}, "it answered 404"),
        (302, {"ETag": "1", "Location": "http://169.254.169.254/"}, "it answered 302, and redirects are not followed"),
    ],
)
async def test_what_does_not_tell_is_unknown_and_asked_again_after_a_minute(
    status: int, headers: dict[str, str], why: str
) -> None:
    server = Web()
    server.status, server.headers = status, headers
    async with asking(server) as (marks, uri):
        assert await marks.mark(uri, max_age=HOUR) == Unknown(why)
        server.now = 59
        await marks.mark(uri, max_age=HOUR)
        assert len(server.asked) == 1
        server.now = 61
        await marks.mark(uri, max_age=HOUR)
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "169.254.169.254", "[fe80::1]", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_addresses_of_the_host_and_its_network_are_never_asked(host: str) -> None:
    server = Web()
    async with asking(server, guarded=True) as (marks, uri):
        found = await marks.mark(uri.replace("localhost", host), max_age=HOUR)
    assert isinstance(found, Unknown)
    assert FORBIDDEN in found.why
    assert server.asked == []


async def test_a_name_that_leads_to_the_host_is_not_found() -> None:
    server = Web()
    async with asking(server, guarded=True) as (marks, uri):
        assert await marks.mark(uri, max_age=HOUR) == Unknown("no connection")
    assert server.asked == []
