"""Questions that any observed object answers: is it going, is it ready, what does a label of it say."""

from __future__ import annotations

from leeboard.api.names import Label
from leeboard.api.resource import Manifest


def is_leaving(manifest: Manifest) -> bool:
    """Whether an object is being deleted."""
    return manifest["metadata"].get("deletionTimestamp") is not None


def is_ready(pod: Manifest) -> bool:
    """Whether a pod answers its readiness probe."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def label_of(manifest: Manifest, label: Label) -> str:
    """The value of a label, empty when it is not there."""
    return str((manifest["metadata"].get("labels") or {}).get(label, ""))
