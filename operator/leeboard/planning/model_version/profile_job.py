"""The profile pod: three containers fetch, build and keep, one after the other, over volumes of their own.

    reference (credentials) ─> fetch (credentials) ─> profile (none: loads the model) ─> upload (credentials)

What the container that loads the model leaves behind is data: the one after it reads the profile as a stranger's, and
shares no other volume with it, neither home nor temporary files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from leeboard.api.model_version import Artifact, ModelVersion
from leeboard.api.names import GROUP, Kind, Label, owner_labels
from leeboard.api.reference import Reference
from leeboard.api.resource import Manifest, controller_reference
from leeboard.planning.defaults import Defaults
from leeboard.planning.model_version.facts import FETCH, PROFILE, profile_job_name, profile_task
from leeboard.planning.model_version.job import (
    ACTIVE_SECONDS,
    MODEL_PATH,
    MODEL_VOLUME,
    POD_FAILURE_POLICY,
    RESOURCES,
)
from leeboard.planning.pod_template import TMP_PATH, read_only_root, restricted, with_credentials, with_metadata

REFERENCE_ANNOTATION = f"{GROUP}/reference"
"""The reference as it was found, so that a further attempt is made from the same rows."""
REFERENCE = "reference"
UPLOAD = "upload"
REFERENCE_VOLUME = "leeboard-reference"
REFERENCE_PATH = "/mnt/reference"
PROFILE_VOLUME = "leeboard-profile"
PROFILE_PATH = "/mnt/profile"
UPLOAD_TMP_VOLUME = "leeboard-upload-tmp"
LIMITS = {REFERENCE_VOLUME: "2200Mi", PROFILE_VOLUME: "256Mi", UPLOAD_TMP_VOLUME: "256Mi"}


@dataclass(frozen=True, slots=True)
class Task:
    """One attempt at the profile of a version whose files and reference are known."""

    resource: ModelVersion
    artifact: Artifact
    reference: Reference
    defaults: Defaults
    attempt: int


def profile_job(task: Task) -> Manifest:
    """The Job of one attempt; Kubernetes never retries it, the next attempt is another Job."""
    metadata, spec = task.resource.metadata, task.resource.spec
    labels = {
        **owner_labels(Kind.MODEL_VERSION, name=metadata.name, uid=metadata.uid),
        Label.ATTEMPT: str(task.attempt),
        Label.TASK: profile_task(task.resource),
        Label.MODEL: spec.model,
        Label.MODEL_VERSION: metadata.name,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": profile_job_name(task.resource, task.attempt),
            "namespace": metadata.namespace,
            "labels": labels,
            "annotations": {REFERENCE_ANNOTATION: task.reference.model_dump_json(by_alias=True, exclude_none=True)},
            "ownerReferences": [controller_reference(Kind.MODEL_VERSION, metadata)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": ACTIVE_SECONDS,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": POD_FAILURE_POLICY,
            "template": with_metadata(_template(task), labels=labels),
        },
    }


def source_of(reference: Reference) -> str:
    """Where the rows come from, as the profile tells it."""
    return reference.uri or f"artifact:{reference.artifact}"


def _template(task: Task) -> Manifest:
    spec: Manifest = {
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "initContainers": [_reference(task), _fetch(task), _profile(task)],
        "containers": [_upload(task)],
        "volumes": [
            {"name": MODEL_VOLUME, "emptyDir": {}},
            *({"name": name, "emptyDir": {"sizeLimit": limit}} for name, limit in LIMITS.items()),
        ],
    }
    if task.defaults.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in task.defaults.image_pull_secrets]
    return read_only_root(restricted({"spec": spec}))


def _reference(task: Task) -> Manifest:
    reference = task.reference
    uri = reference.uri or f"runs:/{task.resource.spec.source.run_id}/{reference.artifact}"
    arguments = ["fetch-reference", f"--reference-uri={_literal(uri)}", f"--reference={REFERENCE_PATH}/rows"]
    return _with_mlflow(task, REFERENCE, arguments, mounts=[_mount(REFERENCE_VOLUME, REFERENCE_PATH)])


def _fetch(task: Task) -> Manifest:
    arguments = [
        "fetch",
        f"--model-uri={task.artifact.uri}",
        f"--destination={MODEL_PATH}",
        f"--digest={task.artifact.digest}",
    ]
    return _with_mlflow(task, FETCH, arguments, mounts=[_mount(MODEL_VOLUME, MODEL_PATH)])


def _profile(task: Task) -> Manifest:
    """The container that loads the model."""
    spec, reference = task.resource.spec, task.reference
    arguments = [
        "profile",
        f"--model={MODEL_PATH}",
        f"--model-name={spec.model}",
        f"--model-version={spec.version}",
        f"--model-digest={task.artifact.digest}",
        f"--reference={REFERENCE_PATH}/rows",
        f"--source={_literal(source_of(reference))}",
        f"--profile={PROFILE_PATH}/profile.json",
    ]
    optional = {"format": reference.format, "time-column": reference.time_column, "target": reference.target}
    arguments += [f"--{option}={_literal(value)}" for option, value in optional.items() if value]
    if reference.redact:
        arguments.append(f"--redact={_literal(json.dumps(list(reference.redact)))}")
    mounts = [
        {**_mount(MODEL_VOLUME, MODEL_PATH), "readOnly": True},
        {**_mount(REFERENCE_VOLUME, REFERENCE_PATH), "readOnly": True},
        _mount(PROFILE_VOLUME, PROFILE_PATH),
    ]
    return _container(task, PROFILE, arguments, mounts=mounts)


def _upload(task: Task) -> Manifest:
    arguments = [
        "upload-profile",
        f"--run-id={task.resource.spec.source.run_id}",
        f"--model-digest={task.artifact.digest}",
        f"--profile={PROFILE_PATH}/profile.json",
    ]
    mounts = [{**_mount(PROFILE_VOLUME, PROFILE_PATH), "readOnly": True}, _mount(UPLOAD_TMP_VOLUME, TMP_PATH)]
    return _with_mlflow(task, UPLOAD, arguments, mounts=mounts)


def _with_mlflow(task: Task, name: str, arguments: list[str], *, mounts: list[Manifest]) -> Manifest:
    """A container that speaks with MLflow and loads nothing."""
    container = _container(task, name, arguments, mounts=mounts)
    container["env"] = [{"name": "MLFLOW_TRACKING_URI", "value": task.defaults.tracking_uri}]
    return with_credentials(container, task.defaults.credentials_secret)


def _container(task: Task, name: str, arguments: list[str], *, mounts: list[Manifest]) -> Manifest:
    return {
        "name": name,
        "image": task.defaults.runtime_image,
        "imagePullPolicy": task.defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": arguments,
        "resources": RESOURCES,
        "volumeMounts": mounts,
    }


def _literal(text: str) -> str:
    """``$(NAME)`` in an argument would be replaced by the kubelet; ``$$`` is a dollar."""
    return text.replace("$(", "$$(")


def _mount(volume: str, path: str) -> Manifest:
    return {"name": volume, "mountPath": path}
