"""What the tests of the operator do to the world: users' objects, and what kubelet and training script would do."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.conftest import Api, eventually
from tests.integration.mlflow_server import MlflowServer

TINY = "tests.integration.operator.tiny_operator"


@dataclass(frozen=True)
class World:
    """One namespace on the API server, and MLflow."""

    api: Api
    mlflow: MlflowServer
    namespace: str

    def path(self, plural: str, name: str = "", *, api: str = "leeboard.dev/v1alpha1") -> str:
        root = "/api/v1" if api == "v1" else f"/apis/{api}"
        return f"{root}/namespaces/{self.namespace}/{plural}{f'/{name}' if name else ''}"

    @property
    def jobs_path(self) -> str:
        return self.path("jobs", api="batch/v1")

    def jobs(self) -> list[dict[str, Any]]:
        return self.api.items(self.jobs_path)

    def writes_since(self, mark: int) -> list[str]:
        """Operators' writes into this namespace, their events left out."""
        writes = self.api.writes_since(mark)
        return [write for write in writes if f"/namespaces/{self.namespace}/" in write and "/events" not in write]

    def events(self) -> list[tuple[str, str]]:
        events = self.api.items(self.path("events", api="events.k8s.io/v1"))
        return sorted((event["reason"], event["note"]) for event in events)

    @property
    def model(self) -> str:
        """A registered model of this namespace's own."""
        return self.namespace

    def train(self, name: str, *, image: str = "trainer") -> dict[str, Any]:
        """Create a TrainingJob as a user does."""
        template = {"spec": {"containers": [{"name": "train", "image": image}]}}
        manifest = {
            "apiVersion": "leeboard.dev/v1alpha1",
            "kind": "TrainingJob",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"model": self.model, "parameters": {"depth": "6"}, "template": template},
        }
        return self.api.create(self.path("trainingjobs"), manifest)

    def training_job(self, name: str) -> dict[str, Any]:
        return self.api.get(self.path("trainingjobs", name))

    def phase(self, name: str) -> str | None:
        found = self.api.find(self.path("trainingjobs", name))
        phase: str | None = found.get("status", {}).get("phase") if found else None
        return phase

    def condition(self, name: str, type_: str) -> tuple[str, str] | None:
        """Status and reason of a TrainingJob's condition."""
        conditions = self.training_job(name).get("status", {}).get("conditions", [])
        return next(((one["status"], one["reason"]) for one in conditions if one["type"] == type_), None)

    def until_running(self, name: str, *, seconds: float = 60) -> None:
        eventually(lambda: self.phase(name) == "Running", seconds=seconds, what=f"{name} running")

    def runs(self) -> list[dict[str, Any]]:
        """Every run of the model's experiment, as MLflow's REST tells it."""
        with httpx.Client(base_url=f"{self.mlflow.uri}/api/2.0/mlflow", timeout=30) as client:
            answer = client.get(
                "/experiments/get-by-name", params={"experiment_name": f"{self.namespace}/{self.model}"}
            )
            if answer.status_code == 404:
                return []
            experiment = answer.raise_for_status().json()["experiment"]["experiment_id"]
            found = client.post("/runs/search", json={"experiment_ids": [experiment], "max_results": 1000})
            return list(found.raise_for_status().json().get("runs", []))

    def log_model(self, run: dict[str, Any]) -> str:
        """What a training script does with ``log_model``; the logged model's id."""
        models = f"{self.mlflow.uri}/api/2.0/mlflow/logged-models"
        info = run["info"]
        wanted = {"experiment_id": info["experiment_id"], "name": "model", "source_run_id": info["run_id"]}
        made: str = httpx.post(models, json=wanted).raise_for_status().json()["model"]["info"]["model_id"]
        ready = {"model_id": made, "status": "LOGGED_MODEL_READY"}
        httpx.patch(f"{models}/{made}", json=ready).raise_for_status()
        return made

    def complete(self, job: dict[str, Any]) -> None:
        """What kubelet and the Job controller report of a pod that ended well."""
        moment = "2026-01-01T00:00:00Z"
        types = ("SuccessCriteriaMet", "Complete")
        conditions = [{"type": type_, "status": "True", "lastTransitionTime": moment} for type_ in types]
        status = {"startTime": moment, "completionTime": moment, "succeeded": 1, "conditions": conditions}
        self.api.rest.replace(f"{self.jobs_path}/{job['metadata']['name']}/status", {**job, "status": status})
