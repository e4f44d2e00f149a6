"""Secrets of late labels that the spec does not name: made before the pods that mount them, once, and never read."""

from __future__ import annotations

from typing import Any

import pytest

from leeboard.api.monitoring import Monitoring
from leeboard.api.names import Kind
from leeboard.api.resource import controller_reference
from leeboard.planning.facts import Rejection
from leeboard.planning.plan import CreateSecret
from leeboard.planning.serving.pod import FEEDBACK_VOLUME, label_secret_name
from tests.unit.planning.inference_service.builders import a_service, a_version, profiled
from tests.unit.planning.inference_service.reading import shapes
from tests.unit.planning.inference_service.rolling import ask
from tests.unit.planning.inference_service.simulation import SimulatedCluster


def labelled(labels: dict[str, Any]) -> SimulatedCluster:
    """A service that takes labels and is new."""
    service = a_service()
    spec = service.spec.model_copy(update={"monitoring": Monitoring.model_validate({"labels": labels})})
    return SimulatedCluster(service.model_copy(update={"spec": spec}), [profiled(a_version(1))])


def drawn(cluster: SimulatedCluster) -> list[CreateSecret]:
    return [write for write in cluster.writes if isinstance(write, CreateSecret)]


def mounted(cluster: SimulatedCluster) -> set[str]:
    """Secrets that pods of the only Deployment mount."""
    (deployment,) = cluster.deployments.values()
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    return {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}


def test_both_are_made_before_the_deployment_and_belong_to_the_service() -> None:
    cluster = labelled({})
    cluster.advance(5)
    keys, credential = drawn(cluster)
    assert (keys.hex_digits, credential.hex_digits) == ({"0": 32}, {"credential": 64})
    assert mounted(cluster) == {keys.manifest["metadata"]["name"], credential.manifest["metadata"]["name"]}
    assert credential.manifest["metadata"]["name"].startswith("car-loan-feedback-")
    owner = controller_reference(Kind.INFERENCE_SERVICE, cluster.resource.metadata)
    assert keys.manifest["metadata"]["ownerReferences"] == [owner]
    order = shapes(cluster)
    assert order.index("Create Deployment") == order.index("CreateSecret Secret") + 2


def test_a_service_that_serves_asks_for_them_no_more() -> None:
    cluster = labelled({})
    cluster.settle()
    assert len(drawn(cluster)) == 2
    cluster.advance(3)
    assert (len(drawn(cluster)), cluster.is_settled()) == (2, True)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"tokenKeysSecret": "keys", "feedbackSecret": "feedback"}, []),
        ({"tokenKeysSecret": "keys"}, [{"credential": 64}]),
        ({"feedbackSecret": "feedback"}, [{"0": 32}]),
    ],
)
def test_what_the_spec_names_is_the_users_own(labels: dict[str, str], expected: list[dict[str, int]]) -> None:
    cluster = labelled(labels)
    cluster.advance(5)
    assert [write.hex_digits for write in drawn(cluster)] == expected
    assert set(labels.values()) <= mounted(cluster)


def test_without_labels_or_without_a_profile_there_is_none() -> None:
    bare = SimulatedCluster(a_service(), [profiled(a_version(1))])
    blind = labelled({})
    blind.versions = [a_version(1)]
    for cluster in (bare, blind):
        cluster.advance(5)
        assert "Create Deployment" in shapes(cluster)
        assert drawn(cluster) == []


def test_a_restart_makes_one_that_somebody_deleted_again() -> None:
    cluster = labelled({})
    cluster.settle()
    cluster.secrets.clear()
    assert ask(cluster, "restart").startswith("Done")
    cluster.advance(3)
    assert len(cluster.secrets) == 2


def test_pods_that_could_not_mount_a_refused_one_are_not_made_and_it_is_told() -> None:
    cluster = labelled({})
    name = label_secret_name(cluster.resource.metadata, FEEDBACK_VOLUME)
    generation = cluster.resource.metadata.generation
    cluster.rejections = (Rejection(403, "exceeded quota", "Secret", name, generation),)
    cluster.advance(5)
    assert "Create Deployment" not in shapes(cluster)
    assert any(f"Secret {name}: exceeded quota" in item.message for item in cluster.resource.status.conditions)
    cluster.rejections = ()
    cluster.advance(3)
    assert "Create Deployment" in shapes(cluster)
