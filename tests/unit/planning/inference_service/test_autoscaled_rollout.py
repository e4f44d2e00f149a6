"""A service whose versions are scaled by autoscalers, at rest and while a version takes over."""

from __future__ import annotations

import pytest

from leeboard.api.inference_service import InferenceService
from leeboard.api.resource import Manifest
from leeboard.api.rollout import Rollout
from leeboard.api.serving import Autoscaling, Server
from leeboard.api.traffic import Gateway, Traffic
from leeboard.planning.plan import Apply, Create, Delete, JsonPatch, Write
from tests.unit.planning.inference_service.builders import a_service, a_version, through
from tests.unit.planning.inference_service.simulation import SimulatedCluster, serving

GATEWAY = Traffic(gateway=Gateway(name="public", hostnames=("loans.example",)))
SCALING = Autoscaling(min_replicas=2, max_replicas=10)
STEPS = Rollout.model_validate(
    {"steps": [{"weight": 25, "for": "20s"}, {"weight": 50, "for": "20s"}], "rollback": {"keepWarm": "0s"}}
)


def scaled(scaling: Autoscaling | None = SCALING, *, rollout: Rollout = STEPS, **server: object) -> InferenceService:
    """The service as its spec says."""
    resource = through(a_service(rollout=rollout), GATEWAY)
    given = Server.model_validate({"autoscaling": scaling, **server})
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"server": given})})


def deployment(cluster: SimulatedCluster, version: int) -> str:
    """Name of the Deployment of a version."""
    label = "leeboard.dev/model-version"
    found = cluster.deployments.items()
    return next(name for name, item in found if item["metadata"]["labels"][label] == f"car-loan-v{version}")


def replicas(cluster: SimulatedCluster, version: int) -> int:
    return int(cluster.deployments[deployment(cluster, version)]["spec"]["replicas"])


def least(cluster: SimulatedCluster, version: int) -> int | None:
    found = cluster.autoscalers.get(deployment(cluster, version))
    return None if found is None else int(found["spec"]["minReplicas"])


def weight(cluster: SimulatedCluster) -> int:
    traffic = cluster.resource.status.traffic
    assert traffic is not None
    return traffic.applied or 0


def until(cluster: SimulatedCluster, *, asked: int, phase: str, within: int = 200) -> None:
    """Let time pass until the rollout asks for that weight, and is so far."""
    for _ in range(within):
        cluster.advance()
        step, traffic = cluster.resource.status.step, cluster.resource.status.traffic
        if step is not None and traffic is not None and (traffic.asked, str(step.phase)) == (asked, phase):
            return
    raise AssertionError(f"never {asked} {phase}: {cluster.resource.status.step}")


def loaded(pods: int) -> SimulatedCluster:
    """Version 1 serves, with so many pods by its load."""
    cluster = serving([a_version(1)], scaled())
    cluster.load[deployment(cluster, 1)] = pods
    cluster.settle()
    cluster.writes.clear()
    return cluster


def patches(writes: list[Write]) -> list[Write]:
    return [write for write in writes if isinstance(write, JsonPatch)]


def test_a_version_starts_with_its_least_number_of_pods_and_an_autoscaler_of_its_own() -> None:
    cluster = serving([a_version(1)], scaled())

    assert replicas(cluster, 1) == 2
    assert list(cluster.autoscalers) == [deployment(cluster, 1)]
    assert least(cluster, 1) == 2


def test_the_number_of_pods_that_the_autoscaler_sets_is_left_to_it() -> None:
    cluster = loaded(7)

    cluster.load[deployment(cluster, 1)] = 3
    cluster.advance(5)

    assert replicas(cluster, 1) == 3
    assert cluster.writes == []


def test_a_repair_keeps_the_number_of_pods_that_the_autoscaler_has_set() -> None:
    cluster = loaded(7)
    container = cluster.deployments[deployment(cluster, 1)]["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "evil"

    cluster.reconcile()

    (repair,) = cluster.writes
    assert isinstance(repair, Apply)
    assert repair.manifest["spec"]["replicas"] == 7


@pytest.mark.parametrize("field", ["minReplicas", "maxReplicas"])
def test_bounds_that_somebody_changed_are_put_right(field: str) -> None:
    cluster = loaded(5)
    cluster.autoscalers[deployment(cluster, 1)]["spec"][field] = 9

    cluster.reconcile()

    assert [type(write) for write in cluster.writes] == [Apply]
    assert (least(cluster, 1), cluster.autoscalers[deployment(cluster, 1)]["spec"]["maxReplicas"]) == (2, 10)


def test_an_autoscaler_that_somebody_deleted_comes_back_without_a_change_of_pods() -> None:
    cluster = loaded(7)
    cluster.autoscalers.clear()

    cluster.advance(2)

    assert [type(write) for write in cluster.writes] == [Create]
    assert replicas(cluster, 1) == 7


def test_a_canary_gets_its_share_of_the_pods_that_stable_has_come_to() -> None:
    cluster = loaded(8)
    cluster.versions.append(a_version(2))

    until(cluster, asked=25, phase="Observing")
    assert (replicas(cluster, 2), least(cluster, 2), weight(cluster)) == (2, 2, 25)
    until(cluster, asked=50, phase="Observing")
    assert (replicas(cluster, 2), least(cluster, 2), weight(cluster)) == (4, 4, 50)


def test_stable_keeps_all_its_pods_while_a_canary_takes_its_load() -> None:
    cluster = loaded(8)
    cluster.versions.append(a_version(2))
    until(cluster, asked=50, phase="Observing")

    cluster.load[deployment(cluster, 1)] = 3
    cluster.advance(3)

    assert (replicas(cluster, 1), least(cluster, 1)) == (8, 8)


def test_a_step_is_not_taken_back_because_stable_was_given_more_pods() -> None:
    cluster = loaded(4)
    cluster.versions.append(a_version(2))
    until(cluster, asked=50, phase="Observing")

    cluster.load[deployment(cluster, 1)] = 10
    phases = set()
    for _ in range(8):
        cluster.advance()
        assert cluster.resource.status.step is not None
        phases.add((str(cluster.resource.status.step.phase), weight(cluster)))

    assert phases == {("Observing", 50)}
    assert least(cluster, 2) == 2


def test_a_canary_that_loses_half_of_its_pods_loses_half_of_its_weight() -> None:
    cluster = loaded(8)
    cluster.versions.append(a_version(2))
    until(cluster, asked=50, phase="Observing")

    cluster.startup_of["2"] = 15  # only the two pods of the step before have been there for so long
    cluster.advance(2)

    assert weight(cluster) == 25


def test_after_the_promotion_the_new_version_has_the_pods_of_the_old_one_and_may_go_down_again() -> None:
    cluster = loaded(8)
    cluster.versions.append(a_version(2))
    until(cluster, asked=100, phase="Routing")
    assert (replicas(cluster, 2), least(cluster, 2)) == (8, 8)

    cluster.settle(within=200)

    assert list(cluster.autoscalers) == [deployment(cluster, 2)]
    assert (replicas(cluster, 2), least(cluster, 2)) == (8, 2)


def test_an_aborted_canary_leaves_its_autoscaler_behind_only_until_no_request_reaches_it() -> None:
    cluster = loaded(8)
    cluster.versions.append(a_version(2))
    until(cluster, asked=50, phase="Observing")

    cluster.change(with_pin(cluster, "1"))
    cluster.reconcile()
    assert deployment(cluster, 2) in cluster.autoscalers
    cluster.settle(within=200)

    assert list(cluster.autoscalers) == [deployment(cluster, 1)]
    assert (replicas(cluster, 1), least(cluster, 1)) == (8, 2)


def with_pin(cluster: SimulatedCluster, version: str) -> InferenceService:
    spec = cluster.resource.spec
    model = spec.model.model_copy(update={"follow": None, "version": version})
    return cluster.resource.model_copy(update={"spec": spec.model_copy(update={"model": model})})


def test_autoscaling_that_is_switched_on_changes_no_number_of_pods() -> None:
    cluster = serving([a_version(1)], scaled(None, replicas=5))

    cluster.change(scaled())
    cluster.settle()

    assert replicas(cluster, 1) == 5
    assert [type(write) for write in cluster.writes] == [Create]


def test_autoscaling_that_is_switched_off_leaves_the_number_to_us_once_the_autoscaler_is_gone() -> None:
    cluster = loaded(7)

    cluster.change(scaled(None, replicas=3))
    cluster.reconcile()
    assert [type(write) for write in cluster.writes] == [Delete]
    cluster.settle()

    assert replicas(cluster, 1) == 3
    assert [type(write) for write in cluster.writes] == [Delete, JsonPatch]


def test_pods_that_somebody_took_away_altogether_come_back_although_there_is_an_autoscaler() -> None:
    cluster = loaded(4)
    cluster.deployments[deployment(cluster, 1)]["spec"]["replicas"] = 0

    cluster.settle()

    assert len(patches(cluster.writes)) == 1
    assert replicas(cluster, 1) == 4  # from the least number on, by its load


def test_a_sidecar_without_a_cpu_request_is_refused_before_anything_is_made() -> None:
    template: Manifest = {"spec": {"containers": [{"name": "log", "image": "log:1"}]}}
    cluster = SimulatedCluster(scaled(template=template), [a_version(1)])

    cluster.reconcile()

    assert cluster.writes == []
    stalled = next(item for item in cluster.resource.status.conditions if item.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "InvalidRollout")
    assert "log has none" in stalled.message
