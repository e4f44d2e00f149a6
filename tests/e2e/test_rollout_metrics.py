"""Numbers that are missing, stale or none while a canary has 5 %: the weight stays, the status says why, it goes on."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.gauge import Gauge, asked
from tests.e2e.pausing import paused, processes_of, unreachable
from tests.e2e.rollouts import Serving, Town
from tests.support.installation import CHART, RELEASE, Helm
from tests.support.kubectl import Manifest
from tests.support.resources import condition

FIVE: list[dict[str, Any]] = [{"weight": 5, "for": "2s"}]
MARGIN = {"name": "errors", "errorRate": {"margin": "0.1"}}
PROVIDER = "town"
SERVER = "leeboard-runtime"
METRICS_PORT = 9090
MUCH, LITTLE = 150.0, 5.0
EVIDENCE_SECONDS = 150.0
LATE_SECONDS = 120.0
"""Counts are stale after a minute, and the status follows within ten seconds."""


@pytest.fixture(scope="module")
def provider(helm: Helm, prometheus: str) -> Iterator[str]:
    """The operator may ask the cluster's Prometheus by this name."""
    name_server(helm, prometheus)
    yield PROVIDER
    name_server(helm, None)


def name_server(helm: Helm, url: str | None) -> None:
    """Upgrade the release: a server by the name that checks use, or none."""
    value = f"prometheus.providers.{PROVIDER}={json.dumps(url)}"
    helm.run("upgrade", RELEASE, str(CHART), "--reuse-values", "--set-json", value, "--wait", "--timeout", "3m")


@pytest.fixture
def gauge(whole_town: Town) -> Iterator[Gauge]:
    """A team's exporter, which tells nothing yet."""
    made = Gauge(whole_town.scene)
    made.start()
    yield made
    whole_town.kubectl.delete("pod", "gauge", namespace=whole_town.scene.namespace)


def test_a_query_without_a_number_holds_the_weight_until_there_is_one(town: Town, gauge: Gauge, provider: str) -> None:
    _, second, _ = town.good
    query = {"provider": provider, "query": 'refused_share{namespace="$(namespace)"}', "max": "0.1"}
    serving = town.serve("unnumbered", steps=FIVE, analysis={"checks": [{"name": "refused", "prometheus": query}]})
    with serving.load() as load:
        serving.pin(second)
        stays_without_a_number(serving, "no result of the last 60 s")

        gauge.tells('refused_share{told="as nan"} NaN')
        stays_without_a_number(serving, "the result is nan")

        two_minutes_ago = int(1000 * (time.time() - 120))
        gauge.tells(f'refused_share{{told="late"}} 0.02 {two_minutes_ago}')
        stays_without_a_number(serving, "no result of the last 60 s")
        # Without a limit to its age the old number would have been taken.
        assert [value for _, value in asked(town.kubectl, 'refused_share{told="late"}')] == ["0.02"]

        with paused(town.kubectl, server_of(town), "prometheus", namespace="monitoring"):
            stays_without_a_number(serving, "no answer within", "no connection")

        gauge.tells('refused_share{told="now"} 0.02')
        serving.until_serves(second)

    assert load.tally().first_failures == ()
    (check,) = serving.status()["checks"]
    assert (check["verdict"], check["value"]) == ("Pass", "0.02")


def test_counts_that_grow_old_in_prometheus_hold_the_weight_until_there_are_new_ones(town: Town, provider: str) -> None:
    _, second, _ = town.good
    analysis = {"checks": [MARGIN], "source": {"provider": provider}}
    serving = town.serve("outdated", steps=FIVE, analysis=analysis)
    with serving.load(per_second=LITTLE) as little:
        serving.pin(second)
        stays_without_a_number(serving, "requests of the new version")
        with paused(town.kubectl, server_of(town), "prometheus", namespace="monitoring"):
            stays_without_a_number(serving, "no counts of the new version for", seconds=LATE_SECONDS)
        with serving.load(per_second=MUCH) as much:
            serving.until_serves(second, seconds=EVIDENCE_SECONDS)

    assert (little.tally().first_failures, much.tally().first_failures) == ((), ())
    assert [check["verdict"] for check in serving.status()["checks"]] == ["Pass"]


def test_a_canary_whose_counters_cannot_be_reached_keeps_its_weight_until_they_can(town: Town) -> None:
    _, second, _ = town.good
    serving = town.serve("uncounted", steps=FIVE, analysis={"checks": [MARGIN]})
    with serving.load(per_second=MUCH) as load:
        serving.pin(second)
        pod = server_process(serving, second)
        with unreachable(town.kubectl, pod, SERVER, namespace=serving.namespace, port=METRICS_PORT):
            stays_without_a_number(serving, f"no counts of the new version yet: pod {pod}: no answer within")
            before = load.tally()
            town.scene.eventually(lambda: (load.tally() - before).sent >= 1000, expected=True, seconds=60)
            assert (load.tally() - before).versions[second] > 0
        serving.until_serves(second, seconds=EVIDENCE_SECONDS)

    assert load.tally().first_failures == ()
    assert [check["verdict"] for check in serving.status()["checks"]] == ["Pass"]


def stays_without_a_number(serving: Serving, *why: str, seconds: float = 90.0) -> None:
    """The condition comes to say one of these, and stays so; the weight is what it was."""

    def holds(found: Manifest) -> bool:
        told = condition(found, "Progressing")
        return told.get("reason") == "Holding" and any(words in told["message"] for words in why)

    serving.until(holds, f"it holds with: {why[0]}", seconds=seconds)
    status = serving.stays(holds, f"held with: {why[0]}")["status"]
    (check,) = status["checks"]
    assert (check["verdict"], any(words in check["message"] for words in why)) == ("NoData", True), check
    assert (status["traffic"]["asked"], status["traffic"]["applied"], status["step"]["index"]) == (5, 5, 0)
    assert sorted(serving.weights()) == [5, 95]


def server_of(town: Town) -> str:
    """The pod of the cluster's Prometheus."""
    selector = "app.kubernetes.io/name=prometheus"
    (pod,) = town.kubectl.list("pods", namespace="monitoring", selector=selector)
    return str(pod["metadata"]["name"])


def server_process(serving: Serving, version: str) -> str:
    """The version's one pod, as soon as its server runs: before it is ready, and before it is counted."""
    scene, found = serving.town.scene, list[str]()

    def runs() -> bool:
        found[:] = serving.pods_of(version)
        pods = (scene.find("pod", name) for name in found)
        return any(pod is not None and processes_of(pod, SERVER) for pod in pods)

    scene.eventually(runs, expected=True, seconds=60)
    (pod,) = found
    return pod
