"""The operator put together: settings in, an exit code out. Everything is passed, nothing is global.

standby ──Lease──> fill the cache ──> workers, watch, sweep, renew ──SIGTERM──> drain, give the Lease back, exit 0
                                                └── Lease or watch lost ──────> exit 1
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Awaitable, Mapping
from typing import Any

import kopf
import structlog

from leeboard.adapters.clock import SystemClock, steady_seconds
from leeboard.adapters.http_server import metrics_server, probe_server
from leeboard.adapters.kubernetes.cache import Cache, Origin
from leeboard.adapters.kubernetes.client import ApiClient
from leeboard.adapters.kubernetes.cluster import KubernetesCluster
from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.adapters.kubernetes.kinds import OPTIONAL, REQUIRED, WATCHED
from leeboard.adapters.kubernetes.lease import Election, LeaseName, LeaseTerms
from leeboard.adapters.kubernetes.listing import Lister
from leeboard.adapters.kubernetes.login import login
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest
from leeboard.handlers.optional_kinds import watch_while_there
from leeboard.handlers.watching import registry_of, watch_settings
from leeboard.health import VitalSigns, fault_of
from leeboard.links import Links
from leeboard.metrics import Metrics
from leeboard.ports import Sources
from leeboard.reconciler.kind import KindEntry
from leeboard.reconciler.loop import World
from leeboard.reconciler.queue import WorkQueue
from leeboard.reconciler.routing import keys_of
from leeboard.reconciler.watching.watcher import Surroundings, Watcher
from leeboard.reconciler.workers import Workers
from leeboard.resource_metrics import ResourceMetrics
from leeboard.service_metrics import ServiceMetrics
from leeboard.settings import Settings

DRAIN_SECONDS = 10.0
NOTIFY_SECONDS = 2.0
WATCH_STOP_SECONDS = 5.0
_log = structlog.get_logger()


class Operator:
    """One process; built inside its event loop."""

    def __init__(self, settings: Settings, client: ApiClient, kinds: Mapping[Kind, KindEntry[Any, Any]]) -> None:
        self._settings = settings
        self._client = client
        self.metrics = client.metrics
        self._clock = SystemClock()
        terms = LeaseTerms()
        self._gate = WriteGate(steady=steady_seconds, renew_deadline=terms.renew_deadline)
        lease = LeaseName(settings.namespace, settings.lease_name, settings.pod_name)
        self._election = Election(
            client, lease, gate=self._gate, steady=steady_seconds, now=self._clock.now, terms=terms
        )
        self._queue = WorkQueue()
        self.cache = Cache(WATCHED, on_change=self._enqueue, on_presence=self._enqueue_services, steady=steady_seconds)
        self.metrics.registry.register(ServiceMetrics(lambda: self.cache.everywhere(Kind.INFERENCE_SERVICE)))
        self.metrics.registry.register(ResourceMetrics(self.cache.everywhere))
        self._lister = Lister(client, self.cache, WATCHED, steady=steady_seconds)
        self._cluster = KubernetesCluster(
            client, self.cache, self._gate, now=self._clock.now, instance=settings.pod_name
        )
        self._links = Links(settings, self.metrics, now=self._clock.now, may_send=lambda: self._gate.is_open)
        self._watcher = self._watcher_of()
        self._workers = Workers(self._queue, self._world(kinds), self.metrics, count=settings.workers)
        self._is_leading = False
        self._stop = asyncio.Event()

    def _world(self, kinds: Mapping[Kind, KindEntry[Any, Any]]) -> World:
        links = self._links
        sources = Sources(self._cluster, links.tracking, links.counters, links.queries, self._watcher, links.marks)
        return World(sources, self._clock, self._settings.defaults(), kinds, links.notifier)

    def _watcher_of(self) -> Watcher:
        around = Surroundings(
            self._cluster,
            self._links.counters,
            self._links.tracking,
            self._clock,
            services=lambda: self.cache.everywhere(Kind.INFERENCE_SERVICE),
            changed=self._queue.add,
            jitter=random.random,
            interval=self._settings.watch_seconds,
        )
        return Watcher(around)

    async def run(self) -> int:
        """Lead when it may, until SIGTERM or a loss; the exit code."""
        self._listen_for_signals()
        servers = (
            probe_server(live=self._fault, ready=self._unready, port=self._settings.probe_port),
            metrics_server(self.metrics.registry, port=self._settings.metrics_port, refresh=self._refresh_metrics),
        )
        for server in servers:
            await server.start()
        try:
            return await self._stand_by_and_lead()
        finally:
            for server in servers:
                await server.stop()
            await self._links.close()
            await self._client.close()

    async def _stand_by_and_lead(self) -> int:
        if self._settings.leader_election:
            if not await self._unless_stopped(self._election.acquire()):
                return 0
        else:
            self._gate.open_for_ever()
        self._is_leading = True
        keeping = asyncio.create_task(self._keep_leading(), name="lease")
        filling = asyncio.create_task(self._prepare(), name="barrier")
        stopping = asyncio.create_task(self._stop.wait(), name="stop")
        await asyncio.wait((keeping, filling, stopping), return_when=asyncio.FIRST_COMPLETED)
        if filling.done() and not keeping.done():
            filling.result()
            code = await self._work(keeping, stopping)
        else:
            code = 1 if keeping.done() else 0
        for task in (filling, stopping, keeping):
            task.cancel()
        await asyncio.gather(filling, stopping, keeping, return_exceptions=True)
        await self._election.release()
        return code

    async def _prepare(self) -> None:
        await asyncio.gather(self._lister.fill(), self._links.warm_up())

    async def _work(self, keeping: asyncio.Task[None], stopping: asyncio.Task[bool]) -> int:
        self._workers.start()
        self._links.notifier.start()
        watching = await self._start_watching()
        sweeping = asyncio.create_task(self._lister.sweep_for_ever(self._settings.sweep_seconds), name="sweep")
        _log.info("operator started", workers=self._settings.workers, sweep_seconds=self._settings.sweep_seconds)
        looking = asyncio.create_task(self._watch_optional_kinds(), name="watch of optional kinds")
        counting = asyncio.create_task(self._watcher.watch_for_ever(), name="watch of what is counted")
        lasting = (watching, sweeping, looking, counting)
        done, _ = await asyncio.wait((keeping, stopping, *lasting), return_when=asyncio.FIRST_COMPLETED)
        is_asked = stopping in done
        if not is_asked:
            for task in done:
                _log.error("stopping after a loss", lost=task.get_name(), error=repr(task.exception()))
        await self._workers.stop(seconds=DRAIN_SECONDS if self._gate.is_open else 0)
        await self._links.notifier.stop(seconds=NOTIFY_SECONDS if self._gate.is_open else 0)
        # Given back before the watch is taken down: a standby may go on at once.
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await self._election.release()
        for task in lasting:
            task.cancel()
        await asyncio.wait(lasting, timeout=WATCH_STOP_SECONDS)
        return 0 if is_asked else 1

    async def _start_watching(self) -> asyncio.Task[None]:
        before = asyncio.all_tasks()
        tasks = await kopf.spawn_tasks(
            registry=registry_of(self.cache, REQUIRED),
            settings=watch_settings(REQUIRED),
            memo=kopf.Memo(),
            clusterwide=True,
        )
        # kopf put its own handlers there: we drain first and stop the watch last.
        self._listen_for_signals()
        return asyncio.create_task(kopf.run_tasks(tasks, ignored=before), name="watch")

    async def _watch_optional_kinds(self) -> None:
        async with asyncio.TaskGroup() as group:
            for kind in OPTIONAL:
                group.create_task(
                    watch_while_there(kind, cache=self.cache, lister=self._lister, on_spawn=self._listen_for_signals)
                )

    async def _keep_leading(self) -> None:
        if self._settings.leader_election:
            await self._election.keep()
        else:
            await asyncio.Event().wait()

    async def _unless_stopped(self, work: Awaitable[None]) -> bool:
        """Whether ``work`` ended before a signal came; it is cancelled otherwise."""
        task = asyncio.ensure_future(work)
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if task.done():
            task.result()
            return True
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

    def _enqueue(self, kind: str, manifest: Manifest, origin: Origin) -> None:
        metadata = manifest["metadata"]
        self._watcher.noticed(kind, manifest)
        services = self.cache.in_namespace(Kind.INFERENCE_SERVICE, metadata["namespace"])
        add = self._queue.add_replay if origin is Origin.FIRST_LIST else self._queue.add
        for key in keys_of(kind, manifest, services=services):
            # After our own status the loop looks again by itself, and more slowly when it does not settle.
            if origin is not Origin.OUR_STATUS or (key.kind, key.name) != (kind, metadata["name"]):
                add(key)

    def _enqueue_services(self, kind: str) -> None:
        """An optional kind came or went: how each service splits its requests may depend on it."""
        _log.info("an optional kind came or went", object_kind=kind, presence=self.cache.presence(kind).value)
        for service in self.cache.everywhere(Kind.INFERENCE_SERVICE):
            self._enqueue(Kind.INFERENCE_SERVICE, service, Origin.NEWS)

    def _fault(self) -> str | None:
        election = steady_seconds() - self._election.tried_at if self._settings.leader_election else None
        return fault_of(
            VitalSigns(
                election_seconds=election,
                is_working=self._is_leading and self.cache.is_complete,
                queue_seconds=self._queue.oldest_seconds(),
                list_seconds=self._lister.seconds_since_list(),
                sweep_seconds=self._settings.sweep_seconds,
                watch_lag_seconds={kind.kind: self.cache.undelivered_seconds(kind.kind) for kind in WATCHED},
            )
        )

    def _unready(self) -> str | None:
        """What it waits for, for /readyz; a standby is ready."""
        return "the cache is not complete yet" if self._is_leading and not self.cache.is_complete else None

    def _refresh_metrics(self) -> None:
        self.metrics.leader.set(self._gate.is_open)
        self.metrics.queue_depth.set(self._queue.depth())
        self.metrics.queue_age.set(self._queue.oldest_seconds())
        for kind, size in self.cache.sizes().items():
            self.metrics.cached.labels(kind).set(size)
            self.metrics.watch_lag.labels(kind).set(self.cache.undelivered_seconds(kind))


async def operate(settings: Settings, kinds: Mapping[Kind, KindEntry[Any, Any]]) -> int:
    """Log in and run; the exit code. Raises SettingsError when there is no cluster to log in to."""
    return await Operator(settings, ApiClient(await login(), Metrics()), kinds).run()
