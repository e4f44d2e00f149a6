"""A rollout from step to step: capacity, requests, time, promotion, and every way in which it ends earlier."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceService
from leeboard.api.rollout import Rollback, Rollout
from leeboard.api.traffic import Gateway, Traffic
from tests.unit.planning.inference_service.builders import a_service, a_version, through
from tests.unit.planning.inference_service.reading import versions_of
from tests.unit.planning.inference_service.simulation import SimulatedCluster, serving

GATEWAY = Traffic(gateway=Gateway(name="public", hostnames=("loans.example",)))
REPLICAS = Traffic(provider="Replicas")


def a_rollout(*steps: dict[str, object], **fields: object) -> Rollout:
    """A rollout with these steps, that keeps no old pods."""
    return Rollout.model_validate({"steps": steps, "rollback": Rollback(keep_warm="0s"), **fields})


TWO_STEPS = a_rollout({"weight": 10, "for": "10s"}, {"weight": 50, "for": "10s"})


def with_two_versions(rollout: Rollout, traffic: Traffic, *, replicas: int = 4) -> SimulatedCluster:
    """Version 1 serves, version 2 is wanted."""
    cluster = serving([a_version(1)], the_service(rollout, traffic, replicas=replicas))
    cluster.versions.append(a_version(2))
    return cluster


def the_service(rollout: Rollout, traffic: Traffic, *, replicas: int = 4) -> InferenceService:
    return through(a_service(rollout=rollout, replicas=replicas), traffic)


def where(cluster: SimulatedCluster) -> str:
    """``0 Weight Scaling 10/0``: step, kind, phase, percent asked for and live."""
    step, traffic = cluster.resource.status.step, cluster.resource.status.traffic
    if step is None or traffic is None:
        return "settled"
    return f"{step.index} {step.kind} {step.phase} {traffic.asked}/{traffic.applied}"


def course(cluster: SimulatedCluster, *, within: int = 120) -> list[str]:
    """Every place where the rollout was, in order, until it is settled."""
    seen: list[str] = []
    for _ in range(within):
        cluster.advance()
        if not seen or seen[-1] != where(cluster):
            seen.append(where(cluster))
        if where(cluster) == "settled" and cluster.is_settled():
            return seen
    raise AssertionError(f"not settled: {seen}")


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [
        pytest.param(
            GATEWAY,
            [
                "0 Weight Scaling 10/0",
                "0 Weight Routing 10/0",
                "0 Weight Routing 10/10",
                "0 Weight Observing 10/10",
                "1 Weight Scaling 50/10",
                "1 Weight Routing 50/10",
                "1 Weight Routing 50/50",
                "1 Weight Observing 50/50",
                "2 Promotion Scaling 100/50",
                "2 Promotion Routing 100/50",
                "2 Promotion Routing 100/100",
                "settled",
            ],
            id="by a gateway",
        ),
    ],
)
def test_a_rollout_goes_from_step_to_step(traffic: Traffic, expected: list[str]) -> None:
    cluster = with_two_versions(TWO_STEPS, traffic)

    assert course(cluster) == expected
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}
