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
IN_POOL = "true"
ROLE_FIELDS = frozenset({"since", "keep_until", "replicas", "ready_replicas"})


def revision_labels(metadata: Metadata, *, revision: str) -> dict[str, str]:
    """The labels that select exactly the pods of one revision of one service."""
    return {str(Label.UID): metadata.uid, str(Label.REVISION): revision}


def pool_label(revision: str) -> str:
    """The label on the pods that may share one Service with ``revision``: its own ones, and those of each canary that
    was started beside it. So the pair can be selected without a list of names, also while no operator runs.
    """
    return f"pool.{GROUP}/{revision}"


def is_in_pool(manifest: Manifest, revision: str) -> bool:
    """Whether a pod, or the pods of a Deployment's template, may share one Service with ``revision``."""
    metadata = manifest.get("spec", {}).get("template", manifest)["metadata"]
    return (metadata.get("labels") or {}).get(pool_label(revision)) == IN_POOL


def deployment_of(served: Served, runtime: ServingRuntime, beside: str | None = None) -> Manifest:
    """The Deployment of a revision: never fewer pods than asked for while it changes.

    ``beside`` is the stable revision while this one is its canary. The hash in APPLIED leaves it out: the template
    of a promoted canary is still the one that was asked for.
    """
    metadata, revision = served.service.metadata, served.revision
    chosen = revision_labels(metadata, revision=revision.name)
    labels = {
        **owner_labels(Kind.INFERENCE_SERVICE, name=metadata.name, uid=metadata.uid),
        **chosen,
        str(Label.MODEL): served.service.spec.model.name,
        str(Label.MODEL_VERSION): revision.model_version,
    }
    pooled = {**labels, pool_label(revision.name): IN_POOL}
    applied = hash_of(runtime.pod_template(served, labels=pooled))
    if beside is not None:
        pooled[pool_label(beside)] = IN_POOL
    template = runtime.pod_template(served, labels=pooled)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": revision.deployment,
            "namespace": metadata.namespace,
            "labels": labels,
            "annotations": {APPLIED: applied, RECORD: record_of(revision)},
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
