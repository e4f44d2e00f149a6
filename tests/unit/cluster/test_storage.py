"""The provisioner gives waiting claims of its classes a volume at the right time, and takes released ones back."""

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.objects import PROVISIONER
from tests.cluster.storage import Provision, Remove, plan

FOLDER = Path("/volumes")
NODE = {"volume.kubernetes.io/selected-node": "leeboard"}


def storage_class(name: str, mode: str, provisioner: str = PROVISIONER) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": mode,
        "reclaimPolicy": "Delete",
    }


CLASSES = [
    storage_class("late", "WaitForFirstConsumer"),
    storage_class("now", "Immediate"),
    storage_class("foreign", "Immediate", "somebody.else"),
]


def claim(storage_class_name: str, *, annotations: dict[str, str] | None = None, **spec: object) -> dict[str, Any]:
    requests = {"resources": {"requests": {"storage": "1Gi"}}, "accessModes": ["ReadWriteOnce"]}
    return {
        "metadata": {"name": "data", "namespace": "a", "uid": "1", "annotations": annotations or {}},
        "spec": {"storageClassName": storage_class_name, **requests, **spec},
    }


def volume(phase: str, *, policy: str = "Delete", provisioner: str = PROVISIONER) -> dict[str, Any]:
    return {
        "metadata": {"name": "pvc-1", "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}},
        "spec": {"persistentVolumeReclaimPolicy": policy},
        "status": {"phase": phase},
    }


def planned(claims: list[dict[str, Any]], volumes: list[dict[str, Any]]) -> list[str]:
    return [type(action).__name__ for action in plan(claims, volumes, CLASSES, folder=FOLDER)]


@pytest.mark.parametrize(
    ("waiting", "actions"),
    [
        (claim("now"), ["Provision"]),
        (claim("late"), []),
        (claim("late", annotations=NODE), ["Provision"]),
        (claim("foreign"), []),
        (claim("unknown"), []),
        (claim("now", volumeName="mine"), []),
        (claim("now", selector={"matchLabels": {}}), []),
    ],
    ids=["immediate", "late, no pod yet", "late, pod placed", "foreign class", "no class", "bound", "own selector"],
)
def test_a_claim_gets_a_volume_when_it_is_time(waiting: dict[str, Any], actions: list[str]) -> None:
    assert planned([waiting], []) == actions


def test_a_claim_whose_volume_exists_gets_no_second_one() -> None:
    assert planned([claim("now")], [volume("Available")]) == []


@pytest.mark.parametrize(
    ("existing", "actions"),
    [
        (volume("Released"), ["Remove"]),
        (volume("Bound"), []),
        (volume("Released", policy="Retain"), []),
        (volume("Released", provisioner="somebody.else"), []),
    ],
    ids=["released", "bound", "to be retained", "not ours"],
)
def test_only_our_released_volumes_are_removed(existing: dict[str, Any], actions: list[str]) -> None:
    assert planned([], [existing]) == actions


def test_a_volume_is_reserved_for_its_claim_and_pinned_to_the_node() -> None:
    (action,) = plan([claim("now")], [], CLASSES, folder=FOLDER)

    assert isinstance(action, Provision)
    spec: Any = action.volume["spec"]
    assert (action.name, spec["local"], spec["claimRef"]["uid"]) == ("pvc-1", {"path": "/volumes/pvc-1"}, "1")
    assert spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] == ["leeboard"]


def test_a_removal_names_the_volume() -> None:
    assert list(plan([], [volume("Released")], CLASSES, folder=FOLDER)) == [Remove("pvc-1")]
