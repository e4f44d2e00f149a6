"""The same numbers either way: a real model server, asked by the operator itself and by a real Prometheus."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from leeboard.adapters.counters import PORT_NAME, PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.adapters.prometheus import Clocks, PrometheusQueries
from leeboard.api.names import Label
from leeboard.metrics import Metrics
from leeboard.monitoring.counts import PodCounts
from leeboard.planning.facts import Unknown
from tests.cluster.prometheus import Prometheus
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column, until

pytestmark = pytest.mark.integration

PLACE = {"namespace": "team", "pod": "car-loan-1"}
REQUESTS = "leeboard_server_requests_total"


@dataclass(frozen=True)
class Scene:
    """One pod, its server, and the Prometheus server that scrapes it."""

    server: ModelServer
    prometheus: Prometheus

    @property
    def pod(self) -> dict[str, Any]:
        port = {"name": PORT_NAME, "containerPort": self.server.metrics_port}
        return {
            "metadata": {
                "name": PLACE["pod"],
                "namespace": PLACE["namespace"],
                "labels": {Label.OWNER: "car-loan", Label.REVISION: "car-loan-r1"},
            },
            "spec": {"containers": [{"name": "server", "ports": [port]}]},
            "status": {"podIP": "127.0.0.1", "phase": "Running"},
        }

    async def both(self) -> tuple[PodCounts | Unknown, PodCounts | Unknown]:
        """What the pod tells, and what Prometheus tells of it."""
        http, name = HttpClient(connections=4), PLACE["pod"]
        try:
            told = await PodCounters(http, Metrics(), steady=time.monotonic).counts([self.pod], answers=False)
            read = await self._queries(http).counts("main", [self.pod])
        finally:
            await http.close()
        return told[name], read[name]

    async def number(self, query: str) -> float | Unknown:
        """One number from Prometheus."""
        http = HttpClient(connections=4)
        try:
            return await self._queries(http).number("main", query)
        finally:
            await http.close()

    def _queries(self, http: HttpClient) -> PrometheusQueries:
        clocks = Clocks(now=lambda: datetime.now(UTC), steady=time.monotonic)
        return PrometheusQueries(http, {"main": self.prometheus.url}, Metrics(), clocks=clocks)


@pytest.fixture
def scene(start: StartServer) -> Iterator[Scene]:
    """A server that has answered two requests and refused one, and a Prometheus that has seen all three."""
    server = start("linear", "--revision", "car-loan-r1")
    row = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))
    statuses = [server.infer(*inputs).status_code for inputs in (row, row, ())]
    assert statuses == [200, 200, 400]
    with Prometheus(targets=[f"127.0.0.1:{server.metrics_port}"], labels=PLACE) as prometheus:
        until(lambda: prometheus.values(f"sum({REQUESTS})") == [3.0], what="a scrape", seconds=30)
        yield Scene(server, prometheus)


def test_prometheus_tells_what_the_pod_tells(scene: Scene) -> None:
    told, read = asyncio.run(scene.both())

    assert isinstance(told, PodCounts)
    assert isinstance(read, PodCounts)
    assert (told.counts.requests, told.counts.client_errors, told.counts.errors) == (3, 1, 0)
    assert replace(read, started=told.started) == told


def test_a_query_has_one_number_until_the_server_is_gone(scene: Scene) -> None:
    assert asyncio.run(scene.number(f'sum({REQUESTS}{{code="2xx",pod="car-loan-1"}})')) == 2.0
    assert asyncio.run(scene.number(REQUESTS)) == Unknown("main: the query has 3 results instead of one")
    assert asyncio.run(scene.number("sum(")) == Unknown("main: it answered 400 (bad_data)")

    scene.prometheus.stop()

    assert isinstance(asyncio.run(scene.number("up")), Unknown)
