"""The same version with other pods: another number of them, another template, another operator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.defaults import Defaults
from tests.unit.planning.inference_service.builders import DEFAULTS, a_fingerprint, a_service, a_version
from tests.unit.planning.inference_service.reading import ONE_SWITCH, named, shapes, told
from tests.unit.planning.inference_service.simulation import serving


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
    before = named(cluster, "stable")

    cluster.change(a_service(template={"spec": {"nodeSelector": {"disk": "fast"}}}))
    cluster.settle()

    assert shapes(cluster) == ONE_SWITCH
    assert named(cluster, "stable") != before
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


def containers(deployment: Manifest) -> list[Manifest]:
    """Every container of a Deployment."""
    spec = deployment["spec"]["template"]["spec"]
    return [*spec["initContainers"], *spec["containers"]]
