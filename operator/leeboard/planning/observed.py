"""Questions that any observed object answers: is it going, is it ready, what do a condition and a label of it say."""

from __future__ import annotations

from collections.abc import Iterable

from leeboard.api.names import Label
from leeboard.api.resource import Manifest

JOB_NAME = "batch.kubernetes.io/job-name"
"""Label by which Kubernetes names the Job that a pod belongs to."""


def is_leaving(manifest: Manifest) -> bool:
    """Whether an object is being deleted."""
    return manifest["metadata"].get("deletionTimestamp") is not None


def is_ready(pod: Manifest) -> bool:
    """Whether a pod answers its readiness probe."""
    return has_condition(pod, "Ready")


def has_condition(manifest: Manifest, type_: str) -> bool:
    """Whether a condition of an object of Kubernetes is True."""
    conditions = (manifest.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == type_ and item.get("status") == "True" for item in conditions)


def label_of(manifest: Manifest, label: Label) -> str:
    """The value of a label, empty when it is not there."""
    return str((manifest["metadata"].get("labels") or {}).get(label, ""))


def pods_of_job(job: str, pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Those of ``pods`` that belong to the Job of that name."""
    return tuple(pod for pod in pods if (pod["metadata"].get("labels") or {}).get(JOB_NAME) == job)
