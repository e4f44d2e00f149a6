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
from leeboard.api.resource import Manifest
from leeboard.planning.defaults import Defaults
from leeboard.planning.model_version.facts import FETCH, PROFILE, profile_job_name, profile_task
from leeboard.planning.model_version.job import MODEL_PATH, MODEL_VOLUME
from leeboard.planning.model_version.pods import (
    container,
    fetching,
    mount,
    one_after_the_other,
    one_pod_job,
    read_only,
)
from leeboard.planning.pod_template import TMP_PATH, literal

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
    """The Job of one attempt."""
    metadata, spec = task.resource.metadata, task.resource.spec
    labels = {
        **owner_labels(Kind.MODEL_VERSION, name=metadata.name, uid=metadata.uid),
        Label.ATTEMPT: str(task.attempt),
        Label.TASK: profile_task(task.resource),
        Label.MODEL: spec.model,
        Label.MODEL_VERSION: metadata.name,
    }
    name = profile_job_name(task.resource, task.attempt)
    told = {REFERENCE_ANNOTATION: task.reference.model_dump_json(by_alias=True, exclude_none=True)}
    return one_pod_job(task.resource, _template(task), name=name, labels=labels, annotations=told)


def source_of(reference: Reference) -> str:
    """Where the rows come from, as the profile tells it."""
    return reference.uri or f"artifact:{reference.artifact}"


def _template(task: Task) -> Manifest:
    containers = [_reference(task), _fetch(task), _profile(task), _upload(task)]
    return one_after_the_other(containers, {MODEL_VOLUME: None, **LIMITS}, task.defaults)


def _reference(task: Task) -> Manifest:
    reference = task.reference
    uri = reference.uri or f"runs:/{task.resource.spec.source.run_id}/{reference.artifact}"
    arguments = ["fetch-reference", f"--reference-uri={literal(uri)}", f"--reference={REFERENCE_PATH}/rows"]
    return fetching(task.defaults, REFERENCE, arguments, mounts=[mount(REFERENCE_VOLUME, REFERENCE_PATH)])


def _fetch(task: Task) -> Manifest:
    arguments = [
        "fetch",
        f"--model-uri={task.artifact.uri}",
        f"--destination={MODEL_PATH}",
        f"--digest={task.artifact.digest}",
    ]
    return fetching(task.defaults, FETCH, arguments, mounts=[mount(MODEL_VOLUME, MODEL_PATH)])


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
        f"--source={literal(source_of(reference))}",
        f"--profile={PROFILE_PATH}/profile.json",
    ]
    optional = {"format": reference.format, "time-column": reference.time_column, "target": reference.target}
    arguments += [f"--{option}={literal(value)}" for option, value in optional.items() if value]
    if reference.redact:
        arguments.append(f"--redact={literal(json.dumps(list(reference.redact)))}")
    mounts = [
        read_only(MODEL_VOLUME, MODEL_PATH),
        read_only(REFERENCE_VOLUME, REFERENCE_PATH),
        mount(PROFILE_VOLUME, PROFILE_PATH),
    ]
    return container(task.defaults, PROFILE, arguments, mounts=mounts)


def _upload(task: Task) -> Manifest:
    arguments = [
        "upload-profile",
        f"--run-id={task.resource.spec.source.run_id}",
        f"--model-digest={task.artifact.digest}",
        f"--profile={PROFILE_PATH}/profile.json",
    ]
    mounts = [read_only(PROFILE_VOLUME, PROFILE_PATH), mount(UPLOAD_TMP_VOLUME, TMP_PATH)]
    return fetching(task.defaults, UPLOAD, arguments, mounts=mounts)
