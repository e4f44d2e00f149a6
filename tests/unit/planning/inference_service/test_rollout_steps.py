"""A rollout from step to step: capacity, requests, time, approval, promotion."""

from __future__ import annotations

from itertools import pairwise

import pytest

from leeboard.api.rollout import Rollout
from leeboard.api.traffic import Traffic
from tests.unit.planning.inference_service.builders import a_service, a_version, through
from tests.unit.planning.inference_service.reading import events, told, versions_of
from tests.unit.planning.inference_service.rolling import (
    GATEWAY,
    REPLICAS,
    TWO_STEPS,
    a_rollout,
    ask,
    course,
    history,
    rolling,
    routes_of,
    until,
    weights,
    where,
)
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster

BY_A_GATEWAY = [
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
]
BY_PODS = [
    "0 Weight Scaling 10/0",
    "0 Weight Routing 10/0",
    "0 Weight Observing 10/20",  # one pod of five
    "1 Weight Scaling 50/20",
    "1 Weight Observing 50/50",
    "2 Promotion Scaling 100/50",
    "2 Promotion Routing 100/50",
    "settled",
]


@pytest.mark.parametrize(
    ("traffic", "expected"),
    [pytest.param(GATEWAY, BY_A_GATEWAY, id="by a gateway"), pytest.param(REPLICAS, BY_PODS, id="by pods")],
)
def test_a_rollout_goes_from_step_to_step_and_then_the_new_version_is_stable(
    traffic: Traffic, expected: list[str]
) -> None:
    cluster = rolling(TWO_STEPS, traffic)

    assert course(cluster) == expected
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}
    assert history(cluster) == ["2 Promoted", "1 First"]
    assert told(cluster)["Progressing"] == "False/Settled"
    assert len(cluster.deployments) == 1
    assert cluster.config_maps == {}


def test_the_canary_gets_the_pods_of_its_share_and_stable_keeps_all_of_its_own() -> None:
    cluster = rolling(TWO_STEPS)
    pods = set()

    for _ in range(60):
        cluster.advance()
        status = cluster.resource.status
        if status.canary is not None and status.step is not None and status.stable is not None:
            pods.add((status.step.index, status.canary.replicas, status.stable.replicas))

    assert sorted(pods) == [(0, 1, 4), (1, 1, 4), (1, 2, 4), (2, 2, 4), (2, 4, 4)]


def test_the_time_of_a_step_counts_from_the_confirmed_split() -> None:
    cluster = rolling(TWO_STEPS)
    cluster.startup_of["2"] = 30
    until(cluster, "0 Weight Observing")
    begun = cluster.tick

    until(cluster, "1 ")

    assert begun > 30
    assert cluster.tick - begun == 10


def test_the_first_version_of_a_service_takes_no_steps() -> None:
    cluster = SimulatedCluster(through(a_service(rollout=TWO_STEPS), GATEWAY), [a_version(1)])

    assert course(cluster) == ["0 Promotion Scaling 0/None", "0 Promotion Scaling 0/0", "settled"]
    assert history(cluster) == ["1 First"]


def test_a_ramp_is_equal_steps_up_to_its_highest_weight() -> None:
    cluster = rolling(a_rollout(ramp={"stepWeight": 40, "maxWeight": 50, "interval": "5s"}))

    seen = {place.rpartition(" ")[2].partition("/")[0] for place in course(cluster) if "Observing" in place}

    assert seen == {"40", "50"}


def test_a_service_with_a_gateway_and_no_steps_moves_all_requests_at_once() -> None:
    cluster = rolling(a_rollout())

    assert course(cluster) == [
        "0 Promotion Scaling 100/0",
        "0 Promotion Routing 100/0",
        "0 Promotion Routing 100/100",
        "settled",
    ]
    assert weights(cluster) == {"2": 100}


def test_an_approval_waits_with_the_split_of_the_step_before_until_a_person_decides() -> None:
    cluster = rolling(a_rollout({"weight": 20}, {"approval": {"message": "look at the dashboard"}}, {"weight": 60}))
    until(cluster, "1 Approval WaitingForPerson 20/20")

    cluster.advance(1000)
    assert where(cluster) == "1 Approval WaitingForPerson 20/20"
    assert told(cluster)["Progressing"] == "True/WaitingForPerson"
    assert cluster.resource.status.phase == "Waiting"
    assert "look at the dashboard" in cluster.resource.status.conditions[-1].message
    assert ask(cluster, "promote").startswith("Done")
    until(cluster, "2 Weight")
    course(cluster)

    assert history(cluster)[0] == "2 Promoted"
    assert events(cluster).count("WaitingForPerson") == 1


def test_a_shadow_step_copies_requests_and_sends_none() -> None:
    cluster = rolling(a_rollout({"shadow": {"percent": 100}, "for": "10s"}))
    until(cluster, "0 Shadow Observing 0/0")

    assert weights(cluster) == {"1": 100}
    assert cluster.obeyed is not None
    (copy,) = cluster.obeyed["spec"]["rules"][-1]["filters"]
    assert copy["type"] == "RequestMirror"
    assert cluster.resource.status.traffic is not None
    assert cluster.resource.status.traffic.mirrored == 100
    assert len(cluster.ready_pods(canary_of(cluster))) == 4  # as many as copies of everything need
    course(cluster)


def test_a_match_step_sends_only_requests_with_these_headers() -> None:
    headers = [{"name": "X-Cohort", "value": "beta"}]
    cluster = rolling(a_rollout({"match": {"headers": headers}, "for": "10s"}))
    until(cluster, "0 Match Observing 0/0")

    assert weights(cluster) == {"1": 100}
    assert cluster.obeyed is not None
    assert cluster.obeyed["spec"]["rules"][0]["matches"][0]["headers"][0]["value"] == "beta"
    assert len(cluster.ready_pods(canary_of(cluster))) == 4  # nobody knows how many have that header
    course(cluster)


def test_a_blue_green_rollout_is_two_steps() -> None:
    cluster = rolling(a_rollout({"weight": 100, "for": "20s"}, {"approval": {}}))
    until(cluster, "1 Approval WaitingForPerson 100/100")

    assert weights(cluster) == {"2": 100}
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}
    assert ask(cluster, "abort").startswith("Done")
    cluster.advance()
    assert weights(cluster) == {"1": 100}


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        pytest.param(
            a_rollout({"weight": 30, "for": "10s"}, {"weight": 50, "for": "10s"}),
            "0 Weight Observing 30/30",
            id="the present step's weight applies",
        ),
        pytest.param(
            a_rollout({"weight": 10, "for": "1h"}), "0 Weight Observing 10/10", id="the present step lasts longer"
        ),
    ],
)
def test_editing_the_steps_alone_does_not_begin_anew(edited: Rollout, expected: str) -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "0 Weight Observing")
    before = cluster.resource.status.canary

    cluster.change(through(a_service(rollout=edited, replicas=4), GATEWAY))
    cluster.advance(8)

    assert where(cluster) == expected
    after = cluster.resource.status.canary
    assert before is not None
    assert after is not None
    assert (after.name, after.since) == (before.name, before.since)


def test_fewer_steps_than_before_go_on_at_the_last_one() -> None:
    cluster = rolling(TWO_STEPS)
    until(cluster, "1 Weight Observing")

    cluster.change(through(a_service(rollout=a_rollout({"weight": 20, "for": "10s"}), replicas=4), GATEWAY))
    cluster.advance(4)

    assert where(cluster) == "0 Weight Observing 20/20"


def test_a_step_that_the_provider_cannot_do_is_refused_with_its_field_and_stable_serves_on() -> None:
    cluster = rolling(a_rollout(), REPLICAS)
    shadow = a_rollout({"shadow": {"percent": 100}, "for": "10s"})

    cluster.change(through(a_service(rollout=shadow, replicas=4), REPLICAS))
    cluster.advance(5)

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert told(cluster)["Ready"] == "True/Serving"
    assert told(cluster)["Stalled"] == "True/InvalidRollout"
    assert cluster.resource.status.conditions[2].message.startswith("spec.rollout.steps[0].shadow")


def test_a_slow_canary_gets_no_requests_before_its_pods_are_there() -> None:
    cluster = rolling(TWO_STEPS)
    cluster.startup_of["2"] = NEVER

    cluster.advance(100)

    assert where(cluster) == "0 Weight Scaling 10/0"
    assert weights(cluster) == {"1": 100}
    assert told(cluster)["Progressing"] == "True/Scaling"
    stable = cluster.resource.status.stable
    assert stable is not None
    assert [sharing for sharing, _ in routes_of(cluster)] == [{stable.deployment}]


@pytest.mark.parametrize("rollout", [TWO_STEPS, a_rollout(), a_rollout({"weight": 100}, keepWarm="1h")], ids=str)
def test_a_gateway_knows_a_version_before_its_first_request_and_until_after_its_last(rollout: Rollout) -> None:
    cluster = rolling(rollout)
    until(cluster, "settled")
    ask(cluster, "rollback")
    until(cluster, "settled")

    routes = routes_of(cluster)
    assert len(routes) > 2
    for (before, known_before), (after, known_after) in pairwise(routes):
        assert after <= known_before
        assert before <= known_after


def test_a_gateway_has_taken_the_name_of_a_version_before_it_gets_requests() -> None:
    cluster = rolling(a_rollout())
    cluster.gateway_answers = False
    cluster.advance(60)
    named = routes_of(cluster)

    assert len(named) == 1
    assert where(cluster) == "0 Promotion Scaling 100/0"


def canary_of(cluster: SimulatedCluster) -> str:
    """Name of the canary's Deployment."""
    canary = cluster.resource.status.canary
    assert canary is not None
    return canary.deployment
