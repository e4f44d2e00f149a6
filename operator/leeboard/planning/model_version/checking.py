"""Stage CHECKING: MLflow must hold what the resource says, under a name that is ours; then the pod is made."""

from __future__ import annotations

from leeboard.api.model_version import ModelVersion
from leeboard.api.names import Tag
from leeboard.api.reasons_model_version import VersionPhase, VersionReason
from leeboard.planning.actions import ClaimModel
from leeboard.planning.facts import Children, RegisteredModel, RegisteredVersion, Unknown
from leeboard.planning.model_version.creating import PERSON_RETRY, creating
from leeboard.planning.model_version.facts import Situation, current_attempt
from leeboard.planning.model_version.report import Report, Step, stalled, under_way
from leeboard.planning.moments import TRACKING_RETRY


def checking(situation: Situation, jobs: Children) -> Step:
    """One step towards the fingerprint Job."""
    resource, facts = situation.resource, situation.facts
    if resource.metadata.namespace == situation.defaults.operator_namespace:
        message = "this is the operator's own namespace. Next: create the ModelVersion in a namespace of its own."
        return Step(stalled(VersionReason.OPERATOR_NAMESPACE, message))
    unknown = next((fact for fact in (facts.version, facts.registered) if isinstance(fact, Unknown)), None)
    if unknown is not None:
        report = under_way(VersionPhase.PENDING, VersionReason.TRACKING_UNAVAILABLE, "waits for MLflow to answer")
        return Step(report, requeue_after=TRACKING_RETRY)
    registered = facts.registered if isinstance(facts.registered, RegisteredModel) else None
    owner = f"{situation.defaults.cluster}/{resource.metadata.namespace}"
    holder = registered.tags.get(Tag.OWNER) if registered is not None else None
    if holder not in {None, owner}:  # first of all, so that nothing else is told of somebody else's model
        message = f"registered model {resource.spec.model} belongs to {holder}. Next: import it there."
        return Step(stalled(VersionReason.MODEL_NAME_TAKEN, message), requeue_after=PERSON_RETRY)
    version = facts.version if isinstance(facts.version, RegisteredVersion) else None
    if (fault := _fault(resource, version)) is not None:
        return Step(fault, requeue_after=PERSON_RETRY)
    if holder is None:
        return _claim(resource, owner)
    attempt = current_attempt(resource, jobs)
    report = under_way(
        VersionPhase.FINGERPRINTING, VersionReason.FINGERPRINTING, f"makes the fingerprint pod of attempt {attempt}"
    )
    return creating(situation, report, attempt=attempt)


def _fault(resource: ModelVersion, version: RegisteredVersion | None) -> Report | None:
    """What MLflow says otherwise than the resource."""
    spec = resource.spec
    if version is None:
        message = (
            f"MLflow has no version {spec.version} of {spec.model}. Next: register it, or delete this ModelVersion."
        )
        return stalled(VersionReason.VERSION_NOT_FOUND, message)
    if spec.source.model_uri not in {version.source, f"models:/{spec.model}/{spec.version}"}:
        return stalled(
            VersionReason.SOURCE_MISMATCH,
            f"MLflow's version {spec.version} comes from {version.source}, not from {spec.source.model_uri}. "
            "Next: create a ModelVersion with the right spec.source.",
        )
    if spec.source.run_id != version.run_id:
        return stalled(
            VersionReason.SOURCE_MISMATCH,
            f"MLflow's version {spec.version} comes from run {version.run_id}, not from {spec.source.run_id}. "
            "Next: create a ModelVersion with the right spec.source.",
        )
    return None


def _claim(resource: ModelVersion, owner: str) -> Step:
    """The registered model belongs to nobody yet: it is marked, and seen to be marked before anything is made."""
    message = f"marks the registered model {resource.spec.model} as ours"
    report = under_way(VersionPhase.PENDING, VersionReason.CLAIMING_MODEL, message)
    return Step(report, actions=(ClaimModel(resource.spec.model, {Tag.OWNER: owner}),))
