"""Smallest valid objects of the three kinds, to be varied by tests."""

from typing import Any

API_VERSION = "leeboard.dev/v1alpha1"
DIGEST = "sha256:" + "0123456789abcdef" * 4

Manifest = dict[str, Any]


def training_job(name: str = "car-loan", **spec: object) -> Manifest:
    """A TrainingJob with ``spec`` on top of what is required."""
    template = {"spec": {"containers": [{"name": "train", "image": "trainer:1"}]}}
    return _object("TrainingJob", name, {"model": "car-loan", "template": template} | spec)


def training_pod(**spec: object) -> Manifest:
    """A TrainingJob whose pod has ``spec`` on top of one container."""
    return training_job(template={"spec": {"containers": [{"name": "train", "image": "trainer:1"}]} | spec})


def training_container(**container: object) -> Manifest:
    """A TrainingJob whose container has ``container`` on top of name and image."""
    return training_pod(containers=[{"name": "train", "image": "trainer:1"} | container])


def model_version(name: str = "car-loan-v3", **spec: object) -> Manifest:
    """A ModelVersion with ``spec`` on top of what is required."""
    source = {"runID": "a" * 32, "modelURI": "models:/m-1"}
    return _object("ModelVersion", name, {"model": "car-loan", "version": "3", "source": source} | spec)


def inference_service(name: str = "car-loan", **spec: object) -> Manifest:
    """An InferenceService with ``spec`` on top of what is required."""
    return _object("InferenceService", name, {"model": {"name": "car-loan", "follow": "Approved"}} | spec)


def server_pod(**spec: object) -> Manifest:
    """An InferenceService whose pods have ``spec``."""
    return inference_service(server={"template": {"spec": spec}})


def _object(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
