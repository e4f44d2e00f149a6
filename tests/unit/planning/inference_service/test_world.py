"""What the planner reads from Deployments, pods and endpoints."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leeboard.api.inference_service import Revision
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Children
from leeboard.planning.inference_service.facts import InferenceServiceFacts
from leeboard.planning.inference_service.removals import may_be_removed
from leeboard.planning.inference_service.routing import Routing
from leeboard.planning.inference_service.world import World, available_replicas, world_of
from leeboard.planning.traffic import Split
from tests.unit.planning.inference_service.builders import a_service

NOTHING = Children()
NO_FACTS = InferenceServiceFacts((), NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
A_READY_POD: Manifest = {
    "metadata": {"name": "p", "labels": {"leeboard.dev/revision": "old"}},
    "status": {"conditions": [{"type": "Ready", "status": "True"}]},
}
OURS = [{"controller": True, "uid": "uid-service"}]


def a_deployment(*, generation: int = 2, **status: int) -> Manifest:
    return {"metadata": {"name": "d", "generation": generation}, "status": status}


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        pytest.param(None, 0, id="no Deployment"),
        pytest.param({"metadata": {"generation": 1}}, 0, id="no status yet"),
        pytest.param(a_deployment(observedGeneration=2, availableReplicas=3, updatedReplicas=3), 3, id="all of them"),
        pytest.param(
            a_deployment(observedGeneration=1, availableReplicas=3, updatedReplicas=3), 0, id="a stale status"
        ),
        pytest.param(
            a_deployment(observedGeneration=2, availableReplicas=3, updatedReplicas=1), 1, id="old pods among them"
        ),
        pytest.param(a_deployment(observedGeneration=2, updatedReplicas=3), 0, id="none available"),
    ],
)
def test_pods_that_count_are(deployment: Manifest | None, expected: int) -> None:
    assert available_replicas(deployment) == expected


def a_world(selected: str | None, **ready: int) -> World:
    """A world whose Service selects a revision; the keyword ``stranger`` counts endpoints of unknown pods."""
    service: Manifest | None = {"spec": {"selector": {"leeboard.dev/revision": selected}}} if selected else None
    endpoints = {"" if name == "stranger" else name: count for name, count in ready.items()}
    return World(deployments={}, service=service, budget=None, pods=(), ready_endpoints=endpoints)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        pytest.param(a_world("new", new=2), True, id="only its own endpoints"),
        pytest.param(a_world("new"), False, id="no endpoint"),
        pytest.param(a_world("new", old=1), False, id="only those of another"),
        pytest.param(a_world("new", new=2, old=1), False, id="one of another is left"),
        pytest.param(a_world("new", new=2, stranger=1), False, id="one of a pod that is not known"),
    ],
)
def test_a_switch_is_confirmed_by(world: World, *, expected: bool) -> None:
    assert world.answers_alone("new") is expected


OTHER = Split("new")


@pytest.mark.parametrize(
    ("world", "routing", "expected"),
    [
        pytest.param(
            a_world("new", new=2), Routing(OTHER, OTHER, None, is_in_force=True), True, id="the other one answers"
        ),
        pytest.param(
            a_world("new"), Routing(OTHER, OTHER, None, is_in_force=False), True, id="it could not answer either"
        ),
        pytest.param(
            a_world("old", new=2), Routing(OTHER, Split("old"), None, is_in_force=True), False, id="it is live"
        ),
        pytest.param(
            a_world("new", new=2), Routing(Split("old"), OTHER, None, is_in_force=True), False, id="it will be live"
        ),
        pytest.param(
            a_world("new", new=2),
            Routing(OTHER, None, None, is_in_force=True, is_readable=False),
            False,
            id="unreadable",
        ),
        pytest.param(
            a_world("new", new=2, old=1),
            Routing(OTHER, OTHER, None, is_in_force=True),
            False,
            id="its endpoint is left",
        ),
        pytest.param(
            a_world("new", new=2, stranger=1),
            Routing(OTHER, OTHER, None, is_in_force=True),
            False,
            id="an unknown endpoint is left",
        ),
        pytest.param(
            replace(a_world("new", new=2), pods=(A_READY_POD,)),
            Routing(OTHER, OTHER, None, is_in_force=False),
            False,
            id="it could answer, and the split without it is not in force",
        ),
    ],
)
def test_a_draining_revision_may_go_when(world: World, routing: Routing, *, expected: bool) -> None:
    old = Revision(
        name="old",
        model_version="car-loan-v1",
        version="1",
        digest=f"sha256:{1:064x}",
        deployment="d",
        image="runtime:1",
        template_hash="hash",
        since="2026-03-01T12:00:00Z",
    )

    assert may_be_removed(old, world, routing) is expected


def a_pod(uid: str, revision: str) -> Manifest:
    return {"metadata": {"name": f"pod-{uid}", "uid": uid, "labels": {"leeboard.dev/revision": revision}}}


def a_slice(*endpoints: Manifest, service: str = "car-loan", owner: str = "uid-its-service") -> Manifest:
    owners = [{"kind": "Service", "uid": owner}]
    return {
        "metadata": {"name": "s", "labels": {"kubernetes.io/service-name": service}, "ownerReferences": owners},
        "endpoints": list(endpoints),
    }


def an_endpoint(uid: str, **conditions: bool | None) -> Manifest:
    return {"addresses": ["10.0.0.1"], "conditions": conditions, "targetRef": {"kind": "Pod", "uid": uid}}


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        pytest.param([], {}, id="no slice"),
        pytest.param(
            [a_slice(an_endpoint("a", ready=True), an_endpoint("b", ready=True))], {"old": 1, "new": 1}, id="two"
        ),
        pytest.param([a_slice(an_endpoint("a", ready=False))], {}, id="an endpoint that is not ready"),
        pytest.param([a_slice(an_endpoint("a"))], {"old": 1}, id="readiness left out means ready"),
        pytest.param([a_slice(an_endpoint("a", ready=None))], {"old": 1}, id="readiness null means ready"),
        pytest.param(
            [a_slice(an_endpoint("a", ready=True)), a_slice(an_endpoint("a", ready=True))],
            {"old": 1},
            id="one, twice told",
        ),
        pytest.param([a_slice(an_endpoint("z", ready=True))], {"": 1}, id="a pod that is not known"),
        pytest.param([a_slice({"addresses": ["10.0.0.9"]})], {"": 1}, id="an address without a pod"),
        pytest.param([a_slice(an_endpoint("a", ready=True), service="other")], {}, id="another Service's slice"),
        pytest.param(
            [a_slice(an_endpoint("a", ready=True), owner="uid-before")], {}, id="a slice of a Service that was deleted"
        ),
    ],
)
def test_endpoints_are_counted_by_revision(slices: list[Manifest], expected: dict[str, int]) -> None:
    pods = Children((a_pod("a", "old"), a_pod("b", "new")))
    service: Manifest = {
        "metadata": {"name": "car-loan", "uid": "uid-its-service", "ownerReferences": OURS},
        "spec": {},
    }
    facts = replace(NO_FACTS, pods=pods, endpoint_slices=Children(tuple(slices)), services=Children((service,)))

    world = world_of(a_service(), facts)

    assert isinstance(world, World)
    assert world.ready_endpoints == expected


def test_without_its_service_nobody_is_reached() -> None:
    slices = Children((a_slice(an_endpoint("a", ready=True)),))

    world = world_of(a_service(), replace(NO_FACTS, pods=Children((a_pod("a", "old"),)), endpoint_slices=slices))

    assert isinstance(world, World)
    assert world.ready_endpoints == {}


def test_only_children_that_we_control_and_that_stay_are_seen() -> None:
    def an_object(name: str, *, owners: list[Manifest] | None = None, leaving: bool = False) -> Manifest:
        metadata: Manifest = {"name": name, "uid": name, "ownerReferences": OURS if owners is None else owners}
        return {"metadata": {**metadata, "deletionTimestamp": "x"} if leaving else metadata, "spec": {}}

    deployments = Children((an_object("a"), an_object("b", owners=[]), an_object("c", leaving=True)))
    world = world_of(
        a_service(),
        replace(
            NO_FACTS,
            deployments=deployments,
            services=Children((an_object("car-loan", leaving=True),)),
            budgets=Children((an_object("x", owners=[]),)),
        ),
    )

    assert isinstance(world, World)
    assert (set(world.deployments), world.service, world.budget) == ({"a", "c"}, None, None)
    assert (world.deployment("a") is None, world.deployment("c") is None) == (False, True)
