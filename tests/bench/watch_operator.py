"""`python -m tests.bench.watch_operator PERIOD PORT ...`: the part of the operator that watches, with its own cache and
its own HTTP client. The cache is filled as by a LIST; profiles come from memory instead of MLflow. Until SIGTERM.
"""

from __future__ import annotations

import asyncio
import random
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from leeboard.adapters.clock import SystemClock, steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.adapters.kubernetes.cache import Cache
from leeboard.adapters.kubernetes.cluster import KubernetesCluster
from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.adapters.kubernetes.kinds import WATCHED
from leeboard.api.names import Kind
from leeboard.api.resource import Metadata
from leeboard.links import HTTP_CONNECTIONS
from leeboard.metrics import Metrics
from leeboard.ports import Key, Tracking
from leeboard.reconciler.watching.watcher import Surroundings, Watcher
from tests.bench.watch_scene import PODS, digest, pod, profile_bytes, service, version

if TYPE_CHECKING:
    from leeboard.adapters.kubernetes.client import ApiClient


class Profiles:
    """The one thing that the watcher asks MLflow for."""

    async def profile(self, uri: str, digest: str) -> bytes:  # noqa: ARG002 - the port's signature
        """The bytes."""
        return profile_bytes(int(uri.split("/")[1]))


def filled(period: str, ports: list[int], services: int) -> Cache:
    """A cache that holds the fleet."""
    cache = Cache(WATCHED, on_change=lambda *_: None, steady=steady_seconds)
    numbers = range(services)
    objects = {
        Kind.INFERENCE_SERVICE.value: [service(number, period=period) for number in numbers],
        Kind.MODEL_VERSION.value: [version(number, digest(number)) for number in numbers],
        "Pod": [pod(number, place, ports[PODS * number + place]) for number in numbers for place in range(PODS)],
    }
    for kind in WATCHED:
        cache.replace(kind.kind, objects.get(kind.kind, ()), version="1")
    return cache


async def watch(period: str, ports: list[int]) -> None:
    """Until it is killed."""
    cache = filled(period, ports, len(ports) // PODS)
    clock, http = SystemClock(), HttpClient(connections=HTTP_CONNECTIONS)
    # Nothing that watches asks the API server.
    client = cast("ApiClient", None)
    gate = WriteGate(steady=steady_seconds, renew_deadline=10.0)
    changed: set[Key] = set()
    around = Surroundings(
        KubernetesCluster(client, cache, gate, now=clock.now, instance="bench"),
        PodCounters(http, Metrics(), steady=steady_seconds),
        cast("Tracking", Profiles()),
        clock,
        services=lambda: cache.everywhere(Kind.INFERENCE_SERVICE),
        changed=changed.add,
        jitter=random.random,
    )
    watcher = Watcher(around)
    telling = asyncio.create_task(tell(watcher, cache))
    await watcher.watch_for_ever()
    await telling


async def tell(watcher: Watcher, cache: Cache) -> None:
    """Say when every service was looked at."""
    owners = [Metadata.model_validate(item["metadata"]) for item in cache.everywhere(Kind.INFERENCE_SERVICE)]
    while any(watcher.known(owner) is None for owner in owners):  # noqa: ASYNC110 - a benchmark's own end
        await asyncio.sleep(0.2)
    print("known", flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(watch(sys.argv[1], [int(port) for port in sys.argv[2].split(",")]))
