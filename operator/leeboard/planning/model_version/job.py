"""The fingerprint pod: one container fetches and knows credentials, another loads the model and knows none.

A model directory runs code when it is loaded. So the container that loads it has no credentials, no token, a read-only
root and the files read-only; what it says of the files is checked against what the fetching container measured.
"""

from __future__ import annotations

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Kind, Label, owner_labels
from leeboard.api.resource import Manifest
from leeboard.planning.defaults import Defaults
from leeboard.planning.model_version.facts import FETCH, FINGERPRINT, job_name
from leeboard.planning.model_version.pods import container, fetching, mount, one_after_the_other, one_pod_job, read_only

MODEL_VOLUME = "leeboard-model"
MODEL_PATH = "/mnt/model"


def fingerprint_job(resource: ModelVersion, defaults: Defaults, *, attempt: int) -> Manifest:
    """The Job of one attempt."""
    metadata = resource.metadata
    labels = {
        **owner_labels(Kind.MODEL_VERSION, name=metadata.name, uid=metadata.uid),
        Label.ATTEMPT: str(attempt),
        Label.MODEL: resource.spec.model,
        Label.MODEL_VERSION: metadata.name,
    }
    containers = [_fetch(resource, defaults), _fingerprint(defaults)]
    template = one_after_the_other(containers, {MODEL_VOLUME: None}, defaults)
    return one_pod_job(resource, template, name=job_name(resource, attempt), labels=labels)


def _fetch(resource: ModelVersion, defaults: Defaults) -> Manifest:
    """The only container that speaks with MLflow; it loads nothing."""
    arguments = ["fetch", f"--model-uri={resource.spec.source.model_uri}", f"--destination={MODEL_PATH}"]
    return fetching(defaults, FETCH, arguments, mounts=[mount(MODEL_VOLUME, MODEL_PATH)])


def _fingerprint(defaults: Defaults) -> Manifest:
    """The container that loads the model."""
    arguments = ["fingerprint", f"--model={MODEL_PATH}"]
    return container(defaults, FINGERPRINT, arguments, mounts=[read_only(MODEL_VOLUME, MODEL_PATH)])
