"""Where requests go, by the endpoints of a Service."""

from __future__ import annotations

from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children
from leeboard.planning.traffic.endpoints import ready_endpoints
from tests.unit.planning.traffic.builders import CANARY, REPLICAS, STABLE, a_road, a_slice, a_split, pair, stored

SERVICE = stored(REPLICAS.objects(a_road(), a_split(50))[0])
PODS = pair(2, 1)


def reached(*slices: Manifest, pods: list[Manifest] | None = None) -> dict[str, int]:
    known = Children(tuple(PODS if pods is None else pods))
    return dict(ready_endpoints(SERVICE, slices=Children(slices), pods=known))


def test_endpoints_are_counted_by_revision() -> None:
    assert reached(a_slice(SERVICE, PODS)) == {STABLE: 2, CANARY: 1}


def test_an_endpoint_in_two_slices_counts_once() -> None:
    assert reached(a_slice(SERVICE, PODS), a_slice(SERVICE, PODS[:1])) == {STABLE: 2, CANARY: 1}


def test_an_endpoint_that_is_not_ready_does_not_count() -> None:
    late = a_slice(SERVICE, PODS)
    late["endpoints"][0]["conditions"]["ready"] = False

    assert reached(late) == {STABLE: 1, CANARY: 1}


def test_an_endpoint_that_says_nothing_of_readiness_is_ready() -> None:
    silent = a_slice(SERVICE, PODS)
    del silent["endpoints"][0]["conditions"]

    assert reached(silent) == {STABLE: 2, CANARY: 1}


def test_a_pod_that_is_not_known_is_a_stranger() -> None:
    assert reached(a_slice(SERVICE, PODS), pods=PODS[1:]) == {STABLE: 1, CANARY: 1, "": 1}


def test_slices_of_others_and_such_that_go_are_not_asked() -> None:
    going, other = a_slice(SERVICE, PODS), a_slice(SERVICE, PODS)
    going["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    other["metadata"]["labels"]["kubernetes.io/service-name"] = "other"

    assert reached(going, other) == {}


def test_a_slice_without_an_owner_is_taken_at_its_labels_word() -> None:
    orphan = a_slice(SERVICE, PODS)
    del orphan["metadata"]["ownerReferences"]

    assert reached(orphan) == {STABLE: 2, CANARY: 1}
