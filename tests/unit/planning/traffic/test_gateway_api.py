"""Provider GatewayAPI: its objects, what they say, and when requests may and do take the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leeboard.api.names import child_name
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children, Unknown
from leeboard.planning.traffic import Confirmed, Pending, Refused, Seen, Split
from tests.unit.planning.traffic.builders import (
    BETA,
    CANARY,
    GATEWAY_API,
    OTHER,
    STABLE,
    a_road,
    a_service,
    a_split,
    accepted,
    pair,
    pods_of,
    seen,
    stored,
    with_routes,
)

ROAD = a_road()


def observed(
    split: Split,
    pods: list[Manifest] | None = None,
    *,
    slices: tuple[Manifest, ...] | None = None,
    status: Manifest | None = None,
) -> Seen:
    """Everything is written, and the gateway has taken it."""
    objects = GATEWAY_API.objects(ROAD, split)
    taken = accepted() if status is None else status
    return seen(objects, pair(3, 1) if pods is None else pods, slices=slices, status=taken)


def selectors(split: Split) -> dict[str, str]:
    """Revisions by the name of the Service that selects them."""
    services = [item for item in GATEWAY_API.objects(ROAD, split) if item["kind"] == "Service"]
    assert all(item["spec"]["selector"]["leeboard.dev/uid"] == "uid-1" for item in services)
    return {item["metadata"]["name"]: item["spec"]["selector"]["leeboard.dev/revision"] for item in services}


@pytest.mark.parametrize(
    ("split", "services"),
    [
        pytest.param(Split(STABLE), {"loans": STABLE, "loans-aaa": STABLE}, id="stable alone"),
        pytest.param(a_split(), {"loans": STABLE, "loans-aaa": STABLE, "loans-bbb": CANARY}, id="prepared"),
        pytest.param(a_split(100), {"loans": STABLE, "loans-aaa": STABLE, "loans-bbb": CANARY}, id="the canary alone"),
    ],
)
def test_each_revision_has_a_service_and_the_main_one_is_stables(split: Split, services: dict[str, str]) -> None:
    assert selectors(split) == services
    assert [item["kind"] for item in GATEWAY_API.objects(ROAD, split)][-1] == "HTTPRoute"


def test_a_service_of_one_revision_says_so_and_has_no_port_for_metrics() -> None:
    backend = GATEWAY_API.objects(ROAD, a_split(10))[2]

    assert backend["metadata"]["labels"]["leeboard.dev/revision"] == CANARY
    assert backend["spec"]["ports"] == [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}]


def test_a_revision_without_a_deployment_has_the_name_that_its_deployment_would_have() -> None:
    resource = a_service()
    expected = child_name(resource.metadata.name, resource.metadata.uid, STABLE)
    bare = replace(ROAD, deployments={})

    _, backend, route = GATEWAY_API.objects(bare, Split(STABLE))

    assert backend["metadata"]["name"] == expected
    assert [item["name"] for item in route["spec"]["rules"][0]["backendRefs"]] == [expected]
    assert isinstance(GATEWAY_API.prepared(bare, seen([]), Split(STABLE)), Pending)


def test_clients_are_told_the_first_host_name() -> None:
    assert GATEWAY_API.address(ROAD) == "loans.example"


@pytest.mark.parametrize(
    ("weight", "replicas", "pods"),
    [(0, 3, 1), (1, 3, 1), (33, 3, 1), (34, 3, 2), (50, 3, 2), (100, 3, 3), (100, 1, 1), (10, 20, 2)],
)
def test_a_weight_needs_its_share_of_the_pods(weight: int, replicas: int, pods: int) -> None:
    assert GATEWAY_API.pods_for(weight, replicas) == pods


@pytest.mark.parametrize(
    ("asked", "ready", "replicas", "carried"),
    [(50, 0, 4, 0), (50, 1, 4, 25), (50, 2, 4, 50), (50, 4, 4, 50), (100, 9, 4, 100), (100, 2, 3, 66)],
)
def test_ready_pods_carry(*, asked: int, ready: int, replicas: int, carried: int) -> None:
    assert GATEWAY_API.carried(a_split(asked), {CANARY: ready, STABLE: 4}, replicas) == carried


def test_a_split_is_confirmed_once_the_gateway_has_taken_it_and_endpoints_are_there() -> None:
    split = a_split(10, match=BETA)

    assert GATEWAY_API.confirmation(ROAD, observed(split), split) == Confirmed()


def test_a_promotion_is_confirmed_although_the_old_stable_is_gone() -> None:
    pods = pods_of(CANARY, 3)

    assert GATEWAY_API.confirmation(ROAD, observed(a_split(100), pods), a_split(100)) == Confirmed()
    assert GATEWAY_API.confirmation(ROAD, observed(Split(CANARY), pods), Split(CANARY)) == Confirmed()


@pytest.mark.parametrize(
    ("now", "asked", "reason"),
    [
        pytest.param(observed(a_split(20)), a_split(10), "SplitNotWritten", id="another weight is written"),
        pytest.param(observed(a_split(10)), a_split(10, mirror=100), "SplitNotWritten", id="no copies are written"),
        pytest.param(observed(a_split(10), status={}), a_split(10), "RouteNotAccepted", id="no answer of the gateway"),
        pytest.param(observed(a_split(10), pods_of(STABLE, 3)), a_split(10), "EndpointsNotReady", id="no canary"),
        pytest.param(observed(a_split(10), pods_of(CANARY, 3)), a_split(10), "EndpointsNotReady", id="no stable"),
        pytest.param(
            observed(a_split(mirror=100), pods_of(STABLE, 3)), a_split(mirror=100), "EndpointsNotReady", id="copies"
        ),
        pytest.param(
            observed(a_split(10), slices=()), a_split(10), "EndpointsNotReady", id="pods that are no endpoints yet"
        ),
    ],
)
def test_a_split_is_not_confirmed_yet_with(now: Seen, asked: Split, reason: str) -> None:
    answer = GATEWAY_API.confirmation(ROAD, now, asked)

    assert isinstance(answer, Pending)
    assert answer.reason == reason


def test_a_promotion_waits_until_the_main_service_reaches_the_new_version_alone() -> None:
    objects = GATEWAY_API.objects(ROAD, Split(CANARY))
    before = seen(GATEWAY_API.objects(ROAD, a_split(100)), pair(3, 3))
    late = seen(objects, pair(3, 3), slices=before.endpoint_slices.items, status=accepted())

    answer = GATEWAY_API.confirmation(ROAD, late, Split(CANARY))

    assert answer == Pending(
        "EndpointsNotReady",  # type: ignore[arg-type]
        "Service loans has 0 ready endpoints of revision bbb and 3 others",
    )


def test_endpoints_of_an_earlier_service_of_the_same_name_do_not_count() -> None:
    now = observed(a_split(10))
    old = [{**item, "metadata": {**item["metadata"]}} for item in now.endpoint_slices.items]
    for item in old:
        item["metadata"]["ownerReferences"] = [{"kind": "Service", "uid": "earlier"}]

    answer = GATEWAY_API.confirmation(ROAD, replace(now, endpoint_slices=Children(tuple(old))), a_split(10))

    assert isinstance(answer, Pending)
    assert answer.reason == "EndpointsNotReady"


def test_routes_that_cannot_be_read_are_waited_for() -> None:
    answer = GATEWAY_API.confirmation(ROAD, with_routes(observed(a_split(10)), Unknown("timeout")), a_split(10))

    assert answer == Pending("NotObserved", "HTTPRoutes cannot be read: timeout")  # type: ignore[arg-type]


def test_a_cluster_that_lost_the_gateway_api_is_refused() -> None:
    answer = GATEWAY_API.confirmation(ROAD, with_routes(observed(a_split(10)), None), a_split(10))

    assert isinstance(answer, Refused)
    assert answer.reason == "NoGatewayAPI"


def test_the_gateways_refusal_is_passed_on() -> None:
    answer = GATEWAY_API.confirmation(ROAD, observed(a_split(10), status=accepted(Accepted="False")), a_split(10))

    assert isinstance(answer, Refused)
    assert answer.reason == "RefusedByGateway"


def test_a_split_may_be_written_once_everybody_in_it_has_endpoints() -> None:
    before = observed(a_split())

    assert GATEWAY_API.prepared(ROAD, before, a_split(10)) == Confirmed()
    assert GATEWAY_API.prepared(ROAD, before, Split(STABLE)) == Confirmed()


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        pytest.param(observed(Split(STABLE)), "SplitNotWritten", id="the canary has no Service yet"),
        pytest.param(observed(a_split(), pods_of(STABLE, 3)), "EndpointsNotReady", id="the canary has no endpoint"),
        pytest.param(observed(a_split(), pods_of(CANARY, 3)), "EndpointsNotReady", id="stable has no endpoint"),
    ],
)
def test_a_split_may_not_be_written_when(now: Seen, reason: str) -> None:
    answer = GATEWAY_API.prepared(ROAD, now, a_split(10))

    assert isinstance(answer, Pending)
    assert answer.reason == reason


def with_weights(*weights: int) -> Seen:
    """The route of two revisions with other weights than ours."""
    route = stored(GATEWAY_API.objects(ROAD, a_split(50))[-1])
    for backend, weight in zip(route["spec"]["rules"][0]["backendRefs"], weights, strict=True):
        backend["weight"] = weight
    return with_routes(observed(a_split(50)), Children((route,)))


@pytest.mark.parametrize(
    ("weights", "percent"),
    [((9, 1), 10), ((2, 1), 33), ((1, 0), 0), ((0, 1), 100), ((100_000, 1), 1), ((1, 100_000), 99)],
)
def test_weights_of_somebody_else_are_read_in_percent(weights: tuple[int, int], percent: int) -> None:
    assert GATEWAY_API.applied(ROAD, with_weights(*weights)) == a_split(percent)


def three_revisions() -> Seen:
    route = stored(GATEWAY_API.objects(ROAD, a_split(50))[-1])
    route["spec"]["rules"][0]["backendRefs"].append(
        {"group": "", "kind": "Service", "name": "loans-ccc", "port": 80, "weight": 5}
    )
    both = seen([*GATEWAY_API.objects(ROAD, a_split(50)), GATEWAY_API.objects(ROAD, Split(OTHER))[1]])
    return with_routes(both, Children((route,)))


def of_somebody_else(kind: str) -> Seen:
    objects = [stored(item) for item in GATEWAY_API.objects(ROAD, a_split(10))]
    for item in objects:
        if item["kind"] == kind and item["metadata"]["name"] == "loans":
            item["metadata"]["ownerReferences"] = []
    return seen(objects)


def on_its_way_out(kind: str) -> Seen:
    objects = [stored(item) for item in GATEWAY_API.objects(ROAD, a_split(10))]
    for item in objects:
        if item["kind"] == kind and item["metadata"]["name"] == "loans":
            item["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    return seen(objects)


UNTOLD = {
    "the Service is missing": seen(GATEWAY_API.objects(ROAD, a_split(10))[1:]),
    "the Service is somebody else's": of_somebody_else("Service"),
    "the Service is on its way out": on_its_way_out("Service"),
    "the route is on its way out": on_its_way_out("HTTPRoute"),
    "the route is missing": seen(GATEWAY_API.objects(ROAD, a_split(10))[:-1]),
    "the route is somebody else's": of_somebody_else("HTTPRoute"),
    "routes cannot be read": with_routes(observed(a_split(10)), Unknown("timeout")),
    "there are no routes": with_routes(observed(a_split(10)), None),
    "a Service behind the route is missing": seen(
        [item for item in GATEWAY_API.objects(ROAD, a_split(10)) if item["metadata"]["name"] != "loans-bbb"]
    ),
    "three revisions get requests": three_revisions(),
}


@pytest.mark.parametrize("now", UNTOLD.values(), ids=UNTOLD)
def test_the_split_cannot_be_told_when(now: Seen) -> None:
    assert GATEWAY_API.applied(ROAD, now) is None


def test_a_promotion_that_is_half_written_is_told_as_it_is() -> None:
    main = GATEWAY_API.objects(ROAD, Split(CANARY))[0]
    rest = GATEWAY_API.objects(ROAD, a_split(50))[1:]

    assert GATEWAY_API.applied(ROAD, seen([main, *rest])) == Split(CANARY, STABLE, 50)


def test_copies_of_a_part_of_the_requests_are_refused_with_the_field() -> None:
    resource = a_service({"steps": [{"weight": 5}, {"shadow": {"percent": 30}}, {"shadow": {}}]})

    (finding,) = GATEWAY_API.findings(resource)

    assert finding.path == "spec.rollout.steps[1].shadow.percent"
    assert "only 100" in finding.fault


def test_a_header_that_is_asked_for_twice_is_refused_with_the_field() -> None:
    headers = [{"name": "x-user", "value": "1"}, {"name": "X-User", "value": "2"}]

    (finding,) = GATEWAY_API.findings(a_service({"steps": [{"match": {"headers": headers}}]}))

    assert finding.path == "spec.rollout.steps[0].match.headers[1].name"


@pytest.mark.parametrize("timeout", ["0s", "100000h"])
def test_a_timeout_that_a_gateway_would_misread_is_refused(timeout: str) -> None:
    (finding,) = GATEWAY_API.findings(a_service(requestTimeout=timeout))

    assert finding.path == "spec.server.requestTimeout"


def test_every_step_type_is_possible() -> None:
    steps = [{"shadow": {}}, {"match": {"headers": [{"name": "a", "value": "b"}]}}, {"weight": 100}, {"approval": {}}]
    resource = a_service({"steps": steps}, autoscaling={"maxReplicas": 3}, requestTimeout="99999h")

    assert GATEWAY_API.findings(resource) == ()
