"""What is refused, spoilt, taken, unknown or broken: what serves goes on serving, and the status says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.planning.facts import Rejection, Unknown
from leeboard.planning.inference_service import InferenceServiceFacts, needs, plan
from leeboard.planning.plan import Create, Plan
from tests.unit.planning.inference_service.builders import DEFAULTS, START, a_fingerprint, a_service, a_version
from tests.unit.planning.inference_service.reading import events, shapes, told, versions_of
from tests.unit.planning.inference_service.simulation import SimulatedCluster, serving

CRASH: Manifest = {
    "containerStatuses": [
        {
            "name": "server",
            "ready": False,
            "state": {"terminated": {"exitCode": 1, "message": "boom", "reason": "Error"}},
        }
    ]
}
LATER: Manifest = {
    "initContainerStatuses": [
        {
            "name": "fetch",
            "ready": False,
            "state": {
                "terminated": {"exitCode": 75, "message": '{"reason":"TrackingUnavailable","message":"no answer"}'}
            },
        }
    ]
}


def test_a_canary_that_crashes_is_told_while_the_stable_version_serves() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.advance(2)

    cluster.fail_pods(2, CRASH)
    cluster.reconcile()

    assert told(cluster) == {
        "Ready": "True/Serving",
        "Reconciling": "False/Stalled",
        "Stalled": "True/CrashLoop",
        "Serving": "True/Serving",
        "UpToDate": "False/CrashLoop",
        "Batching": "True/ProvenRowWise",
        "Monitored": "False/NoProfile",
        "Progressing": "True/Scaling",
    }
    assert cluster.resource.status.phase == "Degraded"
    cluster.advance(3)
    assert events(cluster) == ["Deploying", "CanaryFailed"]  # told once
    assert cluster.is_settled()
    assert cluster.answering() == ["car-loan-v1"]


def test_a_canary_that_may_start_later_does_not_stall() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.advance(2)

    cluster.fail_pods(2, LATER)
    cluster.reconcile()

    assert told(cluster)["Stalled"] == "False/NotStalled"
    assert told(cluster)["Reconciling"] == "True/TrackingUnavailable"
    assert told(cluster)["UpToDate"] == "False/TrackingUnavailable"


def test_a_first_deployment_that_crashes_is_not_ready_and_says_why() -> None:
    cluster = SimulatedCluster(a_service(), [a_version(1)])
    cluster.reconcile()
    cluster.step()

    cluster.fail_pods(1, CRASH)
    cluster.reconcile()

    assert told(cluster)["Ready"] == "False/CrashLoop"
    assert told(cluster)["Stalled"] == "True/CrashLoop"


def test_a_crash_that_ends_is_forgotten() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.advance(2)
    cluster.fail_pods(2, CRASH)
    cluster.reconcile()

    cluster.startup_of.clear()
    for pod in cluster.pods.values():
        pod["status"].pop("containerStatuses", None)
    cluster.settle()

    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}
    assert told(cluster)["Stalled"] == "False/NotStalled"


def test_a_stable_version_that_loses_all_pods_says_so() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.fail_pods(1, CRASH)
    cluster.reconcile()

    assert told(cluster)["Ready"] == "False/NoReadyEndpoints"
    assert told(cluster)["Serving"] == "False/NoReadyEndpoints"
    assert told(cluster)["UpToDate"] == "True/UpToDate"
    assert cluster.resource.status.phase == "Degraded"
    assert events(cluster) == ["CrashLoop", "StoppedServing"]


def test_a_stable_version_that_loses_one_of_its_pods_stays_ready() -> None:
    cluster = serving([a_version(1)], a_service(replicas=2))

    name = next(iter(cluster.pods))
    cluster.born[name] = cluster.tick + 100
    cluster.step()
    cluster.reconcile()

    assert told(cluster)["Ready"] == "True/Serving"
    assert told(cluster)["Reconciling"] == "True/WaitingForPods"


def test_a_version_for_another_environment_leaves_the_stable_one_serving() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.versions.append(a_version(2, fingerprint=a_fingerprint(environment="Refuse")))
    cluster.advance(5)

    assert shapes(cluster) == []
    assert told(cluster)["Ready"] == "True/Serving"
    assert told(cluster)["Stalled"] == "True/RequirementsMismatch"
    assert told(cluster)["UpToDate"] == "False/RequirementsMismatch"


def test_a_template_with_a_field_of_ours_is_refused_with_its_path() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.change(a_service(template={"spec": {"terminationGracePeriodSeconds": 1}}))
    cluster.advance(5)

    assert shapes(cluster) == []
    assert told(cluster)["Stalled"] == "True/InvalidTemplate"
    stalled = cluster.resource.status.conditions[2]
    assert stalled.message == (
        "spec.server.template.spec.terminationGracePeriodSeconds belongs to the server: it follows from"
        " spec.server.requestTimeout"
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param(422, "InvalidTemplate", id="invalid"),
        pytest.param(403, "Forbidden", id="denied"),
    ],
)
def test_a_deployment_that_the_api_server_refuses_is_not_tried_again(code: int, reason: str) -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.change(a_service(template={"spec": {"nodeSelector": {"a": "b"}}}))
    refused = cluster.planned().writes[0]
    assert isinstance(refused, Create)

    name = refused.manifest["metadata"]["name"]
    cluster.rejections = (Rejection(code, "spec.template.spec.nodeSelector: no", "Deployment", name, 2),)
    cluster.advance(3)

    assert shapes(cluster) == []
    assert told(cluster)["Stalled"] == f"True/{reason}"
    assert told(cluster)["Ready"] == "True/Serving"
    assert cluster.resource.status.conditions[2].message == f"Deployment {name}: spec.template.spec.nodeSelector: no"


def test_a_refusal_of_an_older_generation_is_over() -> None:
    cluster = SimulatedCluster(a_service(generation=2), [a_version(1)])

    cluster.rejections = (Rejection(409, "exists", "Service", "car-loan", 1),)
    cluster.reconcile()

    assert "Create Service" in shapes(cluster)


def test_a_strangers_service_of_that_name_is_a_conflict_and_nothing_is_made() -> None:
    cluster = SimulatedCluster(a_service(), [a_version(1)])

    cluster.rejections = (Rejection(409, "exists", "Service", "car-loan", 1),)
    made = cluster.reconcile()

    assert shapes(cluster) == []
    assert told(cluster)["Stalled"] == "True/NameConflict"
    assert told(cluster)["Ready"] == "False/NameConflict"
    assert made.requeue_after is not None


def test_a_name_that_turns_out_to_be_ours_is_no_conflict() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.rejections = (Rejection(409, "exists", "Service", "car-loan", 1),)
    cluster.reconcile()

    assert told(cluster)["Stalled"] == "False/NotStalled"
    assert cluster.is_settled()


def test_an_object_with_our_labels_but_another_owner_is_left_alone() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.services["car-loan"]["metadata"]["ownerReferences"] = []
    made = cluster.planned()

    assert [type(write) for write in made.writes] == [
        Create
    ]  # which the API server refuses: a conflict in the next pass


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        pytest.param("selector", ["Apply Service"], id="the Service's selector"),
        pytest.param("extra selector", ["Apply Service"], id="one more key in the selector"),
        pytest.param("port", ["Apply Service"], id="the Service's port"),
        pytest.param("service label", ["Apply Service"], id="a label of the Service"),
        pytest.param("budget", ["Apply PodDisruptionBudget"], id="the disruption budget"),
        pytest.param("image", ["Apply Deployment"], id="the server's image"),
        pytest.param("arguments", ["Apply Deployment"], id="the server's arguments"),
        pytest.param("pod label", ["Apply Deployment"], id="a label of the pods"),
        pytest.param("replicas", ["JsonPatch Deployment"], id="the number of pods"),
        pytest.param("foreign", [], id="fields of others stay"),
    ],
)
def test_what_somebody_changed_of_ours_is_repaired_once(spoil: str, expected: list[str]) -> None:
    cluster = serving([a_version(1)], a_service())
    (deployment,) = cluster.deployments.values()
    (budget,) = cluster.budgets.values()
    service = cluster.services["car-loan"]
    template = deployment["spec"]["template"]
    match spoil:
        case "selector":
            service["spec"]["selector"][Label.REVISION] = "elsewhere"
        case "extra selector":
            service["spec"]["selector"]["app"] = "x"
        case "port":
            service["spec"]["ports"][0]["targetPort"] = 1
        case "service label":
            del service["metadata"]["labels"][Label.OWNER]
        case "budget":
            budget["spec"]["maxUnavailable"] = 0
        case "image":
            template["spec"]["containers"][0]["image"] = "evil:1"
        case "arguments":
            template["spec"]["containers"][0]["args"] = []
        case "pod label":
            template["metadata"]["labels"][Label.MODEL] = "x"
        case "replicas":
            deployment["spec"]["replicas"] = 7
        case _:
            template["metadata"]["annotations"] = {"kubectl.kubernetes.io/restartedAt": "now"}
            template["spec"]["containers"].append({"name": "mesh", "image": "mesh:1"})
            service["spec"]["clusterIP"] = "10.0.0.1"
            service["metadata"]["labels"]["team"] = "x"

    cluster.reconcile()
    cluster.settle()

    assert shapes(cluster) == expected


def test_a_deployment_that_its_controller_has_not_looked_at_again_is_no_news() -> None:
    cluster = serving([a_version(1)], a_service())
    (deployment,) = cluster.deployments.values()

    deployment["metadata"]["generation"] += 1  # as any annotation does

    assert cluster.is_settled()


def test_a_template_that_admission_changes_each_time_is_repaired_once_a_minute() -> None:
    cluster = serving([a_version(1)], a_service())

    for _ in range(130):
        (deployment,) = cluster.deployments.values()
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/runtime:1"
        assert cluster.reconcile().requeue_after is not None or shapes(cluster)
        cluster.tick += 1

    assert shapes(cluster) == ["Apply Deployment"] * 3


@pytest.mark.parametrize("part", ["model_versions", "deployments", "services", "budgets", "pods", "endpoint_slices"])
def test_unknown_changes_nothing_and_forgets_nothing(part: str) -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))

    unknown: dict[str, Any] = {part: Unknown("the cache is not complete")}
    facts = replace(cluster.facts(), **unknown)
    made = plan(cluster.resource, facts, defaults=DEFAULTS, now=START)

    assert (made.writes, made.status, made.notices) == ((), None, ())
    assert made.requeue_after is not None


def test_what_was_never_observed_is_unknown() -> None:
    unknown = Unknown("the cache is not complete")
    facts = InferenceServiceFacts(unknown, unknown, unknown, unknown, unknown, unknown)

    made = plan(a_service(), facts, defaults=DEFAULTS, now=START)

    assert made.writes == ()
    assert made.status is not None
    assert {(item.status.value, item.reason) for item in made.status.conditions} == {("Unknown", "NotObserved")}


def test_a_service_on_its_way_out_is_left_to_its_owner_references() -> None:
    cluster = serving([a_version(1)], a_service())
    metadata = cluster.resource.metadata.model_copy(update={"deletion_timestamp": "2026-03-01T12:00:00Z"})
    leaving = cluster.resource.model_copy(update={"metadata": metadata})

    assert plan(leaving, cluster.facts(), defaults=DEFAULTS, now=START) == Plan()
    assert (needs(leaving).children, needs(cluster.resource).children) == (False, True)


def test_the_operators_own_namespace_is_refused() -> None:
    cluster = SimulatedCluster(a_service(namespace="leeboard-system"), [a_version(1)])

    cluster.reconcile()

    assert shapes(cluster) == []
    assert told(cluster)["Stalled"] == "True/NamespaceRefused"
    assert told(cluster)["Ready"] == "False/NamespaceRefused"
    assert told(cluster)["Reconciling"] == "False/NamespaceRefused"


def test_without_a_version_it_waits_and_says_for_what() -> None:
    cluster = SimulatedCluster(a_service(version="4"), [])

    cluster.reconcile()

    assert shapes(cluster) == []
    assert cluster.resource.status.phase == "Pending"
    assert told(cluster) == {
        "Ready": "False/ModelVersionNotFound",
        "Reconciling": "True/WaitingForModelVersion",
        "Stalled": "False/NotStalled",
        "Serving": "False/ModelVersionNotFound",
        "UpToDate": "False/ModelVersionNotFound",
        "Batching": "Unknown/NotObserved",
        "Monitored": "Unknown/NotObserved",
        "Progressing": "False/Settled",
    }


def test_the_record_of_what_serves_may_vanish_without_a_request_lost() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service())

    del cluster.versions[1]
    cluster.advance(3)

    assert shapes(cluster) == []
    assert told(cluster)["Ready"] == "True/Serving"
    assert told(cluster)["UpToDate"] == "Unknown/ModelVersionNotFound"
    assert told(cluster)["Reconciling"] == "False/Settled"


def test_requests_do_not_share_a_call_where_that_is_not_proven() -> None:
    cluster = serving([a_version(1, fingerprint=a_fingerprint(row_wise=False))], a_service())

    assert told(cluster)["Batching"] == "False/NotRowWise"
    (deployment,) = cluster.deployments.values()
    assert "--batching=false" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]


def test_a_pinned_service_names_the_newer_version_and_how_to_move() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service(version="1"))

    assert told(cluster)["UpToDate"] == "True/NewerVersionAvailable"
    assert cluster.resource.status.conditions[4].message == (
        'version 2 is approved; version 1 is pinned. To move: spec: {model: {version: "2"}}'
    )
