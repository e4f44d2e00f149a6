"""The TrainingJob of a trigger: the spec of the named one, again, with a record of what asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from leeboard.api.evaluation import VersionEvaluation
from leeboard.api.inference_service import InferenceService
from leeboard.api.names import API_VERSION, GROUP, Kind, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.retraining_status import TriggerKind, TriggerStatus
from leeboard.planning.pod_rules import Finding

TRIGGER = f"{GROUP}/trigger"
"""Annotation: the trigger's id."""
TRIGGER_EVIDENCE = f"{GROUP}/trigger-evidence"
"""Annotation: why, with numbers."""
TRIGGER_ACTOR = f"{GROUP}/trigger-actor"
"""Annotation: who asked; empty when it happened by itself."""


def template_faults(service: InferenceService, template: Manifest | None, *, name: str) -> Iterator[Finding]:
    """Why the named TrainingJob cannot be used again."""
    path = "spec.retraining.trainingJobRef"
    if template is None:
        yield Finding(path, f"names TrainingJob {name}, which does not exist in this namespace")
        return
    spec = template["spec"]
    if spec["model"] != service.spec.model.name:
        yield Finding(path, f"names TrainingJob {name}, which trains {spec['model']}, not {service.spec.model.name}")
    if (spec.get("dataset") or {}).get("digest"):
        yield Finding(
            path,
            f"names TrainingJob {name}, whose spec.dataset.digest pins its data: new data could never be trained on."
            " Next: name one without the digest",
        )


def training_job(service: InferenceService, template: Manifest, trigger: TriggerStatus) -> Manifest:
    """The TrainingJob; its name is the trigger's, so that a second one cannot be made."""
    metadata, spec = service.metadata, deepcopy(template["spec"])
    spec.pop("templateOnly", None)
    if needs_approval(service, trigger.kind):
        spec["modelVersion"] = {**(spec.get("modelVersion") or {}), "approval": "Manual"}
    wanted = None if service.spec.retraining is None else service.spec.retraining.evaluation
    if wanted is not None:
        asked = VersionEvaluation(**wanted.model_dump(), service=metadata.name)
        spec["modelVersion"] = {**(spec.get("modelVersion") or {}), "evaluation": asked.to_json()}
    return {
        "apiVersion": API_VERSION,
        "kind": Kind.TRAINING_JOB.value,
        "metadata": {
            "name": trigger.training_job,
            "namespace": metadata.namespace,
            "labels": owner_labels(Kind.INFERENCE_SERVICE, name=metadata.name, uid=metadata.uid),
            "annotations": {TRIGGER: trigger.id, TRIGGER_EVIDENCE: trigger.evidence, TRIGGER_ACTOR: trigger.by},
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, metadata)],
        },
        "spec": spec,
    }


def needs_approval(service: InferenceService, kind: TriggerKind) -> bool:
    """Whether a person has to approve what comes out: where verdicts asked for it, unless the spec says otherwise."""
    is_automatic = service.spec.retraining is not None and service.spec.retraining.auto_approve
    return kind.rests_on_evidence and not is_automatic
