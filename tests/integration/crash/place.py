"""One namespace with one model: what a person does there, what stands there, and what MLflow holds of it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration.crash.sameness import same_text
from tests.integration.crash.wire import Manifest, Wire
from tests.unit.planning.inference_service.builders import a_version

SERVICE = "loans"
RUNS = "crash"
COMPARED = (
    "trainingjobs",
    "modelversions",
    "inferenceservices",
    "jobs",
    "deployments",
    "services",
    "poddisruptionbudgets",
    "configmaps",
    "httproutes",
    "horizontalpodautoscalers",
)
OURS = "app.kubernetes.io/managed-by=leeboard"
API_VERSION = "leeboard.dev/v1alpha1"


@dataclass(frozen=True, slots=True)
class Seen:
    """A resource at one moment; empty when there is none."""

    resource: Manifest

    @property
    def status(self) -> dict[str, Any]:
        """Its status, empty when there is none."""
        return dict(self.resource.get("status") or {})

    def says(self, type_: str, expected: str) -> bool:
        """Whether a condition is ``status/reason``, of the current generation."""
        generation = (self.resource.get("metadata") or {}).get("generation")
        conditions = self.status.get("conditions") or ()
        said = (item for item in conditions if item["type"] == type_ and item["observedGeneration"] == generation)
        return any(f"{item['status']}/{item['reason']}".startswith(expected) for item in said)


@dataclass
class Place:
    """The namespace; its registered model bears the same name."""

    wire: Wire
    tracking_uri: str
    namespace: str
    mlflow: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.mlflow = httpx.Client(base_url=f"{self.tracking_uri}/api/2.0/mlflow", timeout=30, trust_env=False)

    @property
    def model(self) -> str:
        return self.namespace

    def train(self, name: str = "one", **parameters: str) -> None:
        """Apply a TrainingJob."""
        template = {"spec": {"containers": [{"name": "train", "image": "trainer"}]}}
        spec = {"model": self.model, "parameters": {"depth": "6", **parameters}, "template": template}
        self._create("trainingjobs", "TrainingJob", name, spec=spec)

    def approve(self, number: int) -> None:
        """A version as its own planner leaves it."""
        version, name = a_version(number, model=self.model).to_json(), f"{self.model}-v{number}"
        self._create("modelversions", "ModelVersion", name, spec=version["spec"])
        status = {**version["status"], "phase": "Ready", "observedGeneration": 1}
        self.wire.merge("modelversions", f"{name}/status", namespace=self.namespace, change={"status": status})

    def serve(self, **spec: object) -> None:
        """Apply an InferenceService that pins version 1."""
        model = {"name": self.model, "version": "1"}
        self._create("inferenceservices", "InferenceService", SERVICE, spec={"model": model, **spec})

    def pin(self, version: int) -> None:
        """The user pins another version."""
        self.change({"spec": {"model": {"version": str(version)}}})

    def request(self, verb: str) -> None:
        """A person asks for something."""
        said = {"leeboard.dev/request": f"{verb}/{RUNS}-{verb}/", "leeboard.dev/requested-by": "somebody"}
        self.change({"metadata": {"annotations": said}})

    def change(self, change: Manifest) -> None:
        """Merge a change into the service."""
        self.wire.merge("inferenceservices", SERVICE, namespace=self.namespace, change=change)

    def look(self, plural: str = "inferenceservices", name: str = SERVICE) -> Seen:
        """A resource as it is now."""
        return Seen(self.wire.find(plural, name, namespace=self.namespace) or {})

    def everything(self) -> list[str]:
        """All that the operator made here and there, as comparable text."""
        held: list[Manifest] = []
        found = self.mlflow.get(
            "/experiments/get-by-name", params={"experiment_name": f"{self.namespace}/{self.model}"}
        )
        if found.status_code == 200:
            held = list(self._held(found.json()["experiment"]["experiment_id"]))
        objects = [item for plural in COMPARED for item in self._objects(plural)]
        names = {name: role for item in objects if item["kind"] == "deployments" for name, role in roles_of(item)}
        return same_text([*objects, *held], names=names | {self.namespace: "NAMESPACE"})

    def clear(self) -> None:
        """Delete what operators and surroundings would look at for ever."""
        for plural in (*COMPARED, "endpointslices", "pods"):
            if plural not in {"httproutes"} or self._objects(plural):
                self.wire.delete(plural, namespace=self.namespace)
        self.mlflow.close()

    def _objects(self, plural: str) -> list[Manifest]:
        selector = OURS if plural in {"configmaps"} else ""
        return [
            {"kind": plural, **item} for item in self.wire.list(plural, namespace=self.namespace, selector=selector)
        ]

    def _create(self, plural: str, kind: str, name: str, *, spec: object) -> None:
        metadata = {"name": name, "namespace": self.namespace}
        self.wire.create(plural, {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec})

    def _held(self, experiment: str) -> Iterator[Manifest]:
        """Runs with their artifacts, logged models, the registered model and its versions."""
        for run in self._search("runs/search", "runs", experiment_ids=[experiment]):
            info, data = run["info"], run["data"]
            files = self.mlflow.get("/artifacts/list", params={"run_id": info["run_id"], "path": "leeboard"})
            yield {
                "run": info["run_id"],
                "status": info["status"],
                "name": info["run_name"],
                "params": pairs(data.get("params", ())),
                "tags": pairs(data.get("tags", ())),
                "metrics": pairs(data.get("metrics", ())),
                "files": sorted(file["path"] for file in files.json().get("files", ())),
            }
        for model in self._search("logged-models/search", "models", experiment_ids=[experiment]):
            info = model["info"]
            yield {"model": info["model_id"], "run": info["source_run_id"], "status": info["status"]}
        registered = self.mlflow.get("/registered-models/get", params={"name": self.model})
        if registered.status_code == 200:
            found = registered.json()["registered_model"]
            yield {"registered": found["name"], "tags": pairs(found.get("tags", ()))}
        versions = self.mlflow.get("/model-versions/search", params={"filter": f"name = '{self.model}'"})
        for version in versions.raise_for_status().json().get("model_versions", ()):
            kept = {field: version[field] for field in ("version", "run_id", "source", "status")}
            yield {**kept, "tags": pairs(version.get("tags", ()))}

    def _search(self, what: str, field_: str, **question: object) -> list[Manifest]:
        return list(self.mlflow.post(f"/{what}", json=question).raise_for_status().json().get(field_, ()))


def roles_of(deployment: Manifest) -> Iterator[tuple[str, str]]:
    """What stands for a Deployment's name and its revision's: two of them are told apart by their version."""
    version = deployment["metadata"]["labels"]["leeboard.dev/model-version"].rpartition("-")[2]
    yield deployment["metadata"]["name"], f"DEPLOYMENT-{version}"
    yield deployment["metadata"]["labels"]["leeboard.dev/revision"], f"REVISION-{version}"


def pairs(items: Any) -> dict[str, Any]:  # noqa: ANN401 - MLflow's JSON
    """Keys and values, sorted."""
    return {item["key"]: item["value"] for item in sorted(items, key=lambda item: str(item["key"]))}


def fresh_name() -> str:
    """A namespace's name that nobody has used."""
    return f"{RUNS}-{time.time_ns() % 10**12}"
