"""What is lost on the way, pods, Deployments, the status, is made again or read from what serves."""

from __future__ import annotations

from tests.unit.planning.inference_service.builders import a_service, a_version
from tests.unit.planning.inference_service.reading import deployment_of, events, named, shapes, told, versions_of
from tests.unit.planning.inference_service.simulation import NEVER, serving


def test_requests_go_back_to_stable_when_the_canary_loses_its_pods_before_the_switch_is_confirmed() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.lag = NEVER
    cluster.advance(6)
    assert cluster.selected() == named(cluster, "canary")

    cluster.fail_pods(2, {})
    cluster.reconcile()

    assert cluster.selected() == named(cluster, "stable")
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}


def test_a_canary_with_too_few_pods_takes_over_from_a_stable_version_that_has_none() -> None:
    cluster = serving([a_version(1)], a_service(replicas=2))
    cluster.fail_pods(1, {})
    cluster.versions.append(a_version(2))
    cluster.reconcile()
    cluster.step()
    stuck = next(name for name in cluster.pods if name.startswith(deployment_of(cluster, "canary")))
    cluster.born[stuck] = NEVER

    while cluster.resource.status.canary:
        cluster.advance()

    assert cluster.answering() == ["car-loan-v2"]
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ("1",)}


def test_a_deployment_that_somebody_deleted_is_made_again() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.deployments.clear()
    cluster.advance(1)
    assert told(cluster)["Ready"] == "False/NoReadyEndpoints"
    assert cluster.resource.status.phase == "Degraded"
    cluster.settle()

    assert shapes(cluster) == ["Create Deployment"]
    assert events(cluster) == ["StoppedServing", "ServingAgain"]


def test_a_deployment_is_not_made_again_before_the_one_under_deletion_has_left_its_name() -> None:
    cluster = serving([a_version(1)], a_service())
    (deployment,) = cluster.deployments.values()

    deployment["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    cluster.reconcile()

    assert shapes(cluster) == []


def test_a_lost_status_is_read_from_what_serves() -> None:
    cluster = serving([a_version(1)], a_service(replicas=2))
    before = cluster.resource.status
    cluster.resource = a_service(replicas=2)

    cluster.reconcile()

    assert shapes(cluster) == []
    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert before.stable is not None
    assert named(cluster, "stable") == before.stable.name
    told = [(item.outcome, item.version, item.message) for item in cluster.resource.status.history]
    assert told == [("First", "1", "version 1 serves")]


def test_a_lost_status_with_another_version_desired_keeps_requests_on_what_serves() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service(version="1"))
    cluster.resource = a_service(version="2")

    cluster.reconcile()
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}
    assert cluster.answering() == ["car-loan-v1"]
    cluster.settle()

    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}


def test_a_deployment_that_no_status_knows_drains_and_is_removed() -> None:
    cluster = serving([a_version(1)], a_service())
    status = cluster.resource.status
    cluster.versions.append(a_version(2))
    cluster.reconcile()
    cluster.resource = cluster.resource.model_copy(update={"status": status})  # crashed before it wrote its status
    cluster.versions.pop()

    cluster.reconcile()
    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ("2",)}
    cluster.settle()

    assert len(cluster.deployments) == 1
