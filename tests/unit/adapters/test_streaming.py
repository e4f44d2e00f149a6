"""Answers that do not end, and a model server's own words, from a real HTTP server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from leeboard.adapters.kubernetes.client import ApiClient, Request, Verb
from leeboard.adapters.kubernetes.model_server import infer, proxy_path
from leeboard.errors import RejectedError, TransientError
from leeboard.metrics import Metrics
from tests.support.little_server import Handler, serving

LOG = Request(Verb.GET, "Pod/log", "/log", query={"follow": "true"})


async def _lines(handler: Handler) -> AsyncIterator[str]:
    async with serving(handler) as port:
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{port}"
        client = ApiClient(configuration, Metrics())
        try:
            async for line in client.lines(LOG):
                yield line
        finally:
            await client.close()


async def test_lines_come_as_they_are_written_whatever_the_pieces() -> None:
    read_first = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"first\nsec")
        await read_first.wait()  # the rest comes only once the first line has arrived
        for piece in (b"ond ", "ø".encode()[:1], "ø".encode()[1:], b"\n\nlast"):
            await answer.write(piece)
        return answer

    lines = []
    async for line in _lines(handler):
        lines.append(line)
        read_first.set()
    assert lines == ["first", "second ø", "", "last"]


async def test_a_refused_log_is_a_refusal_in_the_servers_words() -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.json_response({"message": "container is waiting to start"}, status=400)

    with pytest.raises(RejectedError, match="container is waiting to start"):
        _ = [line async for line in _lines(handler)]


async def test_a_broken_stream_is_no_end_of_the_log() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"first\n")
        assert request.transport is not None
        request.transport.close()
        return answer

    with pytest.raises(TransientError):
        _ = [line async for line in _lines(handler)]


@pytest.mark.parametrize(
    ("status", "text", "error", "words"),
    [
        (400, json.dumps({"error": "column age is missing"}), RejectedError, "^column age is missing$"),
        (503, "not ready", TransientError, "503: not ready"),
        (302, "", RejectedError, "^the server answers 302$"),
    ],
    ids=["refused", "not ready", "a redirect is not followed"],
)
async def test_what_a_model_server_answers(status: int, text: str, *, error: type[Exception], words: str) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return web.Response(status=status, text=text, headers={"Location": "/elsewhere"})

    async with serving(handler) as port:
        with pytest.raises(error, match=words):
            await infer(f"http://127.0.0.1:{port}/", "loans", {"inputs": []}, timeout_seconds=5)
    assert seen == ["/v2/models/loans/infer"]


def test_the_proxy_names_scheme_service_and_port() -> None:
    assert proxy_path("team", "loans") == "/api/v1/namespaces/team/services/http:loans:http/proxy/v2/models/loans/infer"
