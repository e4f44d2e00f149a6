"""First light and the way to the next version, pass by pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.planning.defaults import Defaults
from tests.unit.planning.inference_service.builders import DEFAULTS, a_fingerprint, a_service, a_version
from tests.unit.planning.inference_service.reading import events, shapes, told, versions_of
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster, serving

ONE_SWITCH = [
    "Create Deployment",
    "Apply Service",  # to the canary, by name
    "Apply Service",  # which is stable from now on
    "Apply PodDisruptionBudget",
    "Delete Deployment",
]


def test_the_first_pass_makes_address_budget_and_pods_and_says_that_nothing_serves_yet() -> None:
    cluster = SimulatedCluster(a_service(), [a_version(1)])

    cluster.reconcile()

    assert shapes(cluster) == ["Create Service", "Create PodDisruptionBudget", "Create Deployment"]
    assert told(cluster) == {
        "Ready": "False/Deploying",
        "Reconciling": "True/Deploying",
        "Stalled": "False/NotStalled",
        "Serving": "False/Deploying",
        "UpToDate": "False/Deploying",
        "Batching": "True/ProvenRowWise",
        "Progressing": "True/Scaling",
    }
    assert cluster.resource.status.phase == "Deploying"
    assert versions_of(cluster) == {"stable": None, "canary": "1", "draining": ()}


def test_a_service_is_ready_only_when_its_endpoints_are() -> None:
    cluster = SimulatedCluster(a_service(replicas=2), [a_version(1)], startup=3, lag=4)
    cluster.reconcile()

    cluster.advance(3)
    (deployment,) = cluster.deployments
    assert told(cluster)["Serving"] == "False/Deploying"
    cluster.settle()

    assert len(cluster.ready_pods(deployment)) == 2
    assert told(cluster) == {
        "Ready": "True/Serving",
        "Reconciling": "False/Settled",
        "Stalled": "False/NotStalled",
        "Serving": "True/Serving",
        "UpToDate": "True/UpToDate",
        "Batching": "True/ProvenRowWise",
        "Progressing": "False/Settled",
    }
    assert cluster.resource.status.phase == "Serving"
    assert cluster.resource.status.url == "http://car-loan.team.svc"
    assert events(cluster) == ["Deploying", "FirstDeployment"]


def test_a_settled_service_writes_nothing_and_keeps_its_status() -> None:
    cluster = serving([a_version(1)], a_service(replicas=2))

    again = cluster.planned()

    assert (again.writes, again.status, again.notices, again.requeue_after) == (
        (),
        cluster.resource.status,
        (),
        None,
    )


def test_a_new_version_adds_capacity_switches_confirms_drains_and_removes_in_this_order() -> None:
    cluster = serving([a_version(1)], a_service(replicas=2))

    cluster.versions.append(a_version(2))
    cluster.reconcile()
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}
    assert shapes(cluster) == ["Create Deployment"]
    cluster.settle()

    assert shapes(cluster) == ONE_SWITCH
    assert events(cluster) == ["Deploying", "Switched", "Drained"]
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ()}


def test_while_another_version_comes_up_the_service_stays_ready_and_says_that_it_is_behind() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.startup_of["2"] = NEVER

    cluster.versions.append(a_version(2))
    cluster.advance(10)

    assert told(cluster) == {
        "Ready": "True/Serving",
        "Reconciling": "True/Deploying",
        "Stalled": "False/NotStalled",
        "Serving": "True/Serving",
        "UpToDate": "False/Deploying",
        "Batching": "True/ProvenRowWise",
        "Progressing": "True/Scaling",
    }
    assert cluster.resource.status.phase == "Updating"
    assert cluster.answering() == ["car-loan-v1"]


def test_the_switch_is_not_believed_before_the_endpoints_have_followed() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.lag = NEVER
    cluster.versions.append(a_version(2))

    cluster.advance(20)

    assert cluster.selected() == _named(cluster, "canary")
    assert told(cluster)["Reconciling"] == "True/Switching"
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}
    assert "Delete Deployment" not in shapes(cluster)


def test_old_pods_stay_for_five_seconds_after_the_confirmed_switch() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    while not cluster.resource.status.draining:
        cluster.advance()
    confirmed = cluster.tick

    while cluster.resource.status.draining:
        assert told(cluster)["Reconciling"] == "True/Draining"
        cluster.advance()

    assert cluster.tick - confirmed == 6  # removed at 5, seen to be gone at 6


def test_a_newer_version_in_the_middle_takes_the_place_of_a_canary_that_never_served() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.startup_of["2"] = NEVER
    cluster.versions.append(a_version(2))
    cluster.advance(3)

    cluster.versions.append(a_version(3))
    cluster.reconcile()
    assert versions_of(cluster) == {"stable": "1", "canary": "3", "draining": ("2",)}
    cluster.settle()

    assert versions_of(cluster) == {"stable": "3", "canary": None, "draining": ()}
    assert events(cluster) == ["Deploying", "Superseded", "Deploying", "Switched", "Drained", "Drained"]


def test_a_newer_version_before_the_switch_is_confirmed_takes_the_requests_back_first() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.lag = NEVER
    cluster.advance(10)
    assert cluster.selected() == _named(cluster, "canary")

    cluster.versions.append(a_version(3))
    cluster.reconcile()
    assert cluster.selected() == _named(cluster, "stable")
    assert versions_of(cluster) == {"stable": "1", "canary": "3", "draining": ("2",)}
    cluster.lag = 1
    cluster.settle()

    assert versions_of(cluster) == {"stable": "3", "canary": None, "draining": ()}
    assert events(cluster)[:3] == ["Deploying", "Superseded", "Deploying"]


def test_pinning_the_version_that_serves_again_drops_the_canary() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service(version="1"))
    cluster.startup_of["2"] = NEVER
    cluster.change(a_service(version="2"))
    cluster.advance(3)

    cluster.change(a_service(version="1"))
    cluster.settle()

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert shapes(cluster) == ["Create Deployment", "Delete Deployment"]
    assert told(cluster)["UpToDate"] == "True/NewerVersionAvailable"


def test_a_version_that_drains_is_taken_back_with_the_pods_it_still_has() -> None:
    cluster = serving([a_version(1), a_version(2)], a_service(version="1"))
    cluster.change(a_service(version="2"))
    while not cluster.resource.status.draining:
        cluster.advance()
    cluster.writes.clear()

    cluster.change(a_service(version="1"))
    cluster.settle()

    assert versions_of(cluster) == {"stable": "1", "canary": None, "draining": ()}
    assert "Create Deployment" not in shapes(cluster)


def test_requests_go_back_to_stable_when_the_canary_loses_its_pods_before_the_switch_is_confirmed() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.versions.append(a_version(2))
    cluster.lag = NEVER
    cluster.advance(6)
    assert cluster.selected() == _named(cluster, "canary")

    cluster.fail_pods(2, {})
    cluster.reconcile()

    assert cluster.selected() == _named(cluster, "stable")
    assert versions_of(cluster) == {"stable": "1", "canary": "2", "draining": ()}


def test_a_canary_with_too_few_pods_takes_over_from_a_stable_version_that_has_none() -> None:
    cluster = serving([a_version(1)], a_service(replicas=2))
    cluster.fail_pods(1, {})
    cluster.versions.append(a_version(2))
    cluster.reconcile()
    cluster.step()
    stuck = next(name for name in cluster.pods if name.startswith(_deployment(cluster, "canary")))
    cluster.born[stuck] = NEVER

    while cluster.resource.status.canary:
        cluster.advance()

    assert cluster.answering() == ["car-loan-v2"]
    assert versions_of(cluster) == {"stable": "2", "canary": None, "draining": ("1",)}


def test_a_change_of_the_number_of_pods_is_one_patch_and_no_new_revision() -> None:
    cluster = serving([a_version(1)], a_service(replicas=1))

    cluster.change(a_service(replicas=3))
    cluster.reconcile()
    assert shapes(cluster) == ["JsonPatch Deployment"]
    assert told(cluster)["Reconciling"] == "True/WaitingForPods"
    cluster.settle()

    assert len(cluster.answering()) == 3
    assert shapes(cluster) == ["JsonPatch Deployment"]


def test_a_change_of_the_template_is_a_new_revision_of_the_same_version() -> None:
    cluster = serving([a_version(1)], a_service())
    before = _named(cluster, "stable")

    cluster.change(a_service(template={"spec": {"nodeSelector": {"disk": "fast"}}}))
    cluster.settle()

    assert shapes(cluster) == ONE_SWITCH
    assert _named(cluster, "stable") != before
    (deployment,) = cluster.deployments.values()
    assert deployment["spec"]["template"]["spec"]["nodeSelector"] == {"disk": "fast"}


@pytest.mark.parametrize(
    "defaults",
    [
        pytest.param(replace(DEFAULTS, runtime_image="runtime:2"), id="another server image"),
        pytest.param(replace(DEFAULTS, tracking_uri="http://elsewhere"), id="another tracking server"),
        pytest.param(replace(DEFAULTS, credentials_secret="mlflow"), id="credentials"),
    ],
)
def test_an_upgrade_of_the_operator_changes_only_new_revisions(defaults: Defaults) -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.defaults = defaults
    cluster.advance(3)
    assert shapes(cluster) == []
    cluster.change(a_service(replicas=2))
    cluster.settle()

    assert shapes(cluster) == ["JsonPatch Deployment"]


def test_pods_that_would_be_asked_for_otherwise_today_are_left_as_they_are() -> None:
    cluster = serving([a_version(1)], a_service())

    cluster.versions[0] = a_version(1, fingerprint=a_fingerprint(lean=True))  # stands for arguments of a newer operator
    cluster.advance(3)

    assert shapes(cluster) == []


def test_a_new_version_after_an_upgrade_runs_the_new_image() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.defaults = replace(DEFAULTS, runtime_image="runtime:2")

    cluster.versions.append(a_version(2))
    cluster.settle()

    stable = cluster.resource.status.stable
    assert stable is not None
    assert (stable.version, stable.image) == ("2", "runtime:2")
    (deployment,) = cluster.deployments.values()
    assert {item["image"] for item in containers(deployment)} == {"runtime:2"}


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
    assert _named(cluster, "stable") == before.stable.name
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


def test_versions_that_come_faster_than_pods_go_wait_their_turn() -> None:
    cluster = serving([a_version(1)], a_service())

    for number in range(2, 20):
        cluster.versions.append(a_version(number))
        cluster.reconcile()
    assert len(cluster.resource.status.draining) == 8  # all that a status holds
    cluster.settle()

    assert versions_of(cluster) == {"stable": "19", "canary": None, "draining": ()}


def test_transition_times_stay_while_the_status_stays() -> None:
    cluster = serving([a_version(1)], a_service())
    before = condition_of(cluster.resource.status.conditions, ConditionType.READY)

    cluster.versions.append(a_version(2))
    cluster.settle()

    after = condition_of(cluster.resource.status.conditions, ConditionType.READY)
    assert before is not None
    assert after is not None
    assert after.last_transition_time == before.last_transition_time


def containers(deployment: Manifest) -> list[Manifest]:
    """Every container of a Deployment."""
    spec = deployment["spec"]["template"]["spec"]
    return [*spec["initContainers"], *spec["containers"]]


def _named(cluster: SimulatedCluster, part: str) -> str:
    revision = getattr(cluster.resource.status, part)
    return str(revision.name)


def _deployment(cluster: SimulatedCluster, part: str) -> str:
    revision = getattr(cluster.resource.status, part)
    assert cluster.deployments[revision.deployment]["metadata"]["labels"][Label.REVISION] == revision.name
    return str(revision.deployment)
