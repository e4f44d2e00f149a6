"""Objects as the cache keeps them, and their order."""

from __future__ import annotations

from leeboard.api.names import Kind
from leeboard.api.resource import Manifest

AUTOSCALER = "HorizontalPodAutoscaler"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def slim(kind: str, manifest: Manifest) -> Manifest:
    """What is worth its memory, and a pass when it changes.

    Left out are managed fields, the last kubectl apply, the pod template of a TrainingJob, and the measurements of an
    autoscaler, which are others every 15 seconds.
    """
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "managedFields"}
    if LAST_APPLIED in metadata.get("annotations", {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != LAST_APPLIED}
    kept = manifest | {"metadata": metadata}
    if kind == Kind.TRAINING_JOB:
        kept["spec"] = {name: value for name, value in kept.get("spec", {}).items() if name != "template"}
    if kind == AUTOSCALER and "status" in kept:
        kept["status"] = {name: value for name, value in kept["status"].items() if name != "currentMetrics"}
    return kept


def content_of(manifest: Manifest) -> Manifest:
    """An object without the number of its last write."""
    metadata = {name: value for name, value in manifest["metadata"].items() if name != "resourceVersion"}
    return manifest | {"metadata": metadata}


def is_newer(version: str, *, than: str) -> bool:
    """Order of resourceVersions: by number where they are numbers (KEP-5504), else any other one counts as newer."""
    if version.isdigit() and than.isdigit():
        return int(version) > int(than)
    return version != than


def version_of(manifest: Manifest) -> str:
    """Its resourceVersion, empty when it has none."""
    return str(manifest["metadata"].get("resourceVersion", ""))
