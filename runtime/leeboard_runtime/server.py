"""The front process: two uvicorn servers on one loop, the worker's link, signals, and the drain.

    SIGTERM ─> readiness false, every answer says `Connection: close`, new connections are still taken
            ─> no connection open and no inference for 1 s, and the least drain has passed ─┐
            ─> or the drain timeout has passed                                              ─┴─> ports close, exit 0

kube-proxy and gateways learn of the pod's end later than the pod does: closing the port at once would reset their
connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import uvicorn

from leeboard_runtime.answers import Answers
from leeboard_runtime.batching import Batcher, BatchLimits, nobody
from leeboard_runtime.counts import CountsReport, asked
from leeboard_runtime.errors import PermanentFault, Reason, Refusal, RuntimeFault
from leeboard_runtime.front import Front, Receive, Scope, Send, Watchers
from leeboard_runtime.metrics import ServerMetrics
from leeboard_runtime.monitoring_setup import MonitoringOptions, monitoring_of
from leeboard_runtime.protocol import error
from leeboard_runtime.signature import Description
from leeboard_runtime.worker_link import WorkerEvents, WorkerLink, WorkerOptions

log = logging.getLogger("leeboard.server")

QUIET_SECONDS = 1.0
SAMPLE_SECONDS = 0.05
KEEP_ALIVE_SECONDS = 3610  # longer than gateways keep idle connections (Envoy: one hour), so that they close first
BACKLOG = 2048
TEXT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
JSON_TYPE = b"application/json"


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """All that `serve` is told."""

    name: str
    version: str
    revision: str
    host: str
    port: int
    metrics_port: int
    body_limit_bytes: int
    drain_seconds: float
    least_drain_seconds: float
    limits: BatchLimits
    worker: WorkerOptions
    monitoring: MonitoringOptions


class ModelServer:
    """Wires the parts together and waits for an end: a signal, or a fault that the worker reports."""

    def __init__(self, options: ServerOptions) -> None:
        self._options = options
        self._metrics = ServerMetrics(options.name, options.version, options.revision)
        self._monitoring = monitoring_of(options.monitoring, self._metrics.labels, _after_what_is_due)
        self._monitor = None if self._monitoring is None else self._monitoring.monitor
        tokens = None if self._monitor is None else self._monitor.tokens
        self._collector = None if self._monitoring is None else self._monitoring.metrics
        self._counts = CountsReport(self._metrics, self._monitor)
        self._answers = Answers(time.monotonic)
        self._end: asyncio.Future[RuntimeFault | None] = asyncio.get_running_loop().create_future()
        events = WorkerEvents(self._worker_ready, self._answered, self._worker_lost, self._fatal)
        self._link = WorkerLink(options.worker, events)
        self._batcher = Batcher(
            options.limits,
            send=self._link.send,
            metrics=self._metrics,
            on_hang=self._link.kill,
            watch=nobody if self._monitor is None else self._monitor.answered,
        )
        self._front = Front(
            options.name,
            options.version,
            batcher=self._batcher,
            metrics=self._metrics,
            watchers=Watchers(self._answers, None if tokens is None else tokens.feedback),
            body_limit_bytes=options.body_limit_bytes,
            server_version=_own_version(),
        )
        self._metrics.ready = lambda: self._front.ready

    async def run(self) -> None:
        """Serve until asked to stop. Raises RuntimeFault when the model cannot be served."""
        options = self._options
        main = _Server(_config(self._front))
        metrics = _Server(_config(self._metrics_app))
        sockets = [listen(options.host, port) for port in (options.port, options.metrics_port)]
        self._handle_signals()
        tasks = [
            asyncio.create_task(server.serve(sockets=[bound]))
            for server, bound in zip((main, metrics), sockets, strict=True)
        ]
        watchers = [asyncio.create_task(part) for part in (self._batcher.sweep(), self._link.watch())]
        if self._monitoring is not None and self._monitoring.watched:
            from leeboard_runtime.watched import watch  # noqa: PLC0415 - only where there are keys

            watchers.append(asyncio.create_task(watch(self._monitoring.watched)))
        try:
            await self._link.start()
            fault = await self._end
            if fault is not None:
                raise fault
            await self._drain(main)
        finally:
            for watcher in watchers:
                watcher.cancel()
            main.should_exit = metrics.should_exit = True
            await asyncio.gather(*tasks, return_exceptions=True)
            self._link.stop()

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)

    def _stop(self) -> None:
        self._front.draining = True
        if not self._end.done():
            self._end.set_result(None)

    async def _drain(self, server: uvicorn.Server) -> None:
        started = quiet_since = time.monotonic()
        log.info("draining connections=%d", len(server.server_state.connections))
        while (now := time.monotonic()) - started < self._options.drain_seconds:
            if server.server_state.connections or now - self._metrics.last_request < QUIET_SECONDS:
                quiet_since = now
            if now - quiet_since >= QUIET_SECONDS and now - started >= self._options.least_drain_seconds:
                break
            await asyncio.sleep(SAMPLE_SECONDS)
        log.info("drained seconds=%.1f connections=%d", now - started, len(server.server_state.connections))

    def _worker_ready(self, description: Description) -> None:
        self._answers.describe(description)
        if self._monitor is not None:
            self._monitor.describe(description)
        self._front.worker_ready(description)
        self._batcher.open()
        log.info("model ready platform=%s lean=%s", description.platform, description.lean)

    def _answered(self, header: dict[str, object], body: memoryview) -> None:
        self._batcher.answered(header, body)

    def _worker_lost(self, message: str) -> None:
        self._front.worker_lost()
        self._batcher.close(message)
        self._metrics.worker_restarts += 1

    def _fatal(self, fault: RuntimeFault) -> None:
        self._front.worker_lost()
        if not self._end.done():
            self._end.set_result(fault)

    async def _metrics_app(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        status, kind, body = self._monitored(scope)
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _monitored(self, scope: Scope) -> tuple[int, bytes, bytes]:
        """Status, content type and body of what the second port is asked."""
        if scope["path"] == "/metrics":
            return 200, TEXT_TYPE, self._metrics.exposition(self._collector)
        if scope["path"] != "/monitoring/counts":
            return 404, TEXT_TYPE, b"see /metrics and /monitoring/counts\n"
        try:
            wanted = asked(scope["query_string"])
        except Refusal as refusal:
            return refusal.status, JSON_TYPE, error(refusal.message)
        return 200, JSON_TYPE, self._counts.document(self._answers.read() if wanted.answers else (), wanted)


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _after_what_is_due(call: Callable[[], None]) -> None:
    """Run a call in the turn of the loop after the next one, in which answers that are ready now are sent."""
    loop = asyncio.get_running_loop()
    loop.call_soon(loop.call_soon, call)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PermanentFault(PortUnavailable)."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise PermanentFault(
            Reason.PORT_UNAVAILABLE, f"{host}:{port} cannot be listened on: {error.strerror}"
        ) from error
    bound.setblocking(False)  # noqa: FBT003 - the standard library's signature
    return bound


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=5,
    )


def _own_version() -> str:
    try:
        return version("leeboard")
    except PackageNotFoundError:
        return "0"
