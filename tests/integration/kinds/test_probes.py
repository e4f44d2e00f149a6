"""Data in a bucket: the Job that looks at them, as a real API server takes it, and the TrainingJob that follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import MODEL, SERVICE, ServingWorld

pytestmark = pytest.mark.integration
TEMPLATE = "train-car-loan"
MOMENT = "2026-01-01T00:00:00Z"
URI = "s3://loans/2026/rows.csv"


@pytest.fixture
def world(api: Api, namespace: str, start_operator: StartOperator) -> ServingWorld:
    """A service on one pod, and a TrainingJob that it may be trained again by."""
    world = ServingWorld(api, namespace)
    world.approve(1)
    pod = {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}
    job = {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": TEMPLATE, "namespace": namespace},
        "spec": {"model": MODEL, "templateOnly": True, "template": pod},
    }
    api.create(world.path("trainingjobs"), job)
    start_operator().wait_until_leading()
    world.serve(replicas=1)
    world.made_deployment(1)
    world.playing_until(lambda: world.condition("Progressing") == "False/Settled", 1, what="version 1")
    return world


def looked(world: ServingWorld, *, secret: str, mark: str) -> None:
    """The Job that the operator makes for this Secret runs, and tells a mark."""
    jobs = world.path("jobs", api="batch/v1")
    eventually(lambda: bool(by_secret(world, secret)), what="the Job that looks")
    (job,) = by_secret(world, secret)
    name, template = job["metadata"]["name"], job["spec"]["template"]
    labels = {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": name}
    metadata = {"name": f"{name}-x", "namespace": world.namespace, "labels": labels}
    path = world.path("pods", api="v1")
    pod = world.api.create(path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    ended = {"exitCode": 0, "reason": "Completed", "message": json.dumps({"mark": mark}), "finishedAt": MOMENT}
    container = {"name": "data-mark", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
    status: dict[str, Any] = {
        "phase": "Succeeded",
        "containerStatuses": [{**container, "state": {"terminated": ended}}],
    }
    world.api.rest.replace(f"{path}/{name}-x/status", {**pod, "status": status})
    true = {"status": "True", "lastTransitionTime": MOMENT}
    conditions = [{"type": kind, **true} for kind in ("SuccessCriteriaMet", "Complete")]
    done = {"conditions": conditions, "startTime": MOMENT, "completionTime": MOMENT, "succeeded": 1}
    head = {"apiVersion": "batch/v1", "kind": "Job"}
    world.api.rest.replace(f"{jobs}/{name}/status", {**head, **job, "status": done})


def by_secret(world: ServingWorld, secret: str) -> list[dict[str, Any]]:
    """Jobs whose container has the variables of a Secret."""
    wanted = [{"secretRef": {"name": secret}}]
    found = world.api.items(world.path("jobs", api="batch/v1"))
    return [job for job in found if job["spec"]["template"]["spec"]["containers"][0].get("envFrom") == wanted]


def ask(world: ServingWorld, *, secret: str) -> None:
    """The service is trained again by new data, which this Secret opens."""
    triggers = [{"newData": {"uri": URI, "interval": "1h", "secret": secret}}]
    spec = {"retraining": {"trainingJobRef": {"name": TEMPLATE}, "triggers": triggers}}
    world.edit(world.path("inferenceservices", SERVICE), {"spec": spec})


def retraining(world: ServingWorld) -> dict[str, Any]:
    return dict(world.status().get("retraining") or {})


def test_a_pod_looks_at_a_bucket_and_other_data_are_trained_on(world: ServingWorld) -> None:
    ask(world, secret="one")
    looked(world, secret="one", mark="first")
    eventually(lambda: [item["mark"] for item in retraining(world).get("data", ())] == ["first"], what="the first mark")
    assert "trigger" not in retraining(world)

    ask(world, secret="two")  # another probe, which looks at once
    looked(world, secret="two", mark="second")

    eventually(lambda: (retraining(world).get("trigger") or {}).get("seen") is True, what="the TrainingJob")
    assert retraining(world)["trigger"]["id"] == "NewData/second/1"
    made = world.api.get(world.path("trainingjobs", retraining(world)["trigger"]["trainingJob"]))
    assert "templateOnly" not in made["spec"] or made["spec"]["templateOnly"] is False
    assert retraining(world)["data"] == [{"uri": URI, "mark": "second", "trained": True}]
    eventually(lambda: by_secret(world, "one") == [], what="the removal of the first Job")
