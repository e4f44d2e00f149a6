"""The autoscaler of a revision, which changes of it matter, and who sets the number of pods."""

from __future__ import annotations

from copy import deepcopy

import pytest

from leeboard.api.inference_service import InferenceService, InferenceServiceSpec, Revision
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.serving import Autoscaling, Server
from leeboard.planning.autoscaling import (
    autoscaler,
    bounded,
    is_same_autoscaler,
    replicas_are_ours,
    unmeasured,
)

SCALING = Autoscaling(min_replicas=2, max_replicas=6, target_cpu_percent=70)
SERVICE = InferenceService(
    metadata=Metadata(name="loans", namespace="team", uid="uid-1"),
    spec=InferenceServiceSpec.model_validate({"model": {"name": "car-loan", "follow": "Approved"}}),
)
REVISION = Revision(
    name="abc",
    model_version="car-loan-v3",
    version="3",
    digest=f"sha256:{7:064x}",
    deployment="loans-xyz",
    image="runtime:1",
    template_hash="hash",
    since="2026-03-01T12:00:00Z",
)


def made(least: int = 2) -> Manifest:
    return autoscaler(SERVICE, REVISION, scaling=SCALING, least=least)


def test_the_autoscaler_of_a_revision_is() -> None:
    assert made() == {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": "loans-xyz",
            "namespace": "team",
            "labels": {
                "app.kubernetes.io/managed-by": "leeboard",
                "leeboard.dev/kind": "InferenceService",
                "leeboard.dev/owner": "loans",
                "leeboard.dev/uid": "uid-1",
                "leeboard.dev/revision": "abc",
            },
            "ownerReferences": [
                {
                    "apiVersion": "leeboard.dev/v1alpha1",
                    "kind": "InferenceService",
                    "name": "loans",
                    "uid": "uid-1",
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "loans-xyz"},
            "minReplicas": 2,
            "maxReplicas": 6,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
        },
    }


@pytest.mark.parametrize(("pods", "least"), [(0, 1), (1, 1), (4, 4), (6, 6), (9, 6)])
def test_the_least_number_is_within_bounds(pods: int, least: int) -> None:
    assert bounded(pods, SCALING) == least
    assert made(least=pods)["spec"]["minReplicas"] == least


def live(**spec: object) -> Manifest:
    stored = deepcopy(made())
    stored["metadata"].update(uid="uid-2", annotations={"team": "credit"})
    stored["spec"].update(spec)
    return stored


def test_what_others_add_is_no_difference() -> None:
    assert is_same_autoscaler(live(behavior={"scaleDown": {"stabilizationWindowSeconds": 60}}), made())


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(live(minReplicas=1), id="the least number"),
        pytest.param(live(maxReplicas=60), id="the greatest number"),
        pytest.param(live(metrics=[]), id="the metric"),
        pytest.param(live(scaleTargetRef={"kind": "Deployment", "name": "other"}), id="the target"),
    ],
)
def test_what_others_change_of_ours_is_a_difference(changed: Manifest) -> None:
    assert not is_same_autoscaler(changed, made())


def test_a_label_of_ours_that_is_gone_is_a_difference() -> None:
    changed = live()
    del changed["metadata"]["labels"]["leeboard.dev/uid"]

    assert not is_same_autoscaler(changed, made())


@pytest.mark.parametrize(
    ("replicas", "scaler", "ours"),
    [
        pytest.param(3, None, True, id="without an autoscaler"),
        pytest.param(3, live(), False, id="with an autoscaler"),
        pytest.param(0, live(), True, id="at 0 pods, where an autoscaler does nothing"),
        pytest.param(0, None, True, id="at 0 pods"),
    ],
)
def test_the_number_of_pods_is_ours(*, replicas: int, scaler: Manifest | None, ours: bool) -> None:
    assert replicas_are_ours({"spec": {"replicas": replicas}}, scaler) is ours


TEMPLATE: Manifest = {
    "spec": {
        "initContainers": [
            {"name": "prepare", "image": "prepare:1"},
            {"name": "proxy", "restartPolicy": "Always", "resources": {"requests": {"memory": "1Gi"}}},
        ],
        "containers": [
            {"name": "server", "resources": {"requests": {"memory": "1Gi"}}},
            {"name": "asking", "resources": {"requests": {"cpu": "100m"}}},
            {"name": "limited", "resources": {"limits": {"cpu": 1}}},
            {"name": "log"},
        ],
    }
}


def test_each_container_of_the_user_needs_something_to_measure_its_time_against() -> None:
    found = [str(finding) for finding in unmeasured(Server(template=TEMPLATE, autoscaling=SCALING))]

    assert [("proxy has none" in text, "log has none" in text) for text in found] == [(True, False), (False, True)]
    assert all(text.startswith("spec.server.autoscaling needs") for text in found)


def test_without_an_autoscaler_nothing_is_measured() -> None:
    assert list(unmeasured(Server(template=TEMPLATE))) == []
