"""Pods are started with the labels by which two versions share a Service, and are not restarted without need."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceService
from leeboard.api.rollout import Rollout
from leeboard.api.traffic import Gateway, Traffic
from leeboard.planning.plan import Apply
from leeboard.planning.serving import is_in_pool
from tests.unit.planning.inference_service.builders import a_service, a_version, through
from tests.unit.planning.inference_service.simulation import SimulatedCluster, serving

GATEWAY = Traffic(gateway=Gateway(name="public", hostnames=("loans.example",)))
REPLICAS = Traffic(provider="Replicas")


def the_service(traffic: Traffic, *, version: str | None = None, window: int = 3) -> InferenceService:
    """One step, and the version before kept warm for an hour."""
    rollout = {"steps": [{"weight": 50, "for": "5s"}], "rollback": {"keepWarm": "1h", "window": window}}
    return through(a_service(rollout=Rollout.model_validate(rollout), version=version, replicas=2), traffic)


def promoted(traffic: Traffic, *, window: int = 3) -> SimulatedCluster:
    """Version 2 serves, version 1 is kept."""
    cluster = serving([a_version(1)], the_service(traffic, window=window))
    cluster.versions.append(a_version(2))
    arrive(cluster, 2)
    cluster.writes.clear()
    return cluster


def arrive(cluster: SimulatedCluster, version: int, *, within: int = 100) -> None:
    """Let time pass until that version serves and no other is on its way."""
    for _ in range(within):
        cluster.advance()
        status = cluster.resource.status
        if status.canary is None and status.stable is not None and status.stable.version == str(version):
            return
    raise AssertionError(f"version {version} never served: {cluster.resource.status}")


def is_beside(cluster: SimulatedCluster, version: int, other: int) -> bool:
    """Whether the pods of a version may share a Service with those of another."""
    labels = {item["metadata"]["labels"]["leeboard.dev/model-version"]: item for item in cluster.deployments.values()}
    revision = labels[f"car-loan-v{other}"]["metadata"]["labels"]["leeboard.dev/revision"]
    return is_in_pool(labels[f"car-loan-v{version}"], revision)


def restarts(cluster: SimulatedCluster) -> list[str]:
    return [
        write.manifest["metadata"]["labels"]["leeboard.dev/model-version"]
        for write in cluster.writes
        if isinstance(write, Apply) and write.manifest["kind"] == "Deployment"
    ]


@pytest.mark.parametrize(("traffic", "shares"), [(GATEWAY, False), (REPLICAS, True)], ids=["gateway", "replicas"])
def test_a_canary_is_started_to_share_the_service_where_it_will_have_to(traffic: Traffic, *, shares: bool) -> None:
    cluster = promoted(traffic)

    assert is_beside(cluster, 2, 1) is shares
    assert not is_beside(cluster, 1, 2)


@pytest.mark.parametrize("traffic", [GATEWAY, REPLICAS], ids=["gateway", "replicas"])
def test_going_back_to_a_version_that_is_kept_restarts_none_of_its_pods(traffic: Traffic) -> None:
    cluster = promoted(traffic)

    cluster.change(the_service(traffic, version="1"))
    arrive(cluster, 1)

    assert restarts(cluster) == []


def test_a_kept_version_that_takes_steps_again_is_restarted_to_share_the_service() -> None:
    cluster = promoted(REPLICAS, window=0)

    cluster.change(the_service(REPLICAS, version="1", window=0))
    arrive(cluster, 1)

    assert restarts(cluster) == ["car-loan-v1"]
    assert is_beside(cluster, 1, 2)


def test_a_kept_version_that_takes_steps_again_behind_a_gateway_is_not_restarted() -> None:
    cluster = promoted(GATEWAY, window=0)

    cluster.change(the_service(GATEWAY, version="1", window=0))
    arrive(cluster, 1)

    assert restarts(cluster) == []
