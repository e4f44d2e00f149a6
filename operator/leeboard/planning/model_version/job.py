"""The fingerprint pod: one container fetches and knows credentials, another loads the model and knows none.

A model directory runs code when it is loaded. So the container that loads it has no credentials, no token, a read-only
root and the files read-only; what it says of the files is checked against what the fetching container measured.
"""

from __future__ import annotations

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind, Label, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.planning.defaults import Defaults
from leeboard.planning.model_version.facts import FETCH, FINGERPRINT, job_name
from leeboard.planning.pod_template import read_only_root, restricted, with_credentials, with_metadata

MODEL_VOLUME = "leeboard-model"
MODEL_PATH = "/mnt/model"
ACTIVE_SECONDS = 3600  # a model that loads for an hour will not load
POD_FAILURE_POLICY: Manifest = {
    "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}
RESOURCES: Manifest = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}


def fingerprint_job(resource: ModelVersion, defaults: Defaults, *, attempt: int) -> Manifest:
    """The Job of one attempt; Kubernetes never retries it, the next attempt is another Job."""
    metadata = resource.metadata
    labels = {
        **owner_labels(Kind.MODEL_VERSION, name=metadata.name, uid=metadata.uid),
        Label.ATTEMPT: str(attempt),
        Label.MODEL: resource.spec.model,
        Label.MODEL_VERSION: metadata.name,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(resource, attempt),
            "namespace": metadata.namespace,
            "labels": labels,
            "ownerReferences": [controller_reference(Kind.MODEL_VERSION, metadata)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": ACTIVE_SECONDS,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": POD_FAILURE_POLICY,
            "template": with_metadata(_template(resource, defaults), labels=labels),
        },
    }


def _template(resource: ModelVersion, defaults: Defaults) -> Manifest:
    """Fetch first, then fingerprint, over one volume."""
    spec: Manifest = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "initContainers": [_fetch(resource, defaults)],
        "containers": [_fingerprint(defaults)],
        "volumes": [{"name": MODEL_VOLUME, "emptyDir": {}}],
    }
    if defaults.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in defaults.image_pull_secrets]
    return read_only_root(restricted({"spec": spec}))


def _fetch(resource: ModelVersion, defaults: Defaults) -> Manifest:
    """The only container that speaks with MLflow; it loads nothing."""
    container = {
        "name": FETCH,
        "image": defaults.runtime_image,
        "imagePullPolicy": defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": ["fetch", f"--model-uri={resource.spec.source.model_uri}", f"--destination={MODEL_PATH}"],
        "env": [{"name": "MLFLOW_TRACKING_URI", "value": defaults.tracking_uri}],
        "resources": RESOURCES,
        "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": MODEL_PATH}],
    }
    return with_credentials(container, defaults.credentials_secret)


def _fingerprint(defaults: Defaults) -> Manifest:
    """The container that loads the model."""
    return {
        "name": FINGERPRINT,
        "image": defaults.runtime_image,
        "imagePullPolicy": defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": ["fingerprint", f"--model={MODEL_PATH}"],
        "resources": RESOURCES,
        "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": MODEL_PATH, "readOnly": True}],
    }
