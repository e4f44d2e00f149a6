"""The Job of a rollout's check, made of a PodTemplate of the user's: restricted as every pod of ours, run once.

What every container gets as environment variables:

    LEEBOARD_NAMESPACE, LEEBOARD_SERVICE    of the InferenceService
    LEEBOARD_STEP                           number of the step, from 0
    LEEBOARD_REVISION, LEEBOARD_VERSION     of the canary
    LEEBOARD_ADDRESS                        where the canary alone answers
    LEEBOARD_STABLE_REVISION, LEEBOARD_STABLE_VERSION, LEEBOARD_STABLE_ADDRESS
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import Kind, owner_labels
from leeboard.api.resource import Manifest, controller_reference
from leeboard.api.rollout import JobCheck
from leeboard.planning.duration import seconds_of
from leeboard.planning.pod_rules import RESTRICTED, Finding, findings, reserved_env
from leeboard.planning.pod_template import CONTAINER_LISTS, restricted, with_env, with_metadata

PREFIX = "LEEBOARD_"
RULES = (*RESTRICTED, reserved_env(PREFIX))
DISRUPTED: Manifest = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
"""A pod that a node drain takes away has said nothing of the canary: Kubernetes makes another one."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One canary beside stable at one step."""

    resource: InferenceService
    canary: Revision
    stable: Revision
    step: int


def faults_of(template: Manifest) -> tuple[Finding, ...]:
    """What a PodTemplate may not ask for, each with its path."""
    path = f"PodTemplate {template['metadata']['name']}: template"
    return findings(_plain(template), path=path, rules=RULES)


def check_job(trial: Trial, check: JobCheck, template: Manifest, *, name: str) -> Manifest:
    """The Job, which runs one pod and never tries again."""
    owner = trial.resource.metadata
    labels = owner_labels(Kind.INFERENCE_SERVICE, name=owner.name, uid=owner.uid)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": owner.namespace,
            "labels": labels,
            "ownerReferences": [controller_reference(Kind.INFERENCE_SERVICE, owner)],
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": seconds_of(check.deadline),
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": [DISRUPTED]},
            "template": with_metadata(_template(trial, template), labels=labels),
        },
    }


def _template(trial: Trial, template: Manifest) -> Manifest:
    """The user's pod with our variables. ``File`` is what the API server fills in for a policy that nobody chose: the
    end of the log says more.
    """
    made = restricted(_plain(template))
    env = tuple(_environment(trial))
    lists = {
        field: [
            {**with_env(container, env), "terminationMessagePolicy": "FallbackToLogsOnError"}
            for container in made["spec"][field]
        ]
        for field in CONTAINER_LISTS
        if made["spec"].get(field)
    }
    return {**made, "spec": {**made["spec"], **lists, "restartPolicy": "Never"}}


def _plain(template: Manifest) -> Manifest:
    """The template as its author wrote it: the API server repeats the service account in a field that is deprecated."""
    inner = template.get("template") or {}
    spec = inner.get("spec") or {}
    kept = {key: value for key, value in spec.items() if key != "serviceAccount" or not spec.get("serviceAccountName")}
    metadata = inner.get("metadata") or {}
    own = {key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)}
    return {"metadata": own, "spec": kept}


def _environment(trial: Trial) -> Iterator[tuple[str, str]]:
    """Whom the Job is about, and where they answer: see the module."""
    owner = trial.resource.metadata
    yield f"{PREFIX}NAMESPACE", owner.namespace
    yield f"{PREFIX}SERVICE", owner.name
    yield f"{PREFIX}STEP", str(trial.step)
    for infix, revision in (("", trial.canary), ("STABLE_", trial.stable)):
        yield f"{PREFIX}{infix}REVISION", revision.name
        yield f"{PREFIX}{infix}VERSION", revision.version
        yield f"{PREFIX}{infix}ADDRESS", f"http://{revision.deployment}.{owner.namespace}.svc"
