"""Small HTTP servers for probes and metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

SHUTDOWN_SECONDS = 1.0
Health = Callable[[], str | None]
"""None when healthy, else the sentence that says what is wrong."""


class HttpServer:
    """One listening port with a few GET paths."""

    def __init__(self, routes: Mapping[str, Callable[[], web.Response]], *, port: int) -> None:
        self._port = port
        application = web.Application()
        for path, answer in routes.items():
            application.router.add_get(path, _handler(answer))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)

    async def start(self) -> int:
        """Listen; the port, which matters when 0 was asked for."""
        await self._runner.setup()
        await web.TCPSite(self._runner, port=self._port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port and its connections."""
        await self._runner.cleanup()


def probe_server(*, live: Health, ready: Health, port: int) -> HttpServer:
    """``/livez`` and ``/readyz``: 200, or 503 with the reason."""
    return HttpServer({"/livez": lambda: _verdict(live()), "/readyz": lambda: _verdict(ready())}, port=port)


def metrics_server(registry: CollectorRegistry, *, port: int, refresh: Callable[[], None]) -> HttpServer:
    """``/metrics``; ``refresh`` runs before each scrape."""

    def answer() -> web.Response:
        refresh()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return HttpServer({"/metrics": answer}, port=port)


def _handler(answer: Callable[[], web.Response]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(_: web.Request) -> web.StreamResponse:
        return answer()

    return handle


def _verdict(fault: str | None) -> web.Response:
    return web.Response(text="ok\n") if fault is None else web.Response(status=503, text=f"{fault}\n")
