"""What every ``Queries`` does: the adapter on a real Prometheus that scrapes a real model server, and the fake."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.adapters.prometheus import Clocks, PrometheusQueries
from leeboard.api.resource import Manifest
from leeboard.metrics import Metrics
from leeboard.monitoring.counts import PodCounts, RequestCounts
from leeboard.planning.facts import Unknown
from leeboard.ports import Queries
from tests.cluster.prometheus import Prometheus
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import ModelServer, column, until
from tests.support.fake_measurements import FakeQueries

pytestmark = pytest.mark.integration
ROW = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))
ANSWERED = 'sum(leeboard_server_requests_total{code="2xx",revision="r3"})'


def a_pod(name: str, port: int = 0) -> Manifest:
    labels = {"leeboard.dev/owner": "car-loan", "leeboard.dev/revision": "r3"}
    containers = [{"name": "server", "ports": [{"name": "metrics", "containerPort": port}]}]
    return {
        "metadata": {"name": name, "namespace": "team", "labels": labels},
        "spec": {"containers": containers},
        "status": {"phase": "Running", "podIP": "127.0.0.1"},
    }


@dataclass
class Scene:
    """Prometheus ``main`` scrapes pod ``one``, which answered three requests; ``end`` ends that pod."""

    queries: Queries
    told: PodCounts
    end: Callable[[], None]


def fake_scene() -> Scene:
    durations = (3, *RequestCounts().durations[1:])
    told = PodCounts("one", "r3", "prometheus/1.0", RequestCounts(3, durations=durations))
    numbers = {("main", ANSWERED): 3.0}
    fake = FakeQueries(numbers, {"main": {"one": told}})

    def end() -> None:
        numbers.clear()
        fake.scraped.clear()

    return Scene(fake, told, end)


def served(server: ModelServer) -> None:
    for _ in range(3):
        httpx.post(server.infer_url, json={"inputs": ROW}, timeout=30).raise_for_status()


@pytest.fixture(params=["adapter", "fake"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    if request.param == "fake":
        yield fake_scene()
        return
    start: StartServer = request.getfixturevalue("start")
    server = await asyncio.to_thread(start, "linear", "--revision", "r3")
    await asyncio.to_thread(served, server)
    http, metrics = HttpClient(connections=10), Metrics()
    found = await PodCounters(http, metrics, steady=steady_seconds).counts(
        [a_pod("one", server.metrics_port)], answers=False
    )
    told = found["one"]
    assert isinstance(told, PodCounts)
    target, labels = f"127.0.0.1:{server.metrics_port}", {"namespace": "team", "pod": "one"}
    with Prometheus(targets=[target], labels=labels) as prometheus:
        await asyncio.to_thread(until, lambda: prometheus.values(ANSWERED) == [3.0], what="the first scrape")
        clocks = Clocks(now=lambda: datetime.now(UTC), steady=steady_seconds)
        queries = PrometheusQueries(http, {"main": prometheus.url}, metrics, clocks=clocks)

        def end() -> None:
            server.process.kill()
            until(lambda: prometheus.values("up") == [0.0], what="a scrape that fails")

        yield Scene(queries, told, end)
    await http.close()


async def test_counters_by_prometheus_are_those_that_the_pod_tells(scene: Scene) -> None:
    found = (await scene.queries.counts("main", [a_pod("one")]))["one"]

    assert isinstance(found, PodCounts)
    assert (found.pod, found.revision, found.counts) == ("one", "r3", scene.told.counts)
    assert found.started.startswith("prometheus/")


async def test_a_query_is_one_number(scene: Scene) -> None:
    assert await scene.queries.number("main", ANSWERED) == 3.0
    assert isinstance(await scene.queries.number("main", "leeboard_of_nobody"), Unknown)
    assert isinstance(await scene.queries.number("other", ANSWERED), Unknown)


async def test_a_pod_that_is_not_scraped_is_unknown_beside_one_that_is(scene: Scene) -> None:
    found = await scene.queries.counts("main", [a_pod("one"), a_pod("two")])

    assert isinstance(found["one"], PodCounts)
    assert isinstance(found["two"], Unknown)
    assert "two" in found["two"].why


async def test_a_pod_that_has_ended_is_unknown_and_not_what_it_last_was(scene: Scene) -> None:
    await asyncio.to_thread(scene.end)

    assert isinstance((await scene.queries.counts("main", [a_pod("one")]))["one"], Unknown)
    assert isinstance(await scene.queries.number("main", ANSWERED), Unknown)


@pytest.mark.parametrize("scene", ["adapter"], indirect=True)
async def test_what_prometheus_says_of_a_wrong_query_is_no_number(scene: Scene) -> None:
    assert await scene.queries.number("main", "sum(") == Unknown("main: it answered 400 (bad_data)")
    assert await scene.queries.number("main", "0/0") == Unknown("main: the result is nan")
    assert await scene.queries.number("main", "up[1m]") == Unknown(
        "main: the query has a matrix as its result instead of one number"
    )
    assert await scene.queries.number("main", '"x"') == Unknown(
        "main: the query has a string as its result instead of one number"
    )
    assert await scene.queries.number("main", "1 + 1") == 2.0
