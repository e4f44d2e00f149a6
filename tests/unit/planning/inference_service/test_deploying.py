"""First light and the way to the next version, pass by pass."""

from __future__ import annotations

from leeboard.api.conditions import ConditionType, condition_of
from tests.unit.planning.inference_service.builders import a_service, a_version
from tests.unit.planning.inference_service.reading import ONE_SWITCH, events, named, shapes, told, versions_of
from tests.unit.planning.inference_service.simulation import NEVER, SimulatedCluster, serving


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
        "Monitored": "False/NoProfile",
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
        "Monitored": "False/NoProfile",
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
        "Monitored": "False/NoProfile",
        "Progressing": "True/Scaling",
    }
    assert cluster.resource.status.phase == "Updating"
    assert cluster.answering() == ["car-loan-v1"]


def test_the_switch_is_not_believed_before_the_endpoints_have_followed() -> None:
    cluster = serving([a_version(1)], a_service())
    cluster.lag = NEVER
    cluster.versions.append(a_version(2))

    cluster.advance(20)

    assert cluster.selected() == named(cluster, "canary")
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


def test_transition_times_stay_while_the_status_stays() -> None:
    cluster = serving([a_version(1)], a_service())
    before = condition_of(cluster.resource.status.conditions, ConditionType.READY)

    cluster.versions.append(a_version(2))
    cluster.settle()

    after = condition_of(cluster.resource.status.conditions, ConditionType.READY)
    assert before is not None
    assert after is not None
    assert after.last_transition_time == before.last_transition_time
