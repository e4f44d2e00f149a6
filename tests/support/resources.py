"""Reading Kubernetes objects: conditions, ages, and the pods that run a script of ours."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.support.kubectl import Manifest

API_VERSION = "leeboard.dev/v1alpha1"


def condition(resource: Manifest | None, type_: str) -> Mapping[str, Any]:
    """Return a condition that speaks of the current generation, or an empty mapping."""
    if resource is None:
        return {}
    conditions = resource.get("status", {}).get("conditions") or ()
    found: Mapping[str, Any] = next((item for item in conditions if item["type"] == type_), {})
    stale = found.get("observedGeneration", resource["metadata"].get("generation")) != resource["metadata"].get(
        "generation"
    )
    return {} if stale else found


def is_true(resource: Manifest | None, type_: str) -> bool:
    """Whether a condition says True of the current generation."""
    return condition(resource, type_).get("status") == "True"


def phase(resource: Manifest | None) -> str:
    """Return the printed phase, or an empty string."""
    return str((resource or {}).get("status", {}).get("phase") or "")


def age_seconds(resource: Manifest, now: datetime) -> float:
    """Return the time since the object was created."""
    created = datetime.fromisoformat(resource["metadata"]["creationTimestamp"])
    return (now.astimezone(UTC) - created).total_seconds()


def restricted_pod(
    name: str, *, namespace: str, container: Manifest, volumes: list[Manifest] | None = None
) -> Manifest:
    """Return a pod that runs once under the restricted profile, on a read-only root with a writable /tmp."""
    mounts = [{"name": "tmp", "mountPath": "/tmp"}, *container.get("volumeMounts", ())]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": name,
                    **container,
                    "volumeMounts": mounts,
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}, *(volumes or ())],
        },
    }
