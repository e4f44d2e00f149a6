"""One Deployment for each revision: the same wrapper around every runtime's pods."""

from __future__ import annotations

import hashlib
import json

from leeboard.api.inference_service import Revision
from leeboard.api.names import GROUP, Kind, Label, owner_labels
from leeboard.api.resource import Manifest, Metadata, controller_reference
from leeboard.planning.serving.runtime import Served, ServingRuntime

APPLIED = f"{GROUP}/applied"
"""Annotation: hash of the pod template as it was asked for; another hash means another version of the operator."""
RECORD = f"{GROUP}/revision"
"""Annotation: the revision itself, so that a lost status does not make a serving Deployment a stranger."""
ROLE_FIELDS = frozenset({"since", "keep_until", "replicas", "ready_replicas"})


def revision_labels(metadata: Metadata, *, revision: str) -> dict[str, str]:
    """The labels that select exactly the pods of one revision of one service."""
    return {str(Label.UID): metadata.uid, str(Label.REVISION): revision}


def deployment_of(served: Served, runtime: ServingRuntime) -> Manifest:
    """The Deployment of a revision: never fewer pods than asked for while it changes."""
    metadata, revision = served.service.metadata, served.revision
    chosen = revision_labels(metadata, revision=revision.name)
    labels = {
        **owner_labels(Kind.INFERENCE_SERVICE, name=metadata.name, uid=metadata.uid),
        **chosen,
        str(Label.MODEL): served.service.spec.model.name,
        str(Label.MODEL_VERSION): revision.model_version,
    }
    template = runtime.pod_template(served, labels=labels)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": revision.deployment,
            "namespace": metadata.namespace,
            "labels": labels,
            "annotations": {APPLIED: hash_of(template), RECORD: record_of(revision)},
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, metadata)],
        },
        "spec": {
            "replicas": served.service.spec.server.replicas,
            "selector": {"matchLabels": chosen},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "progressDeadlineSeconds": int(runtime.start_deadline(served).total_seconds()),
            "revisionHistoryLimit": 1,
            "template": template,
        },
    }


def hash_of(value: Manifest) -> str:
    """A hash of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def record_of(revision: Revision) -> str:
    """What stays the same of a revision while its role changes, as JSON."""
    return json.dumps(revision.model_dump(by_alias=True, exclude=set(ROLE_FIELDS)), sort_keys=True)
