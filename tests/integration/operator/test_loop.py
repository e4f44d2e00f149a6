"""The loop on a real API server and a real MLflow server, with the smallest planner."""

from typing import Any

import pytest
from mlflow import MlflowClient

from tests.integration.conftest import Api, MlflowServer, StartOperator, eventually

pytestmark = pytest.mark.integration
TINY = "tests.integration.operator.tiny_operator"


def training_job(namespace: str, name: str, **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}
    return {
        "apiVersion": "leeboard.dev/v1alpha1",
        "kind": "TrainingJob",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"model": "car-loan", "parameters": {"depth": "6"}, "template": template, **spec},
    }


def trainingjobs(namespace: str) -> str:
    return f"/apis/leeboard.dev/v1alpha1/namespaces/{namespace}/trainingjobs"


def jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def phase(api: Api, namespace: str, name: str) -> str | None:
    found = api.find(f"{trainingjobs(namespace)}/{name}")
    return found.get("status", {}).get("phase") if found else None


def test_a_training_job_leads_to_exactly_one_job_one_run_and_one_event(
    api: Api, mlflow_server: MlflowServer, namespace: str, start_operator: StartOperator
) -> None:
    start_operator(module=TINY).wait_until_ready()
    api.create(trainingjobs(namespace), training_job(namespace, "one"))

    eventually(lambda: phase(api, namespace, "one") == "Running")

    assert len(api.items(jobs(namespace))) == 1
    client = MlflowClient(mlflow_server.uri)
    experiment = client.get_experiment_by_name(f"{namespace}/car-loan")
    runs = client.search_runs([experiment.experiment_id])
    assert [run.data.params for run in runs] == [{"depth": "6"}]
    events = eventually(lambda: api.items(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"))
    assert [(event["reason"], event["note"]) for event in events] == [("Running", "It is Running.")]
