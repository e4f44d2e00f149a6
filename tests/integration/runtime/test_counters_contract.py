"""What every ``Counters`` does: the adapter on a real model server, and the fake that unit tests use."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import pytest

from leeboard.adapters.clock import steady_seconds
from leeboard.adapters.counters import PodCounters
from leeboard.adapters.http_client import HttpClient
from leeboard.api.resource import Manifest
from leeboard.metrics import Metrics
from leeboard.monitoring.counts import Answer, PodCounts, RequestCounts
from leeboard.planning.facts import Unknown
from leeboard.ports import Counters
from tests.integration.runtime.conftest import StartServer
from tests.integration.runtime.serving import column
from tests.support.fake_measurements import FakeCounters

pytestmark = pytest.mark.integration
ROW = (column("age", "FP64", 25.0), column("income", "FP64", 20.0), column("visits", "INT64", 1))


@dataclass
class Scene:
    """One pod that serves, one that is gone; ``ask`` sends a request to the first."""

    counters: Counters
    pods: tuple[Manifest, Manifest]
    ask: Callable[[], None]


def a_pod(name: str, port: int) -> Manifest:
    labels = {"leeboard.dev/owner": "car-loan", "leeboard.dev/revision": "r3"}
    containers = [{"name": "server", "ports": [{"name": "metrics", "containerPort": port}]}]
    metadata = {"name": name, "namespace": "team", "labels": labels}
    return {
        "metadata": metadata,
        "spec": {"containers": containers},
        "status": {"phase": "Running", "podIP": "127.0.0.1"},
    }


def fake_scene() -> Scene:
    fake = FakeCounters({"one": PodCounts("one", "r3", "start", RequestCounts())})

    def ask() -> None:
        found = fake.pods["one"]
        durations = (found.counts.durations[0] + 1, *found.counts.durations[1:])
        counts = RequestCounts(found.counts.requests + 1, durations=durations)
        answers = (Answer("0" * 16, (0.5, 0.5)),) if fake.asked and fake.asked[-1][1] else ()
        fake.pods["one"] = PodCounts("one", "r3", "start", counts, answers)

    return Scene(fake, (a_pod("one", 1), a_pod("gone", 1)), ask)


@pytest.fixture(params=["adapter", "fake"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    if request.param == "fake":
        yield fake_scene()
        return
    start: StartServer = request.getfixturevalue("start")
    server = await asyncio.to_thread(start, "linear", "--revision", "r3")

    def ask() -> None:
        httpx.post(server.infer_url, json={"inputs": ROW}, timeout=30).raise_for_status()

    http = HttpClient(connections=10)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        pods = (a_pod("one", server.metrics_port), a_pod("gone", closed.getsockname()[1]))
        yield Scene(PodCounters(http, Metrics(), steady=steady_seconds), pods, ask)
    await http.close()


async def counted(scene: Scene, *, answers: bool = False) -> PodCounts:
    found = (await scene.counters.counts(scene.pods, answers=answers))["one"]
    assert isinstance(found, PodCounts)
    return found


async def test_counts_go_up_by_what_was_answered_within_one_start(scene: Scene) -> None:
    before = await counted(scene)
    for _ in range(3):
        await asyncio.to_thread(scene.ask)

    after = await counted(scene)

    difference = after.counts - before.counts
    assert (after.pod, after.revision, after.started, after.answers) == ("one", "r3", before.started, ())
    assert (difference.requests, difference.client_errors, difference.errors) == (3, 0, 0)
    assert sum(difference.durations) == 3


async def test_a_pod_that_is_gone_is_unknown_beside_one_that_answers(scene: Scene) -> None:
    found = await scene.counters.counts(scene.pods, answers=False)

    assert set(found) == {"one", "gone"}
    assert isinstance(found["one"], PodCounts)
    assert found["gone"] == Unknown("pod gone: no connection")


async def test_predictions_are_there_after_they_were_asked_for(scene: Scene) -> None:
    await asyncio.to_thread(scene.ask)
    assert (await counted(scene, answers=True)).answers == ()
    await asyncio.to_thread(scene.ask)

    (answer,) = (await counted(scene, answers=True)).answers

    assert len(answer.input_hash) == 16
    assert sum(float(value) for value in answer.outputs if value is not None) == pytest.approx(1.0)
    assert (await counted(scene)).answers == ()
