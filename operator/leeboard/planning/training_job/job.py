"""The Job of one attempt, and the environment that its containers find.

One Job an attempt, never retried by Kubernetes: the pod failure policy turns a disruption into a durable reason of the
Job's Failed condition before any exit code is looked at (KEP-3329), and pods are only replaced by a next attempt.
"""

from __future__ import annotations

from collections.abc import Iterator

from leeboard.api.names import Kind, Label, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.training_job import RunReference, TrainingJob
from leeboard.planning.defaults import Defaults
from leeboard.planning.pod_template import merge, restricted, with_credentials, with_env, with_metadata
from leeboard.planning.training_job.facts import (
    EXPERIMENT_ANNOTATION,
    RUN_ANNOTATION,
    attempt_of,
    job_name,
)

POD_FAILURE_POLICY: Manifest = {
    "rules": [{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
}


def job_manifest(resource: TrainingJob, run: RunReference, defaults: Defaults) -> Manifest:
    """The current attempt's Job; its annotations name the run, so that a lost status is read back from it."""
    metadata = resource.metadata
    labels = owner_labels(Kind.TRAINING_JOB, name=metadata.name, uid=metadata.uid)
    labels |= {Label.ATTEMPT: str(attempt_of(resource)), Label.MODEL: resource.spec.model}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(resource),
            "namespace": metadata.namespace,
            "labels": labels,
            "annotations": {RUN_ANNOTATION: run.id, EXPERIMENT_ANNOTATION: run.experiment_id},
            "ownerReferences": [controller_reference(Kind.TRAINING_JOB, metadata)],
        },
        "spec": {
            "backoffLimit": 0,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": POD_FAILURE_POLICY,
            "template": _template(resource, run, defaults, labels=labels),
        },
    }


def environment(resource: TrainingJob, run: RunReference, defaults: Defaults) -> Iterator[tuple[str, str]]:
    """What a plain MLflow script needs, the data set, and the parameters by their own names."""
    yield "MLFLOW_TRACKING_URI", defaults.tracking_uri
    yield "MLFLOW_EXPERIMENT_ID", run.experiment_id
    yield "MLFLOW_RUN_ID", run.id
    yield "LEEBOARD_ATTEMPT", str(attempt_of(resource))
    yield "LEEBOARD_MODEL", resource.spec.model
    if dataset := resource.spec.dataset:
        yield "DATASET_NAME", dataset.name
        if dataset.uri is not None:
            yield "DATASET_URI", dataset.uri
        if dataset.digest is not None:
            yield "DATASET_DIGEST", dataset.digest
    yield from sorted(resource.spec.parameters.items())


def _template(resource: TrainingJob, run: RunReference, defaults: Defaults, *, labels: dict[str, str]) -> Manifest:
    """The user's template with restricted defaults and the environment in every container.

    The root file system stays as the template says: an arbitrary training image may write anywhere. Credentials go to
    the training containers, which speak with MLflow, not to init containers.
    """
    template = restricted(merge(resource.spec.template, {"spec": {"restartPolicy": "Never"}}))
    spec = template["spec"]
    variables = tuple(environment(resource, run, defaults))
    containers = [with_env(container, variables) for container in spec["containers"]]
    spec["containers"] = [with_credentials(container, defaults.credentials_secret) for container in containers]
    if spec.get("initContainers"):
        spec["initContainers"] = [with_env(container, variables) for container in spec["initContainers"]]
    metadata = resource.spec.template.get("metadata") or {}
    kept = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    return with_metadata({"metadata": kept, "spec": spec}, labels=labels)
