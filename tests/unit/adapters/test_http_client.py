"""HTTP over real sockets: what it does where the environment has a say."""

from __future__ import annotations

import pytest
from aiohttp import web

from leeboard.adapters.http_client import HttpClient, Limits
from leeboard.errors import TransientError
from tests.support.little_server import serving

LIMITS = Limits(seconds=1.0, bytes=65536)


async def test_a_proxy_of_the_environment_is_used_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def proxy(request: web.Request) -> web.StreamResponse:
        asked.append(str(request.url))
        return web.Response()

    async with serving(proxy) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        outward, inward = HttpClient(connections=1, is_through_proxy=True), HttpClient(connections=1)
        answer = await outward.post_json("http://hooks.invalid/x", {}, limits=LIMITS)
        with pytest.raises(TransientError, match="no connection"):
            await inward.post_json("http://hooks.invalid/x", {}, limits=LIMITS)
        for client in (outward, inward):
            await client.close()
    assert answer.is_ok
    assert asked == ["http://hooks.invalid/x"]
