"""The parts of the Jobs that look at a version: one pod that is never tried again, and containers of our own image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind
from leeboard.api.resource import Manifest, controller_reference
from leeboard.planning.defaults import Defaults
from leeboard.planning.pod_template import read_only_root, restricted, with_credentials, with_metadata

ACTIVE_SECONDS = 3600  # a model that loads for an hour will not load
POD_FAILURE_POLICY: Manifest = {
    "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}
RESOURCES: Manifest = {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}


def one_pod_job(
    resource: ModelVersion,
    template: Manifest,
    *,
    name: str,
    labels: dict[str, str],
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """The Job of one attempt; Kubernetes never retries it, the next attempt is another Job."""
    metadata = resource.metadata
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": metadata.namespace,
            "labels": labels,
            **({"annotations": dict(annotations)} if annotations else {}),
            "ownerReferences": [controller_reference(Kind.MODEL_VERSION, metadata)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": ACTIVE_SECONDS,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": POD_FAILURE_POLICY,
            "template": with_metadata(template, labels=labels),
        },
    }


def one_after_the_other(
    containers: Sequence[Manifest], volumes: Mapping[str, str | None], defaults: Defaults
) -> Manifest:
    """A pod whose containers run in this order, over ``volumes`` by name, some with a limit of size."""
    spec: Manifest = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "initContainers": list(containers[:-1]),
        "containers": [containers[-1]],
        "volumes": [
            {"name": name, "emptyDir": {"sizeLimit": limit} if limit else {}} for name, limit in volumes.items()
        ],
    }
    if defaults.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in defaults.image_pull_secrets]
    return read_only_root(restricted({"spec": spec}))


def container(defaults: Defaults, name: str, arguments: list[str], *, mounts: list[Manifest]) -> Manifest:
    """A container of the runtime's image: without credentials, so that it may load a model."""
    return {
        "name": name,
        "image": defaults.runtime_image,
        "imagePullPolicy": defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": arguments,
        "resources": RESOURCES,
        "volumeMounts": mounts,
    }


def fetching(defaults: Defaults, name: str, arguments: list[str], *, mounts: list[Manifest]) -> Manifest:
    """A container that speaks with MLflow, with its credentials; it loads nothing."""
    made = container(defaults, name, arguments, mounts=mounts)
    made["env"] = [{"name": "MLFLOW_TRACKING_URI", "value": defaults.tracking_uri}]
    return with_credentials(made, defaults.credentials_secret)


def mount(volume: str, path: str) -> Manifest:
    """A volume to write to."""
    return {"name": volume, "mountPath": path}


def read_only(volume: str, path: str) -> Manifest:
    """A volume that cannot be written to."""
    return {**mount(volume, path), "readOnly": True}
