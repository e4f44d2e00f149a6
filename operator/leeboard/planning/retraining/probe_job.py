"""The pod that looks at data where the operator may not: in a bucket, by a Secret of the user's, or on a volume.

It runs the runtime image, reads no data and writes nothing; its last words are the mark. Whoever sets
``spec.retraining`` may create Jobs, which is all that this pod does in their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from leeboard.api.names import Kind, Label, child_name, owner_labels, short_hash
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.planning.defaults import Defaults
from leeboard.planning.pod_template import literal, read_only_root, restricted, with_metadata

CONTAINER = "data-mark"
VOLUME = "leeboard-data"
PATH = "/mnt/data"
ACTIVE_SECONDS = 300
RESOURCES: Manifest = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}


@dataclass(frozen=True, slots=True)
class Probe:
    """One place that is looked at every so many seconds; ``secret`` names the user's credentials."""

    uri: str
    secret: str | None
    seconds: int

    @property
    def task(self) -> str:
        """What its Jobs are labelled by: another place, or another Secret, is another probe."""
        return f"data-{short_hash(self.uri, self.secret or '')}"


def is_probe(service: Metadata, name: str) -> bool:
    """Whether a Job of the service looks at data, by its name."""
    return name.startswith(f"{service.name}-data-")


def probe_name(service: Metadata, probe: Probe, slot: int) -> str:
    """The Job of one interval, counted from 1970."""
    return child_name(f"{service.name}-data", service.uid, probe.task, str(slot))


def probe_job(service: Metadata, probe: Probe, defaults: Defaults, *, slot: int) -> Manifest:
    """That Job; it runs one pod, and the next interval has another one."""
    labels = {**owner_labels(Kind.INFERENCE_SERVICE, name=service.name, uid=service.uid), Label.TASK: probe.task}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": probe_name(service, probe, slot),
            "namespace": service.namespace,
            "labels": labels,
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, service)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": ACTIVE_SECONDS,
            "podReplacementPolicy": "Failed",
            "template": with_metadata(_template(probe, defaults), labels=labels),
        },
    }


def _template(probe: Probe, defaults: Defaults) -> Manifest:
    parts = urlsplit(probe.uri)
    container: Manifest = {
        "name": CONTAINER,
        "image": defaults.runtime_image,
        "imagePullPolicy": defaults.image_pull_policy,
        "command": ["leeboard-runtime"],
        "args": ["data-mark", f"--uri={literal(probe.uri)}"],
        "resources": RESOURCES,
    }
    spec: Manifest = {"restartPolicy": "Never", "enableServiceLinks": False, "containers": [container]}
    if parts.scheme == "pvc":
        path = probe.uri.removeprefix(f"pvc://{parts.netloc}/")
        container["args"] = ["data-mark", f"--path={literal(f'{PATH}/{path}')}"]
        container["volumeMounts"] = [{"name": VOLUME, "mountPath": PATH, "readOnly": True}]
        claim = {"claimName": parts.netloc, "readOnly": True}
        spec["volumes"] = [{"name": VOLUME, "persistentVolumeClaim": claim}]
    if probe.secret is not None:
        container["envFrom"] = [{"secretRef": {"name": probe.secret}}]
    if defaults.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in defaults.image_pull_secrets]
    return read_only_root(restricted({"spec": spec}))
