"""A TrainingJob on a real API server and a real MLflow server; the test plays the kubelet and the training script."""

from __future__ import annotations

from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from pandas import DataFrame
from sklearn.linear_model import LogisticRegression

from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.mlflow_server import MlflowServer

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ENDED = "2030-01-01T00:00:00Z"
GROUP = "/apis/leeboard.dev/v1alpha1/namespaces"


def trainingjob(name: str, **spec: object) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}
    return {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name},
        "spec": {"model": "car-loan", "parameters": {"depth": "6"}, "template": template, **spec},
    }


class Trainings:
    """TrainingJobs of one namespace and what stands in for their nodes."""

    def __init__(self, api: Api, namespace: str, tracking_uri: str) -> None:
        self.api, self.namespace, self.uri = api, namespace, tracking_uri
        self.client = MlflowClient(tracking_uri)

    def create(self, name: str, **spec: object) -> None:
        manifest = trainingjob(name, **spec)
        manifest["metadata"]["namespace"] = self.namespace
        self.api.create(f"{GROUP}/{self.namespace}/trainingjobs", manifest)

    def status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"{GROUP}/{self.namespace}/trainingjobs/{name}").get("status", {})
        return found

    def job(self, name: str) -> dict[str, Any] | None:
        found = self.api.items(f"/apis/batch/v1/namespaces/{self.namespace}/jobs")
        return next((job for job in found if job["metadata"]["labels"]["leeboard.dev/owner"] == name), None)

    def made_job(self, name: str) -> dict[str, Any]:
        """The Job, once it is there."""
        eventually(lambda: self.job(name) is not None, what="the Job")
        job = self.job(name)
        assert job is not None
        return {"apiVersion": "batch/v1", "kind": "Job", **job}

    def environment(self, name: str) -> dict[str, str]:
        """What the training container is told, once its Job is there."""
        job = self.made_job(name)
        (container,) = job["spec"]["template"]["spec"]["containers"]
        return {item["name"]: item["value"] for item in container["env"]}

    def log_model(self, name: str) -> str:
        """What the script does: log one model in the run that it was given; the run's id."""
        environment = self.environment(name)
        mlflow.set_tracking_uri(self.uri)
        rows = DataFrame({"age": [20.0, 60.0]})
        model = LogisticRegression().fit(rows, [0, 1])
        with mlflow.start_run(run_id=environment["MLFLOW_RUN_ID"]):
            mlflow.log_metric("accuracy", 0.9)
            mlflow.sklearn.log_model(model, name="model", input_example=rows)
        return environment["MLFLOW_RUN_ID"]

    def end(self, name: str, condition: str) -> None:
        """What the Job controller says when the pod is over."""
        job = self.made_job(name)
        target = "SuccessCriteriaMet" if condition == "Complete" else "FailureTarget"
        reason = "CompletionsReached" if condition == "Complete" else "BackoffLimitExceeded"
        conditions = [
            {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": ENDED}
            for kind in (target, condition)
        ]
        status: dict[str, Any] = {"startTime": ENDED, "conditions": conditions}
        if condition == "Complete":
            status |= {"completionTime": ENDED, "succeeded": 1}
        else:
            status |= {"failed": 1}
        path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{job['metadata']['name']}/status"
        self.api.rest.replace(path, {**job, "status": status})

    def phase(self, name: str, phase: str) -> dict[str, Any]:
        """The status once it is in ``phase``."""
        eventually(lambda: self.status(name).get("phase") == phase, what=f"{name} {phase}")
        return self.status(name)


@pytest.fixture
def trainings(api: Api, mlflow_server: MlflowServer, *, namespace: str, start_operator: StartOperator) -> Trainings:
    start_operator().wait_until_ready()
    return Trainings(api, namespace, mlflow_server.uri)


def model_name(namespace: str) -> str:
    """A model of the namespace's own: all tests share one MLflow."""
    return f"m-{namespace}"[:40]


def test_a_plain_script_becomes_one_registered_version_with_its_lineage(trainings: Trainings) -> None:
    model = model_name(trainings.namespace)
    trainings.create("one", model=model, dataset={"name": "cars", "uri": "s3://cars"})
    trainings.phase("one", "Starting")
    environment = trainings.environment("one")
    run_id = trainings.log_model("one")
    trainings.end("one", "Complete")

    status = trainings.phase("one", "Succeeded")

    assert {name: environment[name] for name in ("MLFLOW_TRACKING_URI", "DATASET_URI", "depth")} == {
        "MLFLOW_TRACKING_URI": trainings.uri,
        "DATASET_URI": "s3://cars",
        "depth": "6",
    }
    assert status["metrics"] == [{"name": "accuracy", "value": "0.9"}]
    (version,) = trainings.client.search_model_versions(f"name = '{model}'")
    assert (version.run_id, version.source) == (run_id, f"models:/{status['loggedModel']['id']}")
    run = trainings.client.get_run(run_id)
    assert (run.info.status, run.data.params["depth"]) == ("FINISHED", "6")
    resource = trainings.api.get(f"{GROUP}/{trainings.namespace}/modelversions/{model}-v1")
    assert resource["spec"]["lineage"]["trainingJob"]["name"] == "one"
    assert "ownerReferences" not in resource["metadata"]


def test_a_restarted_operator_writes_nothing_for_what_has_ended(
    api: Api, mlflow_server: MlflowServer, *, namespace: str, start_operator: StartOperator
) -> None:
    first = start_operator()
    first.wait_until_ready()
    trainings = Trainings(api, namespace, mlflow_server.uri)
    trainings.create("broken", model=model_name(namespace))
    trainings.phase("broken", "Starting")
    trainings.end("broken", "Failed")
    eventually(lambda: "ttlSecondsAfterFinished" in trainings.made_job("broken")["spec"])
    assert first.stop() == 0
    mark = api.mark()

    second = start_operator()
    second.wait_until_ready()
    eventually(second.is_leader)
    trainings.create("other", model=model_name(namespace))
    trainings.phase("other", "Starting")

    assert [write for write in api.writes_since(mark) if f"{namespace}/" in write and "broken" in write] == []


def test_a_run_that_a_script_closed_well_ends_failed_when_its_job_failed(trainings: Trainings) -> None:
    trainings.create("broken", model=model_name(trainings.namespace))
    run_id = trainings.log_model("broken")
    trainings.end("broken", "Failed")

    status = trainings.phase("broken", "Failed")
    eventually(lambda: trainings.status("broken").get("outcome") == "Failed")

    assert status["failure"]["class"] == "Disruption"  # no pod is left that could tell an exit code
    assert trainings.client.get_run(run_id).info.status == "FAILED"
    assert trainings.client.search_model_versions(f"name = '{model_name(trainings.namespace)}'") == []


def test_a_template_that_the_server_refuses_is_told_with_its_path(trainings: Trainings) -> None:
    template = {"spec": {"containers": [{"name": "train", "image": "trainer", "ports": [{"containerPort": 99999}]}]}}
    trainings.create("invalid", model=model_name(trainings.namespace), template=template)

    status = trainings.phase("invalid", "Failed")

    assert status["failure"]["reason"] == "InvalidTemplate"
    assert "containers[0].ports[0].containerPort" in status["failure"]["message"]


def test_a_restored_training_is_already_trained(trainings: Trainings) -> None:
    model = model_name(trainings.namespace)
    trainings.create("again", model=model)
    trainings.log_model("again")
    trainings.end("again", "Complete")
    trainings.phase("again", "Succeeded")
    path = f"{GROUP}/{trainings.namespace}/trainingjobs/again"
    first = trainings.api.get(path)["metadata"]["uid"]
    trainings.api.rest.delete(path)
    eventually(lambda: trainings.api.find(path) is None)
    trainings.create("again", model=model)

    status = trainings.phase("again", "Succeeded")

    reasons = {item["type"]: item["reason"] for item in status["conditions"]}
    assert reasons["Succeeded"] == "AlreadyTrained"
    resource = trainings.api.get(f"{GROUP}/{trainings.namespace}/modelversions/{model}-v1")
    assert resource["spec"]["lineage"]["trainingJob"]["uid"] == first
    assert len(trainings.client.search_model_versions(f"name = '{model}'")) == 1
