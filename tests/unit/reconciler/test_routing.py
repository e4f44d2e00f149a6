"""Which keys a changed object concerns."""

import pytest

from leeboard.api.names import Kind, owner_labels
from leeboard.api.resource import Manifest
from leeboard.ports import Key
from leeboard.reconciler.routing import keys_of


def manifest(name: str, *, labels: dict[str, str] | None = None, spec: Manifest | None = None) -> Manifest:
    return {"metadata": {"name": name, "namespace": "team", "labels": labels or {}}, "spec": spec or {}}


def key(kind: Kind, name: str) -> Key:
    return Key(kind, "team", name)


TRAINS_BY = {"trainingJobRef": {"name": "churn-template"}}
SERVICES = [
    manifest("follows", spec={"model": {"name": "loan", "follow": "Approved"}}),
    manifest("other", spec={"model": {"name": "churn", "version": "1"}, "retraining": TRAINS_BY}),
]
OF_TRAINING = owner_labels(Kind.TRAINING_JOB, name="train", uid="u")
CASES = {
    "a resource of ours concerns itself": ("TrainingJob", manifest("train"), [key(Kind.TRAINING_JOB, "train")]),
    "a training that a service is trained again by concerns that service": (
        "TrainingJob",
        manifest("churn-template"),
        [key(Kind.TRAINING_JOB, "churn-template"), key(Kind.INFERENCE_SERVICE, "other")],
    ),
    "a child concerns its owner": ("Job", manifest("job", labels=OF_TRAINING), [key(Kind.TRAINING_JOB, "train")]),
    "an object of somebody else concerns nobody": ("Job", manifest("job"), []),
    "a foreign owner kind concerns nobody": (
        "Job",
        manifest("job", labels={**OF_TRAINING, "leeboard.dev/kind": "X"}),
        [],
    ),
    "a version concerns itself, the training it came from and the services of its model": (
        "ModelVersion",
        manifest("loan-v1", labels=OF_TRAINING, spec={"model": "loan"}),
        [key(Kind.MODEL_VERSION, "loan-v1"), key(Kind.TRAINING_JOB, "train"), key(Kind.INFERENCE_SERVICE, "follows")],
    ),
}


@pytest.mark.parametrize(("kind", "changed", "expected"), CASES.values(), ids=CASES.keys())
def test_routing(kind: str, changed: Manifest, expected: list[Key]) -> None:
    assert list(keys_of(kind, changed, services=SERVICES)) == expected
