"""A service whose server is not the built-in one."""

from __future__ import annotations

import pytest

from leeboard.api.conditions import ConditionType, condition_of
from leeboard.api.inference_service import InferenceService, InferenceServiceStatus, Revision
from leeboard.api.monitoring import Monitoring
from leeboard.api.rollout import Analysis, Rollout
from leeboard.planning.inference_service import needs
from leeboard.planning.inference_service.target import Target, choose
from tests.unit.planning.inference_service.builders import a_fingerprint, a_service, a_version, profiled
from tests.unit.planning.inference_service.reading import told
from tests.unit.planning.inference_service.rolling import ask
from tests.unit.planning.inference_service.simulation import SimulatedCluster

T = "2026-03-01T12:00:00Z"
IMAGE = {"spec": {"containers": [{"name": "server", "image": "mine:1"}]}}


def with_runtime(runtime: str, *, rollout: Rollout | None = None) -> InferenceService:
    """A service that follows the approved versions by a runtime."""
    resource = a_service(template=IMAGE)
    server = resource.spec.server.model_copy(update={"runtime": runtime})
    spec = resource.spec.model_copy(update={"server": server, "rollout": rollout or Rollout()})
    return resource.model_copy(update={"spec": spec})


@pytest.mark.parametrize("runtime", ["Custom", "Seldon"])
def test_a_model_that_needs_other_libraries_than_our_image_has_may_be_served_by(runtime: str) -> None:
    version = a_version(1, fingerprint=a_fingerprint(environment="Refuse"))

    assert isinstance(choose(with_runtime(runtime), [version], stable=None), Target)


def test_requests_go_to_the_port_of_each_pod_by_its_name() -> None:
    cluster = SimulatedCluster(with_runtime("Custom"), [a_version(1)])

    cluster.reconcile()

    service = cluster.services["car-loan"]
    assert service["spec"]["ports"] == [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}]


def test_nothing_is_said_of_batching_by_a_server_that_is_not_ours() -> None:
    cluster = SimulatedCluster(with_runtime("Custom"), [a_version(1)])

    cluster.settle()

    assert (told(cluster)["Serving"], told(cluster)["Batching"]) == ("True/Serving", "Unknown/ServerDecides")


@pytest.mark.parametrize("runtime", ["Seldon", "Custom"])
def test_a_server_that_does_not_count_says_so_whatever_profile_there_is(runtime: str) -> None:
    cluster = SimulatedCluster(with_runtime(runtime), [profiled(a_version(1))])

    cluster.settle()

    assert told(cluster)["Monitored"] == "False/RuntimeDoesNotCount"
    (deployment,) = cluster.deployments.values()
    assert "profile" not in str(deployment["spec"])


def test_rows_are_counted_by_the_profile_of_what_serves() -> None:
    cluster = SimulatedCluster(with_runtime("MLflow"), [profiled(a_version(1))])

    cluster.settle()

    assert told(cluster)["Monitored"] == "True/Counted"
    (deployment,) = cluster.deployments.values()
    assert "--profile=/mnt/model-profile/profile.json" in str(deployment["spec"])


def test_a_profile_that_comes_later_replaces_no_pod_until_a_person_restarts_the_service() -> None:
    cluster = SimulatedCluster(with_runtime("MLflow"), [a_version(1)])
    cluster.settle()
    before = told(cluster)["Monitored"]

    cluster.versions = [profiled(a_version(1))]
    cluster.settle()
    late = told(cluster)["Monitored"]
    assert ask(cluster, "restart").startswith("Done")
    cluster.settle()

    assert (before, late, told(cluster)["Monitored"]) == ("False/NoProfile", "False/PodsWithoutProfile", "True/Counted")


def test_segments_that_are_named_later_are_counted_after_a_restart() -> None:
    cluster = SimulatedCluster(with_runtime("MLflow"), [profiled(a_version(1))])
    cluster.settle()
    named = Monitoring.model_validate({"segments": [{"column": "region", "values": ["north"]}]})
    spec = cluster.resource.spec.model_copy(update={"monitoring": named})
    cluster.resource = cluster.resource.model_copy(update={"spec": spec})
    cluster.settle()
    late = told(cluster)["Monitored"]
    assert ask(cluster, "restart").startswith("Done")
    cluster.settle()

    assert (late, told(cluster)["Monitored"]) == ("True/OtherSlices", "True/Counted")
    (deployment,) = (one for one in cluster.deployments.values() if "--segments" in str(one["spec"]))
    assert '--segments=[{"column":"region","values":["north"]}]' in str(deployment["spec"])


def test_a_check_that_nothing_can_answer_stalls_before_a_pod_is_made() -> None:
    checks = [{"name": "errors", "errorRate": {"max": "0.1"}}]
    rollout = Rollout(analysis=Analysis.model_validate({"checks": checks}))
    cluster = SimulatedCluster(with_runtime("Custom", rollout=rollout), [a_version(1)])

    cluster.reconcile()

    stalled = condition_of(cluster.resource.status.conditions, ConditionType.STALLED)
    assert told(cluster)["Stalled"] == "True/InvalidRollout"
    assert stalled is not None
    assert stalled.message.startswith("spec.rollout.analysis.checks[0].errorRate needs pods that count")
    assert cluster.deployments == {}


@pytest.mark.parametrize(
    ("runtime", "source", "asked"),
    [("MLflow", None, True), ("Seldon", None, False), ("Custom", None, False), ("Seldon", "main", True)],
)
def test_pods_that_do_not_count_are_not_asked(runtime: str, source: str | None, *, asked: bool) -> None:
    checks = [{"name": "errors", "errorRate": {"max": "0.1"}}]
    analysis = Analysis.model_validate({"checks": checks, "source": {"provider": source} if source else None})
    resource = with_runtime(runtime, rollout=Rollout(analysis=analysis if runtime == "MLflow" or source else None))
    status = InferenceServiceStatus.model_validate(
        {
            "stable": revision("1"),
            "canary": revision("2"),
            "traffic": {"provider": "Replicas", "asked": 50, "applied": 50},
            "step": {"index": 0, "total": 1, "kind": "Weight", "phase": "Observing", "startedAt": T, "phaseSince": T},
        }
    )

    assert needs(resource.model_copy(update={"status": status})).counts is asked


def revision(version: str) -> Revision:
    return Revision(
        name=f"r{version}",
        model_version=f"car-loan-v{version}",
        version=version,
        digest=f"sha256:{int(version):064x}",
        deployment=f"car-loan-{version}",
        image="mine:1",
        template_hash="hash",
        since=T,
    )
