"""The adapter of the API server by itself: no loop, no watch, nothing in its cache but what it writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_kube_config

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.kubernetes.cache import Cache
from leeboard.adapters.kubernetes.client import ApiClient
from leeboard.adapters.kubernetes.cluster import KubernetesCluster
from leeboard.adapters.kubernetes.gate import WriteGate
from leeboard.adapters.kubernetes.kinds import WATCHED
from leeboard.metrics import Metrics
from tests.integration.conftest import Api


@asynccontextmanager
async def direct_cluster(api: Api) -> AsyncIterator[tuple[KubernetesCluster, WriteGate]]:
    """The adapter as the administrator, and the gate of its writes, which is open."""
    configuration = Configuration()
    await load_kube_config(config_file=str(api.server.kubeconfig), client_configuration=configuration)
    client = ApiClient(configuration, Metrics())
    cache = Cache(WATCHED, on_change=lambda *_: None, steady=steady_seconds)
    for kind in WATCHED:
        cache.replace(kind.kind, [], version="0")
    gate = WriteGate(steady=steady_seconds, renew_deadline=10)
    gate.open_for_ever()
    try:
        yield KubernetesCluster(client, cache, gate, now=lambda: datetime.now(UTC), instance="test"), gate
    finally:
        await client.close()
