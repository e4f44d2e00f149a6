"""What is observed for an InferenceService."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceService, InferenceServiceStatus
from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.rollout import Rollout
from leeboard.planning.facts import Children, Rejection, Unknown
from leeboard.planning.inference_service import InferenceServiceFacts, needs
from leeboard.reconciler.observe_inference_service import observe_inference_service
from tests.support.fake_cluster import FakeCluster
from tests.support.fake_surroundings import sources
from tests.unit.planning.inference_service.builders import a_service, a_version

NOW = "2026-03-01T12:00:00Z"
SERVICE = a_service()
LABELS = owner_labels(Kind.INFERENCE_SERVICE, name="car-loan", uid="uid-service")
OWNERS = [controller_reference(Kind.INFERENCE_SERVICE, SERVICE.metadata)]


def a_child(kind: str, name: str, *, labels: dict[str, str] = LABELS, owners: list[Manifest] = OWNERS) -> Manifest:
    versions = {
        "Deployment": "apps/v1",
        "PodDisruptionBudget": "policy/v1",
        "Job": "batch/v1",
        "HTTPRoute": "gateway.networking.k8s.io/v1",
        "HorizontalPodAutoscaler": "autoscaling/v2",
    }
    metadata = {"name": name, "namespace": "team", "labels": labels, "ownerReferences": owners}
    return {"apiVersion": versions.get(kind, "v1"), "kind": kind, "metadata": metadata}


def a_stored_version(number: int, *, model: str = "car-loan") -> Manifest:
    return {"apiVersion": API_VERSION, "kind": "ModelVersion", **a_version(number, model=model).to_json()}


async def observed(cluster: FakeCluster, *, rejections: tuple[Rejection, ...] = ()) -> InferenceServiceFacts:
    return await observe_inference_service(SERVICE, sources=sources(cluster), rejections=rejections)


def names(children: Children | Unknown) -> list[str]:
    assert isinstance(children, Children)
    return [item["metadata"]["name"] for item in children.items]


async def test_everything_is_unknown_until_the_cache_is_complete() -> None:
    unknown = Unknown("the cache is not complete yet")

    facts = await observed(FakeCluster(is_complete=False))

    assert facts == InferenceServiceFacts(
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        routes=unknown,
        autoscalers=unknown,
        config_maps=unknown,
        jobs=unknown,
    )


async def test_children_and_the_versions_of_the_services_own_model_are_observed() -> None:
    cluster = FakeCluster()
    for kind, name in (
        ("Deployment", "d"),
        ("Service", "car-loan"),
        ("Pod", "p"),
        ("EndpointSlice", "e"),
        ("HTTPRoute", "r"),
        ("HorizontalPodAutoscaler", "a"),
        ("ConfigMap", "c"),
    ):
        cluster.put(a_child(kind, name))
    cluster.put(a_child("Deployment", "of-another", labels={}))
    cluster.put(a_stored_version(1))
    cluster.put(a_stored_version(2, model="other"))
    rejection = Rejection(422, "no", "Deployment", "x", 1)

    facts = await observed(cluster, rejections=(rejection,))

    assert [names(part) for part in (facts.deployments, facts.services, facts.budgets, facts.pods)] == [
        ["d"],
        ["car-loan"],
        [],
        ["p"],
    ]
    assert names(facts.endpoint_slices) == ["e"]
    assert facts.routes is not None
    assert [names(part) for part in (facts.routes, facts.autoscalers, facts.config_maps)] == [["r"], ["a"], ["c"]]
    assert (facts.counts, facts.answers) == ({}, {})
    assert not isinstance(facts.model_versions, Unknown)
    assert [item.spec for item in facts.model_versions] == [a_version(1).spec]
    assert facts.rejections == (rejection,)


def in_a_step_that_runs_a_job() -> InferenceService:
    """A canary gets a tenth of the requests, and a check wants a Job of the PodTemplate ``smoke``."""
    check = {"name": "smoke", "job": {"podTemplate": "smoke"}}
    rollout = Rollout.model_validate({"steps": [{"weight": 10}], "analysis": {"checks": [check]}})
    revision = {"modelVersion": "m", "digest": f"sha256:{1:064x}", "image": "i", "templateHash": "h", "since": NOW}
    status = {
        "stable": {**revision, "name": "one", "version": "1", "deployment": "d-one"},
        "canary": {**revision, "name": "two", "version": "2", "deployment": "d-two"},
        "step": {
            "index": 0,
            "total": 1,
            "kind": "Weight",
            "phase": "Observing",
            "startedAt": NOW,
            "phaseSince": NOW,
            "confirmedAt": NOW,
        },
        "traffic": {"provider": "GatewayAPI", "asked": 10, "applied": 10},
    }
    return a_service(rollout=rollout, status=InferenceServiceStatus.model_validate(status))


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_pod_template_is_read_while_its_job_is_not_there(is_there: bool) -> None:  # noqa: FBT001 - a parameter of the test
    cluster, resource = FakeCluster(), in_a_step_that_runs_a_job()
    template = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "smoke", "namespace": "team"}}
    if is_there:
        cluster.put(template)

    before = await observe_inference_service(resource, sources=sources(cluster), rejections=())
    (name,) = needs(resource).jobs
    cluster.put(a_child("Job", name))
    after = await observe_inference_service(resource, sources=sources(cluster), rejections=())

    found = before.pod_templates["smoke"]
    assert (found is not None) is is_there
    assert not isinstance(found, Unknown)
    assert names(after.jobs) == [name]
    assert after.pod_templates == {}


async def test_without_the_gateway_api_there_is_not_even_an_empty_list_of_routes() -> None:
    facts = await observed(FakeCluster(absent={"HTTPRoute"}))

    assert facts.routes is None
    assert names(facts.autoscalers) == []


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        pytest.param(OWNERS, ["car-loan"], id="found although somebody took our labels off"),
        pytest.param([], [], id="not ours: a stranger's object of that name"),
    ],
)
async def test_a_service_that_the_cache_does_not_show_is(owners: list[Manifest], expected: list[str]) -> None:
    cluster = FakeCluster()
    cluster.put(a_child("Service", "car-loan", labels={}, owners=owners))

    facts = await observed(cluster)

    assert names(facts.services) == expected


async def test_a_version_that_cannot_be_read_makes_all_of_them_unknown() -> None:
    cluster = FakeCluster()
    broken = a_stored_version(1)
    broken["spec"]["version"] = "one"
    cluster.put(broken)

    facts = await observed(cluster)

    assert isinstance(facts.model_versions, Unknown)


async def test_for_a_service_on_its_way_out_nothing_is_observed() -> None:
    metadata = SERVICE.metadata.model_copy(update={"deletion_timestamp": "2026-03-01T12:00:00Z"})
    leaving = SERVICE.model_copy(update={"metadata": metadata})
    nothing = Children()

    facts = await observe_inference_service(leaving, sources=sources(FakeCluster(is_complete=False)), rejections=())

    assert facts == InferenceServiceFacts((), nothing, nothing, nothing, nothing, nothing)
