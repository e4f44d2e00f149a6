"""What a test says: given a training, when something happens, then a resource says so within seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.stories.stage import POLL_SECONDS, Stage
from tests.stories.traffic import Client
from tests.support.kubectl import Kubectl, Manifest
from tests.support.resources import API_VERSION, is_true

TRAINER: Final = "leeboard.dev/trainer-car-loan:dev"
MODEL: Final = "car-loan"
SERVICE: Final = "car-loan"

QUICK_TRAINING: Final = """
import sys
sys.path.insert(0, "/opt/train")
import mlflow, os, train
from mlflow.models import infer_signature

features, labels = train.read(train.PACKAGED_DATA)
features, labels = features[:500], labels[:500]
with mlflow.start_run():
    model = train.build(max_depth=1, learning_rate=0.1, max_iter=3, random_state=0).fit(features, labels)
    mlflow.log_metric("accuracy", model.score(features, labels))
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(features, model.predict_proba(features)),
        input_example=features[:3],
        pyfunc_predict_fn="predict_proba",
        skops_trusted_types=train.TRUSTED_TYPES,
        pip_requirements=["scikit-learn==1.7.2"],
    )
"""
"""Twenty seconds' work less than the story's: few rows, stumps, no inference of requirements."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One namespace and what a user does in it."""

    stage: Stage

    @property
    def kubectl(self) -> Kubectl:
        """kubectl as the cluster's administrator."""
        return self.stage.kubectl

    @property
    def namespace(self) -> str:
        """The namespace."""
        return self.stage.namespace

    @property
    def client(self) -> Client:
        """A client of the service, inside the cluster."""
        url = f"http://{SERVICE}.{self.namespace}.svc/v2/models/{SERVICE}/infer"
        return Client(self.stage, image=TRAINER, url=url)

    def namespace_manifest(self) -> Manifest:
        """The namespace: it refuses every pod that is not restricted."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels}}

    def train(self, name: str, script: str = QUICK_TRAINING, *, image: str = TRAINER) -> None:
        """Apply a TrainingJob that runs a script; its seed makes it a training of its own for MLflow, too."""
        container = {"name": "train", "image": image, "command": ["python3", "-c", script]}
        spec = {
            "model": self.model,
            "parameters": {"told_at": str(time.time_ns())},
            "template": {"spec": {"containers": [container]}},
        }
        self.kubectl.apply(self._resource("TrainingJob", name, spec))

    def serve(self, *, replicas: int = 1) -> None:
        """Apply an InferenceService that follows the approved versions."""
        spec = {
            "model": {"name": self.model, "follow": "Approved"},
            "server": {"replicas": replicas, "requestTimeout": "30s"},
            "rollout": {"rollback": {"keepWarm": "0s"}},
        }
        self.kubectl.apply(self._resource("InferenceService", SERVICE, spec))

    @property
    def model(self) -> str:
        """A registered model belongs to one namespace: each has its own."""
        return self.namespace[:40].rstrip("-")

    def trained(self, name: str) -> Manifest:
        """Wait for a training's success and return the ModelVersion that came out, approved."""
        job = self.stage.wait(
            f"TrainingJob/{name}", lambda found: is_true(found, "Ready"), what=f"{name} trains", seconds=240
        )
        version = job["status"]["modelVersion"]["name"]
        return self.stage.wait(
            f"ModelVersion/{version}", lambda found: is_true(found, "Ready"), what=f"{version} is approved", seconds=180
        )

    def serving(self, version: str) -> Manifest:
        """Wait until the service is Ready on a version and nothing of another one is left."""
        return self.stage.wait(
            f"InferenceService/{SERVICE}",
            lambda found: (
                is_true(found, "Ready")
                and found["status"].get("stable", {}).get("version") == version
                and not found["status"].get("draining")
            ),
            what=f"version {version} serves",
            seconds=240,
        )

    def failed(self, name: str, *, seconds: float) -> Manifest:
        """Wait for a training's failure and return the resource."""
        return self.stage.wait(
            f"TrainingJob/{name}",
            lambda found: found.get("status", {}).get("outcome") == "Failed",
            what=f"{name} fails",
            seconds=seconds,
        )

    def find(self, kind: str, name: str) -> Manifest | None:
        """Return one object of the namespace."""
        return self.kubectl.find(kind, name, namespace=self.namespace)

    def children(self, kinds: str, owner: Manifest) -> list[str]:
        """Return ``Kind/name`` of what carries the uid label of an owner."""
        selector = f"leeboard.dev/uid={owner['metadata']['uid']}"
        found = self.kubectl.list(kinds, namespace=self.namespace, selector=selector)
        return sorted(f"{item['kind']}/{item['metadata']['name']}" for item in found)

    def eventually(self, read: Callable[[], object], expected: object, *, seconds: float) -> None:
        """Assert that what is read becomes what is expected within ``seconds``."""
        deadline = time.monotonic() + seconds
        while (found := read()) != expected and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        assert found == expected, f"after {seconds:.0f} s it is {found!r}, not {expected!r}"

    def _resource(self, kind: str, name: str, spec: Manifest) -> Manifest:
        metadata = {"name": name, "namespace": self.namespace}
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
