"""An endpoint with a server of its own, and a notifier whose clock and leadership a test sets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from leeboard.adapters.http_client import HttpClient, Limits
from leeboard.adapters.notifications import Desk, Notifier, Terms
from leeboard.api.names import Kind
from leeboard.api.resource import Metadata
from leeboard.metrics import Metrics
from leeboard.planning.plan import Notice, NoticeType
from leeboard.planning.topics import Endpoint
from tests.support.little_server import serving

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DRIFT = Notice(NoticeType.WARNING, "DriftDetected", "income (PSI 0.41) drifted in 3 of 4 windows")
QUICK = Terms(first_wait_seconds=0.001, longest_wait_seconds=0.05, limits=Limits(seconds=1.0, bytes=65536))
SECONDS = 10.0


def a_service(name: str = "loans") -> Metadata:
    return Metadata(name=name, namespace="team", uid=f"uid-of-{name}")


@dataclass
class Hook:
    """The endpoint's own server: answers with ``statuses`` in turn, the last one for ever."""

    statuses: list[int] = field(default_factory=lambda: [200])
    headers: dict[str, str] = field(default_factory=dict)
    slowness: float = 0.0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        assert (request.method, request.content_type) == ("POST", "application/json")
        self.bodies.append(await request.json())
        self.paths.append(request.path)
        self.at.append(time.monotonic())
        await asyncio.sleep(self.slowness)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return web.Response(status=status, headers=self.headers)


@dataclass
class Scene:
    """One endpoint ``ops``, its server, and a notifier whose clock and leadership the test sets."""

    hook: Hook
    folder: Path
    port: int
    metrics: Metrics = field(default_factory=Metrics)
    clock: float = 0.0
    is_leader: bool = True
    notifier: Notifier = field(init=False)

    def tell(self, notice: Notice = DRIFT, *, of: str = "loans") -> None:
        self.notifier.offer(Kind.INFERENCE_SERVICE, a_service(of), notice)

    def say(self, text: str, *, of: str = "loans") -> None:
        self.tell(replace(DRIFT, message=text), of=of)

    def counted(self) -> dict[str, float]:
        samples = next(iter(self.metrics.notifications.collect())).samples
        return {one.labels["outcome"]: one.value for one in samples if one.name.endswith("_total") and one.value}

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not what():  # noqa: ASYNC110 - what is waited for happens on a server
                await asyncio.sleep(0.001)

    async def until_counted(self, **outcomes: float) -> None:
        await self.until(lambda: self.counted() == outcomes)


@asynccontextmanager
async def told(
    folder: Path, hook: Hook, terms: Terms = QUICK, *, is_started: bool = True, **fields: object
) -> AsyncIterator[Scene]:
    http = HttpClient(connections=4)
    async with serving(hook.handle) as port:
        scene = Scene(hook, folder, port)
        (folder / "url").write_text(f"http://127.0.0.1:{port}/services/T0/secret\n")
        endpoint = Endpoint.model_validate({"url_file": str(folder / "url"), **fields})
        desk = Desk(
            http,
            scene.metrics,
            steady=lambda: scene.clock,
            now=lambda: NOW,
            may_send=lambda: scene.is_leader,
            terms=terms,
        )
        scene.notifier = Notifier({"ops": endpoint}, desk, cluster="west")
        if is_started:
            scene.notifier.start()
        try:
            yield scene
        finally:
            await scene.notifier.stop(seconds=0)
            await http.close()
