"""Provider Replicas: one Service over two revisions, the number of pods, and what that really gives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.traffic import Confirmed, Pending, Refused, Road, Seen, Split
from tests.unit.planning.traffic.builders import (
    BETA,
    CANARY,
    OTHER,
    REPLICAS,
    STABLE,
    a_pod,
    a_road,
    a_service,
    a_split,
    pair,
    pods_of,
    seen,
    stored,
)


def road(replicas: int = 3) -> Road:
    return a_road(a_service(replicas=replicas), gateway=None)


Change = Callable[[Manifest], object]
ROAD = road()


def observed(split: Split, pods: list[Manifest], *, slices: tuple[Manifest, ...] | None = None) -> Seen:
    """Everything is written."""
    return seen(REPLICAS.objects(ROAD, split), pods, slices=slices)


UID = {"leeboard.dev/uid": "uid-1"}


@pytest.mark.parametrize(
    ("split", "selector"),
    [
        pytest.param(Split(STABLE), {**UID, "leeboard.dev/revision": STABLE}, id="stable alone"),
        pytest.param(a_split(), {**UID, "leeboard.dev/revision": STABLE}, id="a canary that is prepared"),
        pytest.param(a_split(1), {**UID, "pool.leeboard.dev/aaa": "true"}, id="a share"),
        pytest.param(a_split(99), {**UID, "pool.leeboard.dev/aaa": "true"}, id="nearly everything"),
        pytest.param(a_split(100), {**UID, "leeboard.dev/revision": CANARY}, id="the canary alone"),
    ],
)
def test_one_service_selects(split: Split, selector: dict[str, str]) -> None:
    (service,) = REPLICAS.objects(ROAD, split)

    assert service["kind"] == "Service"
    assert service["metadata"]["name"] == "loans"
    assert service["spec"]["selector"] == selector


def test_the_service_of_a_settled_revision_is_written_plainly() -> None:
    assert "annotations" not in REPLICAS.objects(ROAD, Split(STABLE))[0]["metadata"]


HARMLESS: dict[str, Change] = {
    "a status": lambda live: live.update(status={"loadBalancer": {}}),
    "an annotation of others": lambda live: live["metadata"]["annotations"].update(team="credit"),
    "a port of others": lambda live: live["spec"]["ports"].append({"name": "x", "port": 81}),
}
OWNED: dict[str, Change] = {
    "a label of ours": lambda live: live["metadata"]["labels"].pop("leeboard.dev/uid"),
    "the selector": lambda live: live["spec"]["selector"].update({"leeboard.dev/revision": STABLE}),
    "our port": lambda live: live["spec"]["ports"][0].update(targetPort=9090),
    "whose canary it is": lambda live: live["metadata"]["annotations"].update({"leeboard.dev/split": "aaa/ccc"}),
    "that it has a canary": lambda live: live["metadata"].pop("annotations"),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_no_difference_is(change: Change) -> None:
    (wanted,) = REPLICAS.objects(ROAD, a_split(50))
    live = stored(wanted)

    change(live)

    assert REPLICAS.is_same(live, wanted)


@pytest.mark.parametrize("change", OWNED.values(), ids=OWNED)
def test_a_difference_is(change: Change) -> None:
    (wanted,) = REPLICAS.objects(ROAD, a_split(50))
    live = stored(wanted)

    change(live)

    assert not REPLICAS.is_same(live, wanted)


def test_a_canary_that_is_left_over_on_the_service_is_a_difference() -> None:
    live = stored(REPLICAS.objects(ROAD, a_split(100))[0])
    (wanted,) = REPLICAS.objects(ROAD, Split(CANARY))

    assert not REPLICAS.is_same(live, wanted)


@pytest.mark.parametrize(
    ("weight", "replicas", "pods"),
    [(0, 3, 1), (1, 3, 1), (25, 3, 1), (49, 3, 2), (50, 3, 3), (60, 2, 3), (90, 2, 18), (100, 3, 3), (10, 20, 2)],
)
def test_a_weight_needs_pods(weight: int, replicas: int, pods: int) -> None:
    assert REPLICAS.pods_for(weight, replicas) == pods


@pytest.mark.parametrize(
    ("asked", "ready", "replicas", "carried"),
    [
        pytest.param(50, 0, 2, 0, id="no pod, no weight"),
        pytest.param(50, 2, 2, 50, id="all pods"),
        pytest.param(50, 1, 2, 49, id="one pod too few for the half"),
        pytest.param(10, 1, 3, 10, id="one pod is more than the tenth"),
        pytest.param(90, 2, 2, 59, id="too few for nine tenths"),
        pytest.param(100, 3, 3, 100, id="as many as stable"),
        pytest.param(100, 2, 3, 49, id="one too few to take over"),
    ],
)
def test_ready_pods_carry(*, asked: int, ready: int, replicas: int, carried: int) -> None:
    assert REPLICAS.carried(a_split(asked), {CANARY: ready, STABLE: replicas}, replicas) == carried


@pytest.mark.parametrize(
    ("split", "pods", "message"),
    [
        pytest.param(Split(STABLE), pods_of(STABLE, 3), "", id="stable alone"),
        pytest.param(a_split(100), pair(3, 3), "", id="the canary alone"),
        pytest.param(
            a_split(50), pair(3, 3), "split by connection: 3 of 6 pods are the canary's, 50 percent", id="the half"
        ),
        pytest.param(
            a_split(10),
            pair(3, 1),
            "split by connection: 1 of 4 pods are the canary's, 25 percent, asked for: 10 percent",
            id="more than the tenth",
        ),
        pytest.param(
            a_split(40),
            pair(1, 2),
            "split by connection: 2 of 3 pods are the canary's, 67 percent, asked for: 40 percent",
            id="stable lost pods",
        ),
    ],
)
def test_a_split_is_confirmed_with_the_share_that_is_reached(split: Split, pods: list[Manifest], message: str) -> None:
    assert REPLICAS.confirmation(ROAD, observed(split, pods), split) == Confirmed(message)


@pytest.mark.parametrize(
    ("now", "asked", "reason"),
    [
        pytest.param(observed(Split(STABLE), pair(3, 1)), a_split(10), "SplitNotWritten", id="it is not written"),
        pytest.param(observed(a_split(10), pair(3, 0)), a_split(10), "EndpointsNotReady", id="no canary"),
        pytest.param(observed(a_split(10), pair(0, 1)), a_split(10), "EndpointsNotReady", id="no stable"),
        pytest.param(observed(a_split(60), pair(3, 3)), a_split(60), "EndpointsNotReady", id="too few of the canary"),
        pytest.param(
            observed(a_split(10), [*pair(3, 1), *pods_of(OTHER, 1, pools=(STABLE,))]),
            a_split(10),
            "EndpointsNotReady",
            id="somebody else's pods",
        ),
        pytest.param(
            observed(Split(CANARY), [], slices=observed(Split(STABLE), pair(3, 3)).endpoint_slices.items),
            Split(CANARY),
            "EndpointsNotReady",
            id="endpoints of unknown pods",
        ),
    ],
)
def test_a_split_is_not_confirmed_yet_with(now: Seen, asked: Split, reason: str) -> None:
    answer = REPLICAS.confirmation(ROAD, now, asked)

    assert isinstance(answer, Pending)
    assert answer.reason == reason


@pytest.mark.parametrize("split", [a_split(mirror=100), a_split(10, match=BETA)], ids=["copies", "headers"])
def test_what_only_a_gateway_can_do_is_refused(split: Split) -> None:
    now = observed(a_split(10), pair(3, 1))

    for answer in (REPLICAS.prepared(ROAD, now, split), REPLICAS.confirmation(ROAD, now, split)):
        assert isinstance(answer, Refused)
        assert answer.reason == "NotSupported"


@pytest.mark.parametrize("split", [Split(STABLE), a_split(), a_split(10), a_split(100)], ids=str)
def test_a_split_may_be_written_when_everybodys_pods_are_ready(split: Split) -> None:
    assert REPLICAS.prepared(ROAD, observed(Split(STABLE), pair(3, 1)), split) == Confirmed()


@pytest.mark.parametrize(
    ("pods", "split", "reason", "words"),
    [
        pytest.param(pair(3, 0), a_split(10), "EndpointsNotReady", "bbb has no ready pod", id="no canary"),
        pytest.param(pair(0, 1), a_split(10), "EndpointsNotReady", "aaa has no ready pod", id="no stable"),
        pytest.param(
            [*pods_of(STABLE, 3), a_pod("new", CANARY, pools=(CANARY, STABLE), is_ready=False)],
            a_split(10),
            "EndpointsNotReady",
            "bbb has no ready pod",
            id="a canary that is not ready",
        ),
        pytest.param(
            [*pods_of(STABLE, 3), *pods_of(CANARY, 1)],
            a_split(10),
            "PodsNotInPool",
            "pods of revision bbb were not started with the label pool.leeboard.dev/aaa",
            id="a canary that was started beside another one",
        ),
        pytest.param(
            [*pods_of(STABLE, 3, pools=()), *pods_of(CANARY, 1, pools=(CANARY, STABLE))],
            a_split(10),
            "PodsNotInPool",
            "pods of revision aaa were not started with the label",
            id="a stable from before there were pools",
        ),
        pytest.param(
            [*pair(3, 1), *pods_of(OTHER, 1, pools=(OTHER, STABLE))],
            a_split(10),
            "PodsNotInPool",
            "pods of revision ccc would get requests as well",
            id="the canary before is still there",
        ),
    ],
)
def test_a_split_may_not_be_written_with(*, pods: list[Manifest], split: Split, reason: str, words: str) -> None:
    answer = REPLICAS.prepared(ROAD, observed(Split(STABLE), pods), split)

    assert isinstance(answer, Pending)
    assert answer.reason == reason
    assert words in answer.message


def test_ready_pods_that_are_on_their_way_out_are_no_reason_to_write_a_split() -> None:
    pods = pair(3, 1)
    pods[-1]["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"

    answer = REPLICAS.prepared(ROAD, observed(Split(STABLE), pods), a_split(10))

    assert isinstance(answer, Pending)
    assert "bbb has no ready pod" in answer.message


def test_pods_that_are_on_their_way_out_are_in_nobodys_way() -> None:
    leaving = pods_of(OTHER, 1, pools=(OTHER, STABLE))
    leaving[0]["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"

    assert REPLICAS.prepared(ROAD, observed(Split(STABLE), [*pair(3, 1), *leaving]), a_split(10)) == Confirmed()


@pytest.mark.parametrize(
    ("now", "applied"),
    [
        pytest.param(observed(Split(STABLE), pair(3, 3)), Split(STABLE), id="stable alone"),
        pytest.param(observed(a_split(10), pair(3, 1)), a_split(25), id="the share that the pods give"),
        pytest.param(observed(a_split(10), pair(3, 0)), a_split(1), id="a canary that lost its pods and may return"),
        pytest.param(observed(a_split(10), pair(0, 3)), a_split(99), id="a stable that lost its pods and may return"),
        pytest.param(observed(a_split(100), pair(3, 3)), a_split(100), id="the canary alone"),
        pytest.param(observed(Split(CANARY), pair(3, 3)), Split(CANARY), id="after the promotion"),
    ],
)
def test_live_objects_say(now: Seen, applied: Split) -> None:
    assert REPLICAS.applied(ROAD, now) == applied


def spoilt(split: Split, *, selector: dict[str, str] | None = None, pair_said: str | None = None) -> Seen:
    service = stored(REPLICAS.objects(ROAD, split)[0])
    if selector is not None:
        service["spec"]["selector"] = selector
    if pair_said is not None:
        service["metadata"]["annotations"] = {"leeboard.dev/split": pair_said}
    return seen([service], pair(3, 3))


UNTOLD = {
    "there is no Service": seen([], pair(3, 3)),
    "a selector of somebody else": spoilt(a_split(10), selector={"app": "theirs"}),
    "a selector with something added": spoilt(Split(STABLE), selector={"leeboard.dev/revision": STABLE, "a": "b"}),
    "nothing about the canary": spoilt(a_split(10), pair_said=""),
    "something about another stable": spoilt(a_split(10), pair_said="ccc/bbb"),
    "nonsense about the canary": spoilt(a_split(10), pair_said="aaa"),
}


@pytest.mark.parametrize("now", UNTOLD.values(), ids=UNTOLD)
def test_the_split_cannot_be_told_with(now: Seen) -> None:
    assert REPLICAS.applied(ROAD, now) is None


def test_clients_take_the_service() -> None:
    assert REPLICAS.address(ROAD) == "http://loans.team.svc"


AUTOSCALED = {"autoscaling": {"maxReplicas": 5}}
HEADERS = {"headers": [{"name": "a", "value": "b"}]}


@pytest.mark.parametrize(
    ("rollout", "server", "paths"),
    [
        pytest.param({"steps": [{"weight": 5}, {"shadow": {}}]}, {}, ["steps[1].shadow"], id="copies"),
        pytest.param({"steps": [{"match": HEADERS}]}, {}, ["steps[0].match"], id="headers"),
        pytest.param({"steps": [{"weight": 5}]}, AUTOSCALED, ["steps[0].weight"], id="a share with an autoscaler"),
        pytest.param(
            {"ramp": {"stepWeight": 10, "interval": "1m"}}, AUTOSCALED, ["ramp.maxWeight"], id="a ramp with one"
        ),
        pytest.param({"steps": [{"weight": 92}]}, {"replicas": 10}, ["steps[0].weight"], id="115 pods"),
        pytest.param(
            {"ramp": {"stepWeight": 10, "maxWeight": 100, "interval": "1m"}},
            {"replicas": 2},
            ["ramp.maxWeight"],
            id="198 pods by a ramp",
        ),
    ],
)
def test_it_is_refused_with_its_field(rollout: Manifest, server: Manifest, paths: list[str]) -> None:
    findings = REPLICAS.findings(a_service(rollout, **server))

    assert [finding.path for finding in findings] == [f"spec.rollout.{path}" for path in paths]
    assert all("spec.traffic.gateway" in finding.fault for finding in findings)


@pytest.mark.parametrize(
    ("rollout", "server"),
    [
        pytest.param({}, AUTOSCALED, id="an autoscaler without steps"),
        pytest.param({"steps": [{"weight": 100}, {"approval": {}}]}, AUTOSCALED, id="all at once with an autoscaler"),
        pytest.param({"steps": [{"weight": 10}, {"weight": 90}]}, {"replicas": 10}, id="90 pods"),
        pytest.param({"ramp": {"stepWeight": 10, "interval": "1m"}}, {"replicas": 10}, id="a ramp to the half"),
    ],
)
def test_it_is_possible(rollout: Manifest, server: Manifest) -> None:
    assert REPLICAS.findings(a_service(rollout, **server)) == ()
